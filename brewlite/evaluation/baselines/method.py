"""What a baseline is: fitted on the past, asked about moments."""

from __future__ import annotations

from typing import Protocol

from brewlite.evaluation.log import EventLog, Floats
from brewlite.evaluation.splits import Moment


class Scorer(Protocol):
    """Orders the catalog for a moment."""

    def scores(self, moment: Moment) -> Floats:
        """(I,) one score an item of ``moment.past.catalog``, higher is better."""
        ...


class Method(Protocol):
    """One way to rank, before it has seen the site's log."""

    @property
    def name(self) -> str:
        """As given to ``--methods``."""
        ...

    @property
    def label(self) -> str:
        """As printed."""
        ...

    @property
    def reads_words(self) -> bool:
        """Whether ``moment.words`` can change its scores."""
        ...

    def why_not(self, past: EventLog) -> str | None:
        """Why the method cannot be run on this log, or None."""
        ...

    def fit(self, past: EventLog) -> Scorer:
        """A scorer that has learned from the events before the cut."""
        ...
