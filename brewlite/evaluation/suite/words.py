"""The suite's figures in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.report import TaskResult

HEADLINES = (
    ("all/matched", "Among 50 items of like age and popularity"),
    ("all/full", "Over the whole catalog"),
)
PARTS = ("brewlite-no-model", "llm", "llm-one-at-a-time")


def in_words(results: Sequence[TaskResult], labels: Mapping[str, str], ours: str) -> tuple[str, ...]:
    """Against the best baseline, without the model, and over all tasks."""
    by_name = {result.task.name: result for result in results}
    said = []
    for name, where in HEADLINES:
        result = by_name.get(name)
        if result is None or ours not in result.figures:
            continue
        said += _headline(result, where, labels, ours)
    compared = [result for result in results if set(result.compared) - set(PARTS)]
    if compared:
        said.append(_over_all(compared, labels))
    return tuple(said)


def _headline(result: TaskResult, where: str, labels: Mapping[str, str], ours: str) -> list[str]:
    baselines = [name for name in result.compared if name not in PARTS]
    best = next(iter(result.best(baselines)), None)
    if best is None:
        return []
    mine, theirs = result.figures[ours], result.figures[best]
    said = [
        f"{where} brewlite reaches {result.unit.upper()} {mine.words()}; the best baseline there, {labels[best]}, "
        f"{theirs.words()}: {_difference(result.compared[best].absolute)}."
    ]
    if "brewlite-no-model" in result.compared:
        change = result.compared["brewlite-no-model"].absolute
        said.append(f"{where} the language model adds to the first stage: {_difference(change)}.")
    return said


def _over_all(results: Sequence[TaskResult], labels: Mapping[str, str]) -> str:
    """In how many tasks brewlite is above every baseline, beyond noise or not."""
    above, sure, below = 0, 0, 0
    for result in results:
        sign = 1.0 if result.higher_is_better else -1.0
        rivals = [facts.absolute for name, facts in result.compared.items() if name not in PARTS]
        above += all(sign * change.value >= 0 for change in rivals)
        sure += all(
            change.low is not None and min(sign * change.low, sign * (change.high or 0.0)) > 0 for change in rivals
        )
        below += any(
            change.high is not None and max(sign * (change.low or 0.0), sign * change.high) < 0 for change in rivals
        )
    return (
        f"Of {len(results)} tasks with baselines brewlite is at or above every baseline in {above} (beyond noise in "
        f"{sure}), and below some baseline beyond noise in {below}."
    )


def _difference(change: Estimate) -> str:
    if change.low is None or change.high is None:
        return f"{change.value:+.3f}, too few visitors to be sure of anything"
    sure = "beyond noise" if change.low > 0 or change.high < 0 else "within noise"
    return f"{change.value:+.3f} (95% sure between {change.low:+.3f} and {change.high:+.3f}: {sure})"
