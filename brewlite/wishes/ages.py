"""Limits on dates: ``posted this week``, ``newer than 3 days``, ``available from 1 June``."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from brewlite.adapter import Field
from brewlite.records import Constraint
from brewlite.wishes.amounts import FLIPPED
from brewlite.wishes.figures import names_of
from brewlite.wishes.limits import EXPIRES
from brewlite.wishes.sentence import Sentence

MAX_AGE_DAYS = 366.0
"""What is said to be older is the house, not its listing."""


_BETWEEN = "that|which|was|were|is|are|has been|have been"
"""Between a refusal and the time that it is about: ``nothing that was posted before May``."""
MAX_DURATION = 36_600.0
"""Days; more reaches back before anything was listed anywhere."""


class Span(Struct, frozen=True, kw_only=True):
    """A length of time in days, or a moment, and where its words end."""

    last: int
    days: float = 0.0
    moment: datetime | None = None


def find_ages(sentence: Sentence, fields: Sequence[Field], at: datetime) -> list[Constraint]:
    """The limits on dates in ``sentence``; their tokens are marked as understood."""
    found: list[Constraint] = []
    dated = [*(field for field in fields if field.type == "date"), EXPIRES]
    for i in range(len(sentence)):
        clause = sentence.clause[i]
        if not sentence.free(i, i + 1) or clause in sentence.soft or clause in sentence.tolerant:
            continue
        constraint = _age(sentence, i, at) or _named_date(sentence, i, dated, at)
        if constraint is not None:
            found.append(constraint)
    return found


def _age(sentence: Sentence, i: int, at: datetime) -> Constraint | None:
    """A limit on when the item appeared, whose words start at ``i``."""
    language = sentence.language
    for op, listed in ((">=", language.newer), ("<=", language.older)):
        after = sentence.phrase_at(i, listed)
        span = _duration(sentence, after) if after > i else None
        if span is not None:
            # "no more than 3 days" alone could be a journey: an age only when it says so, "no more than 3 days old"
            old = sentence.phrase_at(span.last, language.old)
            said = old > span.last or sentence.phrase_at(i, language.at_most) == i
            if said and span.days <= MAX_AGE_DAYS:
                return _limit(sentence, i, max(old, span.last), op, at - timedelta(days=span.days))
    posted = sentence.phrase_at(i, language.posted)
    if posted > i:
        return _appeared(sentence, i, posted, at)
    return _aged(sentence, i, at)


def _aged(sentence: Sentence, i: int, at: datetime) -> Constraint | None:
    """``less than a week old``, ``at most 3 days old``."""
    language = sentence.language
    for op, listed in ((">=", language.at_most), ("<=", language.at_least)):
        after = sentence.phrase_at(i, listed)
        span = _duration(sentence, after) if after > i else None
        if span is not None and span.days <= MAX_AGE_DAYS and sentence.phrase_at(span.last, language.old) > span.last:
            last = sentence.phrase_at(span.last, language.old)
            return _limit(sentence, i, last, op, at - timedelta(days=span.days))
    return None


def _appeared(sentence: Sentence, i: int, after: int, at: datetime) -> Constraint | None:
    """``posted`` and a time: ``today``, ``in the last 3 days``, ``less than a week ago``, ``since 1 May``."""
    language, posted = sentence.language, after
    while after < len(sentence) and sentence.together(i, after) and sentence.is_one_of(after, language.during):
        after += 1
    for size in (2, 1) if after == posted else (1,):  # "last week" reaches back further than "in the last week"
        if sentence.together(i, after + size - 1):
            words = " ".join(token.text for token in sentence.tokens[after : after + size])
            if words in language.days_back:
                return _limit(sentence, i, after + size, ">=", at - timedelta(days=language.days_back[words]))
    for op, listed in ((">=", language.lasting), (">=", language.at_most), ("<=", language.at_least)):
        start = sentence.phrase_at(after, listed)
        span = _duration(sentence, start) if start > after else None
        if span is not None:
            last = max(span.last, sentence.phrase_at(span.last, language.ago))
            return _limit(sentence, i, last, op, at - timedelta(days=span.days))
    for op, listed in ((">=", language.after_date), ("<=", language.before_date)):
        start = sentence.phrase_at(after, listed)
        moment = _moment(sentence, start, at, past=True) if start > after else None
        if moment is not None:
            return _limit(sentence, i, start + 1, op, moment)
    return None


def _named_date(sentence: Sentence, i: int, fields: Sequence[Field], at: datetime) -> Constraint | None:
    """A limit on a date field of the site, whose name starts at ``i``: ``available from 1 June``."""
    language = sentence.language
    for field in fields:
        for size in (3, 2, 1):
            end = i + size
            if not sentence.together(i, end - 1):
                continue
            if " ".join(token.text for token in sentence.tokens[i:end]) not in names_of(field):
                continue
            now = sentence.phrase_at(end, language.now)
            if now > end:
                return _limit(sentence, i, now, "<=", at, field.name)
            # "available from 1 June": whatever is free by then
            for op, listed in (("<=", language.before_date + "|from|on"), (">=", language.after_date)):
                start = sentence.phrase_at(end, listed)
                said = start > end or field is not EXPIRES  # "my passport expires 1 June"
                moment = _moment(sentence, start, at, past=False) if said else None
                if moment is not None:
                    return _limit(sentence, i, start + 1, op, moment, field.name)
    return None


def _duration(sentence: Sentence, i: int) -> Span | None:
    """``3 days``, ``a week``, ``24 h``, ``week`` at ``i``."""
    if not sentence.together(i, i) or i == 0 or not sentence.together(i - 1, i):
        return None
    first = sentence.tokens[i]
    amount, unit = (first.value, i + 1) if first.value is not None else (1.0, i)
    if sentence.is_one_of(i, sentence.language.articles):
        unit = i + 1
    if not sentence.together(i, unit):
        return None
    days = sentence.language.durations.get(sentence.tokens[unit].text)
    return None if days is None or amount * days > MAX_DURATION else Span(last=unit + 1, days=amount * days)


def _moment(sentence: Sentence, i: int, at: datetime, past: bool) -> datetime | None:
    """The date at ``i``; one without a year is the last one before ``at``, or the next one after it."""
    said = sentence.tokens[i].date if sentence.together(i - 1, i) else None
    if said is None:
        return None
    year, month, day = said
    years = [year] if year is not None else [at.year - 1, at.year, at.year + 1]
    moments = [datetime(one, month, day, tzinfo=UTC) for one in years if (month, day) != (2, 29) or isleap(one)]
    if year is not None:
        return moments[0] if moments else None
    fitting = [moment for moment in moments if (moment <= at) == past]
    return (max(fitting) if past else min(fitting)) if fitting else None


def _limit(sentence: Sentence, first: int, last: int, op: str, moment: datetime, field: str = "created") -> Constraint:
    """The limit, turned round by a negation just before it; its tokens are taken."""
    start = first
    while start > 0 and sentence.together(start - 1, first) and sentence.is_one_of(start - 1, _BETWEEN):
        start -= 1
    negation = sentence.phrase_before(start, sentence.language.negations)
    if negation < start:
        first, op = negation, FLIPPED[op]
    if sentence.clause[first] in sentence.denied:
        first, last, op = sentence.fillers_before(first), sentence.clause_end(first), FLIPPED[op]
    sentence.take(first, last)
    return Constraint(field=field, op=op, value=moment.isoformat(), words=sentence.text(first, last))
