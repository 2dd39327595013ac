"""The family's declarations."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from brewlite.evaluation.suite.stated.judging import METRICS
from brewlite.evaluation.suite.stated.obeying import hard, positions, unmoved
from brewlite.evaluation.suite.stated.steering import limited, steered
from brewlite.evaluation.suite.task import Maker, SuiteTask, Value

FAMILY = "stated interests"
SITES = {
    "listings": ("airbnb_barossa", "airbnb_singapore", "realestate_utah"),
    "jobs": ("jobs_views", "jobs_google"),
    "posts": ("stackexchange_travel", "stackexchange_beer", "stackexchange_ai_titles"),
}
COMMON = {"listings": 0.1, "jobs": 0.05, "posts": 0.05}
"""Least share of a common attribute: jobs and posts have hardly any that more than a tenth of the items share."""
MOST = 0.6
POOR = ("realestate_utah",)
"""Sites with too few typed fields for rare attributes and for two at once."""
NICHE = (0.005, 0.05)

MAKERS: dict[str, Maker] = {
    "stated pairs": steered,
    "stated limits": limited,
    "stated hard limits": hard,
    "stated order": unmoved,
    "stated positions": positions,
}


def _task(kind: str, name: str, about: str, maker: str, metric: str = "pairs", **more: Any) -> SuiteTask:
    task = SuiteTask(
        name=f"{kind}/{name}", family=FAMILY, about=f"{kind.capitalize()}: {about}", data=SITES[kind], maker=maker,
        metric=metric, quick=6, full=150,
    )  # fmt: skip
    return structs.replace(task, **more)


def _steered(kind: str, name: str, about: str, least: float, most: float, **options: Value) -> SuiteTask:
    data = SITES[kind] if name not in ("asks-niche", "asks-two") else tuple(s for s in SITES[kind] if s not in POOR)
    return _task(kind, name, about, "stated pairs", data=data, options={"least": least, "most": most, **options})


def _of_kind(kind: str) -> tuple[SuiteTask, ...]:
    least, rare = COMMON[kind], NICHE
    limit = "terms or a place as a condition" if kind == "jobs" else "a limit on a typed field or a date"
    return (
        _steered(kind, "asks-common", f"asks for what {least:.0%} to 60% have", least, MOST, asked="want"),
        _steered(kind, "asks-niche", "asks for what 0.5% to 5% have", *rare, asked="want"),
        _steered(kind, "asks-not", "asks to be spared something", 0.02, MOST, asked="refusal"),
        _task(kind, "asks-within", f"states {limit}", "stated limits"),
        _steered(kind, "asks-two", "two wants, or one without the other", 0.02, MOST, asked="combination"),
        _steered(kind, "asks-against-history", "words against all that was done before", 0.02, MOST, asked="either",
                 against=True),
        _steered(kind, "asks-abroad", "asks in German, French or Spanish", 0.005, MOST, asked="either",
                 languages="de fr es"),
        _task(kind, "keeps-limits", "how many of the ten best break a stated limit", "stated hard limits",
              "violations@10", quick=6, options={"understood": True}),
        _task(kind, "reads-limits", "are exactly the items refused that break the limit?", "stated hard limits",
              "understood", quick=6),
        _task(kind, "stays-put", "how far words move items that all fit, or none of them", "stated order", "moved",
              options={"least": 0.01, "most": 0.7}),
    )  # fmt: skip


TASKS: tuple[SuiteTask, ...] = (
    *(task for kind in SITES for task in _of_kind(kind)),
    _task("jobs", "stated-positions", "what applicants viewed, given the positions they had stated",
          "stated positions", "ndcg@10", data=("jobs_views",), quick=12),
    _task("jobs", "stated-positions-silent", "the same without their words", "stated positions", "ndcg@10",
          data=("jobs_views",), quick=12, options={"silent": True}),
)  # fmt: skip

__all__ = ["FAMILY", "MAKERS", "METRICS", "SITES", "TASKS"]
