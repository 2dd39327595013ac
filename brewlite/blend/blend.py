"""The simple signals and the language model's log-odds, weighed and added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from brewlite.blend.alike import alikeness
from brewlite.blend.stated import StatedConfig, stated
from brewlite.blend.weights import COLUMNS, BlendWeights, knowledge
from brewlite.errors import BadSettings
from brewlite.ranker import Scores
from brewlite.retrieval import Signals
from brewlite.retrieval.catalog import Floats, Ints, Mask


class ModelWeights(Struct, frozen=True, kw_only=True):
    """What the model's log-odds count for, by what is known of the visitor."""

    base: float = 0.1
    history: float = 0.0
    """More for each unit of log(1 + events of history)."""
    asked: float = 0.0
    """More when the query says what is wanted, or what is not."""
    alike: float = 0.0
    """More in a list whose items are of like age and demand, by how alike they are: there the simple signals have the
    least to say."""
    taught: bool = False
    """Whether the model was taught to rank: then its log-odds have a scale, and are counted as they are. Else one
    standard deviation over the candidates counts for so much."""

    def at(self, history: int, asked: bool, alike: float = 0.0) -> float:
        """The weight for a visitor with so many events, in a list ``alike`` by so much; never below 0."""
        known = self.base + self.history * float(np.log1p(history))
        return max(known + self.asked * asked + self.alike * alike, 0.0)

    def times(self, share: float) -> ModelWeights:
        """With the weight where nothing is asked for multiplied by ``share``."""
        return structs.replace(self, base=share * self.base, history=share * self.history, alike=share * self.alike)

    def part(
        self, log_odds: NDArray[np.float64], history: int, asked: bool, clip: float, alike: float = 0.0
    ) -> NDArray[np.float64]:
        """(C,) what the model's log-odds add to the candidates' scores; what it says of all alike adds nothing."""
        scaled = around_mean(log_odds, clip) if self.taught else standardised(log_odds, clip)
        return self.at(history, asked, alike) * scaled


UNTAUGHT = ModelWeights()
"""For a model that was not taught to rank (lab notes)."""
WITHOUT_LOG = "model without a log"
"""Where a ranker's advice says what it should count for on a site that has not learned from its log."""


def advised(advice: Mapping[str, Any], learned: bool = True) -> ModelWeights | None:
    """The weights in a ranker's advice; None where there are none.

    Args:
        advice: weights beside a first stage that has learned from the site's log under ``model``, beside one that has
            not under ``model without a log``; where the second is missing the first holds for both.
        learned: which of the two is asked for.

    Raises:
        BadSettings: they are not numbers, or of another name.
    """
    name = "model" if learned or WITHOUT_LOG not in advice else WITHOUT_LOG
    if name not in advice:
        return None
    try:
        return msgspec.convert(advice[name], ModelWeights)
    except msgspec.ValidationError as error:
        raise BadSettings(f"the checkpoint's weights for the blend cannot be read: {error}; save it anew") from error


class BlendConfig(Struct, frozen=True, kw_only=True):
    """What a log cannot teach."""

    stated: StatedConfig = StatedConfig()
    """Logs hold no words."""
    model: ModelWeights | None = None
    """None: what was learned with the model, or ``UNTAUGHT``."""
    model_clip: float = 2.0
    """Standard deviations, or log-odds of a taught model: no text can talk the model into more than this."""
    min_label_mass: float = 0.01
    """Mean probability on the two answer words below which a model that was not taught is taken not to have
    understood. What was taught learned the difference between the two alone."""


class Weighing(Struct, frozen=True, kw_only=True, eq=False):
    """The first stage's scores of every item for one query."""

    parts: dict[str, Floats]
    """What speaks for each item, (N,) each, by plain names; 0 is the middle of the catalog."""
    slope: float
    """See :class:`brewlite.blend.weights.Weights`."""
    history: int
    """Events of the visitor."""
    asked: bool
    """Whether the query says what is wanted, or what is not."""
    alike: float = 0.0
    """How alike the items of the pinned list are in age and demand, 0 to 1; see :mod:`brewlite.blend.alike`."""

    @property
    def prior(self) -> Floats:
        """(N,) the sum of the parts."""
        total: Floats = np.sum(list(self.parts.values()), axis=0, dtype=np.float32)
        return total


