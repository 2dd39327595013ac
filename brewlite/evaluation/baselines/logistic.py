"""Logistic regression over simple features: the baseline to beat.

It knows what the rules, the neighbours and the vectors know, and weighs them by the site's own log: at moments before
the cut, what was chosen against other items that could have been shown then. Features are those of each moment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from brewlite.errors import BadRecord
from brewlite.evaluation.baselines.features import FEATURES, Features, Interests
from brewlite.evaluation.baselines.vectors import WordVectors, aligned
from brewlite.evaluation.log import EventLog, Floats
from brewlite.evaluation.splits import Cases, Moment, candidates, cut_time, find_cases, moment_of, sample_cases
from brewlite.retrieval import Encoder


class LogisticConfig(Struct, frozen=True, kw_only=True):
    """How it is fitted."""

    since: float = 0.5
    """Share of the liking events before the first case: something must have been counted by then."""
    cases: int = 800
    """As even as possible over the lengths of history, so that the histories' weights are learned too."""
    fewest_cases: int = 20
    others: int = 50
    """Items a case that were not chosen, drawn from all that could be shown."""
    strengths: tuple[float, ...] = (0.001, 0.03, 1.0)
    """scikit-learn's C: the one that does best on the last cases is taken."""
    held_out: float = 0.25
    """Share of the cases, the last ones, that C is chosen on."""
    seed: int = 0


class Logistic:
    """A linear model of FEATURES by scikit-learn, fitted on next-item cases before the cut.

    Rendle et al., "Neural Collaborative Filtering vs. Matrix Factorization Revisited", RecSys 2020, and Ferrari Dacrema
    et al., RecSys 2019, on why a well-fitted simple model is the one to beat.

    Args:
        ids: of the items that have vectors; none: only popularity, age and neighbours are weighed.
        vectors: (len(ids), D) float32 of length 1.
        encoder: reads what visitors say now, as one more text that they liked (a site's log has no words to learn
            another weight from). None: words are not read.
        interests: what visitors had stored. None: nothing.
        config: how it is fitted.
    """

    name = "logistic"
    label = "logistic regression"

    def __init__(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        encoder: Encoder | None = None,
        interests: Interests | None = None,
        config: LogisticConfig | None = None,
    ) -> None:
        self.reads_words = encoder is not None and len(ids) > 0
        self.config = config or LogisticConfig()
        self._ids = list(ids)
        self._vectors = vectors
        self._words = WordVectors(encoder) if encoder is not None and ids else None
        self._interests = interests if ids else None

    def why_not(self, past: EventLog) -> str | None:
        """Too few cases before the cut to fit anything on."""
        try:
            found = len(find_cases(past, cut_time(past, self.config.since))[0])
        except (BadRecord, IndexError):  # all at one time, or nothing liked at all
            found = 0
        if found >= self.config.fewest_cases:
            return None
        return f"{found} cases to fit on before the cut, fewer than {self.config.fewest_cases}"

    def fit(self, past: EventLog) -> LogisticScorer:
        """A scorer fitted on ``past``; one that tells nothing apart where no choice had a second item beside it."""
        features = Features(aligned(past.catalog, self._ids, self._vectors), self._words, self._interests)
        rng = np.random.default_rng(self.config.seed)
        cases, _ = find_cases(past, cut_time(past, self.config.since))
        table = _table(past, sample_cases(cases, self.config.cases, rng), features, self.config.others, rng)
        if not len(table):
            return LogisticScorer(features, np.zeros(len(FEATURES)))
        scale = table.std(axis=(0, 1))
        scale[scale == 0] = 1.0  # a column that says nothing here gets the weight 0
        return LogisticScorer(features, _weights(table / scale, self.config) / scale)


class LogisticScorer:
    """Weighted features; the weight of each column is in ``weights`` (F,)."""

    def __init__(self, features: Features, weights: Floats) -> None:
        self._features = features
        self.weights = weights

    def scores(self, moment: Moment) -> Floats:
        """(I,) log-odds, but for what all items have in common."""
        return np.asarray(self._features.at(moment) @ self.weights)


def _table(past: EventLog, cases: Cases, features: Features, others: int, rng: np.random.Generator) -> Floats:
    """(N, 1 + others, F) the chosen item of each case first, then the others.

    Less the mean of the case: only what differs between the candidates of one moment can put them in order.
    """
    first_touch, rows = past.first_touch(), []
    for user, at, target in zip(cases.users, cases.at, cases.targets, strict=True):
        moment = moment_of(past, int(user), int(at))
        shown = candidates(past, moment, first_touch)
        shown[target] = False
        drawn = np.flatnonzero(shown)
        if len(drawn):
            drawn = rng.choice(drawn, others, replace=len(drawn) < others)
            row = features.at(moment)[np.append(target, drawn)]
            rows.append(row - row.mean(axis=0))
    return np.array(rows)


def _weights(table: Floats, config: LogisticConfig) -> Floats:
    """(F,) fitted on all of ``table`` with the C that puts the chosen of the last cases highest."""
    split = max(1, int((1 - config.held_out) * len(table)))
    late = table[split:]

    def found(strength: float) -> float:
        scores = late @ _fitted(table[:split], strength)  # (N, 1 + others)
        rank = 1 + (scores[:, 1:] > scores[:, :1]).sum(axis=1) + (scores[:, 1:] == scores[:, :1]).sum(axis=1) / 2
        return float((1 / np.log2(rank + 1)).mean()) if len(late) else 0.0

    return _fitted(table, max(config.strengths, key=found))


def _fitted(table: Floats, strength: float) -> Floats:
    from sklearn.linear_model import LogisticRegression

    chosen = np.zeros(table.shape[:2], dtype=np.bool_)
    chosen[:, 0] = True
    model = LogisticRegression(C=strength, tol=1e-3, max_iter=1000)
    model.fit(table.reshape(-1, table.shape[2]), chosen.ravel())
    return np.asarray(model.coef_[0], dtype=np.float64)
