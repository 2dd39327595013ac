"""What each teacher is worth, alone and averaged with others: before hours are spent on learning from them.

A student can hardly become better than what it is told. So the teachers are asked what visitors chose in the
validation part of each log, every group of them as the average that a student would hear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.site import BenchSite
from brewlite.prompt import PromptBuilder
from brewlite.ranker import Tokenizer
from brewlite.training.answers import draws, ndcg_of, validation_cases
from brewlite.training.smaller import teacher_of
from brewlite.training.teachers import AverageTeacher, Floats, Lesson, Teacher, lesson_of

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, out of how much."""
MOST = 4
"""Teachers: of more there are too many groups to read."""


class Group(Struct, frozen=True, kw_only=True):
    """Teachers whose scores are averaged, or one alone."""

    teachers: tuple[str, ...]
    ndcg: Estimate
    """NDCG@10, each site counting alike."""
    by_site: dict[str, float]


class Share(Struct, frozen=True, kw_only=True):
    """One teacher among all."""

    teacher: str
    adds: Estimate
    """NDCG@10 of the average of all less that of all the others."""


class TeacherReport(Struct, frozen=True, kw_only=True):
    """What teachers are worth on the validation parts of the sites' logs."""

    groups: tuple[Group, ...]
    """The best first."""
    shares: tuple[Share, ...]
    """In the order in which the teachers were named; empty for one alone."""
    cases: int
    sites: tuple[str, ...]


def judge_teachers(
    names: Sequence[str],
    sites: Sequence[BenchSite],
    tokenizer: Tokenizer,
    count: int,
    cache: Path,
    seed: int = 0,
    progress: Progress | None = None,
) -> TeacherReport:
    """Every group of the teachers called ``names``, on the same cases.

    Args:
        names: as :func:`brewlite.training.smaller.teacher_of` takes them.
        sites: each with a log; nothing before its validation part is asked.
        tokenizer: cuts the prompts to their budgets; teachers read the words.
        count: cases of each site, at most.
        cache: where the teachers' scores are kept.
        seed: chooses the cases, and the bootstrap's draws.
        progress: told about each teacher and site.

    Raises:
        BadSettings: no name, too many, or one twice; or a site has no case.
        WeightsMissing: a teacher is not on this machine.
    """
    if not names or len(names) > MOST or len(set(names)) < len(names):
        raise BadSettings(f"the teachers are {', '.join(names) or 'none'}: name one to {MOST}, each once")
    cases, asked = [], []
    for site in sites:
        builder = PromptBuilder(tokenizer, site.recommender.adapter)
        for case in validation_cases(site, count, seed):
            cases.append(case)
            prompt = site.recommender.prompt(case.query, builder)
            asked.append(lesson_of(prompt, tokenizer, site=site.name, query=case.query))
    heard = {name: _heard(name, sites, asked, cache, progress) for name in names}
    chosen = [(case.query.candidates or ()).index(case.good[0]) for case in cases]
    values = {
        group: np.array([ndcg_of(_said(heard, group, at, asked[at]), target) for at, target in enumerate(chosen)])
        for size in range(1, len(names) + 1)
        for group in combinations(names, size)
    }
    return _report(names, values, cases, [site.name for site in sites], seed)


def _report(
    names: Sequence[str], values: dict[tuple[str, ...], Floats], cases: Sequence[Case], sites: Sequence[str], seed: int
) -> TeacherReport:
    """From group -> (N,) NDCG@10 of each case."""
    drawn, of_site = draws(cases, seed), np.array([case.site for case in cases])
    groups = [
        Group(
            teachers=group,
            ndcg=drawn.estimate(each),
            by_site={site: float(each[of_site == site].mean()) for site in sites},
        )
        for group, each in values.items()
    ]
    whole = tuple(names)
    shares = [
        Share(teacher=name, adds=drawn.estimate(values[whole] - values[tuple(n for n in names if n != name)]))
        for name in (names if len(names) > 1 else ())
    ]
    return TeacherReport(
        groups=tuple(sorted(groups, key=lambda group: -group.ndcg.value)),
        shares=tuple(shares),
        cases=len(cases),
        sites=tuple(sites),
    )


class _Remembered:
    """A teacher who has said what they think of one list."""

    def __init__(self, scores: Floats, chances: bool) -> None:
        self.name, self.chances, self._scores = "", chances, scores

    def scores(self, lesson: Lesson) -> Floats:
        """What was said."""
        return self._scores


def _heard(
    name: str, sites: Sequence[BenchSite], asked: Sequence[Lesson], cache: Path, progress: Progress | None
) -> list[Teacher]:
    """What the teacher called ``name`` says of each list."""
    teacher = teacher_of([(name, 1.0)], sites, cache)
    found: list[Teacher] = []
    for done, lesson in enumerate(asked, start=1):
        found.append(_Remembered(teacher.scores(lesson), teacher.chances))
        if progress is not None:
            progress(f"asking {name}", done, len(asked))
    return found


def _said(heard: dict[str, list[Teacher]], group: Sequence[str], at: int, lesson: Lesson) -> Floats:
    """(C,) the average of the ``group`` for the list ``at``; zeros where all are silent."""
    scores = AverageTeacher([heard[name][at] for name in group], [1.0] * len(group)).scores(lesson)
    return scores if len(scores) else np.zeros(len(lesson.candidates))
