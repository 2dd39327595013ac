"""Models that are fitted before the cut, and again as the log grows.

A site would do so, and cases long after the cut would be unfair else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from brewlite.evaluation.log import EventLog

Model = TypeVar("Model")


class Growing(Generic[Model]):
    """The model of each step of a log's growth, fitted when it is first asked for. Never on more than the past.

    Args:
        fit: the model of a log.
        past: the log before the cut.
        growth: share of events that come on top before it is fitted again; None: fitted once.
        kept: how many models are held in memory. Cases that jump in time would fit the same ones over and over.
    """

    def __init__(
        self, fit: Callable[[EventLog], Model], past: EventLog, growth: float | None = 0.05, kept: int = 8
    ) -> None:
        self._fit = fit
        self._first = len(past)
        self.growth = growth
        self.kept = kept
        self._models: dict[int, Model] = {self._first: fit(past)}

    def at(self, past: EventLog) -> Model:
        """The model that a site would have had when ``past`` was its log."""
        due = self.due(len(past))
        if due in self._models:
            self._models[due] = self._models.pop(due)  # the last one used is the last one dropped
            return self._models[due]
        while len(self._models) >= self.kept:
            del self._models[next(iter(self._models))]
        self._models[due] = self._fit(past.head(due))
        return self._models[due]

    def due(self, events: int) -> int:
        """The length of the log at the last step of growth that ``events`` has reached."""
        due = self._first
        while self.growth is not None and (longer := int(due * (1 + self.growth)) + 1) <= events:
            due = longer
        return due
