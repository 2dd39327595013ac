"""The slow, obvious ways to the same scores: what the fast path is tested and timed against.

Neither shares code with shared-prefix attention: both run transformers' own attention. For a ranker in use by
nobody else meanwhile, because the model is switched over and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brewlite.ranker import Floats
from brewlite.ranker.attention import NAME
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt


@torch.inference_mode()
def one_at_a_time(ranker: TorchRanker, prompt: RankingPrompt) -> Floats:
    """(N,) log-odds, each from a pass of its own over the whole prompt of one candidate."""
    scores = []
    with _own_attention(ranker):
        for candidate in prompt.candidates:
            ids = torch.tensor([ranker.tokenizer.lead + prompt.prefix + candidate], device=ranker.device)
            hidden = ranker.model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
            scores.append(ranker.labels.read(hidden[0, -1:])[0])
    return _floats(scores)


@torch.inference_mode()
def dense_mask(ranker: TorchRanker, prompt: RankingPrompt) -> Floats:
    """(N,) log-odds from one pass over the prefix and all candidates under a 4-D mask, (1, 1, S, S)."""
    prefix = ranker.tokenizer.lead + prompt.prefix
    device = ranker.device
    with _own_attention(ranker):
        config = ranker.model.config.get_text_config()
        ids, positions, masks, last = slate_masks(config, prefix, prompt.candidates, device)
        hidden = ranker.model.get_decoder()(
            input_ids=ids, position_ids=positions[None], attention_mask=masks, use_cache=False
        ).last_hidden_state
        return _floats([ranker.labels.read(hidden[0, last])[0]])


def slate_masks(
    config: Any,
    prefix: Sequence[int],
    candidates: Sequence[Sequence[int]],
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor, Tensor | dict[str, Tensor], Tensor]:
    """One slate as one row: ids (1, S), positions (S,), the mask(s) (1, 1, S, S), each candidate's last place (N,)."""
    lengths = [len(candidate) for candidate in candidates]
    ids = torch.tensor([[*prefix, *(id_ for candidate in candidates for id_ in candidate)]])
    positions = torch.cat([torch.arange(len(prefix)), *(torch.arange(n) + len(prefix) for n in lengths)])
    owner = torch.repeat_interleave(torch.arange(len(lengths) + 1), torch.tensor([len(prefix), *lengths]))
    last = torch.tensor(lengths).cumsum(0) + len(prefix) - 1
    masks = _masks(config, positions, owner, torch.device(device))
    return ids.to(device), positions.to(device), masks, last.to(device)


def _masks(config: Any, positions: Tensor, owner: Tensor, device: torch.device) -> Tensor | dict[str, Tensor]:
    """The mask, (1, 1, S, S); by layer type for a model with several. ``owner`` (S,) is 0 for the prefix."""
    at, to = positions[:, None], positions
    full = (to <= at) & ((owner == 0) | (owner == owner[:, None]))  # (S, S)
    types = set(getattr(config, "layer_types", None) or ())
    if "sliding_attention" not in types:
        return _mask(full, config, device)
    near = full & (to > at - config.sliding_window)
    return {"full_attention": _mask(full, config, device), "sliding_attention": _mask(near, config, device)}


def _mask(seen: Tensor, config: Any, device: torch.device) -> Tensor:
    """(S, S) bool -> (1, 1, S, S) as the attention in use wants it: eager adds it to the scores."""
    if config._attn_implementation == "eager":
        seen = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
    return seen[None, None].to(device)


@contextmanager
def _own_attention(ranker: TorchRanker) -> Iterator[None]:
    """The model with transformers' attention; soft caps are only in its eager one."""
    config = ranker.model.config.get_text_config()
    capped = getattr(config, "attn_logit_softcapping", None) is not None
    ranker.model.set_attn_implementation("eager" if capped else "sdpa")
    try:
        yield
    finally:
        ranker.model.set_attn_implementation(NAME)


def _floats(scores: list[Tensor]) -> Floats:
    return np.concatenate([part.cpu().numpy() for part in scores]).astype(np.float32)
