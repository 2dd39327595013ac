"""Which moments are replayed: a cut in global time, the cases after it, and what could be shown at each.

The protocol, in one place:

- The *cut* is the time before which ``split`` of the liking events lie (weight > 0). Methods are fitted on
  what lies before it; asked about a moment, they see only what lies strictly before that moment.
- A *case* is one visitor's first touch of one item, after the cut, when that touch is a liking one. A second touch is
  no case: the visitor needs no recommendation for what they already know.
- The *candidates* of a case are all items that existed and could be shown then, less those the visitor had touched.
- An item exists from its creation date or from its first event, whichever is earlier. Where that is the first event
  (no date, or events older than the date), the item is a target only after somebody touched it: otherwise "touched
  by nobody" would mark it. The event by which an item comes into being (the author's own post) is no case.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from brewlite.errors import BadRecord, BadSettings
from brewlite.evaluation.log import UNDATED, EventLog, Ints, Mask, from_micros

GROUPS = (("0", 0, 0), ("1-5", 1, 5), ("6-20", 6, 20), ("21+", 21, np.iinfo(np.int64).max))
"""History lengths: name, least and most events of the visitor before the moment."""


class Cases(Struct, frozen=True, kw_only=True, eq=False):
    """N moments at which a visitor went on to choose something new. Columns of (N,)."""

    users: Ints
    at: Ints
    """Microseconds."""
    targets: Ints
    history: Ints
    """Events of the visitor before the moment, of any kind."""

    def __len__(self) -> int:
        return len(self.users)

    def take(self, where: Ints | Mask) -> Cases:
        """The cases at ``where``."""
        return Cases(
            users=self.users[where],
            at=self.at[where],
            targets=self.targets[where],
            history=self.history[where],
        )

    def groups(self) -> Ints:
        """(N,) the position in GROUPS of each case's history length."""
        return np.searchsorted([most for _, _, most in GROUPS], self.history)


class Refused(Struct, frozen=True, kw_only=True):
    """Why liking events after the cut are no cases. Counts."""

    repeats: int
    """The visitor had touched the item before."""
    first_touches: int
    """The item came into being with this event, or nothing said before that it existed."""
    not_shown: int
    """The item was hidden or had expired."""


class Moment(Struct, frozen=True, kw_only=True, eq=False):
    """What a method may know about a case: who, when, and the log strictly before. Not the target."""

    user: int
    """-1: nobody known."""
    at: int
    """Microseconds."""
    past: EventLog
    seen: Ints
    """Items the visitor touched before, one entry an event."""
    history: Ints
    """(H,) the items that the visitor liked before, each once, oldest first."""
    words: str = ""
    """What the visitor says now that they want; most replays have none."""


def moment_of(log: EventLog, user: int, at: int, words: str = "") -> Moment:
    """The view of ``log`` that a visitor's moment allows; ``user`` -1 is nobody known, without a history."""
    past = log.before(at)
    own = past.of_user(user)
    liked = own.liked().items
    first = np.unique(liked, return_index=True)[1]
    return Moment(user=user, at=at, past=past, seen=own.items, history=liked[np.sort(first)], words=words)


def cut_time(log: EventLog, split: float) -> int:
    """The time before which ``split`` of the liking events lie, in microseconds."""
    if not 0 < split < 1:
        raise BadSettings(f"split is {split}: give a share between 0 and 1, such as 0.8")
    times = log.liked().at
    cut = int(times[int(split * len(times))])
    if times[0] == cut:
        raise BadRecord(
            f"no liking event lies before the cut at {from_micros(cut):%Y-%m-%d %H:%M}: the log's times are too few "
            f"or all alike; import events with their own times, or raise split"
        )
    return cut


def find_cases(log: EventLog, cut: int) -> tuple[Cases, Refused]:
    """Every case at or after ``cut``, oldest first; and what was refused."""
    late = (log.at >= cut) & (log.weights > 0)
    new = late & ~_repeats(log)
    shown = ~log.catalog.hidden[log.items] & (log.catalog.expires[log.items] > log.at)
    known = _known_before(log)
    chosen = np.flatnonzero(new & shown & known)
    refused = Refused(
        repeats=int((late & ~new).sum()),
        first_touches=int((new & shown & ~known).sum()),
        not_shown=int((new & ~shown).sum()),
    )
    return Cases(
        users=log.users[chosen],
        at=log.at[chosen],
        targets=log.items[chosen],
        history=_events_before(log, chosen),
    ), refused


def sample_cases(cases: Cases, count: int, rng: np.random.Generator) -> Cases:
    """At most ``count`` cases, oldest first, as even over the history lengths as the data allow."""
    if count < 1:
        raise BadSettings(f"cases is {count}: at least 1 is needed")
    groups = cases.groups()
    quotas = even_quotas(np.bincount(groups, minlength=len(GROUPS)), count)
    picked = [rng.choice(np.flatnonzero(groups == g), size=int(q), replace=False) for g, q in enumerate(quotas)]
    return cases.take(np.sort(np.concatenate(picked)))


def even_quotas(sizes: Ints, count: int) -> Ints:
    """(G,) how many to take of each group so that none gets more than it has and the rest are level."""
    quotas = np.zeros_like(sizes)
    for left_over, group in enumerate(np.argsort(sizes, kind="stable")):  # smallest first: what it lacks, others get
        groups_left = len(sizes) - left_over
        quotas[group] = min(sizes[group], (count - quotas.sum()) // groups_left)
    return quotas


def candidates(log: EventLog, moment: Moment, first_touch: Ints) -> Mask:
    """(I,) which items existed and could be shown to the visitor; ``first_touch`` is that of the whole log."""
    catalog = log.catalog
    there = (catalog.created <= moment.at) | (first_touch < moment.at)  # UNDATED is below every time
    there &= ~catalog.hidden & (catalog.expires > moment.at)
    there[moment.seen] = False
    return there


def _repeats(log: EventLog) -> Mask:
    """(E,) whether the visitor had an event on the item before.

    Of several at one time the liking one comes first: day-granular logs put a view and a save at the same moment.
    """
    order = np.lexsort((-log.weights, log.at, log.items, log.users))
    repeats = np.zeros(len(log), dtype=np.bool_)
    repeats[order[1:]] = (np.diff(log.users[order]) == 0) & (np.diff(log.items[order]) == 0)
    return repeats


def _known_before(log: EventLog) -> Mask:
    """(E,) whether anything before each event said that its item existed."""
    created, first = log.catalog.created[log.items], log.first_touch()[log.items]
    return np.asarray(((created != UNDATED) & (created < log.at)) | (first < log.at))


def _events_before(log: EventLog, chosen: Ints) -> Ints:
    """(N,) how many events their visitor had strictly before each of the ``chosen``."""
    by_user = np.lexsort((log.at, log.users))
    users, times = log.users[by_user], log.at[by_user]
    start = np.searchsorted(users, log.users[chosen])
    new_time = np.ones(len(log), dtype=np.bool_)
    new_time[1:] = (np.diff(users) != 0) | (np.diff(times) != 0)
    first_of_time = np.maximum.accumulate(np.where(new_time, np.arange(len(log)), 0))
    place = np.empty(len(log), dtype=np.int64)
    place[by_user] = first_of_time
    return np.asarray(place[chosen] - start)
