"""Every task of the suite, and what they are made and judged by. A family is a module; it is joined in here."""

from __future__ import annotations

from collections.abc import Sequence

from brewlite.errors import UnknownName
from brewlite.evaluation.suite import calibration, cost, examples, lists, next_item, robust, stated
from brewlite.evaluation.suite.metric import Metric
from brewlite.evaluation.suite.task import Maker, SuiteTask

_FAMILIES = (next_item, stated, examples, robust, calibration, lists, cost)

TASKS: tuple[SuiteTask, ...] = tuple(task for family in _FAMILIES for task in family.TASKS)
"""In the order of the report."""
MAKERS: dict[str, Maker] = {name: maker for family in _FAMILIES for name, maker in family.MAKERS.items()}
METRICS: dict[str, Metric] = {metric.name: metric for family in _FAMILIES for metric in family.METRICS}


def chosen(patterns: Sequence[str]) -> tuple[SuiteTask, ...]:
    """The tasks whose name or family begins with one of ``patterns``; all where there are none.

    Raises:
        UnknownName: a pattern that fits no task.
    """
    if not patterns:
        return TASKS
    lost = [
        pattern
        for pattern in patterns
        if not any(task.name.startswith(pattern) or task.family == pattern for task in TASKS)
    ]
    if lost:
        raise UnknownName("task", lost, sorted({task.family for task in TASKS}))
    return tuple(
        task for task in TASKS if any(task.name.startswith(pattern) or task.family == pattern for pattern in patterns)
    )
