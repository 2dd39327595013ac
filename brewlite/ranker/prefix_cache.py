"""Keys and values of prefixes kept between requests: a visitor's history rarely changes between two page views."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np

from brewlite.ranker.attention import PrefixKeys

Ids = tuple[int, ...]


class PrefixCache:
    """The prefixes used last, as many as ``budget`` bytes hold. Safe to share between threads.

    Args:
        budget: bytes.
        block: tokens. Prefixes are computed in blocks of this size, and a start from part of a kept prefix is at a
            block's border: each block then goes through the same operations on the same numbers as in a cold start,
            so that the result is the same to the last bit: as far as products of matrices by one thread and by several
            are the same, which in bfloat16 they always were, and in float32 all but those of very few rows.
    """

    def __init__(self, budget: int, block: int) -> None:
        self._budget = budget
        self._block = block
        self._lock = threading.Lock()
        self._entries: OrderedDict[Ids, tuple[np.ndarray, PrefixKeys]] = OrderedDict()

    def get(self, ids: Ids) -> tuple[PrefixKeys | None, int]:
        """The kept prefix that shares most with ``ids``, and how many of its tokens can be reused."""
        wanted = np.asarray(ids)
        best: Ids | None = None
        reusable = 0
        with self._lock:
            for kept, (array, _) in self._entries.items():
                tokens = self._reusable(wanted, array)
                if tokens > reusable:
                    best, reusable = kept, tokens
            if best is None:
                return None, 0
            self._entries.move_to_end(best)
            return self._entries[best][1], reusable

    def put(self, ids: Ids, keys: PrefixKeys) -> None:
        """Keep ``keys``, which nobody may write to any more; the prefixes unused for longest make room."""
        if keys.bytes > self._budget:
            return
        with self._lock:
            self._entries[ids] = (np.asarray(ids), keys)
            self._entries.move_to_end(ids)
            while self.bytes > self._budget:
                self._entries.popitem(last=False)

    @property
    def bytes(self) -> int:
        """Memory held."""
        return sum(keys.bytes for _, keys in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def _reusable(self, wanted: np.ndarray, kept: np.ndarray) -> int:
        shorter = min(len(wanted), len(kept))
        differs = np.flatnonzero(wanted[:shorter] != kept[:shorter])
        common = int(differs[0]) if len(differs) else shorter
        if common == len(wanted) == len(kept):
            return common
        return common - common % self._block
