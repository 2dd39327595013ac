"""What brewlite is measured against: simple rules, and the classic models of the field, a few lines each.

A :class:`Method` is fitted on the log before the cut and gives a :class:`Scorer`; a scorer gives every item of the
catalog a score for one moment, higher is better, equal scores are ties. It sees the log strictly before the moment, so
counts and neighbours are those of the moment itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix

from brewlite.evaluation.log import DAY, NEVER, UNDATED, Catalog, EventLog, Floats, Ints
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

    def why_not(self, past: EventLog) -> str | None:
        """Why the method cannot be run on this log, or None."""
        ...

    def fit(self, past: EventLog) -> Scorer:
        """A scorer that has learned from the events before the cut."""
        ...


class Rule:
    """A method with nothing to learn: a function of the moment."""

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
    return _counts(moment.past)


def popularity_lately(moment: Moment, days: int = 60) -> Floats:
    """Liking events on each item in the last ``days``."""
    return _counts(moment.past.since(moment.at - days * DAY))


def newest(moment: Moment) -> Floats:
    """When the item came: its creation, or its first event where that is earlier or all that is known."""
    first = moment.past.first_touch()
    created = moment.past.catalog.created
    came = np.where(created == UNDATED, first, np.minimum(created, first))
    return np.where(came == NEVER, -np.inf, came.astype(np.float64))


class ItemKNN:
    """Item-based nearest neighbours: what was liked by those who liked what the visitor liked.

    Cosine between items over the visitors who liked them, with shrinkage,
    ``s(i, j) = |U_i & U_j| / (sqrt(|U_i| |U_j|) + shrink)``; each item of the history votes for its ``neighbours``
    nearest. Sarwar et al., WWW 2001; shrinkage as in Ferrari Dacrema et al., RecSys 2019. Counted anew at each moment.
    """

    name = "item-knn"
    label = "item-kNN"

    def __init__(self, neighbours: int = 100, shrink: float = 10.0) -> None:
        self.neighbours = neighbours
        self.shrink = shrink

    def why_not(self, past: EventLog) -> str | None:
        """Never."""
        return None

    def fit(self, past: EventLog) -> ItemKNN:
        """Itself: there is nothing to learn that is not counted at the moment."""
        return self

    def scores(self, moment: Moment) -> Floats:
        """(I,) summed similarity to the history; popularity lately where nothing is similar."""
        history = moment.history
        if not history.size:
            return popularity_lately(moment)
        liked = _liked_matrix(moment.past)  # (U, I)
        together = (liked.T @ liked[:, history]).toarray()  # (I, H)
        likes = np.asarray(liked.sum(axis=0)).ravel()
        similar = together / np.maximum(np.sqrt(np.outer(likes, likes[history])) + self.shrink, 1e-12)
        similar[history, np.arange(len(history))] = 0
        if len(similar) > self.neighbours:
            least = np.partition(similar, -self.neighbours, axis=0)[-self.neighbours]
            similar[similar < least] = 0
        return _or_lately(similar.sum(axis=1), moment)


class Ease:
    """EASE: a linear item-to-item model in closed form, with a ridge.

    ``P = (X'X + ridge I)^-1``, ``B = I - P / diag(P)`` column by column, scores ``x B``. Steck, "Embarrassingly Shallow
    Autoencoders for Sparse Data", WWW 2019. Only items that somebody liked take part. Fitted before the cut, and again
    whenever the log has grown by ``growth``: a site would do so, and cases long after the cut would be unfair else.
    Beyond ``most_refitted`` items, where one fit takes minutes, it is fitted once.
    """

    name = "ease"
    label = "EASE"

    def __init__(
        self, ridge: float = 100.0, growth: float = 0.05, most_items: int = 20_000, most_refitted: int = 5_000
    ) -> None:
        self.ridge = ridge
        self.growth = growth
        self.most_items = most_items
        self.most_refitted = most_refitted

    def why_not(self, past: EventLog) -> str | None:
        """Too many items for a dense square matrix in a small server's memory."""
        count = len(np.unique(past.liked().items))
        if count <= self.most_items:
            return None
        return f"{count:,} liked items, more than {self.most_items:,}: its matrix would take {4e-9 * count**2:.1f} GB"

    def fit(self, past: EventLog) -> _EaseScorer:
        """A scorer fitted on ``past``."""
        return _EaseScorer(self, past)


class _EaseScorer:
    def __init__(self, config: Ease, past: EventLog) -> None:
        self._config = config
        self._first = len(past)
        self._refit(past)

    def scores(self, moment: Moment) -> Floats:
        """(I,) ``x B``; popularity lately where the model knows none of the history."""
        due = self._due(len(moment.past))
        if due != self._fitted:
            self._refit(moment.past.head(due))
        history = self._row[moment.history]
        weights = symmetric_rows(self._inverse, history[history >= 0]) / -np.diag(self._inverse)  # (H, A)
        scores = np.zeros(len(moment.past.catalog))
        scores[self._items] = weights.sum(axis=0)
        scores[moment.history] = 0  # B's diagonal is 0
        return _or_lately(scores, moment)

    def _due(self, events: int) -> int:
        """The length of the log at the last step of growth that ``events`` has reached."""
        due = self._first
        if len(self._items) > self._config.most_refitted:
            return due
        while (longer := int(due * (1 + self._config.growth)) + 1) <= events:
            due = longer
        return due

    def _refit(self, past: EventLog) -> None:
        self._fitted = len(past)
        self._items = np.unique(past.liked().items)  # (A,) those somebody liked
        self._row = np.full(len(past.catalog), -1)
        self._row[self._items] = np.arange(len(self._items))
        liked = _liked_matrix(past)[:, self._items].astype(np.float32)
        gram = (liked.T @ liked).toarray(order="F")
        gram[np.diag_indices_from(gram)] += self._config.ridge
        self._inverse = inverse_upper(gram)


def inverse_upper(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The upper triangle of the inverse of a symmetric positive definite (A, A) matrix, by Cholesky, in its place."""
    factor, failed = spotrf(matrix, lower=False, overwrite_a=True)
    inverse, failed_too = spotri(factor, lower=False, overwrite_c=True)
    if failed or failed_too:
        raise ValueError(f"a matrix of shape {matrix.shape} is not positive definite: the ridge must be above 0")
    return np.asarray(inverse)


def symmetric_rows(upper: NDArray[np.float32], rows: Ints) -> NDArray[np.float32]:
    """(R, A) the ``rows`` of the symmetric matrix whose upper triangle is given."""
    picked = np.array([np.concatenate([upper[:row, row], upper[row, row:]]) for row in rows], dtype=np.float32)
    return picked.reshape(len(rows), len(upper))


class VectorMean:
    """Nearness of an item's vector to the mean vector of what the visitor liked; both by the store's encoder."""

    name = "minilm-mean"

    def __init__(self, encoder: str, ids: list[str], vectors: NDArray[np.float32]) -> None:
        self.label = "MiniLM, mean of history" if "minilm" in encoder.lower() else f"mean of history ({encoder})"
        self._encoder = encoder
        self._ids = ids
        self._vectors = vectors

    def why_not(self, past: EventLog) -> str | None:
        """The store has no vectors."""
        if self._ids:
            return None
        return f"the database holds no item vectors by the encoder {self._encoder!r}: import the items with it"

    def fit(self, past: EventLog) -> _VectorScorer:
        """A scorer over the catalog of ``past``."""
        return _VectorScorer(_aligned(past.catalog, self._ids, self._vectors))


class _VectorScorer:
    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors  # (I, D), a row of zeros where the item has none

    def scores(self, moment: Moment) -> Floats:
        """(I,) inner product with the mean of the history; popularity lately without a history."""
        history = moment.history
        if not history.size:
            return popularity_lately(moment)
        return _or_lately((self._vectors @ self._vectors[history].mean(axis=0)).astype(np.float64), moment)


def simple_methods() -> list[Method]:
    """The baselines that need nothing but the log, in the order in which they are printed."""
    return [
        Rule("random", "random", by_chance),
        Rule("popularity", "popularity", popularity),
        Rule("popularity-60d", "popularity, last 60 days", popularity_lately),
        Rule("newest", "newest first", newest),
        ItemKNN(),
        Ease(),
    ]


def _counts(log: EventLog) -> Floats:
    return np.bincount(log.liked().items, minlength=len(log.catalog)).astype(np.float64)


def _or_lately(scores: Floats, moment: Moment) -> Floats:
    """``scores``, or popularity lately when they are all 0: the model knows nothing about this visitor."""
    return scores if scores.any() else popularity_lately(moment)


def _liked_matrix(log: EventLog) -> csr_matrix:
    """(U, I) float64, 1 where the visitor liked the item however often."""
    liked = log.liked()
    shape = (len(log.user_ids), len(log.catalog))
    matrix = csr_matrix((np.ones(len(liked)), (liked.users, liked.items)), shape=shape)
    matrix.data[:] = 1
    return matrix


def _aligned(catalog: Catalog, ids: list[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(I, D) ``vectors`` in the catalog's order."""
    row = {id: index for index, id in enumerate(ids)}
    where: Ints = np.array([row.get(id, -1) for id in catalog.ids], dtype=np.int64)
    return np.where(where[:, None] >= 0, vectors[where], np.float32(0))
