"""One run of the suite: every task, every method, one report.

What costs time is the language model, and its scores are kept on disk, so a run that was killed asks again only for
what it had not asked yet, and a second run is a matter of minutes.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from math import isfinite
from pathlib import Path

import numpy as np
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.evaluation.leaks import find_leaks
from brewlite.evaluation.log import from_micros
from brewlite.evaluation.speed import machine_name
from brewlite.evaluation.splits import find_cases
from brewlite.evaluation.suite.asking import Desk
from brewlite.evaluation.suite.case import Case, SuiteMethod
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.derived import derived_site, parse_name
from brewlite.evaluation.suite.judging import judge
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.methods import Classic, OneAtATime, Ours
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.registry import MAKERS, METRICS
from brewlite.evaluation.suite.report import DataFacts, MethodFacts, SuiteReport, TaskResult
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.evaluation.suite.words import in_words
from brewlite.evaluation.suite.worst import worst_cases
from brewlite.ranker import Ranker
from brewlite.retrieval import Encoder

OURS = "brewlite"
SLOW = "llm-one-at-a-time"
"""Takes seven times as long for the same scores: only asked in tasks with the option ``one at a time``."""
SUITES = ("quick", "full")

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it is done, out of how much."""


class SuiteConfig(Struct, frozen=True, kw_only=True):
    """What is run."""

    suite: str = "quick"
    seed: int = 0
    baselines: bool = True
    cases: float = 1.0
    """Every task's number of cases is multiplied by this: for a first look."""

    def __post_init__(self) -> None:
        """Raises BadSettings for a suite that there is none of, or a factor that is none."""
        if self.suite not in SUITES:
            raise BadSettings(f"suite {self.suite!r} does not exist: quick or full")
        if not (isfinite(self.cases) and self.cases > 0):
            raise BadSettings(f"cases is {self.cases}: give a number above 0, such as 0.5 for half as many")


