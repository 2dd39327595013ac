"""Rankers that are transformers decoders, on a CPU or a CUDA device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor

from brewlite.crew import Crew, Relay, crew_of, shared_out
from brewlite.errors import BadSettings
from brewlite.ranker import Floats, Scores, check_prompt, prompt_of_texts
from brewlite.ranker.attention import NAME, CandidatePass, PrefixKeys, PrefixPass, supports
from brewlite.ranker.checkpoint import load_decoder
from brewlite.ranker.labels import LabelHead
from brewlite.ranker.loading import load_model
from brewlite.ranker.precision import keep_sum_in_float32
from brewlite.ranker.prefix_cache import PrefixCache
from brewlite.ranker.quantized import KINDS, quantize_
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.records import RankingPrompt
from brewlite.weights import DEFAULT_RANKER, checkpoint_of, locate

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TorchRankerConfig(Struct, frozen=True, kw_only=True):
    """How a pass is cut."""

    chunk_tokens: int = 2560
    """Most candidate tokens in one pass; what a pass needs of memory grows with it, not with the candidates. Few
    large passes suffer less than many small ones when other programs want the cores too."""
    crew_tokens: int = 128
    """From so many tokens on, CPU threads read candidates, and blocks of the prefix, each on its own."""
    prefix_block: int = 192
    """Prefix tokens in one pass, and the grain in which kept prefixes are reused."""
    cache_bytes: int = 256_000_000
    """Memory for the keys and values of prefixes; SmolLM2-135M takes 23 kB a token."""


class TorchRanker:
    """Scores candidates by one transformers decoder with shared-prefix attention.

    Args:
        model: a causal language model whose layers only mix tokens by attention.
        tokenizer: the model's.
        name: what slates say about the model.
        config: how a pass is cut.
        advice: see :class:`brewlite.ranker.Ranker`.

    Raises:
        BadSettings: the model's architecture cannot be used.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PlainTokenizer,
        name: str,
        config: TorchRankerConfig | None = None,
        advice: dict[str, Any] | None = None,
    ) -> None:
        text = model.config.get_text_config()
        if not supports(getattr(text, "layer_types", None)):
            raise BadSettings(f"model {name!r} mixes tokens by other means than attention: load another model")
        model.eval()
        model.set_attn_implementation(NAME)
        self.model = model
        self.name = name
        self.advice = advice or {}
        self.tokenizer = tokenizer
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.max_length: int = text.max_position_embeddings
        self.config = config or TorchRankerConfig()
        yes, no = tokenizer.word_id(" yes"), tokenizer.word_id(" no")
        if yes == no:
            raise BadSettings(f"model {name!r} begins ' yes' and ' no' with the same token: load another model")
        self.labels = LabelHead(model.get_output_embeddings(), text, yes, no)
        self._decoder = model.get_decoder()
        self._layer_count: int = text.num_hidden_layers
        self._cache = PrefixCache(self.config.cache_bytes, self.config.prefix_block)
        keep_sum_in_float32(model, lambda: self._read_prefix((yes, no)))

    @classmethod
    def load(
        cls,
        name_or_path: str | Path = DEFAULT_RANKER,
        device: str = "auto",
        dtype: str = "auto",
        threads: int | None = None,
        config: TorchRankerConfig | None = None,
    ) -> TorchRanker:
        """See :func:`brewlite.ranker.load_ranker`."""
        where = pick_device(device)
        quantization = dtype if dtype in KINDS else ""
        kind = pick_dtype("auto" if quantization else dtype, where)
        if threads is not None:
            if threads < 1:
                raise BadSettings(f"threads is {threads}: give at least 1")
            torch.set_num_threads(threads)
        advice: dict[str, Any] = {}
        if (checkpoint := checkpoint_of(name_or_path)) is not None:
            model, tokenizer, manifest = load_decoder(checkpoint, kind)
            name, advice = manifest.name, manifest.blend
        else:
            folder = locate(name_or_path)
            model, tokenizer = load_model(folder, kind), PlainTokenizer.load(folder)
            name = folder.name if Path(name_or_path).is_dir() else str(name_or_path)
        if quantization and not (checkpoint is not None and manifest.quantization == quantization):
            quantize_(model, quantization)
        return cls(model.to(where), tokenizer, name, config, advice)

    @torch.inference_mode()
    def score(self, prompt: RankingPrompt) -> Scores:
        """Scores of every candidate, in order. Raises BadRecord for an empty or too long prompt."""
        lead = self.tokenizer.lead
        check_prompt(prompt, self.max_length - len(lead))
        keys, reused = self._read_prefix(lead + prompt.prefix)
        places = {ids: place for place, ids in enumerate(sorted(set(prompt.candidates), key=_length_then_content))}
        scores = self._read_all(keys, list(places))
        log_odds, label_mass = scores[:, [places[ids] for ids in prompt.candidates]]
        return Scores(
            log_odds=log_odds,
            label_mass=label_mass,
            prefix_tokens=len(lead) + len(prompt.prefix),
            reused_tokens=reused,
            candidate_tokens=sum(map(len, prompt.candidates)),
        )

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats:
        """(N,) float32 log-odds of texts; the answer cue is appended to each. Raises BadRecord as :meth:`score`."""
        return self.score(prompt_of_texts(self.tokenizer, prefix, candidates)).log_odds

    @torch.inference_mode()
    def _read_prefix(self, ids: tuple[int, ...]) -> tuple[PrefixKeys, int]:
        """Keys and values of the whole prefix, and how many tokens of it came from the cache."""
        kept, reused = self._cache.get(ids)
        if kept is not None and reused == len(ids):
            return kept, reused
        keys = PrefixKeys(len(ids))
        if kept is not None:
            keys.copy_from(kept, reused)
        size = self.config.prefix_block
        blocks = [ids[start : start + size] for start in range(reused, len(ids), size)]
        relay = Relay(len(blocks))
        passes = [PrefixPass(keys, reused + size * block, relay, block) for block in range(len(blocks))]
        work = list(zip(blocks, passes, strict=True))
        crew = self._crew()
        shares = [work[member :: crew.members] for member in range(crew.members)] if crew else []
        if crew and self._pays([sum(len(block) for block, _ in share) for share in shares]):
            crew.run(self._read_blocks, shares)
        else:
            self._read_blocks(work)
        if keys.layers != self._layer_count:
            raise BadSettings(
                f"model {self.name!r} ran shared-prefix attention in {keys.layers} of {self._layer_count} layers"
            )
        self._cache.put(ids, keys)
        return keys, reused

    @torch.inference_mode()
    def _read_blocks(self, work: Sequence[tuple[Sequence[int], PrefixPass]]) -> None:
        for ids, plan in work:
            with plan.relay.running():
                positions = torch.arange(plan.start, plan.start + len(ids), device=self.device)
                self._forward(torch.tensor(ids, device=self.device), positions, plan)

    def _read_all(self, keys: PrefixKeys, candidates: Sequence[Sequence[int]]) -> Floats:
        """(2, C) log-odds and label mass of candidates of rising length."""
        crew = self._crew()
        shares = shared_out(list(map(len, candidates)), crew.members) if crew else []
        if not crew or not self._pays([sum(map(len, candidates[share])) for share in shares]):
            return self._read_share(keys, candidates, self.config.chunk_tokens)
        read = partial(self._read_share, keys, room=max(1, self.config.chunk_tokens // crew.members))
        return np.concatenate(crew.run(read, [candidates[share] for share in shares]), axis=1)

    def _crew(self) -> Crew | None:
        return crew_of(torch.get_num_threads()) if self.device.type == "cpu" else None

    def _pays(self, shares: Sequence[int]) -> bool:
        """Whether threads with so many tokens each are done sooner alone than all on one thing after the other."""
        return len(shares) > 1 and sum(shares) >= self.config.crew_tokens and max(shares) < 0.8 * sum(shares)

    @torch.inference_mode()
    def _read_share(self, keys: PrefixKeys, candidates: Sequence[Sequence[int]], room: int) -> Floats:
        """(2, C) in passes of at most ``room`` tokens."""
        scores = np.empty((2, len(candidates)), dtype=np.float32)
        for start, stop in chunks(list(map(len, candidates)), room):
            hidden = self._read_candidates(keys, candidates[start:stop])
            scores[:, start:stop] = torch.stack(self.labels.read(hidden)).cpu().numpy()
        return scores

    def _read_candidates(self, keys: PrefixKeys, candidates: Sequence[Sequence[int]]) -> Tensor:
        """Hidden states (C, W) at each candidate's last token."""
        plan = CandidatePass(keys, tuple(map(len, candidates)), self.device)
        tokens = torch.tensor([id_ for ids in candidates for id_ in ids], device=self.device)
        return self._forward(tokens, plan.positions, plan)[plan.last]

    def _forward(self, tokens: Tensor, positions: Tensor, plan: PrefixPass | CandidatePass) -> Tensor:
        """Hidden states (T, W) behind the last norm."""
        out = self._decoder(
            input_ids=tokens[None], position_ids=positions[None], use_cache=False, shared_prefix=plan
        ).last_hidden_state[0]
        assert isinstance(out, Tensor)
        return out


def _length_then_content(ids: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Like lengths together, and an order that owes nothing to the caller's: a shuffle changes not a single bit."""
    return len(ids), ids


def chunks(lengths: Sequence[int], tokens: int) -> list[tuple[int, int]]:
    """Where to cut a row of candidates into passes of at most ``tokens`` tokens, or of one longer candidate.

    As few passes as can be, and of about the same size.
    """
    if not lengths:
        return []
    total = sum(lengths)
    size = min(tokens, total // math.ceil(total / tokens) + max(lengths))
    cuts = [0]
    room = size
    for place, length in enumerate(lengths):
        if length > room and place > cuts[-1]:
            cuts.append(place)
            room = size
        room -= length
    return list(pairwise([*cuts, len(lengths)]))


def pick_device(name: str) -> torch.device:
    """``"auto"``: CUDA where there is one. Raises BadSettings for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadSettings(f"device {name!r} is not known: use 'auto', 'cpu' or 'cuda'") from error
    if device.type not in ("cpu", "cuda"):
        raise BadSettings(f"device {name!r} is not supported: use 'auto', 'cpu' or 'cuda'")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadSettings(f"device {name!r} is not there: torch sees {torch.cuda.device_count()} CUDA devices")
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """``"auto"``: bfloat16 where ``device`` computes in it, else float32. Raises BadSettings for another name."""
    if name != "auto":
        if name not in DTYPES:
            raise BadSettings(f"dtype {name!r} is not known: use 'auto', {', '.join(map(repr, (*DTYPES, *KINDS)))}")
        return DTYPES[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if cpu_computes_bfloat16() else torch.float32


def cpu_computes_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 (AVX-512 BF16 or AMX); others only emulate it, slower than float32."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)
