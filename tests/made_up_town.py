"""A made-up site of homes, big enough for the suite: three tastes, visitors who come back, words that they left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from conftest import HashEncoder

from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender
from brewlite.records import Event, Item, User
from brewlite.testing import FakeRanker

START = datetime(2024, 1, 1, tzinfo=UTC)
TASTES = ("garden", "harbour", "studio")
PLACES = ("Hill", "Old Town", "Riverside", "Quay")


def homes(count: int = 150) -> list[Item]:
    return [
        Item(
            id=f"h{n}",
            kind="listing",
            title=f"Home {n} with {TASTES[n % 3]}",
            text=f"A {TASTES[n % 3]} home of house number {n}, for those who love it. Quiet street.",
            fields={"type": f"{TASTES[n % 3]} flat", "amenities": ["Kitchen", f"{TASTES[n % 3]} view"]},
            place=PLACES[n % 4],
            created=START + timedelta(days=0.5 * n),
        )
        for n in range(count)
    ]


def stays(visitors: int = 150) -> list[Event]:
    rng = np.random.default_rng(0)
    events = []
    for user in range(visitors):
        for day in np.sort(rng.uniform(80, 330, size=1 + int(rng.geometric(0.25)))):
            liked = [n for n in range(150) if n % 3 == user % 3]
            item = liked[int(rng.integers(len(liked)))] if rng.random() < 0.7 else int(rng.integers(150))
            at = START + timedelta(days=float(day))
            events.append(Event(user=f"u{user}", item=f"h{item}", action="stay", at=at))
    return events


@contextmanager
def town(path: Path, users: tuple[User, ...] = ()) -> Iterator[BenchSite]:
    clock = START + timedelta(days=400)
    with Recommender.open(
        path, "realestate", ranker=FakeRanker(), encoder=HashEncoder(), clock=lambda: clock
    ) as recommender:
        recommender.put_items(homes())
        if users:
            recommender.put_users(list(users))
        recommender.record(*stays())
        data = DataSet(name="town", kind="listings", adapter="realestate", items="none", events="none", label="town")
        yield BenchSite(data, recommender, "town")
