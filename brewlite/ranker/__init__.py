"""Rankers: each candidate's log-odds of "yes" behind one shared prefix.

A ranker knows token ids and positions, and nothing of a site. A candidate's score is what it would be alone,
whatever stands beside it and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from brewlite.errors import BadRecord
from brewlite.records import RankingPrompt
from brewlite.weights import DEFAULT_RANKER

ANSWER_CUE = "\nAnswer:"
"""Ends every candidate; the ranker reads " yes" against " no" behind its last token."""

Floats = NDArray[np.float32]


@runtime_checkable
class Tokenizer(Protocol):
    """Text to token ids and back. Text is always plain text: a control token in it is only characters."""

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``, without special tokens."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ``ids``."""
        ...


class Scores(Struct, frozen=True, kw_only=True, eq=False):
    """What a ranker says about N candidates, in the prompt's order."""

    log_odds: Floats
    """(N,) float32: logit(" yes") - logit(" no"), natural logarithm."""
    label_mass: Floats
    """(N,) float32, 0 to 1: probability of the two words together. Small: the model has not understood."""
    prefix_tokens: int
    reused_tokens: int
    """Of the prefix, those whose keys and values were kept from an earlier request."""
    candidate_tokens: int
    """Of all candidates together."""


@runtime_checkable
class Ranker(Protocol):
    """Scores prompts. Safe to call from any one thread at a time."""

    @property
    def name(self) -> str:
        """What the slate says about the model: ``smollm2-135m``."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer whose ids the prompts hold."""
        ...

    @property
    def max_length(self) -> int:
        """Most tokens of the prefix and any one candidate together."""
        ...

    @property
    def advice(self) -> dict[str, Any]:
        """What was learned with the model for those who use its scores; empty for one that was not taught to rank.

        Under ``model`` and ``model without a log``: the fields of :class:`brewlite.blend.ModelWeights`.
        """
        ...

    def score(self, prompt: RankingPrompt) -> Scores:
        """Scores of every candidate, in order. Raises BadRecord for an empty or too long prompt."""
        ...

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats:
        """(N,) float32 log-odds of texts; the answer cue is appended to each. Raises BadRecord as :meth:`score`."""
        ...


def load_ranker(
    name_or_path: str | Path = DEFAULT_RANKER,
    device: str = "auto",
    dtype: str = "auto",
    threads: int | None = None,
) -> Ranker:
    """The ranker in ``name_or_path``: a registry name, a checkpoint's, a local folder, or the hub id of a pulled model.

    Args:
        name_or_path: see ``brewlite models list``.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        dtype: ``"auto"`` (bfloat16 where the machine computes in it, else float32), ``"float32"``, ``"bfloat16"``,
            ``"float16"``; or ``"int8"`` or ``"nf4"``, with the extra ``quant``: the decoder's layers in so few bits.
        threads: CPU threads of the whole process; None leaves torch's choice.

    Raises:
        WeightsMissing: not on this machine yet; names the command that fetches it.
        BadSettings: no such device or dtype; or a checkpoint and its base do not go together.
    """
    from brewlite.ranker.torch_ranker import TorchRanker

    return TorchRanker.load(name_or_path, device=device, dtype=dtype, threads=threads)


def prompt_of_texts(tokenizer: Tokenizer, prefix: str, candidates: Sequence[str]) -> RankingPrompt:
    """A prompt of plain texts, the answer cue behind each candidate."""
    cue = tokenizer.encode(ANSWER_CUE)
    return RankingPrompt(
        prefix=tuple(tokenizer.encode(prefix)),
        candidates=tuple(tuple(tokenizer.encode(text) + cue) for text in candidates),
    )


def check_prompt(prompt: RankingPrompt, max_length: int) -> None:
    """Raise BadRecord for an empty prefix, an empty candidate, or more tokens than the model reads.

    No candidates at all is no mistake: there is nothing to score.
    """
    if not prompt.prefix:
        raise BadRecord("prompt has an empty prefix: candidates are read behind at least one token")
    for place, ids in enumerate(prompt.candidates):
        if not ids:
            raise BadRecord(f"candidate {place} of the prompt is empty: every candidate needs at least one token")
        if len(prompt.prefix) + len(ids) > max_length:
            raise BadRecord(
                f"candidate {place} has {len(ids)} tokens behind a prefix of {len(prompt.prefix)}: "
                f"more than the model's {max_length}; shorten the history or the candidate's text"
            )


__all__ = ["ANSWER_CUE", "Floats", "Ranker", "Scores", "Tokenizer", "check_prompt", "load_ranker", "prompt_of_texts"]
