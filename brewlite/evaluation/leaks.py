"""Does a method know the future? Everything at or after a moment is replaced, and its scores must not move.

The log's own columns are overwritten for the time of the question, not a copy's: so a method is caught that kept the
log, or the array that a part of the log is a view of. What a method worked out before it came here cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from brewlite.evaluation.baselines import Method, Scorer
from brewlite.evaluation.log import DAY, EventLog, Floats, from_micros
from brewlite.evaluation.splits import Cases, Moment, moment_of

FLOODED = 5
"""Items, besides the one that was really chosen, on which everybody falls in the altered future."""


def find_leaks(method: Method, log: EventLog, cut: int, cases: Cases, rng: np.random.Generator) -> list[str]:
    """What ``method`` says otherwise about ``cases`` when the log's future is another one; empty: it knows nothing.

    It is fitted on what lies before ``cut`` twice: with the real events behind it, and with altered ones. Both are
    asked about each case on the log that is real up to the moment and altered from there on. Scores may differ by
    rounding alone. A method that cannot be run has no leak. ``log`` is left as it was.
    """
    past = log.before(cut)
    if method.why_not(past) is not None:
        return []
    moments = [moment_of(log, int(user), int(at)) for user, at in zip(cases.users, cases.at, strict=True)]
    fitted = method.fit(past)
    real = [fitted.scores(moment).copy() for moment in moments]
    with altered(log, cut, int(cases.targets[0]) if len(cases) else 0, rng):
        blind = method.fit(log.before(cut))
    leaks = []
    for moment, target, expected in zip(moments, cases.targets, real, strict=True):
        with altered(log, moment.at, int(target), rng):
            now = moment_of(log, moment.user, moment.at)
            answers = {"when asked": fitted.scores(now).copy(), "when fitted": blind.scores(now).copy()}
        leaks += [
            _told(method, log, moment, when, expected, scores)
            for when, scores in answers.items()
            if not _same(scores, expected)
        ]
    return leaks if not leaks or _repeatable(method, past, moments[0], real[0]) else [_unsteady(method)]


@contextmanager
def altered(log: EventLog, since: int, target: int, rng: np.random.Generator) -> Iterator[None]:
    """While it lasts, the events of ``log`` at or after ``since`` are others, in its very arrays.

    Half of them are shuffled among visitors and items; the other half are a flood of likes on ``target`` and a few
    other items. All come later than they did.
    """
    late = log.since(since)  # views of the columns
    columns = (late.users, late.items, late.at, late.weights)
    kept = [column.copy() for column in columns]
    count = len(late)
    try:
        flood = rng.random(count) < 0.5
        loved = np.append(rng.integers(len(log.catalog), size=FLOODED), target)
        late.users[:] = rng.integers(len(log.user_ids), size=count)
        late.items[:] = np.where(flood, rng.choice(loved, count), rng.permutation(late.items))
        late.at[:] += np.sort(rng.integers(DAY, 100 * DAY, size=count))
        late.weights[:] = np.where(flood, 1.0, rng.permutation(late.weights))
        yield
    finally:
        for column, before in zip(columns, kept, strict=True):
            column[:] = before


def _same(scores: Floats, expected: Floats) -> bool:
    return scores.shape == expected.shape and np.allclose(scores, expected, rtol=1e-6, atol=1e-9, equal_nan=True)


def _told(method: Method, log: EventLog, moment: Moment, when: str, expected: Floats, scores: Floats) -> str:
    who = log.user_ids[moment.user] if moment.user >= 0 else "nobody"
    moved = len(expected)
    if scores.shape == expected.shape:
        moved = int((~np.isclose(scores, expected, rtol=1e-6, atol=1e-9, equal_nan=True)).sum())
    return (
        f"method {method.name!r} uses the future {when}: visitor {who!r} at {from_micros(moment.at):%Y-%m-%d %H:%M}, "
        f"{moved} of {len(expected)} items score otherwise once the events from then on are replaced"
    )


def _repeatable(method: Method, past: EventLog, moment: Moment, expected: Floats) -> bool:
    scorer: Scorer = method.fit(past)
    return _same(scorer.scores(moment), expected)


def _unsteady(method: Method) -> str:
    return f"method {method.name!r} does not score the same twice on the same log: give it a fixed seed"
