"""Time: how long each stage took, and whether the model can answer before a deadline."""

from __future__ import annotations

import time

from brewlite.records import RankingPrompt


class Stopwatch:
    """Milliseconds by stage, and since the start."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> float:
        """Milliseconds since the last lap, noted under ``stage``."""
        now = time.perf_counter()
        took = (now - self._last) * 1000.0
        self._laps[stage] = round(self._laps.get(stage, 0.0) + took, 3)
        self._last = now
        return took

    def elapsed_ms(self) -> float:
        """Milliseconds since the start."""
        return (time.perf_counter() - self._start) * 1000.0

    def done(self) -> dict[str, float]:
        """All laps, and the total."""
        return {**self._laps, "total": round(self.elapsed_ms(), 3)}


class Pace:
    """How fast the model has read lately, to tell before asking it whether a deadline can be kept."""

    def __init__(self, tokens_per_s: float = 500.0) -> None:
        self._tokens_per_s = tokens_per_s

    def allows(self, prompt: RankingPrompt, deadline_ms: float | None, spent_ms: float) -> bool:
        """Whether ``prompt`` is likely read before the deadline."""
        if deadline_ms is None:
            return True
        in_time = spent_ms + 1000.0 * _tokens(prompt) / self._tokens_per_s <= deadline_ms
        if not in_time:
            # One slow reading must not shut the model out for good: each refusal makes the next try likelier.
            self._tokens_per_s *= 1.1
        return in_time

    def saw(self, prompt: RankingPrompt, took_ms: float) -> None:
        """Remember one reading; slow ones count more, so that a promise is rather too careful."""
        now = 1000.0 * _tokens(prompt) / max(took_ms, 1e-3)
        share = 0.5 if now < self._tokens_per_s else 0.2
        self._tokens_per_s += share * (now - self._tokens_per_s)


def _tokens(prompt: RankingPrompt) -> int:
    return len(prompt.prefix) + sum(map(len, prompt.candidates))
