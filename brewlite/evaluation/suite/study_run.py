"""Running a study: every setting on the same cases, and how sure the figures are."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct, structs

from brewlite.errors import BadRecord, BadSettings
from brewlite.evaluation.speed import machine_name
from brewlite.evaluation.splits import even_quotas
from brewlite.evaluation.statistics import Draws
from brewlite.evaluation.suite.asking import Desk
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.kept import KeptScores, fingerprint
from brewlite.evaluation.suite.methods import Ours
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.studies import Arm, Setting, Study
from brewlite.evaluation.suite.study_report import (
    ALL,
    JUDGED,
    Outcome,
    StudyCost,
    StudyFigure,
    StudyKind,
    StudyReport,
    cost_of,
    figures_of,
    judged,
)
from brewlite.evaluation.suite.study_times import Times
from brewlite.ranker import Ranker

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it is done, out of how much."""
SitesOf = Callable[[str], Sequence[BenchSite]]
"""A model's name -> the sites, opened with that model. They are closed by the study."""


class StudyConfig(Struct, frozen=True, kw_only=True):
    """How much is asked."""

    cases: int = 24
    """Of each kind of site."""
    seed: int = 0
    timed: int = 1
    """Cases of each site that are asked a second time for each setting, with nothing kept, to time them."""


