"""What an evaluation says: figures with intervals, differences on the same draws, and a verdict in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Ints
from brewlite.evaluation.metrics import METRICS
from brewlite.evaluation.replay import Replayed
from brewlite.evaluation.splits import GROUPS
from brewlite.evaluation.statistics import Draws, Estimate

ALL = "all"
"""All history lengths together, in their natural mix."""
OURS = ("brewlite", "brewlite-no-model")
FOUND = "hr@10"
"""The metric of the verdict: an item is found when it stands among the first ten."""


class Group(Struct, frozen=True, kw_only=True):
    """One history length."""

    name: str
    natural: int
    """Cases in the whole log after the cut."""
    share: float
    """Of all such cases."""
    cases: int
    """Replayed."""
    users: int
    """Visitors among them."""


class Difference(Struct, frozen=True, kw_only=True):
    """One metric of ``ours`` less that of ``rival``, paired: same cases, same draws."""

    group: str
    ours: str
    rival: str
    metric: str
    absolute: Estimate
    relative: Estimate | None
    """As a share of the rival's; None where the rival's may well be 0."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """One replay of a site's log."""

    cut: datetime
    split: float
    seed: int
    cases_asked: int
    cases: int
    """Replayed by every method."""
    partial: bool
    """True when the run was interrupted: the figures rest on what was finished by then."""
    users: int
    items: int
    events: int
    candidates: float
    """Median number of items that one target had to be found among."""
    refused: dict[str, int]
    """Liking events after the cut that are no cases, by reason."""
    groups: tuple[Group, ...]
    labels: dict[str, str]
    """Method -> how it is printed, in the order of the table."""
    figures: dict[str, dict[str, dict[str, Estimate]]]
    """Method -> group (``"all"`` too) -> metric -> mean and 95% interval."""
    differences: tuple[Difference, ...]
    verdict: tuple[str, ...]
    notes: tuple[str, ...]


class Judged(Struct, frozen=True, kw_only=True, eq=False):
    """The cases of one group: every method's metrics on them, and the draws that they share."""

    name: str
    draws: Draws
    values: Mapping[str, Mapping[str, Floats]]
    """Method -> metric -> (n,)."""


def judge(replayed: Replayed, natural: Ints, rng: np.random.Generator) -> list[Judged]:
    """All cases in their natural mix, then each history length that has cases; ``natural`` (G,) counts them."""
    of_case = replayed.cases.groups()
    taken = np.bincount(of_case, minlength=len(GROUPS))
    weights = (natural / np.maximum(taken, 1))[of_case]
    parts = [(ALL, np.ones(len(of_case), dtype=np.bool_))]
    parts += [(name, of_case == g) for g, (name, _, _) in enumerate(GROUPS) if taken[g]]
    return [
        Judged(
            name=name,
            draws=Draws(replayed.cases.users[where], weights[where], rng),
            values={
                method.name: {metric: measure(replayed.places(m, where)) for metric, measure in METRICS.items()}
                for m, method in enumerate(replayed.methods)
            },
        )
        for name, where in parts
    ]


def figures(judged: list[Judged]) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Method -> group -> metric -> estimate."""
    return {
        method: {
            group.name: {metric: group.draws.estimate(values) for metric, values in group.values[method].items()}
            for group in judged
        }
        for method in judged[0].values
    }


def differences(judged: list[Judged]) -> list[Difference]:
    """Ours against every baseline, and against itself without the model, in every group and metric."""
    methods = list(judged[0].values)
    ours = next((name for name in OURS if name in methods), None)
    return [
        difference(group, ours, rival, metric)
        for group in judged
        for rival in methods
        for metric in METRICS
        if ours is not None and rival != ours
    ]


def difference(group: Judged, ours: str, rival: str, metric: str) -> Difference:
    """``ours`` against ``rival``."""
    mine, theirs = group.values[ours][metric], group.values[rival][metric]
    return Difference(
        group=group.name,
        ours=ours,
        rival=rival,
        metric=metric,
        absolute=group.draws.estimate(mine - theirs),
        relative=group.draws.relative(mine, theirs),
    )


def groups_of(replayed: Replayed, natural: Ints) -> tuple[Group, ...]:
    """How many cases of each history length there are, and were replayed."""
    of_case = replayed.cases.groups()
    return tuple(
        Group(
            name=name,
            natural=int(natural[g]),
            share=float(natural[g] / natural.sum()),
            cases=int((of_case == g).sum()),
            users=len(np.unique(replayed.cases.users[of_case == g])),
        )
        for g, (name, _, _) in enumerate(GROUPS)
    )
