"""The language model's log-odds and the simple signals, added up.

The weights are set by hand for now: small sites' logs are too different for one rule to win twice, so the sum of
what is new, what is sought after, what resembles the history and the words, and what the model says is the product,
not an extra. Nothing here has been fitted to a site, so ``probability`` orders items but is not yet calibrated.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from brewlite.adapter import Priors
from brewlite.ranker import Scores
from brewlite.retrieval import Signals
from brewlite.retrieval.catalog import Floats


class BlendConfig(Struct, frozen=True, kw_only=True):
    """Hand-set weights of the sum. The adapter's priors multiply the first four."""

    popularity: float = 1.0
    freshness: float = 1.0
    similarity: float = 3.0
    """Of a cosine, whose useful range is narrower than the others': about 0.2 to 0.6."""
    covisit: float = 0.5
    interests: float = 1.0
    """Of a cosine. What a visitor once wrote into a profile says little of what they open next (lab notes)."""
    wish: float = 6.0
    """Of a cosine. What a visitor asks for now outweighs all else."""
    words: float = 2.0
    """Of the share of the visitor's words that an item holds."""
    asked: float = 0.35
    """What popularity and freshness are multiplied by when the query says what is wanted."""
    model: float = 0.1
    """Of the model's standardised log-odds. Small, for a model that was not trained to rank (lab notes)."""
    model_clip: float = 2.0
    """In standard deviations: no text can talk the model into more than this."""
    min_label_mass: float = 0.01
    """Mean probability on the two answer words below which the model is taken not to have understood."""
    probability_shift: float = -2.0


class Blended(Struct, frozen=True, kw_only=True):
    """Scores of the candidates, in their order."""

    score: NDArray[np.float64]
    model: NDArray[np.float64]
    """The model's part of the score; zeros when it was not used."""
    used_model: bool


class Blend:
    """Adds up the signals; higher is better."""

    def __init__(self, priors: Priors, config: BlendConfig | None = None) -> None:
        self.priors = priors
        self.config = config or BlendConfig()

    def parts(self, signals: Signals) -> dict[str, Floats]:
        """Each signal times its weight, (N,) each; their sum is the first stage's score."""
        config, priors = self.config, self.priors
        # Only a refusal leaves open what is wanted: then the crowd's choice counts in full.
        crowd = config.asked if (signals.wish > 0).any() or (signals.words > 0).any() else 1.0
        weights = {
            "popularity": crowd * config.popularity * priors.popularity,
            "freshness": crowd * config.freshness * priors.freshness,
            "similarity": config.similarity * priors.similarity,
            "covisit": config.covisit * priors.covisit,
            "interests": config.interests,
            "wish": config.wish,
            "words": config.words,
        }
        return {name: (weight * getattr(signals, name)).astype(np.float32) for name, weight in weights.items()}

    def with_model(self, prior: Floats, scores: Scores | None) -> Blended:
        """First-stage scores ``prior`` (C,) and the model's answers for the same candidates.

        Log-odds are standardised over the candidates: an uncalibrated model's offset and scale mean nothing. When
        the model puts almost no probability on its two answer words, its part is zero.
        """
        base = prior.astype(np.float64)
        none = Blended(score=base, model=np.zeros_like(base), used_model=False)
        if scores is None or float(scores.label_mass.mean()) < self.config.min_label_mass:
            return none
        log_odds = scores.log_odds.astype(np.float64)
        if not np.isfinite(log_odds).all():
            return none
        spread = float(log_odds.std())
        standard = (log_odds - log_odds.mean()) / max(spread, 1e-6)
        part = self.config.model * np.clip(standard, -self.config.model_clip, self.config.model_clip)
        return Blended(score=base + part, model=part, used_model=True)

    def probability(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """The score squashed into (0, 1): an order, not yet a calibrated chance."""
        squashed: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(score + self.config.probability_shift)))
        return squashed