class StudyRun:
    """Asks every case under every setting.

    Args:
        study: what is varied.
        models: names; more than one only for a study of models.
        sites_of: opens the sites for a model.
        config: how much is asked.
        times: file in which timings are kept.
        progress: told what is done.

    Raises:
        BadSettings: several models for a study of something else, two that stand at one place, or a number out of
            range.
    """

    def __init__(
        self,
        study: Study,
        models: Sequence[str],
        sites_of: SitesOf,
        config: StudyConfig | None = None,
        times: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.study, self.models, self.config = study, list(dict.fromkeys(models)), config or StudyConfig()
        self._model_of: dict[Setting, str] = {} if study.settings else _places(study, self.models)
        self.settings: tuple[Setting, ...] = study.settings or tuple(self._model_of)
        if not self.models or (study.settings and len(self.models) > 1):
            raise BadSettings(f"study {study.name} reads one model, not {len(self.models)}: give --model once")
        if self.config.cases < 1:
            raise BadSettings(f"--cases is {self.config.cases}: at least 1 is needed")
        self._sites_of, self._times, self._progress = sites_of, Times(times), progress or _silent
        self._cases: list[Case] = []
        self._kinds: list[str] = []
        """Of each case."""
        self._timed: set[str] = set()
        self._labels: dict[str, list[str]] = {}
        self._outcomes: dict[tuple[Setting, int], Outcome | None] = {}
        self._notes: list[str] = []

    def run(self) -> StudyReport:
        """Ask, and report. Ctrl-C ends early: the report holds the finished cases, and is marked partial.

        Raises:
            BadRecord: the sites hold no case for this study, or none was finished.
        """
        started, clock = datetime.now(UTC), time.perf_counter()
        partial = False
        try:
            for model in self.models:
                self._ask_model(model)
        except KeyboardInterrupt:
            partial = True
            self._notes.append("interrupted: the figures rest on the cases that every setting had answered by then")
        return self._report(started, time.perf_counter() - clock, partial)

    def _ask_model(self, model: str) -> None:
        sites = self._sites_of(model)
        try:
            if not self._cases:
                self._find_cases(sites)
            asked = [setting for setting in self.settings if self._model_of.get(setting, model) == model]
            arms = {setting: self.study.arm(setting) for setting in asked}
            by_name, desk = {site.name: site for site in sites}, Desk()
            timed = f"{model} {_weights(sites[0].recommender.ranker())} on {machine_name()}"
            for number, case in enumerate(self._cases):
                for setting, arm in arms.items():
                    how = msgspec.json.encode((arm.prompt, arm.candidates)).decode()
                    key = f"{timed}: {case.key} {how}"
                    question = posed(case, arm, self.config.seed)
                    self._outcomes[setting, number] = self._outcome(question, by_name[case.site], desk, key)
                    self._progress(self.study.name, len(self._outcomes), len(self._cases) * len(self.settings))
        finally:
            for site in sites:
                site.recommender.close()

    def _find_cases(self, sites: Sequence[BenchSite]) -> None:
        """Cases of every kind, one site after the other in turn: an interrupted run has some of each."""
        found: list[list[tuple[Case, str]]] = []
        for kind in dict.fromkeys(site.data.kind for site in sites):
            of_kind = [site for site in sites if site.data.kind == kind]
            made = [self._cases_of(site) for site in of_kind]
            # Level between the sites, and what one of them lacks the others give.
            quotas = even_quotas(np.array([len(cases) for cases in made]), self.config.cases)
            if quotas.sum() < self.config.cases:
                self._notes.append(f"{kind}: {quotas.sum()} cases where {self.config.cases} were asked for")
            for site, cases, quota in zip(of_kind, made, quotas, strict=True):
                taken = cases[:quota]
                if taken:
                    self._labels.setdefault(kind, []).append(site.data.label or site.name)
                self._timed.update(case.key for case in taken[: self.config.timed])
                found.append([(case, kind) for case in taken])
        for turn in zip_longest(*found):
            for case, kind in filter(None, turn):
                self._cases.append(case)
                self._kinds.append(kind)
        if not self._cases:
            why = "; ".join(self._notes)
            raise BadRecord(f"study {self.study.name}: none of the data sets has a case for it: {why}")

    def _cases_of(self, site: BenchSite) -> list[Case]:
        """At most as many validation cases as are asked for of the site's kind.

        Where the study varies the number of candidates each has as many as the longest list; else a few may have less.
        """
        most, history = max(self.study.arm(setting).candidates for setting in self.settings), self.study.least_history
        within = {"history": (float(history), float("inf"))} if history else None
        cases = matched_cases(site, self.config.cases, self.config.seed, "validation", most, where=within)
        least = most if most > Arm().candidates else 2
        return [case for case in cases if len(case.query.candidates or ()) >= least]

    def _outcome(self, case: Case, site: BenchSite, desk: Desk, key: str) -> Outcome | None:
        """None where the model could not be asked."""
        method = Ours("brewlite", JUDGED["brewlite"], "all")
        asked = desk.ask(method, case, site)
        if asked is None or asked.answer.log_odds is None:
            return None

        def measure() -> float:
            again = desk.ask(method, case, site, fresh=True)
            return again.answer.seconds if again is not None else float("nan")

        return Outcome(
            values=judged(asked.answer, case.good[0]),
            candidates=len(asked.answer.ids),
            prefix_tokens=asked.answer.prefix_tokens,
            candidate_tokens=asked.answer.candidate_tokens,
            seconds=self._times.of(key, measure) if case.key in self._timed else None,
        )

    def _report(self, started: datetime, seconds: float, partial: bool) -> StudyReport:
        begun = [s for s in self.settings if any((s, number) in self._outcomes for number in range(len(self._cases)))]
        kept = [n for n in range(len(self._cases)) if all(self._outcomes.get((s, n)) is not None for s in begun)]
        if not begun or not kept:
            raise BadRecord(f"study {self.study.name}: no case was finished; ask for fewer with --cases")
        unasked = sum(outcome is None for outcome in self._outcomes.values())
        if unasked:
            self._notes.append(f"the model could not be asked {unasked} times: those cases are left out")
        reference = self.study.reference if self.study.reference in begun else begun[0]
        assert reference is not None
        figures: list[StudyFigure] = []
        costs: list[StudyCost] = []
        kinds = []
        for kind, where in self._parts(kept):
            visitors = [self._cases[n].visitor for n in where]
            labels = self._labels.get(kind, [label for labels in self._labels.values() for label in labels])
            kinds.append(
                StudyKind(kind=kind, cases=len(where), visitors=len(set(visitors)), sites=tuple(labels)),
            )
            table = {s: [outcome for n in where if (outcome := self._outcomes[s, n]) is not None] for s in begun}
            figures += figures_of(kind, table, reference, self._draws(kind, where))
            costs += [cost_of(setting, kind, row) for setting, row in table.items()]
        return StudyReport(
            study=self.study.name,
            about=self.study.about,
            axis=self.study.axis,
            metric=self.study.metric,
            reference=reference,
            settings=tuple(begun),
            models=tuple(self.models),
            version=version("brewlite"),
            machine=machine_name(),
            seed=self.config.seed,
            cases_asked=self.config.cases,
            started=started,
            seconds=round(seconds, 1),
            partial=partial,
            kinds=tuple(kinds),
            figures=tuple(figures),
            costs=tuple(costs),
            notes=tuple(self._notes),
        )

    def _parts(self, kept: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        """Each kind's cases, and behind them all together."""
        kinds = list(dict.fromkeys(self._kinds[n] for n in kept))
        for kind in kinds:
            yield kind, [n for n in kept if self._kinds[n] == kind]
        if len(kinds) > 1:
            yield ALL, list(kept)

    def _draws(self, kind: str, where: Sequence[int]) -> Draws:
        """The bootstrap's draws: the same for every setting. Of all together each kind has the same weight."""
        visitors, kinds = [self._cases[n].visitor for n in where], [self._kinds[n] for n in where]
        seed = [self.config.seed, zlib.crc32(f"{self.study.name} {kind}".encode())]
        return Draws.groups_alike(visitors, kinds, seed)


def run_study(
    study: Study,
    models: Sequence[str],
    sites_of: SitesOf,
    config: StudyConfig | None = None,
    times: Path | None = None,
    progress: Progress | None = None,
) -> StudyReport:
    """See :class:`StudyRun`."""
    return StudyRun(study, models, sites_of, config, times, progress).run()


def _places(study: Study, models: Sequence[str]) -> dict[Setting, str]:
    """Where each model stands on the axis, in the axis' order where there is one."""
    found: dict[Setting, str] = {}
    for model in models:
        place = study.of_model(model)
        if place in found:
            raise BadSettings(
                f"study {study.name}: {found[place]} and {model} both stand at {place} ({study.axis}): give one of them"
            )
        found[place] = model
    numbers = [place for place in found if not isinstance(place, str)]
    return {place: found[place] for place in sorted(numbers)} if len(numbers) == len(found) else found


def posed(case: Case, arm: Arm, seed: int) -> Case:
    """``case`` as a setting asks it.

    A shorter list holds the target and a random part of the others, and every longer list holds it: so its rivals are
    no better and no worse, only fewer.
    """
    ids = case.query.candidates or ()
    if arm.candidates < len(ids):
        others = [id_ for id_ in ids if id_ not in case.good]
        order = np.random.default_rng([seed, zlib.crc32(case.key.encode())]).permutation(len(others))
        chosen = {others[place] for place in order[: arm.candidates - len(case.good)]} | set(case.good)
        ids = tuple(id_ for id_ in ids if id_ in chosen)
    return structs.replace(case, query=structs.replace(case.query, candidates=ids), prompt=arm.prompt)


def _weights(ranker: Ranker) -> str:
    """Tells models of one name apart: a folder that was trained anew is another one."""
    return fingerprint(ranker.ranker if isinstance(ranker, KeptScores) else ranker)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""
