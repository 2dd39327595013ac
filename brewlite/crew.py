"""Threads that compute alone, side by side, each on its own share of the work.

torch lets all threads work on one operation after the other: a pass is some six thousand of them, the threads meet
after each, and hand each other what they wrote. With a share of the rows each they meet once. On two idle cores
that saves a twentieth to a fifth of a pass, and a quarter where another program wants one of the cores (lab notes).
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from threadpoolctl import threadpool_limits

Share = TypeVar("Share")
Result = TypeVar("Result")

MOST = 4
"""Members of a crew at most: they take turns at the interpreter between two operations."""


class Crew:
    """Threads of which each runs torch's operations by itself, or with helpers of its own.

    Args:
        members: threads, at least 2.
        each: CPU threads that a member's operations run on, itself among them.
    """

    def __init__(self, members: int, each: int = 1) -> None:
        self.members, self.each = members, each
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(members, "brewlite-crew", initializer=partial(_compute_with, each))

    def run(self, work: Callable[[Share], Result], shares: Iterable[Share]) -> list[Result]:
        """``work`` on each share, at the same time; results in the shares' order. One run at a time."""
        with self._lock:
            return list(self._pool.map(work, shares))

    def is_alone(self) -> bool:
        """Whether the members do compute by themselves: not if torch was built with threads of its own."""
        return self.run(lambda _: torch.get_num_threads(), [None]) == [self.each]


class Relay:
    """Lets threads read blocks of one row at once: a block needs the one before it a layer at a time.

    So the next block follows a layer behind.

    Args:
        blocks: numbered from 0.
    """

    def __init__(self, blocks: int) -> None:
        self._layers = [0] * blocks
        self._changed = threading.Condition()
        self._failure: BaseException | None = None

    def pass_on(self, block: int, layer: int) -> None:
        """Say that ``block`` has written its part of ``layer``; return when the block before has."""
        with self._changed:
            self._layers[block] = layer + 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure or block == 0 or self._layers[block - 1] > layer)
            if self._failure is not None:
                raise self._failure

    @contextmanager
    def running(self) -> Iterator[None]:
        """What fails inside fails for those that wait, too."""
        try:
            yield
        except BaseException as failure:
            with self._changed:
                self._failure = self._failure or failure
                self._changed.notify_all()
            raise


def crew_of(threads: int) -> Crew | None:
    """A crew for ``threads`` CPU threads, the same one each time; None for one thread, or where it cannot be."""
    if threads < 2:
        return None
    # As many of the threads as can be, and then as many members.
    members = max(range(2, min(threads, MOST) + 1), key=lambda count: (threads // count * count, count))
    return _crew(members, threads // members)


@functools.cache
def _crew(members: int, each: int) -> Crew | None:
    crew = Crew(members, each)
    return crew if crew.is_alone() else None


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_crew.cache_clear)


def shared_out(lengths: Sequence[int], count: int) -> list[slice]:
    """A row of things of so many tokens in at most ``count`` parts of about as many; none is empty."""
    if not lengths:
        return []
    ends = np.cumsum(lengths)
    wanted = ends[-1] * np.arange(1, count) / count
    cuts = {place + 1 for place in np.abs(ends[:, None] - wanted).argmin(0).tolist()}
    return [slice(start, stop) for start, stop in pairwise(sorted({0, *cuts, len(lengths)}))]


def _compute_with(threads: int) -> None:
    """Let the calling thread's operations run on so many threads."""
    torch.get_num_threads()  # torch sets a new thread's number when it is first asked: after that it is ours to set
    threadpool_limits(threads, user_api="openmp")
