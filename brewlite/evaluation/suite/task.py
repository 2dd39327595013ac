"""A task as data: what is asked, on which log, of which cases, judged by which metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.site import BenchSite

Value = float | int | str | bool


class SuiteTask(Struct, frozen=True, kw_only=True):
    """One declaration in the registry."""

    name: str
    """``listings/history-1-5``: stable, as runs are compared by it."""
    family: str
    """Heading in the report."""
    about: str
    """One line for people: what is asked and why."""
    data: tuple[str, ...]
    """Names of data sets; their cases are pooled, evenly."""
    maker: str
    """Which function makes the cases: a key of ``MAKERS``."""
    metric: str
    """A key of ``METRICS``."""
    quick: int
    """Cases in the quick suite, over all data sets."""
    full: int
    options: dict[str, Value] = {}
    """For the maker."""


Maker = Callable[[SuiteTask, BenchSite, int, np.random.Generator], Sequence[Case]]
"""(task, site, how many, rng) -> at most that many cases, the same for the same seed."""
