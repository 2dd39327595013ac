"""What a query may hold. One place, so that the SDK, the command line and HTTP refuse the same things in one voice."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta

from msgspec import structs

from brewlite.errors import BadRecord
from brewlite.records import Query, as_utc

MAX_K = 1_000
MAX_CANDIDATES = 5_000
MAX_WORDS = 4_000
"""Characters of ``instructions``."""
MAX_HISTORY = 10_000
CLOCK_SKEW = timedelta(days=1)


def checked(query: Query, now: datetime, pinned: bool = False) -> Query:
    """``query`` with its moment in UTC.

    Args:
        query: as the caller sent it.
        now: the present.
        pinned: whether the call needs ``candidates``.

    Raises:
        BadRecord: names the field, the value, and the mend.
    """
    if not 1 <= query.k <= MAX_K:
        raise BadRecord(f"k is {query.k}: ask for 1 to {MAX_K} items")
    if len(query.instructions) > MAX_WORDS:
        raise BadRecord(f"instructions have {len(query.instructions)} characters: at most {MAX_WORDS}")
    if query.history is not None and len(query.history) > MAX_HISTORY:
        raise BadRecord(f"history has {len(query.history)} entries: send the newest {MAX_HISTORY} at most")
    if query.deadline_ms is not None and not (math.isfinite(query.deadline_ms) and query.deadline_ms > 0):
        raise BadRecord(f"deadline_ms is {query.deadline_ms}: give milliseconds above 0, or leave it out")
    _check_candidates(query, pinned)
    if query.at is None:
        return query
    at = as_utc(query.at)
    if at > now + CLOCK_SKEW:
        raise BadRecord(f"at is {at.isoformat()}, in the future: leave it out for now, or name a moment in the past")
    return structs.replace(query, at=at)


def _check_candidates(query: Query, pinned: bool) -> None:
    if pinned and not query.candidates:
        raise BadRecord("candidates are empty: rank needs the ids to rank; recommend chooses them itself")
    if query.candidates is None:
        return
    if len(query.candidates) > MAX_CANDIDATES:
        raise BadRecord(f"{len(query.candidates)} candidates: at most {MAX_CANDIDATES}; narrow them down first")
    twice = [id_ for id_, count in Counter(query.candidates).items() if count > 1]
    if twice:
        raise BadRecord(f"candidates given more than once: {', '.join(map(repr, twice[:20]))}")
