"""Scores that are kept on disk: what a model has said once about a prompt, it need not be asked again.

A candidate's score depends on the prefix and on the candidate's own tokens, and on nothing else; so the key is just
these, and tasks, runs and lists of other sizes share what they have in common. A run that is killed goes on where it
was, and a second run of the same suite takes minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from brewlite.ranker import Floats, Ranker, Scores, Tokenizer, prompt_of_texts
from brewlite.records import RankingPrompt

_ROW = np.dtype([("key", "V16"), ("log_odds", "<f4"), ("label_mass", "<f4")])


class KeptScores:
    """A ranker that asks another one, and only what that was not asked before.

    Args:
        ranker: is asked.
        folder: where scores are kept, one file a model, appended to. A line half written when the machine stopped
            is dropped at the next start.
    """

    def __init__(self, ranker: Ranker, folder: Path) -> None:
        self.ranker = ranker
        self.read_tokens = 0
        """Tokens that the ranker has read since the start, prefixes too."""
        self.read_candidates = 0
        self._fresh = False
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{_safe(ranker.name)}-{fingerprint(ranker)}.scores"
        self._kept = _load(self._path)

    @property
    def name(self) -> str:
        """The asked ranker's."""
        return self.ranker.name

    @property
    def tokenizer(self) -> Tokenizer:
        """The asked ranker's."""
        return self.ranker.tokenizer

    @property
    def max_length(self) -> int:
        """The asked ranker's."""
        return self.ranker.max_length

    @property
    def advice(self) -> dict[str, Any]:
        """The asked ranker's."""
        return self.ranker.advice

    def __len__(self) -> int:
        return len(self._kept)

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Ask the ranker about everything meanwhile: for measuring what a request costs."""
        self._fresh = True
        try:
            yield
        finally:
            self._fresh = False

    def score(self, prompt: RankingPrompt) -> Scores:
        """Scores of every candidate, in order. Raises BadRecord for an empty or too long prompt."""
        if self._fresh:
            return self._ask(prompt)
        keys = _keys(prompt)
        new = [place for place, key in enumerate(keys) if key not in self._kept]
        asked = None
        if new or not keys:
            asked = self._ask(structs.replace(prompt, candidates=tuple(prompt.candidates[place] for place in new)))
            self._keep([keys[place] for place in new], asked)
        found = np.array([self._kept[key] for key in keys], dtype=np.float32).reshape(len(keys), 2)
        prefix = len(prompt.prefix) if asked is None else asked.prefix_tokens
        return Scores(
            log_odds=found[:, 0].copy(),
            label_mass=found[:, 1].copy(),
            prefix_tokens=prefix,
            reused_tokens=prefix if asked is None else asked.reused_tokens,
            candidate_tokens=sum(map(len, prompt.candidates)),
        )

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats:
        """(N,) float32 log-odds of texts; the answer cue is appended to each. Raises BadRecord as :meth:`score`."""
        return self.score(prompt_of_texts(self.tokenizer, prefix, candidates)).log_odds

    def _ask(self, prompt: RankingPrompt) -> Scores:
        scores = self.ranker.score(prompt)
        self.read_candidates += len(prompt.candidates)
        self.read_tokens += scores.prefix_tokens - scores.reused_tokens + scores.candidate_tokens
        return scores

    def _keep(self, keys: Sequence[bytes], scores: Scores) -> None:
        rows = np.empty(len(keys), dtype=_ROW)
        rows["log_odds"], rows["label_mass"] = scores.log_odds, scores.label_mass
        for place, key in enumerate(keys):
            rows["key"][place] = np.void(key)
            self._kept[key] = (float(scores.log_odds[place]), float(scores.label_mass[place]))
        with self._path.open("ab") as file:
            file.write(rows.tobytes())


def fingerprint(ranker: Ranker) -> str:
    """What tells two rankers of one name apart: their weights, sampled, and the type they compute in."""
    digest = hashlib.blake2b(repr((type(ranker).__name__, str(getattr(ranker, "dtype", "")))).encode(), digest_size=6)
    model: Any = getattr(ranker, "model", None)
    for name, weights in sorted(_weights(model).items()) if model is not None else ():
        flat = weights.detach().flatten()
        sample = flat[:: max(1, len(flat) // 512)].float().cpu().numpy()
        digest.update(name.encode() + sample.tobytes())
    return digest.hexdigest()


def _weights(model: Any) -> dict[str, Any]:
    """What ``model.state_dict()`` names.

    That itself turns 4-bit layers of bitsandbytes back from the layout that a CPU computes in, and leaves them so: from
    then on they answer nonsense.
    """
    found = dict(model.named_parameters(remove_duplicate=False))
    for path, module in model.named_modules(remove_duplicate=False):
        kept = {name for name, _ in module.named_buffers(recurse=False)} - module._non_persistent_buffers_set
        found |= {f"{path}.{name}" if path else name: getattr(module, name) for name in kept}
    return found


def _keys(prompt: RankingPrompt) -> list[bytes]:
    """One key a candidate: 16 bytes of a hash of prefix and candidate."""
    prefix = hashlib.blake2b(np.asarray(prompt.prefix, dtype="<i4").tobytes(), digest_size=16)
    keys = []
    for candidate in prompt.candidates:
        both = prefix.copy()
        both.update(b"|" + np.asarray(candidate, dtype="<i4").tobytes())
        keys.append(both.digest())
    return keys


def _load(path: Path) -> dict[bytes, tuple[float, float]]:
    if not path.exists():
        return {}
    size = path.stat().st_size
    if size % _ROW.itemsize:
        with path.open("r+b") as file:
            file.truncate(size - size % _ROW.itemsize)
    rows = np.fromfile(path, dtype=_ROW)
    return {
        key.tobytes(): (float(odds), float(mass))
        for key, odds, mass in zip(rows["key"], rows["log_odds"], rows["label_mass"], strict=True)
    }


def _safe(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)
