"""Rules that learn nothing: chance, popularity, age."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from brewlite.evaluation.log import DAY, NEVER, UNDATED, EventLog, Floats
from brewlite.evaluation.splits import Moment


class Rule:
    """A method with nothing to learn: a function of the moment."""

    reads_words = False

    def __init__(self, name: str, label: str, rule: Callable[[Moment], Floats]) -> None:
        self.name = name
        self.label = label
        self.scores = rule

    def why_not(self, past: EventLog) -> str | None:
        """Never."""
        return None

    def fit(self, past: EventLog) -> Rule:
        """Itself."""
        return self


def by_chance(moment: Moment) -> Floats:
    """All alike: as ties count by expectation, this is the exact mean over all shuffles."""
    return np.zeros(len(moment.past.catalog))


def popularity(moment: Moment) -> Floats:
    """Liking events on each item so far."""
    return counts(moment.past)


def popularity_lately(moment: Moment, days: int = 60) -> Floats:
    """Liking events on each item in the last ``days``."""
    return counts(moment.past.since(moment.at - days * DAY))


def newest(moment: Moment) -> Floats:
    """When the item came: its creation, or its first event where that is earlier or all that is known."""
    first = moment.past.first_touch()
    created = moment.past.catalog.created
    came = np.where(created == UNDATED, first, np.minimum(created, first))
    return np.where(came == NEVER, -np.inf, came.astype(np.float64))


def counts(log: EventLog) -> Floats:
    """(I,) liking events on each item of ``log``."""
    return np.bincount(log.liked().items, minlength=len(log.catalog)).astype(np.float64)


def or_lately(scores: Floats, moment: Moment) -> Floats:
    """``scores``, and popularity lately for the items about which they say nothing (0).

    These stand where 0 does, behind all that is spoken for and before all that is spoken against. So a model that knows
    nothing of the visitor, or of no item but those the visitor liked, answers with popularity lately.
    """
    silent, lately = scores == 0, popularity_lately(moment)
    if silent.all():
        return lately
    room = np.abs(scores[~silent]).min() / 2  # below the least that is said in favour, above the least against
    return np.where(silent, room * lately / (1 + lately.max()), scores)
