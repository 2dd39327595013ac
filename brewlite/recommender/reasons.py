"""Why an item stands in a list: the part of its score that sets it apart most, in words that are true of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from brewlite.blend import COLUMNS, Blended
from brewlite.prompt.asked import mentions
from brewlite.recommender.visit import Visit
from brewlite.retrieval.catalog import Floats, Ints
from brewlite.retrieval.lexicon import Lexicon
from brewlite.retrieval.signals import NUMBERS

NOTICED = 0.05
"""Points above the mean of the candidates from which a part is worth a word."""
NEW_DAYS = 14.0
RESEMBLANCE = tuple(
    column.name for column in COLUMNS if column.part == "similarity" and column.name not in ("disliked", *NUMBERS)
)


def reasons(visit: Visit, rows: Ints, blended: Blended, order: Sequence[int], lexicon: Lexicon) -> list[str]:
    """A reason for each of ``order``, positions in the candidates' ``rows`` (C,); ``""`` where nothing sets it apart.

    ``lexicon`` has read the catalog where the visitor said something.
    """
    if not len(rows):
        return []
    ahead = {name: part[rows] - part[rows].mean() for name, part in visit.weighing.parts.items()}
    if blended.used_model:
        ahead["model"] = blended.model
    wording, found = _Wording(visit, rows, lexicon), []
    for position in order:
        told = {name: round(float(values[position]), 4) for name, values in ahead.items()}
        loudest = sorted((name for name in told if told[name] >= NOTICED), key=lambda name: -told[name])
        found.append(next(filter(None, (wording.of(name, rows[position]) for name in loudest)), ""))
    return found


class _Wording:
    """Words for parts of scores; none where a part, which is a sum, came about otherwise than its name says."""

    def __init__(self, visit: Visit, rows: Ints, lexicon: Lexicon) -> None:
        self._visit, self._rows, self._lexicon = visit, rows, lexicon
        self._medians: dict[str, float] = {}

    def of(self, part: str, row: int) -> str:
        """What ``part`` says for the item of ``row``, if anything."""
        visit, signals, said = self._visit, self._visit.signals, ""
        if part == "words" and (held := mentions(visit.moment.catalog.items[row], self._wanted)):
            said = f"mentions what you asked for: {', '.join(held)}"
        elif part == "words" and visit.visitor.unwanted and not signals.unwanted_words[row]:
            said = "does not mention what you do not want"
        elif part == "wish" and visit.weighing.parts["wish"][row] > 0:
            said = "near in meaning to what you asked for"
        elif part == "interests" and self._above("interests", signals.interests, row):
            said = "near in meaning to your stated interests"
        elif part == "similarity" and any(self._above(name, getattr(signals, name), row) for name in RESEMBLANCE):
            said = f"like what you {self._did}"
        elif part == "similarity" and self._above("near_price", signals.near_price, row):
            said = f"priced like what you {self._did}"
        elif part == "similarity" and self._above("near_size", signals.near_size, row):
            said = f"of the size of what you {self._did}"
        elif part == "covisit" and signals.covisit[row] > 0:
            said = f"visited by the same people as what you {self._did}"
        elif part == "popularity" and self._above("season", signals.season, row):
            said = "popular lately"
        elif part == "freshness" and self._above("newness", -visit.moment.age_days, row):
            said = "new" if visit.moment.age_days[row] < NEW_DAYS else "newer than most of the list"
        elif part == "model":
            said = "the language model rates it above the list's average"
        return said

    def _above(self, name: str, values: Floats, row: int) -> bool:
        """Whether the item has more than the middle of the list."""
        if name not in self._medians:
            self._medians[name] = float(np.median(values[self._rows]))
        return bool(values[row] > self._medians[name])

    @cached_property
    def _wanted(self) -> list[str]:
        return self._lexicon.telling(self._visit.visitor.wish) if self._visit.visitor.wish else []

    @cached_property
    def _did(self) -> str:
        """What the visitor did with what they liked, in the adapter's words: ``saved or looked at``."""
        known = sorted(self._visit.moment.catalog.adapter.actions, key=lambda action: -action.weight)
        liked = {deed.action for deed in self._visit.visitor.history if deed.action.weight > 0}
        return " or ".join([action.phrase for action in known if action in liked][:2]) or "liked"
