"""What may be shown, and in which order it finally stands: rules, eligibility, diversity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from brewlite.records import Query, Task
from brewlite.retrieval import Moment, Visitor
from brewlite.retrieval.catalog import Mask


class PolicyConfig(Struct, frozen=True, kw_only=True):
    """The rules of a list."""

    exclude_seen: Literal["done", "touched", "none"] = "done"
    """done: items on which the visitor already did the task's action or one that says more; touched: any event;
    none: only disliked items. Disliked items never come back."""
    diversity: Annotated[float, Meta(ge=0, le=1)] = 0.15
    """0: pure score. Towards 1: the more an item resembles those above it, the lower it stands."""


class Policy:
    """Decides what is allowed and breaks up sameness."""

    def __init__(self, config: PolicyConfig | None = None) -> None:
        self.config = config or PolicyConfig()

    def allowed(self, query: Query, visitor: Visitor, task: Task, moment: Moment) -> Mask:
        """Which items of the catalog may be shown, (N,): eligible, fitting every hard limit, not excluded or seen."""
        catalog = moment.catalog
        mask = moment.eligible.copy()
        for constraint in visitor.constraints:
            mask &= catalog.fits(constraint, moment.at)
        mask[moment.rows(query.exclude)] = False
        mask[self._seen(visitor, task, moment)] = False
        for row in np.flatnonzero(mask):
            if not catalog.adapter.eligible(catalog.items[row], moment.at):
                mask[row] = False
        return mask

    def order(
        self, score: NDArray[np.float64], vectors: NDArray[np.float32], k: int, rng: np.random.Generator
    ) -> list[int]:
        """Positions of the ``k`` picks, best first; ties are broken by ``rng``.

        Maximal marginal relevance (Carbonell and Goldstein 1998): the next pick has the best of
        score / spread - diversity * highest cosine to a pick above it.
        """
        ranked = _best_first(score, rng)
        if self.config.diversity <= 0 or len(ranked) < 3 or vectors.shape[1] == 1:
            return ranked[:k]
        pool = ranked[: max(3 * k, 30)]
        spread = max(float(np.std(score[pool])), 1e-6)
        gain = score[pool] / spread
        closest = np.zeros(len(pool))
        picked: list[int] = []
        free = np.ones(len(pool), dtype=bool)
        while len(picked) < min(k, len(pool)):
            merit = np.where(free, gain - self.config.diversity * closest, -np.inf)
            best = int(np.argmax(merit))
            free[best] = False
            picked.append(pool[best])
            closest = np.maximum(closest, vectors[pool] @ vectors[pool[best]])
        return picked + ranked[len(pool) : k]

    def _seen(self, visitor: Visitor, task: Task, moment: Moment) -> Sequence[int]:
        done = moment.catalog.action(task.action).weight
        rule = self.config.exclude_seen
        return [
            deed.row
            for deed in visitor.history
            if deed.action.weight < 0
            or rule == "touched"
            or (rule == "done" and (deed.action.name == task.action or deed.action.weight >= done))
        ]


def _best_first(score: NDArray[np.float64], rng: np.random.Generator) -> list[int]:
    """Positions by falling score, equal scores in an order drawn from ``rng``."""
    return [int(i) for i in np.lexsort((rng.random(len(score)), -score))]
