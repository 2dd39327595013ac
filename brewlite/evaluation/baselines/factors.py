"""Matrix factorisation by the library ``implicit``: ALS and BPR. Visitors are folded in from their history.

Both are fitted on one thread with a fixed seed, so that two runs give the same figures, before the cut and again as
the log grows (:class:`Growing`). Hyperparameters are the same for every site: ``alpha`` as in the paper, the
library's learning rate, and the ridges that did best on a part of MovieLens 100k kept for validation (lab notes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from brewlite.evaluation.baselines.growth import Growing
from brewlite.evaluation.baselines.neighbours import liked_matrix
from brewlite.evaluation.baselines.rules import popularity_lately
from brewlite.evaluation.log import EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment
from brewlite.evaluation.suite.extra import need

RECENT = 200
"""The newest items of a history that a visitor is folded in from: what lies further back changes little."""


class Als:
    """Weighted matrix factorisation of implicit feedback by alternating least squares.

    Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, with a confidence of
    ``alpha`` in what was liked and of 1 in the rest. The visitor's vector is the closed-form half-step on their own
    history with the items held fixed, as it is in training.
    """

    name = "als"
    label = "ALS"
    reads_words = False

    def __init__(
        self, factors: int = 64, alpha: float = 40.0, ridge: float = 100.0, rounds: int = 15, seed: int = 0
    ) -> None:
        self.factors = factors
        self.alpha = alpha
        self.ridge = ridge
        self.rounds = rounds
        self.seed = seed

    def why_not(self, past: EventLog) -> str | None:
        """Nobody liked anything."""
        return _nothing_liked(past)

    def fit(self, past: EventLog) -> FactorScorer:
        """A scorer fitted on ``past``. Raises ExtraMissing without the library."""
        return FactorScorer(self._model, past)

    def _model(self, liked: csr_matrix) -> _AlsModel:
        model = need("implicit.cpu.als").AlternatingLeastSquares(
            factors=self.factors,
            alpha=self.alpha,
            regularization=self.ridge,
            iterations=self.rounds,
            random_state=self.seed,
            num_threads=1,
        )
        model.fit(liked, show_progress=False)
        return _AlsModel(model)


class _AlsModel:
    def __init__(self, model: Any) -> None:
        self._model = model

    def fold_in(self, history: Ints) -> Floats:
        items = self._model.item_factors
        row = (np.ones(len(history), dtype=np.float32), history, [0, len(history)])
        return np.asarray(items @ self._model.recalculate_user(0, csr_matrix(row, shape=(1, len(items)))))


class Bpr:
    """Matrix factorisation for pairs: what was liked above what was not. Rendle et al., UAI 2009.

    The visitor's vector is the one that minimises BPR's own loss on their history with the items held fixed, which is
    convex in it (folding in as in Rendle and Schmidt-Thieme, "Online-updating regularized kernel matrix factorization
    models", RecSys 2008, to the end instead of some steps).
    """

    name = "bpr"
    label = "BPR"
    reads_words = False

    def __init__(
        self, factors: int = 64, rate: float = 0.01, ridge: float = 0.01, rounds: int = 100, seed: int = 0
    ) -> None:
        self.factors = factors
        self.rate = rate
        self.ridge = ridge
        self.rounds = rounds
        self.seed = seed

    def why_not(self, past: EventLog) -> str | None:
        """Nobody liked anything."""
        return _nothing_liked(past)

    def fit(self, past: EventLog) -> FactorScorer:
        """A scorer fitted on ``past``. Raises ExtraMissing without the library."""
        return FactorScorer(self._model, past)

    def _model(self, liked: csr_matrix) -> _BprModel:
        model = need("implicit.cpu.bpr").BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.rate,
            regularization=self.ridge,
            iterations=self.rounds,
            random_state=self.seed,
            num_threads=1,
        )
        model.fit(liked, show_progress=False)
        return _BprModel(model.item_factors.astype(np.float64), self.ridge)


class _BprModel:
    def __init__(self, factors: Floats, ridge: float) -> None:
        self._items = factors[:, :-1]  # (A, D)
        self._bias = factors[:, -1]  # (A,) the library keeps it in the last column
        self._ridge = ridge

    def fold_in(self, history: Ints) -> Floats:
        others = np.ones(len(self._items), dtype=np.bool_)
        others[history] = False
        if not others.any():
            return self._bias

        def loss(visitor: Floats) -> tuple[float, Floats]:
            scores = self._items @ visitor + self._bias
            margin = scores[history][:, None] - scores[others]  # (H, A - H)
            wrong = expit(-margin)
            pull = wrong.sum(axis=1) @ self._items[history] - wrong.sum(axis=0) @ self._items[others]
            value = np.logaddexp(0, -margin).mean() + self._ridge / 2 * visitor @ visitor
            return float(value), self._ridge * visitor - pull / margin.size

        found = minimize(loss, np.zeros(self._items.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 50})
        return np.asarray(self._items @ found.x + self._bias)


class _Model(Protocol):
    def fold_in(self, history: Ints) -> Floats:
        """(A,) scores of the model's items for a visitor who liked those at ``history`` (H,)."""
        ...


class FactorScorer:
    """Scores by a factorisation over the items that somebody liked. It grows with the log.

    Items that it does not know stand below those, by popularity lately.
    """

    def __init__(self, fit: Callable[[csr_matrix], _Model], past: EventLog) -> None:
        self._fit = fit
        self._models = Growing(self._fitted, past)

    def _fitted(self, past: EventLog) -> tuple[Ints, _Model]:
        items = np.unique(past.liked().items)
        liked = liked_matrix(past)[:, items].astype(np.float32)
        with need("threadpoolctl").threadpool_limits(
            1, "blas"
        ):  # the library warns otherwise; and one thread gives the same sums each time
            return items, self._fit(liked[np.flatnonzero(np.diff(liked.indptr))])

    def scores(self, moment: Moment) -> Floats:
        """(I,); popularity lately where the model knows none of the history."""
        items, model = self._models.at(moment.past)
        history = np.flatnonzero(np.isin(items, moment.history[-RECENT:]))
        if not len(history):
            return popularity_lately(moment)
        folded = model.fold_in(history)
        lately = popularity_lately(moment)
        scores: Floats = min(0.0, float(folded.min())) - 1 + lately / (1 + lately.max())  # below the model's items
        scores[items] = folded
        return scores


def _nothing_liked(past: EventLog) -> str | None:
    return None if (past.weights > 0).any() else "nobody liked anything before the cut"
