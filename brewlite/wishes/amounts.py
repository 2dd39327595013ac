"""Limits on numbers and money: ``under $1,500``, ``at least 2 bedrooms``, ``2-3 beds``, ``salary over 60k``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from brewlite.adapter import Field
from brewlite.adapter.units import between_measures, between_periods, column_measure, measure_of, period_of
from brewlite.records import Constraint
from brewlite.wishes.figures import a_length, a_year, half_spelt, names_of, next_to, no_price, own_names
from brewlite.wishes.kinds import Bound, Refused, belongs, refused_kinds
from brewlite.wishes.language import phrases
from brewlite.wishes.sentence import Sentence

NUMERIC = frozenset({"number", "integer", "money"})
BARE_MONEY = 50.0
"""``under 300`` is read as money from this on; ``under 5`` alone could be anything."""
FLIPPED = {"<=": ">=", ">=": "<=", "==": "!=", "!=": "=="}


class Subject(Struct, frozen=True, kw_only=True):
    """What a number is of."""

    field: Field
    first: int
    """Where its words start and end, behind or before the number."""
    last: int
    period: str | None = None
    measure: str | None = None
    named: bool = True
    """False when only the shape of the number says that it is money."""


def find_amounts(sentence: Sentence, fields: Sequence[Field]) -> list[Constraint]:
    """The limits on numbers in ``sentence``; their tokens are marked as understood."""
    numeric = [field for field in fields if field.type in NUMERIC]
    found: list[Constraint] = []
    past = 0
    refused = refused_kinds(sentence, fields) if numeric else {}
    for i in range(len(sentence)):
        said = i >= past and numeric and sentence.tokens[i].value is not None and sentence.free(i, i + 1)
        if said and _hard(sentence, i) and not a_length(sentence, i, fields):
            past = _past_unread_range(sentence, i, numeric, refused)
            if past > i:
                continue
            found += _range(sentence, i, numeric) or _single(sentence, i, numeric, refused)
    return found


def _hard(sentence: Sentence, i: int) -> bool:
    """Whether what is said at ``i`` may be a limit: neither a wish, nor a matter of indifference, nor roughly."""
    clause, language = sentence.clause[i], sentence.language
    if clause in sentence.soft or clause in sentence.tolerant:
        return False
    roughly = sentence.phrase_before(i, language.about) < i or sentence.phrase_at(i + 1, language.about_after) > i + 1
    return not roughly


def _single(sentence: Sentence, i: int, fields: Sequence[Field], refused: Mapping[int, Refused]) -> list[Constraint]:
    """The limit that the number at ``i`` sets, if it sets one."""
    if half_spelt(sentence, i):
        return []
    before, after = bound_before(sentence, i), _after(sentence, i + 1)
    behind = _subject_after(sentence, after.last if after else i + 1, i, fields)
    if behind is None:
        return []
    after = after or _after(sentence, behind.last)
    subject = _with_leading(sentence, before.first if before else i, behind, fields)
    if before is None and subject.named and subject.first < i:
        before = bound_before(sentence, subject.first)  # "max floor 2"
    bound = before or after
    op = bound.op if bound else _plain_op(sentence, i, subject)
    value = _value(sentence, i, subject)
    if op is None or value is None or (op == "from" and subject.field.type != "money"):
        return []
    first = min(subject.first, before.first if before else i)
    if not subject.named and no_price(sentence, i, first):
        return []
    last = max(i + 1, subject.last, after.last if after else 0)
    start, negated = _negation(sentence, first)
    kind = None if negated else refused.get(sentence.fillers_before(first))
    if kind is not None and belongs(sentence, kind, first, subject.field, bound):
        if bound is None or not kind.kind:
            return []
        start, negated = kind.first, True
    if not negated and sentence.half_a_choice(first, last):
        return []
    if sentence.clause[i] in sentence.denied:
        negated, start, last = not negated, sentence.fillers_before(start), sentence.clause_end(i)
    sentence.take(start, last)
    op = FLIPPED[op] if negated else ">=" if op == "from" else op
    if bound is not None and op in ("<=", ">=") and bound.strict != negated and subject.field.type == "integer":
        value = next_to(value, op)
    op = ">=" if subject.field.capacity and op == "<=" else op
    return [Constraint(field=subject.field.name, op=op, value=value, words=sentence.text(start, last))]


def _range(sentence: Sentence, i: int, fields: Sequence[Field]) -> list[Constraint]:
    """Both limits of ``between 800 and 1,200``, ``2-3 bedrooms``, ``$300k to $400k``."""
    j = _other_end(sentence, i, fields)
    first = sentence.phrase_before(i, sentence.language.between)
    if j is None or _is_bounded(sentence, i):
        return []
    subject = _subject_of_range(sentence, i, j, first, fields)
    if subject is None or not (subject.named or first < i or _money(sentence, i, j)):
        return []
    plain = not subject.named and not _money(sentence, i, j)
    if plain and (no_price(sentence, j, first) or (a_year(sentence, i) and a_year(sentence, j))):
        return []
    first, last = min(first, subject.first), max(j + 1, subject.last)
    low, high = _ends(sentence, i, j, subject)
    if low is None or high is None or _negation(sentence, first)[1] or sentence.half_a_choice(first, last):
        return []
    if sentence.clause[i] in sentence.denied:
        return []
    sentence.take(first, last)
    words, field = sentence.text(first, last), subject.field.name
    if subject.field.capacity:
        return [Constraint(field=field, op=">=", value=max(low, high), words=words)]
    return [
        Constraint(field=field, op=">=", value=min(low, high), words=words),
        Constraint(field=field, op="<=", value=max(low, high), words=words),
    ]


def _past_unread_range(sentence: Sentence, i: int, fields: Sequence[Field], refused: Mapping[int, Refused]) -> int:
    """Where a range that starts at ``i`` and is to stay unread ends, or ``i`` if there is none.

    One that is refused (``nothing with 2 to 3 bedrooms``), as no pair of limits says "outside of it", and one with a
    comparison before it (``no more than 2 to 3 bedrooms``): lest one of its ends be read as a wish.
    """
    j = _other_end(sentence, i, fields)
    if j is None:
        return i
    if _is_bounded(sentence, i):
        rises = (sentence.tokens[i].value or 0) < (sentence.tokens[j].value or 0)
        return j + 1 if j == i + 2 and rises else i  # "under $800 - 2 bedrooms" are two limits
    first = sentence.phrase_before(i, sentence.language.between)
    noun = any(k in refused for k in range(sentence.fillers_before(first), first + 1))
    denied = sentence.clause[i] in sentence.denied
    return j + 1 if noun or denied or _negation(sentence, first)[1] else i


def _other_end(sentence: Sentence, i: int, fields: Sequence[Field]) -> int | None:
    """Where the second number of a range that starts at ``i`` stands."""
    language = sentence.language
    between = sentence.phrase_before(i, language.between)
    low = _subject_after(sentence, i + 1, i, fields)
    link = low.last if low is not None and low.named else i + 1
    j = sentence.phrase_at(link, language.range_links) if link < len(sentence) else link
    if j == link or not sentence.together(i, j) or sentence.tokens[j].value is None or not _hard(sentence, j):
        return None
    anew = link > i + 1 and between == i and sentence.phrase_at(link, language.at_most) > link
    if anew or (sentence.is_one_of(link, language.alternatives) and _after(sentence, j + 1) is not None):
        return None  # "zwei Zimmer bis 950", "2 bed or 1200 max": two limits, and not two ends
    return None if between == i and sentence.tokens[link].text == "and" else j


def _is_bounded(sentence: Sentence, i: int) -> bool:
    """Whether a comparison stands before the number at ``i``."""
    return sentence.phrase_before(i, sentence.language.between) == i and bound_before(sentence, i) is not None


def _subject_of_range(sentence: Sentence, i: int, j: int, first: int, fields: Sequence[Field]) -> Subject | None:
    """What both numbers are of: named behind the second, behind the first, or before both."""
    low, high = _subject_after(sentence, i + 1, i, fields), _subject_after(sentence, j + 1, j, fields)
    named = next((subject for subject in (high, low) if subject is not None and subject.named), high)
    if named is None:
        return None
    behind = replace(named, first=min(named.first, i), last=max(named.last, j + 1))
    subject = _with_leading(sentence, first, behind, fields)
    return None if subject.field is _NOBODY else subject


def _with_leading(sentence: Sentence, first: int, behind: Subject, fields: Sequence[Field]) -> Subject:
    """The subject behind a number, or the field named before it where that agrees: ``salary of at least 60k``."""
    leading = _subject_before(sentence, first, fields)
    if leading is None or (behind.named and leading.field.name != behind.field.name):
        return behind
    one = sentence.text(leading.first, leading.last).casefold() in _singulars(leading.field)
    apart = behind.field.type == "money" and leading.field.type != "money"
    if apart and (one or _money(sentence, behind.first, behind.first)):
        return behind  # "a room under 800" has a price, and not 800 rooms
    return replace(behind, field=leading.field, first=leading.first, named=True)


def _money(sentence: Sentence, i: int, j: int) -> bool:
    return any(sentence.tokens[k].money or sentence.tokens[k].scaled for k in (i, j))


def _ends(sentence: Sentence, i: int, j: int, subject: Subject) -> tuple[float | None, float | None]:
    """Both values; thousands said only once hold for both (``300-400k``)."""
    low, high = sentence.tokens[i].value or 0.0, sentence.tokens[j].value or 0.0
    for scale in (1e6, 1e3):
        if high >= scale and low < high / scale <= 1e3 and sentence.tokens[j].scaled and not sentence.tokens[i].scaled:
            return _scaled(low * scale, subject), _scaled(high, subject)
    return _scaled(low, subject), _scaled(high, subject)


def bound_before(sentence: Sentence, i: int) -> Bound | None:
    """The comparison that stands before the number at ``i``, over a filler or two."""
    language = sentence.language
    for start in dict.fromkeys((i, *(k for k in (i - 1, i - 2) if sentence.fillers_before(i) <= k))):
        tables = (("<=", language.at_most), (">=", language.at_least), ("==", language.exactly))
        starts = [(sentence.phrase_before(start, listed), op) for op, listed in tables]
        first, op = min(starts)
        if first < start and sentence.free(first, start):
            strict = tuple(token.text for token in sentence.tokens[first:start]) in phrases(language.strict)
            return Bound(op=op, first=first, last=i, strict=strict)
    first = sentence.phrase_before(i, language.at_least_money)
    return (
        Bound(op="from", first=first, last=i)
        if first < i and (sentence.tokens[i].money or sentence.tokens[i].scaled)
        else None
    )


def _after(sentence: Sentence, i: int) -> Bound | None:
    """The comparison that starts at ``i``, behind a number: ``or less``."""
    if not 0 < i < len(sentence) or not sentence.together(i - 1, i):
        return None
    language = sentence.language
    tables = (("<=", language.at_most_after), (">=", language.at_least_after))
    last, op = max((sentence.phrase_at(i, listed), op) for op, listed in tables)
    if last == i or not sentence.free(i, last) or sentence.compares(i + 1):
        return None
    if last < len(sentence) and sentence.tokens[last].value is not None:
        return None  # "2 bedrooms max $900": the comparison belongs to the number that follows
    return Bound(op=op, first=i, last=last)


def _plain_op(sentence: Sentence, i: int, subject: Subject) -> str | None:
    """What a number without comparison means: money nothing, save as a budget; a count at least, a grade exactly."""
    field = subject.field
    if not subject.named:
        return None
    if field.type == "money":
        budget = any(sentence.phrase_at(k, sentence.language.budget) > k for k in range(subject.first, i))
        return "<=" if budget else None
    if subject.first < i and sentence.text(subject.first, subject.first + 1).casefold() in _singulars(field):
        return None  # "bedroom two" is the second one
    if subject.measure and not _complete(sentence, subject.last):
        return None  # "a 5 ha garden" measures the garden
    if field.better is not None:
        return "<=" if field.better == "lower" else ">="
    return ">=" if field.unit or subject.measure else "=="


def _complete(sentence: Sentence, last: int) -> bool:
    """Whether nothing but connecting words follows a limit."""
    if last >= len(sentence) or not sentence.together(last - 1, last) or not sentence.free(last, last + 1):
        return True
    return sentence.is_one_of(last, sentence.language.links)


def _singulars(field: Field) -> frozenset[str]:
    names = names_of(field)
    return frozenset(name for name in names if name + "s" in names)


def _subject_before(sentence: Sentence, i: int, fields: Sequence[Field]) -> Subject | None:
    """The numeric field named just before ``i``: ``salary of at least``."""
    for end in (i, sentence.fillers_before(i)):
        best: Subject | None = None
        for first in range(end - 1, max(-1, end - 5), -1):
            if not (sentence.together(first, end - 1) and sentence.together(first, min(i, len(sentence) - 1))):
                break
            for field in fields:
                if _names(sentence, first, end, field) and (best is None or first < best.first):
                    best = Subject(field=field, first=first, last=end)
        if best is not None and sentence.free(best.first, best.last):
            counted = sentence.together(best.first - 1, best.first) and sentence.tokens[best.first - 1].value
            return None if counted else best  # "3 bed under 1500": the beds have their number
    return None


def _subject_after(sentence: Sentence, i: int, number: int, fields: Sequence[Field]) -> Subject | None:
    """What the number at ``number`` is of, by the words from ``i`` on and its own shape; None when none of ours."""
    money = next((field for field in fields if field.type == "money"), None)
    token = sentence.tokens[number]
    end = not sentence.together(number, i)
    if not end and (found := _unit(sentence, i, fields, money)) is not None:
        return found
    if not end and not token.money and (found := _named(sentence, i, fields)) is not None:
        return found
    if not end and token.money and (found := _named(sentence, i, [f for f in fields if f.type == "money"])) is not None:
        return found
    if money is None:
        return _leading_only(sentence, i, end, fields)
    shaped = Subject(field=money, first=number, last=max(i, number + 1), named=False)
    if (token.money or token.scaled) and (end or not sentence.is_one_of(i, sentence.language.other_money)):
        return shaped
    if (
        not end and sentence.tokens[i].text == "m" and not token.spelt
    ):  # "under 2m", where nothing is measured in metres
        return Subject(field=money, first=number, last=i + 1, named=False)
    plain = end or not sentence.free(i, i + 1) or sentence.is_one_of(i, sentence.language.links)
    if plain and not token.spelt and (token.value or 0.0) >= BARE_MONEY:
        return shaped
    return _leading_only(sentence, i, end, fields) if plain else None


def _leading_only(sentence: Sentence, i: int, end: bool, fields: Sequence[Field]) -> Subject | None:
    """A number with nothing behind it may still have its field before it."""
    if not fields or not (end or not sentence.free(i, i + 1) or sentence.is_one_of(i, sentence.language.links)):
        return None
    return Subject(field=_NOBODY, first=i, last=0, named=False)


_NOBODY = Field(name="", type="number")


def _unit(sentence: Sentence, i: int, fields: Sequence[Field], money: Field | None) -> Subject | None:
    """A period of pay or rent, or a measure, at ``i``."""
    for size in (3, 2, 1):
        if not sentence.together(i, i + size - 1):
            continue
        text = " ".join(token.text for token in sentence.tokens[i : i + size])
        period, measure = period_of(text), measure_of(text) if size < 3 else None
        amount = sentence.tokens[i - 1]
        a_rate = sentence.words[amount.end : sentence.tokens[i].start].strip() == "/" and (
            period in ("hour", "day", "night") or (amount.value or 0.0) >= BARE_MONEY  # "max 2/week" counts visits
        )
        if period and money is not None and (amount.money or size > 1 or a_rate or _is_abbreviation(text)):
            return Subject(field=money, first=i, last=i + size, period=period)
        if measure:
            fitting = sorted(
                (f for f in fields if (unit := measure_of(f.unit)) and between_measures(1.0, measure, unit)),
                key=lambda field: not any(column_measure(column) == measure for column in field.columns),
            )
            named = _named(sentence, i + size, fitting) if sentence.together(i, i + size) else None
            if fitting:
                field = named.field if named else fitting[0]
                return Subject(field=field, first=i, last=named.last if named else i + size, measure=measure)
    return None


def _is_abbreviation(text: str) -> bool:
    """``pcm`` and ``pw`` mean rent; a bare ``month`` behind a number is a duration."""
    return text in ("pcm", "pw", "pa", "pn", "monthly", "nightly", "hourly", "yearly", "annually", "weekly")


def _named(sentence: Sentence, i: int, fields: Sequence[Field]) -> Subject | None:
    """The numeric field named at ``i``, or one word later (``2 large bedrooms``)."""
    beside = sentence.is_one_of(i, sentence.language.fillers)
    for first in (i, i + 1):
        for last in range(min(first + 4, len(sentence)), first, -1):
            if not sentence.together(i, last - 1) or not sentence.free(i, last):
                continue
            text = " ".join(token.text for token in sentence.tokens[first:last])
            for field in fields:
                if text in (names_of(field) if first == i or beside else own_names(field)):
                    return Subject(field=field, first=i, last=last)
        if first == i and (sentence.is_one_of(i, sentence.language.links) or sentence.tokens[i].value is not None):
            break
    return None


def _names(sentence: Sentence, first: int, last: int, field: Field) -> bool:
    text = " ".join(token.text for token in sentence.tokens[first:last])
    return text in names_of(field)


def _value(sentence: Sentence, i: int, subject: Subject) -> float | None:
    value = sentence.tokens[i].value
    if value is None or subject.field is _NOBODY:
        return None
    after = sentence.tokens[i + 1] if sentence.together(i, i + 1) else None
    if subject.field.type == "money" and after is not None and after.text == "m" and value < 1000:
        value *= 1e6
    return _scaled(value, subject)


def _scaled(value: float, subject: Subject) -> float | None:
    """``value`` in the field's own unit, or None where what was said does not convert into it."""
    field = subject.field
    if field.type == "money" and subject.period:
        wanted = {period_of(unit) for unit in (field.unit, *field.units.values())} - {None}
        if not wanted or subject.period in wanted:
            return value
        amounts = (between_periods(value, subject.period, period) for period in wanted if period)
        return next((round(amount, 2) for amount in amounts if amount is not None), None)
    unit = measure_of(field.unit)
    if subject.measure and unit:
        converted = between_measures(value, subject.measure, unit)
        return None if converted is None else round(converted, 2)
    return value


def _negation(sentence: Sentence, first: int) -> tuple[int, bool]:
    """(where a negation that governs the limit starts, whether there is one): ``nothing over``, ``don't pay over``."""
    language = sentence.language
    for start in range(first, sentence.fillers_before(first) - 1, -1):
        negation = sentence.phrase_before(start, language.negations)
        if negation < start and sentence.free(negation, start):
            return negation, True
    return first, False
