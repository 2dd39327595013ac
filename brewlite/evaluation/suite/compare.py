"""Two runs of the suite: what changed from A to B on the cases that both have, and whether it is beyond noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct, structs

from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats, Ints
from brewlite.evaluation.paired import holm, sign_flip
from brewlite.evaluation.statistics import Draws, Estimate
from brewlite.evaluation.suite.pages.wording import number, signed_interval
from brewlite.evaluation.suite.report import FORMAT, SuiteReport, TaskResult

LEVEL = 0.05
"""A change is beyond noise when its p, corrected over the tasks, is below this."""


class Run(Struct, frozen=True, kw_only=True):
    """Which run a side of the comparison is."""

    model: str
    suite: str
    version: str
    seed: int
    started: datetime
    partial: bool


class Change(Struct, frozen=True, kw_only=True):
    """One method on one task."""

    task: str
    method: str
    unit: str
    higher_is_better: bool
    cases: int
    """That both runs have, and the method answered in both. 0: the metric has no value for a single case."""
    visitors: int
    before: float
    after: float
    """Means over those cases; without such cases the figures of the two runs."""
    difference: Estimate
    """B - A with a 95% interval over visitors."""
    p: float | None
    """Of the paired sign-flip test; None where nothing can be paired."""
    corrected: float | None = None
    """``p`` after Holm's correction over this method's tasks."""

    outcome: str = "cannot be paired"
    """That, or ``better``, ``worse``, ``within noise`` (``corrected`` is not below 0.05)."""


class Refused(Struct, frozen=True, kw_only=True):
    """A task that both runs have and that cannot be compared."""

    task: str
    why: str


class Comparison(Struct, frozen=True, kw_only=True):
    """From A to B."""

    a: Run
    b: Run
    ours: str
    """The method whose tests are the headline: brewlite as it is served."""
    changes: tuple[Change, ...]
    refused: tuple[Refused, ...]
    only_a: tuple[str, ...]
    """Tasks."""
    only_b: tuple[str, ...]
    warnings: tuple[str, ...]
    verdict: tuple[str, ...]


class _Format(Struct):
    format: int


def read_report(path: Path) -> SuiteReport:
    """The report in ``path``, a ``report.json`` or the folder that holds one. Raises BadSettings."""
    if path.is_dir():
        path = path / "report.json"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror or error}; name a report.json of `bench quality`") from error
    try:
        found = msgspec.json.decode(raw, type=_Format).format
        if found != FORMAT:
            raise BadSettings(f"{path} has format {found}, this brewlite reads {FORMAT}: run the suite again")
        return msgspec.json.decode(raw, type=SuiteReport)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is not a report of `bench quality`: {error}") from error


def compare(a: SuiteReport, b: SuiteReport, seed: int = 0) -> Comparison:
    """What changed from ``a`` to ``b``, task by task, for every method in both.

    Raises BadSettings when the two cannot be compared at all. ``seed`` is of the bootstrap and of the flips.
    """
    if a.format != b.format:
        raise BadSettings(f"A has format {a.format} and B {b.format}: run the older suite again")
    in_a, in_b = ({result.task.name: result for result in run.results} for run in (a, b))
    both = [name for name in in_b if name in in_a]
    if not both:
        raise BadSettings("the two reports have no task in common: nothing can be compared")
    reasons = {name: _why_not(in_a[name], in_b[name], a, b) for name in both}
    allowed = [name for name in both if reasons[name] is None]
    changes = [change for name in allowed for change in _changes(in_a[name], in_b[name], seed)]
    ours = next((method.name for method in b.methods if method.role == "ours"), "brewlite")
    corrected = tuple(_corrected(changes))
    return Comparison(
        a=_run(a),
        b=_run(b),
        ours=ours,
        changes=corrected,
        refused=tuple(Refused(task=name, why=why) for name, why in reasons.items() if why is not None),
        only_a=tuple(name for name in in_a if name not in in_b),
        only_b=tuple(name for name in in_b if name not in in_a),
        warnings=_warnings(a, b),
        verdict=_verdict([change for change in corrected if change.method == ours]),
    )


def _why_not(before: TaskResult, after: TaskResult, a: SuiteReport, b: SuiteReport) -> str | None:
    """Why one task of the two runs is not the same task, or None."""
    digests_a, digests_b = ({facts.name: facts.digest for facts in run.data} for run in (a, b))
    other = [name for name in after.task.data if digests_a.get(name) != digests_b.get(name)]
    if other:
        return f"the data changed: {', '.join(other)} has another digest"
    if (before.task.metric, before.unit) != (after.task.metric, after.unit):
        return f"it was judged by {before.task.metric} ({before.unit}), now by {after.task.metric} ({after.unit})"
    asked = [(task.maker, task.data, task.options) for task in (before.task, after.task)]
    return None if asked[0] == asked[1] else "its declaration changed: another maker, other data or other options"


def _changes(before: TaskResult, after: TaskResult, seed: int) -> Iterator[Change]:
    """One change for each method that both runs asked; methods that answered the same cases share their draws."""
    drawn: dict[bytes, Draws] = {}
    for method in after.figures:
        if method in before.figures:
            yield _change(method, before, after, drawn, seed)


def _change(method: str, before: TaskResult, after: TaskResult, drawn: dict[bytes, Draws], seed: int) -> Change:
    old, new, visitors = _paired(method, before, after)
    if not len(old):
        return _unpaired(method, before, after)
    differences = new - old
    if visitors.tobytes() not in drawn:
        drawn[visitors.tobytes()] = Draws(visitors, np.ones(len(old)), np.random.default_rng(seed))
    draws = drawn[visitors.tobytes()]
    return Change(
        task=after.task.name,
        method=method,
        unit=after.unit,
        higher_is_better=after.higher_is_better,
        cases=len(old),
        visitors=len(np.unique(visitors)),
        before=float(old.mean()),
        after=float(new.mean()),
        difference=draws.estimate(differences),
        p=sign_flip(differences, visitors, np.random.default_rng([seed, 1])),
    )


def _unpaired(method: str, before: TaskResult, after: TaskResult) -> Change:
    """The metric has no value a case (coverage, calibration), or the runs share no case: figures without a test."""
    old, new = before.figures[method].value, after.figures[method].value
    return Change(
        task=after.task.name,
        method=method,
        unit=after.unit,
        higher_is_better=after.higher_is_better,
        cases=0,
        visitors=0,
        before=old,
        after=new,
        difference=Estimate(value=new - old),
        p=None,
    )


def _paired(method: str, before: TaskResult, after: TaskResult) -> tuple[Floats, Floats, Ints]:
    """(N,) values in A, in B, and whose each case is."""
    old, new = _values(method, before), _values(method, after)
    keys = [key for key in new if key in old]
    whose = {case.key: (case.site, case.visitor) for case in after.cases}
    numbers: dict[tuple[str, str], int] = {}
    visitors = [numbers.setdefault(whose[key], len(numbers)) for key in keys]
    return (
        np.array([old[key] for key in keys], dtype=np.float64),
        np.array([new[key] for key in keys], dtype=np.float64),
        np.array(visitors, dtype=np.int64),
    )


def _values(method: str, result: TaskResult) -> Mapping[str, float]:
    """Case -> value, where there is one."""
    values = result.values.get(method, ())
    return {case.key: value for case, value in zip(result.cases, values, strict=False) if value is not None}


def _corrected(changes: list[Change]) -> Iterator[Change]:
    """With Holm's correction over the tasks of each method."""
    tested: dict[str, list[int]] = {}
    for row, change in enumerate(changes):
        if change.p is not None:
            tested.setdefault(change.method, []).append(row)
    found = {
        row: p
        for rows in tested.values()
        for row, p in zip(rows, holm([changes[r].p or 0.0 for r in rows]), strict=True)
    }
    for row, change in enumerate(changes):
        p = found.get(row)
        yield change if p is None else structs.replace(change, corrected=p, outcome=_outcome(change, p))


