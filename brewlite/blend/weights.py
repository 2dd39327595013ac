"""What each signal counts for: the columns, the weights shipped for each kind of site, and those learned from a log.

Scores are log-odds: where one item of a list stands one point above another, it is chosen e times as often. A weight is
three numbers, for what is known of the visitor: every visitor, those with a history, and log(1 + events of history).

There are two sets of weights. ``wide`` is for lists like the whole catalog, where the new and the sought after are
chosen most. ``alike`` is for pinned lists whose items are of like age and demand: who made such a list has taken both
out of the question already, and small differences in them would drown what is left, taste.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from brewlite.adapter import Adapter, Priors
from brewlite.errors import BadRecord

FORMAT = 1
KNOWLEDGE = 3
"""Numbers that say how much is known of a visitor: see :func:`knowledge`."""

Matrix = NDArray[np.float64]
Weight = tuple[float, float, float]
"""For every visitor, more for one with a history, more for each unit of log(1 + events of history)."""


class Column(Struct, frozen=True, kw_only=True):
    """One field of :class:`brewlite.retrieval.Signals` that logs can teach a weight."""

    name: str
    part: str
    """What people call it, in ``Pick.sources``: several columns are one part."""
    scale: float
    """Its usual spread among the items of one list: how far its weights may move is measured in it."""
    own: bool = False
    """Whether it is all zeros without a history: then ``more for one with a history`` says nothing new."""


COLUMNS = (
    Column(name="surge", part="popularity", scale=0.3),
    Column(name="week", part="popularity", scale=0.4),
    Column(name="month", part="popularity", scale=0.5),
    Column(name="season", part="popularity", scale=0.6),
    Column(name="ever", part="popularity", scale=1.0),
    Column(name="untouched", part="popularity", scale=0.3),
    Column(name="rivals", part="popularity", scale=0.8),
    Column(name="idle", part="popularity", scale=1.2),
    Column(name="idle_hours", part="popularity", scale=1.4),
    Column(name="trend", part="popularity", scale=0.1),
    Column(name="age", part="freshness", scale=1.0),
    Column(name="age_hours", part="freshness", scale=1.2),
    Column(name="newer", part="freshness", scale=0.9),
    Column(name="likeness", part="similarity", scale=0.08, own=True),
    Column(name="closest", part="similarity", scale=0.1, own=True),
    Column(name="latest", part="similarity", scale=0.12, own=True),
    Column(name="shared_words", part="similarity", scale=0.04, own=True),
    Column(name="matching_words", part="similarity", scale=3.0, own=True),
    Column(name="shared_values", part="similarity", scale=0.1, own=True),
    Column(name="same_place", part="similarity", scale=0.2, own=True),
    Column(name="near_price", part="similarity", scale=0.6, own=True),
    Column(name="near_size", part="similarity", scale=0.5, own=True),
    Column(name="disliked", part="similarity", scale=0.1, own=True),
    Column(name="covisit", part="covisit", scale=0.8, own=True),
    Column(name="touched", part="seen", scale=1.0, own=True),
    Column(name="interests", part="interests", scale=0.12),
)


class Weights(Struct, frozen=True, kw_only=True):
    """One set of weights, by column; a column that is not named counts for nothing."""

    columns: dict[str, Weight] = {}
    slope: float = 1.0
    """What scores are multiplied by before the softmax that tells chances: below 1 where they say too much."""

    def matrix(self) -> Matrix:
        """(F, KNOWLEDGE) in the order of COLUMNS."""
        return np.array([self.columns.get(column.name, (0.0, 0.0, 0.0)) for column in COLUMNS], dtype=np.float64)

    @classmethod
    def of(cls, matrix: Matrix, slope: float = 1.0) -> Weights:
        """The inverse of :meth:`matrix`; digits beyond the sixth are noise."""
        rows = zip(COLUMNS, matrix.round(6).tolist(), strict=True)
        return cls(columns={column.name: (a, b, c) for column, (a, b, c) in rows}, slope=round(slope, 6))

    def times(self, factors: dict[str, float]) -> Weights:
        """With every column of the parts named in ``factors`` multiplied by its factor."""
        part = {column.name: column.part for column in COLUMNS}
        scaled = {name: factors.get(part.get(name, ""), 1.0) for name in self.columns}
        columns = {
            name: (a * scaled[name], b * scaled[name], c * scaled[name]) for name, (a, b, c) in self.columns.items()
        }
        return structs.replace(self, columns=columns)


class BlendWeights(Struct, frozen=True, kw_only=True):
    """All that the first stage weighs by."""

    wide: Weights
    alike: Weights

    def between(self, alike: float) -> Weights:
        """The weights for a list that is ``alike`` by so much, 0 to 1."""
        if alike <= 0.0:
            return self.wide
        matrix = (1.0 - alike) * self.wide.matrix() + alike * self.alike.matrix()
        return Weights.of(matrix, (1.0 - alike) * self.wide.slope + alike * self.alike.slope)

    def times(self, priors: Priors) -> BlendWeights:
        """With each part that ``priors`` names multiplied by it."""
        factors: dict[str, Any] = structs.asdict(priors)
        return BlendWeights(wide=self.wide.times(factors), alike=self.alike.times(factors))


class LearnedFrom(Struct, frozen=True, kw_only=True):
    """How one set of weights was learned, and what it was worth."""

    cases: int
    """Choices that it was learned from."""
    strength: float | None
    """How firmly the shipped weights were held on to: the precision of the prior, in units of the columns' scales.
    None: they were kept as they are."""
    gain: float
    """On the last choices, not learned from: how much likelier they became than by the shipped weights, in nats."""


class LearnedBlend(Struct, frozen=True, kw_only=True):
    """Weights learned from one site's log, and how they came about. Kept in the store's meta data as ``blend``."""

    weights: BlendWeights
    until: datetime
    """Nothing at or after this moment was learned from."""
    learned: datetime
    """When that was."""
    visitors: int
    wide: LearnedFrom
    alike: LearnedFrom
    format: int = FORMAT

    @property
    def cases(self) -> int:
        """Choices that it was learned from."""
        return self.wide.cases

    def encoded(self) -> str:
        """As JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decoded(cls, text: str) -> LearnedBlend:
        """The inverse of :meth:`encoded`. Raises BadRecord for what another version wrote."""
        try:
            learned = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise BadRecord(f"the site's learned blend cannot be read ({error}): learn it again") from error
        if learned.format != FORMAT:
            raise BadRecord(f"the site's learned blend has format {learned.format}, not {FORMAT}: learn it again")
        return learned


def knowledge(history: int) -> Matrix:
    """(KNOWLEDGE,) how much is known of a visitor with so many events."""
    return np.array([1.0, float(history > 0), np.log1p(history)])


@cache
def shipped() -> dict[str, BlendWeights]:
    """The weights that come with brewlite, by kind of item; ``any`` for kinds that nothing was fitted to."""
    text = resources.files("brewlite.blend").joinpath("shipped.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, BlendWeights])


def shipped_for(adapter: Adapter) -> BlendWeights:
    """Those of the adapter's kind, multiplied by its priors."""
    known = shipped()
    return known.get(adapter.kind, known["any"]).times(adapter.priors)
