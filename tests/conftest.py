"""Fixtures shared by the tests."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from brewlite.recommender import Recommender
from brewlite.records import Event, Item
from brewlite.testing import FakeRanker

# Before torch is loaded: tests share their cores, and threads that spin while they wait slow each other down.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test is skipped where there is none."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder


class HashEncoder:
    """A sentence encoder of 64 numbers: words fall into buckets by a stable hash. Texts that share words are alike."""

    name = "hash-64"
    dimension = 64

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        matrix = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w{3,}", text.casefold()):
                matrix[row, zlib.crc32(word.encode()) % self.dimension] += 1.0
        if progress is not None:
            progress(len(texts))
        return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


NOW = datetime(2024, 6, 30, 12, tzinfo=UTC)
PLACES = ("Riverside", "Old Town", "Harbour", "Hill")
TYPES = ("flat", "house", "studio")


def home(number: int) -> Item:
    """One of a small, regular catalog: everything about it follows from its number."""
    place, kind = PLACES[number % 4], TYPES[number % 3]
    return Item(
        id=str(number),
        kind="listing",
        title=f"{kind} {number} in {place}",
        text=f"A {'quiet' if number % 2 else 'lively'} {kind}, with a {'garden' if number % 5 else 'balcony'}.",
        fields={"price": 600.0 + 50 * number, "bedrooms": float(number % 4)},
        place=place,
        created=NOW - timedelta(days=3 * number + 1),
    )


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def site(tmp_path: Path, encoder: HashEncoder) -> Iterator[Recommender]:
    """Forty homes, three visitors with a few events, the word-overlap ranker, a clock that stands still."""
    with Recommender.open(
        tmp_path / "site.db", "realestate", ranker=FakeRanker(), encoder=encoder, clock=lambda: NOW
    ) as rec:
        rec.put_items([home(number) for number in range(40)])
        for visitor, liked in (("ann", (1, 5, 9)), ("ben", (1, 5, 13)), ("cat", (2, 6))):
            for step, number in enumerate(liked):
                rec.record(Event(user=visitor, item=str(number), action="save", at=NOW - timedelta(days=9 - step)))
        yield rec
