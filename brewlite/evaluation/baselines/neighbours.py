"""Item-based nearest neighbours."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from brewlite.evaluation.baselines.rules import or_lately, popularity_lately
from brewlite.evaluation.log import EventLog, Floats
from brewlite.evaluation.splits import Moment


class ItemKNN:
    """Item-based nearest neighbours: what was liked by those who liked what the visitor liked.

    Cosine between items over the visitors who liked them, with shrinkage,
    ``s(i, j) = |U_i & U_j| / (sqrt(|U_i| |U_j|) + shrink)``; each item of the history votes for its ``neighbours``
    nearest. Sarwar et al., WWW 2001; shrinkage as in Ferrari Dacrema et al., RecSys 2019. Counted anew at each moment.
    """

    name = "item-knn"
    label = "item-kNN"
    reads_words = False

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
        """(I,) summed similarity to the history; what is similar to none of it behind, by popularity lately."""
        if not moment.history.size:
            return popularity_lately(moment)
        return or_lately(self.similarity(moment), moment)

    def similarity(self, moment: Moment) -> Floats:
        """(I,) summed similarity to the history, which is not empty; 0 where there is none."""
        history = moment.history
        liked = liked_matrix(moment.past)  # (U, I)
        together = (liked.T @ liked[:, history]).toarray()  # (I, H)
        likes = np.asarray(liked.sum(axis=0)).ravel()
        similar = together / np.maximum(np.sqrt(np.outer(likes, likes[history])) + self.shrink, 1e-12)
        similar[history, np.arange(len(history))] = 0
        if len(similar) > self.neighbours:
            least = np.partition(similar, -self.neighbours, axis=0)[-self.neighbours]
            similar[similar < least] = 0
        return np.asarray(similar.sum(axis=1))


def liked_matrix(log: EventLog) -> csr_matrix:
    """(U, I) float64, 1 where the visitor liked the item however often."""
    liked = log.liked()
    shape = (len(log.user_ids), len(log.catalog))
    matrix = csr_matrix((np.ones(len(liked)), (liked.users, liked.items)), shape=shape)
    matrix.data[:] = 1
    return matrix
