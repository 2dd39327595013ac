"""What brewlite is measured against: simple rules, and the classic models of the field, a few lines each.

A :class:`Method` is fitted on the log before the cut and gives a :class:`Scorer`; a scorer gives every item of the
catalog a score for one moment, higher is better, equal scores are ties. It sees the log strictly before the moment, so
counts and neighbours are those of the moment itself.

``factors`` and ``texts`` need libraries of the extra ``bench`` and are not loaded here.
"""

from __future__ import annotations

from brewlite.evaluation.baselines.linear import Ease, inverse_upper, symmetric_rows
from brewlite.evaluation.baselines.method import Method, Scorer
from brewlite.evaluation.baselines.neighbours import ItemKNN
from brewlite.evaluation.baselines.rules import Rule, by_chance, newest, popularity, popularity_lately
from brewlite.evaluation.baselines.vectors import VectorMean, VectorRequest

__all__ = [
    "Ease",
    "ItemKNN",
    "Method",
    "Rule",
    "Scorer",
    "VectorMean",
    "VectorRequest",
    "by_chance",
    "inverse_upper",
    "newest",
    "popularity",
    "popularity_lately",
    "simple_methods",
    "symmetric_rows",
]


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