class Blended(Struct, frozen=True, kw_only=True):
    """Scores of the candidates, in their order."""

    score: NDArray[np.float64]
    model: NDArray[np.float64]
    """The model's part of the score; zeros when it was not used."""
    used_model: bool
    slope: float = 1.0
    unheard: bool = False
    """Whether the model was not asked because it counts for nothing here."""

    def probability(self) -> NDArray[np.float64]:
        """(C,) the chance of each candidate to be the one that the visitor chooses, if they choose one of these."""
        scores = self.slope * self.score
        odds = np.exp(scores - scores.max(initial=-np.inf))
        chances: NDArray[np.float64] = odds / max(float(odds.sum()), 1e-300)
        return chances


class Blend:
    """Adds up the signals; higher is better."""

    def __init__(
        self,
        weights: BlendWeights,
        config: BlendConfig | None = None,
        learned: bool = False,
        shares: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = weights
        self.config = config or BlendConfig()
        self.learned = learned
        """Whether the weights were learned from the site's log."""
        self.shares = shares or {}
        """What share of its advised weight each ranker has here, by name; 1 where nothing was learned."""

    def sharing(self, shares: Mapping[str, float]) -> Blend:
        """The same blend, with these shares."""
        return Blend(self.weights, self.config, self.learned, shares)

    def weigh(self, signals: Signals, history: int, there: Mask, pinned: Ints | None = None) -> Weighing:
        """The first stage's scores, for a visitor with ``history`` events.

        Args:
            signals: of every item of the catalog.
            history: how many events of the visitor are known.
            there: (N,) which items could be shown.
            pinned: rows of the list that is to be ranked; None: it is chosen from all.
        """
        alike = alikeness(signals, pinned, there) if pinned is not None else 0.0
        weights = self.weights.between(alike)
        counts = weights.matrix() @ knowledge(history)  # (F,)
        parts = {column.part: np.zeros(len(there), dtype=np.float32) for column in COLUMNS}
        for column, count in zip(COLUMNS, counts, strict=True):
            if count:
                parts[column.part] += np.float32(count) * getattr(signals, column.name)
        said = stated(signals, there, self.config.stated)
        if there.any():
            parts = {name: part - np.float32(np.median(part[there])) for name, part in parts.items()}
        return Weighing(parts={**parts, **said}, slope=weights.slope, history=history, asked=bool(said), alike=alike)

    def with_model(
        self, weighing: Weighing, rows: Ints, scores: Scores | None, advised: ModelWeights | None = None
    ) -> Blended:
        """Scores of the candidates ``rows`` (C,) with the model's answers for them, weighed as ``advised`` or as set.

        Log-odds are told from their mean over the candidates: what the model says of all alike means nothing here.
        When one that was not taught puts almost no probability on its two answer words, its part is zero.
        """
        base = weighing.prior[rows].astype(np.float64)
        none = Blended(score=base, model=np.zeros_like(base), used_model=False, slope=weighing.slope)
        weights = self.config.model or advised or UNTAUGHT
        if scores is None or (not weights.taught and float(scores.label_mass.mean()) < self.config.min_label_mass):
            return none
        log_odds = scores.log_odds.astype(np.float64)
        if not np.isfinite(log_odds).all():
            return none
        part = weights.part(log_odds, weighing.history, weighing.asked, self.config.model_clip, weighing.alike)
        return Blended(score=base + part, model=part, used_model=True, slope=weighing.slope)


def standardised(log_odds: NDArray[np.float64], clip: float) -> NDArray[np.float64]:
    """(C,) in standard deviations from the mean, at most ``clip`` of them."""
    standard = (log_odds - log_odds.mean()) / max(float(log_odds.std()), 1e-6)
    return np.asarray(np.clip(standard, -clip, clip))


def around_mean(log_odds: NDArray[np.float64], clip: float) -> NDArray[np.float64]:
    """(C,) log-odds from their mean, at most ``clip``."""
    return np.asarray(np.clip(log_odds - log_odds.mean(), -clip, clip))