class Suite:
    """Runs tasks over data sets.

    Args:
        tasks: in the order of the report.
        data: folder of the data sets.
        cache: folder for imported sites and kept scores.
        ranker: the language model; None: only what needs none.
        config: what is run.
        encoder: of the imported sites.
        progress: told what is done.
    """

    def __init__(
        self,
        tasks: Sequence[SuiteTask],
        data: Path,
        cache: Path,
        ranker: Ranker | None,
        config: SuiteConfig | None = None,
        encoder: str | Encoder | None = "default",
        progress: Progress | None = None,
    ) -> None:
        self.config = config or SuiteConfig()
        self.tasks = tasks
        self._data, self._cache, self._encoder = data, cache, encoder
        self._ranker = KeptScores(ranker, cache / "scores") if ranker is not None else None
        self._progress = progress or _silent
        self._sites: dict[str, BenchSite] = {}
        self._desk = Desk()
        self._notes: list[str] = []

    def run(self) -> SuiteReport:
        """Run every task. Ctrl-C ends early: the report holds the tasks that were finished, and is marked partial."""
        started, clock = datetime.now(UTC), time.perf_counter()
        results: list[TaskResult] = []
        cases: dict[tuple[str, str], Case] = {}  # by task too: another question may have the same visitor and moment
        partial = False
        methods: list[SuiteMethod] = []
        try:
            self._open_sites()
            methods = self._methods()
            for done, task in enumerate(self.tasks):
                self._progress("tasks", done, len(self.tasks))
                made = self._cases(task)
                cases |= {(task.name, case.key): case for case in made}
                if made:
                    results.append(self._result(task, made, methods))
                else:
                    self._notes.append(f"{task.name}: no case could be made from this data")
            self._progress("tasks", len(self.tasks), len(self.tasks))
        except KeyboardInterrupt:
            partial = True
            self._notes.append(f"interrupted: {len(results)} of {len(self.tasks)} tasks were finished")
        if not results:
            raise BadSettings(self._why_nothing(partial))
        worst = worst_cases(results, cases, self._sites, OURS)
        report = SuiteReport(
            suite=self.config.suite,
            version=version("brewlite"),
            model=self._ranker.name if self._ranker is not None else "none",
            seed=self.config.seed,
            started=started,
            seconds=round(time.perf_counter() - clock, 1),
            machine=machine_name(),
            partial=partial,
            methods=tuple(MethodFacts(name=m.name, label=m.label, role=_role(m)) for m in methods),
            data=tuple(_facts(site) for site in self._sites.values()),
            results=tuple(results),
            worst=worst,
            verdict=in_words(results, {method.name: method.label for method in methods}, OURS),
            notes=tuple(self._notes),
        )
        self.close()
        return report

    def _why_nothing(self, partial: bool) -> str:
        if partial:
            return "stopped before a task was finished: the same command goes on where it was"
        names = [task.name for task in self.tasks]
        listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return (
            f"no case could be made for {listed} from {', '.join(self._sites)}: their logs are too short, or their "
            f"items too few, for what is asked; choose other tasks, or a folder with longer logs (--data)"
        )

    def close(self) -> None:
        """Release the databases."""
        for site in self._sites.values():
            site.recommender.close()

    def _open_sites(self) -> None:
        names = list(dict.fromkeys(name for task in self.tasks for name in task.data))
        for done, name in enumerate(names):
            self._progress("data sets", done, len(names))
            self._sites[name] = self._open(name)
        self._progress("data sets", len(names), len(names))

    def _open(self, name: str) -> BenchSite:
        """A data set, or a site derived from one."""
        base, kind = parse_name(name)
        if kind is not None:
            return derived_site(self._sites.get(base) or self._open(base), self._cache / "sites", kind)
        return open_site(base, self._data, self._cache, self._ranker, self._progress, encoder=self._encoder)

    def _methods(self) -> list[SuiteMethod]:
        methods: list[SuiteMethod] = [Ours(OURS, "brewlite", "all")] if self._ranker is not None else []
        methods.append(Ours("brewlite-no-model", "brewlite without the language model", "first"))
        if self._ranker is not None:
            methods.append(Ours("llm", "the language model alone", "llm"))
        if self.config.baselines:
            methods += self._baselines()
        if self.config.baselines and self._ranker is not None and hasattr(self._ranker.ranker, "model"):
            slow = KeptScores(OneAtATime(self._ranker), self._cache / "scores")
            methods.append(Ours(SLOW, "the language model, one candidate at a time", "llm", slow))
        return methods

    def _baselines(self) -> list[SuiteMethod]:
        """Every baseline, after a look whether any of them peeks at the future."""
        from brewlite.evaluation.suite.classic import all_methods

        methods: dict[str, Classic] = {}
        for site in self._sites.values():
            if site.data.events is None:
                continue
            for method in all_methods(site):
                methods.setdefault(method.name, Classic(method.name, method.label, method.reads_words))
                methods[method.name].add(site.name, method)
        self._look_for_leaks()
        return list(methods.values())

    def _look_for_leaks(self) -> None:
        from brewlite.evaluation.suite.classic import all_methods

        with_events = [site for site in self._sites.values() if site.data.events is not None]
        if not with_events:
            return
        site = min(with_events, key=lambda each: len(each.log))
        cases, _ = find_cases(site.log, site.cut)
        rng = np.random.default_rng(self.config.seed)
        few = cases.take(np.sort(rng.choice(len(cases), size=min(3, len(cases)), replace=False)))
        leaks = [leak for m in all_methods(site) for leak in find_leaks(m, site.log, site.cut, few, rng)]
        if leaks:
            raise BadSettings(f"a baseline knows the future, so no figure can be believed: {leaks[0]}")
        self._notes.append(f"leak check on {site.data.label}: no baseline answers otherwise when the future is altered")

    def _cases(self, task: SuiteTask) -> list[Case]:
        """The task's cases, evenly from its data sets."""
        total = task.quick if self.config.suite == "quick" else task.full
        each = max(1, round(total * self.config.cases / len(task.data)))
        rng = np.random.default_rng([self.config.seed, zlib.crc32(task.name.encode())])
        maker = MAKERS[task.maker]
        return [case for name in task.data for case in list(maker(task, self._sites[name], each, rng))[:each]]

    def _result(self, task: SuiteTask, cases: Sequence[Case], methods: Sequence[SuiteMethod]) -> TaskResult:
        metric, fresh = METRICS[task.metric], bool(task.options.get("fresh"))
        asked = [method for method in methods if self._is_asked(method, task)]
        answers: dict[str, list[Asked | None]] = {method.name: [] for method in asked}
        for done, (method, case) in enumerate(product(asked, cases), start=1):
            site = self._sites[case.site]
            answers[method.name].append(
                self._desk.ask(method, case, site, fresh) if method.why_not(site) is None else None
            )
            self._progress("questions", done, len(asked) * len(cases))
        seed = (self.config.seed, zlib.crc32(task.name.encode()))
        return judge(task, metric, cases, answers, OURS, seed)

    def _is_asked(self, method: SuiteMethod, task: SuiteTask) -> bool:
        if METRICS[task.metric].of_itself and _role(method) == "baseline":
            return False
        if method.name == task.options.get("without"):
            return False
        return method.name != SLOW or bool(task.options.get("one at a time"))


def _role(method: SuiteMethod) -> str:
    if method.name == OURS:
        return "ours"
    return "part" if isinstance(method, Ours) else "baseline"


def _facts(site: BenchSite) -> DataFacts:
    counts = site.recommender.store.counts()
    has_log = site.data.events is not None
    return DataFacts(
        name=site.name,
        label=site.data.label,
        kind=site.data.kind,
        items=counts.items,
        events=counts.events,
        users=len(site.log.user_ids) if has_log else 0,
        cut=from_micros(site.cut) if has_log else None,
        digest=site.digest,
        trained=site.data.trained,
    )


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""