def _outcome(change: Change, corrected: float) -> str:
    if corrected >= LEVEL:
        return "within noise"
    return "better" if (change.difference.value > 0) == change.higher_is_better else "worse"


def _run(report: SuiteReport) -> Run:
    return Run(
        model=report.model,
        suite=report.suite,
        version=report.version,
        seed=report.seed,
        started=report.started,
        partial=report.partial,
    )


def _warnings(a: SuiteReport, b: SuiteReport) -> tuple[str, ...]:
    said = []
    if a.seed != b.seed:
        said.append(f"the seeds differ (A {a.seed}, B {b.seed}): only the cases that both drew are compared")
    if a.suite != b.suite:
        said.append(f"A is a {a.suite} run, B a {b.suite} run: only the cases that both have are compared")
    if a.machine != b.machine:
        said.append(f"A ran on {a.machine}, B on {b.machine}: their seconds do not compare")
    said += [f"{name} was interrupted: it lacks tasks" for name, run in (("A", a), ("B", b)) if run.partial]
    changed = _changed_data(a, b)
    if changed:
        said.append(f"data that are not the same in both: {', '.join(changed)}; tasks on them are refused")
    return tuple(said)


def _changed_data(a: SuiteReport, b: SuiteReport) -> list[str]:
    digests = {facts.name: facts.digest for facts in a.data}
    return [facts.name for facts in b.data if facts.name in digests and digests[facts.name] != facts.digest]


def _verdict(changes: list[Change]) -> tuple[str, ...]:
    """The headline, then a sentence for each change beyond noise, the surest first."""
    if not changes:
        return ("brewlite was asked in no task that can be compared.",)
    tested = [change for change in changes if change.p is not None]
    better, worse = ([change for change in tested if change.outcome == way] for way in ("better", "worse"))
    count = f"{len(tested)} task{'s' if len(tested) != 1 else ''}"
    if not better and not worse:
        return (f"Over {count} no change of brewlite is beyond noise.",)
    rest = len(tested) - len(better) - len(worse)
    head = f"Over {count} brewlite is better in {len(better)} and worse in {len(worse)}; {rest} are within noise."
    moved = sorted(better + worse, key=lambda change: (change.corrected or 0.0, change.task))
    return (head, *(sentence(change) for change in moved))


def sentence(change: Change) -> str:
    """One change: "jobs/next: ndcg@10 from 0.312 to 0.341, better by 0.029 (95% sure: +0.011 to +0.047; p = 0.004)"."""
    interval = signed_interval(change.difference)
    sure = f"95% sure: {interval}; " if interval else ""
    figures = f"{change.task}: {change.unit} from {number(change.before)} to {number(change.after)}"
    p = change.corrected if change.corrected is not None else 1.0
    odds = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return f"{figures}, {change.outcome} by {number(abs(change.difference.value))} ({sure}{odds} corrected)."
