"""A tiny grammar: ``[this|that]`` is a choice, may be nested, and ``{name}`` is filled in from facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

INNERMOST = re.compile(r"\[([^\[\]]*)\]")


def expand(template: str, facts: Mapping[str, str], rng: np.random.Generator) -> str:
    """``template`` with every choice made and every fact filled in."""
    text = template
    while match := INNERMOST.search(text):
        options = match.group(1).split("|")
        text = text[: match.start()] + options[int(rng.integers(len(options)))] + text[match.end() :]
    return text.format_map(facts)


class Deck:
    """Hands out templates so that the least used come first: repeats are as far apart as the pool allows."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._used: Counter[str] = Counter()

    def draw(self, pool: Sequence[str]) -> str:
        """One of the least used templates of ``pool``."""
        least = min(self._used[template] for template in pool)
        fresh = [template for template in pool if self._used[template] == least]
        chosen = fresh[int(self._rng.integers(len(fresh)))]
        self._used[chosen] += 1
        return chosen
