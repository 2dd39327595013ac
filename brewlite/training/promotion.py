"""Whether a new ranker takes the place of the one in use: only where it is better beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brewlite.evaluation.statistics import FEWEST_USERS
from brewlite.training.answers import Answered, draws
from brewlite.training.versions import Comparison


def compare(old: Sequence[Answered], new: Sequence[Answered], doubt: float, seed: int) -> Comparison:
    """What both rankers did on the same cases, in the same order.

    ``doubt`` is the chance of being wrong that is allowed when the new one is said to be better by ``least_gain``: the
    paired bootstrap over visitors, one-sided. Raises ValueError when the cases differ.
    """
    cases = [answer.case for answer in old]
    if not cases or cases != [answer.case for answer in new]:
        raise ValueError(f"{len(old)} and {len(new)} answers are not to the same cases")
    drawn = draws(cases, seed)
    before, after = (np.array([answer.model for answer in answers]) for answers in (old, new))
    enough = drawn.effective_users >= FEWEST_USERS
    return Comparison(
        cases=len(cases),
        visitors=len({case.visitor for case in cases}),
        old=float(before.mean()),
        new=float(after.mean()),
        least_gain=float(np.quantile(drawn.means(after - before), doubt)) if enough else None,
        confidence=1 - doubt,
        old_whole=float(np.mean([answer.blend for answer in old])),
        new_whole=float(np.mean([answer.blend for answer in new])),
    )


def wins(found: Comparison) -> bool:
    """Better by itself beyond doubt, and together with the simple signals at least as good."""
    return found.least_gain is not None and found.least_gain > 0 and found.new_whole >= found.old_whole


def verdict(found: Comparison) -> str:
    """The decision and its reason, in words."""
    figures = (
        f"NDCG@10 {found.new:.3f} against {found.old:.3f} in {found.cases} cases of {found.visitors} visitors, "
        f"with the simple signals {found.new_whole:.3f} against {found.old_whole:.3f}"
    )
    if wins(found):
        return f"the new ranker is used: {figures}; {found.confidence:.0%} sure of at least {found.least_gain:+.3f}"
    if found.least_gain is None:
        return f"kept the old one, as too few visitors decided (in effect fewer than {FEWEST_USERS}): {figures}"
    if found.gain <= 0:
        return f"kept the old one, as the new one is no better: {figures}"
    if found.least_gain <= 0:
        return f"kept the old one, as it is not {found.confidence:.0%} sure that the new one is better: {figures}"
    return f"kept the old one, as the new one is no better together with the simple signals: {figures}"
