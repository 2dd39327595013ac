"""The learned baselines against what the literature says of them, on MovieLens 100k.

The set is not ours to ship. With a copy of it: BREWLITE_MOVIELENS=ml-100k pytest tests/test_published_orderings.py -s
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from brewlite.evaluation.baselines import Method, simple_methods
from brewlite.evaluation.baselines.factors import Als, Bpr
from brewlite.evaluation.log import NEVER, UNDATED, Catalog, EventLog, event_log
from brewlite.evaluation.splits import moment_of
from brewlite.evaluation.statistics import Draws

LIKED = 4
LAST = 2**60
"""A moment after every event."""


@pytest.fixture(scope="module")
def likes() -> EventLog:
    where = os.environ.get("BREWLITE_MOVIELENS")
    if where is None:
        pytest.skip("no MovieLens 100k: name its folder in BREWLITE_MOVIELENS")
    rows = [re.split(r"[\t|]", line) for line in (Path(where) / "u.data").read_text().splitlines()]
    rated = [row for row in rows if row[0].isdigit() and int(row[2]) >= LIKED]
    users, items, _, at = zip(*rated, strict=True)
    ids = tuple(dict.fromkeys(items))
    catalog = Catalog(
        ids=ids,
        created=np.full(len(ids), UNDATED),
        expires=np.full(len(ids), NEVER),
        hidden=np.zeros(len(ids), dtype=bool),
    )
    micros = [int(second) * 1_000_000 for second in at]
    return event_log(catalog, users, items, ["like"] * len(users), micros, {"like": 1.0})[0]


def part(log: EventLog, where: np.ndarray) -> EventLog:
    return EventLog(
        catalog=log.catalog, user_ids=log.user_ids, users=log.users[where], items=log.items[where],
        at=log.at[where], weights=log.weights[where],
    )  # fmt: skip


def ndcg_of_many(method: Method, train: EventLog, test: EventLog) -> dict[int, float]:
    """NDCG@10 by visitor, all items not liked in ``train`` as candidates, all likes of ``test`` as targets."""
    scorer, gains = method.fit(train), 1 / np.log2(np.arange(2, 12))
    values = {}
    for user in np.unique(test.users):
        moment = moment_of(train, int(user), LAST)
        if not len(moment.history):
            continue
        scores = scorer.scores(moment).astype(np.float64)
        scores[moment.seen] = -np.inf
        wanted = test.items[test.users == user]
        found = np.isin(np.argsort(-scores, kind="stable")[:10], wanted)
        values[int(user)] = float(found @ gains / gains[: len(wanted)].sum())
    return values


@pytest.mark.slow
def test_a_random_split_gives_the_published_order(likes: EventLog):
    """EASE first (Steck 2019); every learner above popularity (Ferrari Dacrema et al. 2019, 2021)."""
    held_out = np.random.default_rng(0).random(len(likes)) < 0.2
    train, test = part(likes, ~held_out), part(likes, held_out)
    methods = [m for m in simple_methods() if m.name in ("popularity", "item-knn", "ease")] + [Als(), Bpr()]
    values = {method.name: ndcg_of_many(method, train, test) for method in methods}
    users = np.array(sorted(values["ease"]))
    draws = Draws(users, np.ones(len(users)), np.random.default_rng(1))
    columns = {name: np.array([row[user] for user in users.tolist()]) for name, row in values.items()}
    for name, column in columns.items():
        print(name, draws.estimate(column))
    for name in ("als", "bpr", "item-knn"):
        assert (draws.estimate(columns["ease"] - columns[name]).low or 0) > 0, f"EASE is above {name}"
        assert (draws.estimate(columns[name] - columns["popularity"]).low or 0) > 0, f"{name} is above popularity"
