"""Limits by name: ``no shared room``, ``remote only``, ``with a pool``, ``in Angaston``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from brewlite.adapter import Field
from brewlite.records import Constraint, FieldValue
from brewlite.wishes.amounts import NUMERIC, bound_before
from brewlite.wishes.figures import next_to
from brewlite.wishes.kinds import Bound
from brewlite.wishes.language import Phrase
from brewlite.wishes.refusals import Parted, part
from brewlite.wishes.sentence import Sentence
from brewlite.wishes.vocabulary import MARKS, Name, add_known, declared, with_kinds

MAX_PHRASE = 6
"""Words of the longest name that is looked for."""


class Mention(Struct, frozen=True, kw_only=True):
    """A name in the text, and whether it is meant as a limit and which way."""

    field: str
    type: str
    values: tuple[str, ...]
    negated: bool
    first: int
    last: int
    group: int
    """Alternatives share a group: ``house or flat``."""
    op: str = ""
    """Of a number with a name that is compared: ``above ground floor``."""


def find_names(sentence: Sentence, fields: Sequence[Field], known: Mapping[str, Sequence[str]]) -> list[Constraint]:
    """The limits by name in ``sentence``; their tokens are marked as understood."""
    names = dict(declared(tuple(fields)))
    add_known(names, fields, known, sentence.words.casefold())
    named = [False] * len(sentence)
    for i in range(len(sentence)):
        last = _longest(sentence, i, names)[0]
        named[i:last] = [True] * (last - i)
    refused = part(sentence.words)
    mentions = [
        structs.replace(mention, values=with_kinds(mention.field, mention.values, fields, known))
        for mention in _mentions(sentence, names, named)
        if mention.negated or not _spared(sentence, mention, refused)
    ]
    found = []
    for constraint, sources in _without_contradictions(_united(sentence, mentions)):
        found.append(constraint)
        for mention in sources:
            sentence.take(mention.first, mention.last)
    return found


def _spared(sentence: Sentence, mention: Mention, said: Parted) -> bool:
    """Whether the whole request refuses what the words around the name do not: ``jobs in Ohio put me off``.

    Such a name is left to the words: it must not become a limit the wrong way round.
    """
    name = sentence.text(mention.first, mention.last).casefold()
    return name in said.unwanted.casefold() and name not in said.wanted.casefold()


def _mentions(sentence: Sentence, names: Mapping[Phrase, tuple[Name, ...]], named: Sequence[bool]) -> Iterator[Mention]:
    i, group, previous = 0, 0, -9
    while i < len(sentence):
        last, found = _longest(sentence, i, names)
        mention = _meant(sentence, i, last, found, previous, group, named) if found else None
        if mention is None:
            i += 1
            continue
        group = mention.group
        yield mention
        previous = i = mention.last


def _longest(sentence: Sentence, i: int, names: Mapping[Phrase, tuple[Name, ...]]) -> tuple[int, tuple[Name, ...]]:
    for size in range(MAX_PHRASE, 0, -1):
        last = i + size
        if sentence.together(i, last - 1) and sentence.free(i, last):
            found = names.get(tuple(token.text for token in sentence.tokens[i:last]), ())
            marks = MARKS.match(sentence.words, sentence.tokens[last - 1].end)
            behind = marks[0] if marks else ""
            kept = tuple(name for name in found if name.marks == behind or (name.marks == "" and behind == "+"))
            if kept:
                return last, kept
    return i, ()


def _meant(
    sentence: Sentence,
    i: int,
    last: int,
    names: tuple[Name, ...],
    previous: int,
    group: int,
    named: Sequence[bool],
) -> Mention | None:
    """The limit that the name from ``i`` to ``last`` states, or None when it is a wish, a landmark or indifferent."""
    clause, language = sentence.clause[i], sentence.language
    if clause in sentence.soft or clause in sentence.tolerant:
        return None
    name = names[0]
    bound = bound_before(sentence, _article(sentence, i)) if name.type in NUMERIC else None
    if bound is not None and bound.op in ("<=", ">="):
        return _compared(sentence, bound, name, last, group)
    same = tuple(dict.fromkeys(other.value for other in names if other.field == name.field))
    alternative = _alternative(sentence, previous, i)
    if not alternative and sentence.phrase_at(last, language.tolerated_after) > last:
        return None
    start, negated = _negation(sentence, i, previous if alternative else -1)
    if clause in sentence.denied:
        return None  # what is denied of a name is left to the words: "shared rooms are too loud"
    if negated and _refuses_nothing(sentence, i, last, named):
        return None
    if negated and (around := _around_without(sentence, start, i, last, named)) is not None:
        if around < 0 or not name.declared:
            return None
        start, negated = around, False  # "not without a pool"
    elif not negated and not _positive(sentence, i, last, name, alternative, named):
        return None
    if negated and not (name.declared or alternative or _refused_by_name(sentence, i, name)):
        return None
    if negated and last - i == 1 and not _ends_well(sentence, last):
        return None
    end = sentence.phrase_at(last, language.required_after)
    return Mention(
        field=name.field,
        type=name.type,
        values=same,
        negated=negated,
        first=min(start, _lead(sentence, start)),
        last=end,
        group=group if alternative else group + 1,
    )


def _compared(sentence: Sentence, bound: Bound, name: Name, last: int, group: int) -> Mention | None:
    """``above ground floor`` as a limit on the number; None under a negation, which is left to the words."""
    if _negation(sentence, bound.first, -1)[1]:
        return None
    value = next_to(float(name.value), bound.op) if bound.strict else float(name.value)
    if value < 0:  # "under a studio"
        return None
    return Mention(
        field=name.field, type=name.type, values=(str(value),), negated=False, first=bound.first, last=last,
        group=group + 1, op=bound.op,
    )  # fmt: skip


def _refuses_nothing(sentence: Sentence, i: int, last: int, named: Sequence[bool]) -> bool:
    """Whether a negation before the name refuses no item: ``no lift or parking needed``, ``we have no pets``."""
    language, start, end = sentence.language, _article(sentence, i), last
    if sentence.phrase_before(start, language.of_self) < start:
        return True
    while sentence.together(i, end) and (named[end] or sentence.is_one_of(end, language.alternatives)):
        end += 1
    return sentence.phrase_at(end, language.needless_after) > end


def _around_without(sentence: Sentence, start: int, i: int, last: int, named: Sequence[bool]) -> int | None:
    """What two negations of one clause make of the name at ``i``, whose own one starts at ``start``.

    None where there is one only; where the first one starts when it turns the second round (``not without a pool``);
    -1 where another name stands between and they say something of the two together (``no flat without a balcony``).
    """
    language, clause = sentence.language, sentence.clause[i]
    if not sentence.is_one_of(start, language.absent):
        later = range(last, sentence.clause_end(i))
        return -1 if any(sentence.is_one_of(k, language.absent) for k in later) else None
    for k in range(start - 1, -1, -1):
        if sentence.clause[k] != clause:
            break
        end = sentence.phrase_at(k, language.negations)
        if k < end <= start and sentence.free(k, end):
            between = range(end, start)
            if all(_says_nothing(sentence, n) or sentence.is_one_of(n, language.doing) for n in between):
                return k
            return -1 if any(named[n] for n in between) else None
    return None


def _refused_by_name(sentence: Sentence, i: int, name: Name) -> bool:
    """Whether a name that only the catalog knows is plainly refused: ``no cottage``, and not ``not safe`` for a tag."""
    language, start = sentence.language, _article(sentence, i)
    if name.field == "place":
        return True
    listed = language.lacking if name.type == "tags" else language.negations
    return sentence.phrase_before(start, listed) < start


def _positive(sentence: Sentence, i: int, last: int, name: Name, alternative: bool, named: Sequence[bool]) -> bool:
    """Whether an un-negated name is a limit.

    Names of several words that the adapter declares are plain enough (``full-time``, ``pet friendly``). Single words
    are also parts of other wishes (``house wine``), so they must be asked for or stand alone. Names that only the
    catalog knows need ``only``; a place needs ``in``.
    """
    language = sentence.language
    start = _article(sentence, i)
    if alternative:
        return True
    if _unsettled(sentence, i, last, named):
        return False
    only = sentence.phrase_before(start, language.only) < start or sentence.phrase_at(last, language.only) > last
    if name.field == "place":
        return only or sentence.phrase_before(start, language.inside) < start
    required = sentence.phrase_before(start, language.required) < start
    if not required and _after_a_refusal(sentence, i):
        return False
    if sentence.phrase_before(start, language.near) < start and not required:
        return False
    if only or not name.declared:
        return only
    if last - i > 1:
        return True
    if not _ends_well(sentence, last):
        return False
    if required or sentence.phrase_at(last, language.required_after) > last:
        return True
    return _alone(sentence, i, last, named)


def _unsettled(sentence: Sentence, i: int, last: int, named: Sequence[bool]) -> bool:
    """Whether the name is one side of an ``or`` whose other side is no name: ``a pool or a nice view``."""
    if not sentence.half_a_choice(i, last):
        return False
    clause = sentence.clause[i]
    others = [k for k in range(len(sentence)) if sentence.clause[k] == clause and not i <= k < last]
    alternatives = sentence.language.alternatives
    said = [k for k in others if not _says_nothing(sentence, k) and not sentence.is_one_of(k, alternatives)]
    return not any(named[k] for k in said)


def _after_a_refusal(sentence: Sentence, i: int) -> bool:
    """``no shared room and pool`` may refuse both or want the second: the name after ``and`` is left alone."""
    clause = sentence.clause[i]
    start = sentence.clause.index(clause)
    before = [k for k in range(start) if sentence.clause[k] == clause - 1]
    refused = any(sentence.is_one_of(k, sentence.language.negations) for k in before)
    return refused and sentence.is_one_of(start, sentence.language.conjunctions)


def _alone(sentence: Sentence, i: int, last: int, named: Sequence[bool]) -> bool:
    """Whether the rest of the clause says nothing else, or only what is understood already or named too."""
    clause = sentence.clause[i]
    others = (k for k in range(len(sentence)) if sentence.clause[k] == clause and not i <= k < last)
    said = (k for k in others if sentence.tokens[k].text[:1].isalnum())
    return all(sentence.taken[k] or named[k] or _says_nothing(sentence, k) for k in said)


def _says_nothing(sentence: Sentence, k: int) -> bool:
    language = sentence.language
    return any(sentence.is_one_of(k, listed) for listed in (language.fillers, language.conjunctions))


def _ends_well(sentence: Sentence, last: int) -> bool:
    """Whether the name is not the first half of another: ``pool table``, ``shared room service``."""
    if last >= len(sentence) or not sentence.together(last - 1, last) or sentence.taken[last]:
        return True
    if sentence.tokens[last].value is not None or sentence.tokens[last].date is not None:
        return True
    if "/" in sentence.words[sentence.tokens[last - 1].end : sentence.tokens[last].start]:
        return True
    language = sentence.language
    tables = (language.links, language.fillers, language.alternatives, language.conjunctions, language.near)
    after = (*tables, language.at_most, language.at_least, language.required, language.required_after)
    return not sentence.tokens[last].text[:1].isalpha() or any(sentence.phrase_at(last, t) > last for t in after)


def _negation(sentence: Sentence, i: int, previous: int) -> tuple[int, bool]:
    """(where the negation that governs the name at ``i`` starts, whether there is one)."""
    language = sentence.language
    for start in range(i, sentence.fillers_before(i) - 1, -1):
        first = sentence.phrase_before(start, language.negations)
        if first < start and sentence.free(first, start):
            return first, True
    if previous > 0 and previous <= i:  # "no shared room or dorm"
        before = [k for k in range(previous) if sentence.together(k, i) and sentence.is_one_of(k, language.negations)]
        return i, bool(before)
    return i, False


def _alternative(sentence: Sentence, previous: int, i: int) -> bool:
    """Whether the name at ``i`` is joined by ``or`` to the one that ended at ``previous``."""
    if previous < 0 or not sentence.together(previous - 1, i):
        return False
    between = range(previous, i)
    joined = any(sentence.is_one_of(k, sentence.language.alternatives) for k in between)
    return joined and all(_says_nothing(sentence, k) for k in between)


def _article(sentence: Sentence, i: int) -> int:
    """Where the articles before the name at ``i`` start."""
    while i > 0 and sentence.together(i - 1, i) and sentence.is_one_of(i - 1, sentence.language.articles):
        i -= 1
    return i


def _lead(sentence: Sentence, i: int) -> int:
    """The start of ``with a`` or ``must be`` before a name: understood with it."""
    start = _article(sentence, i)
    language = sentence.language
    for listed in (language.only, language.required, language.inside):
        first = sentence.phrase_before(start, listed)
        if first < start and sentence.free(first, start):
            return first
    return i


Bundle = tuple[Constraint, Sequence[Mention]]


def _united(sentence: Sentence, mentions: Sequence[Mention]) -> list[Bundle]:
    """One constraint a field for categories, one a group for tags; alternatives in two fields cannot be expressed."""
    found: list[Bundle] = [
        (
            Constraint(field=m.field, op=m.op, value=float(m.values[0]), words=sentence.text(m.first, m.last)),
            [m],
        )
        for m in mentions
        if m.op
    ]
    mentions = [mention for mention in mentions if not mention.op]
    bundles: dict[tuple[str, bool, int], list[Mention]] = {}
    for mention in mentions:
        group = mention.group if mention.type == "tags" and not mention.negated else 0
        bundles.setdefault((mention.field, mention.negated, group), []).append(mention)
    wanted = [mention for mention in mentions if not mention.negated]
    mixed = {one.group for one in wanted if any(m.group == one.group and m.field != one.field for m in wanted)}
    for (field, negated, _), bundle in bundles.items():
        kept = [mention for mention in bundle if negated or mention.group not in mixed]
        values = list(dict.fromkeys(value for mention in kept for value in mention.values))
        either = len(values) > 1 and bundle[0].type == "boolean"  # "remote or on site": no limit at all
        if kept and not either:
            words = ", ".join(sentence.text(mention.first, mention.last) for mention in kept)
            found.append((_constraint(field, kept[0].type, values, negated, words), kept))
    return found


def _constraint(field: str, type_: str, values: list[str], negated: bool, words: str) -> Constraint:
    if len(values) > 1:
        return Constraint(field=field, op="not in" if negated else "in", value=values, words=words)
    value: FieldValue = values[0]
    if type_ == "boolean":
        value = value == "true"
    elif type_ in ("number", "integer", "money"):
        value = float(values[0])
    return Constraint(field=field, op="!=" if negated else "==", value=value, words=words)


def _without_contradictions(found: list[Bundle]) -> list[Bundle]:
    """Leave out what is both wanted and refused: then the words were not understood."""
    wanted = {(c.field, repr(c.value)) for c, _ in found if c.op in ("==", "in")}
    refused = {(c.field, repr(c.value)) for c, _ in found if c.op in ("!=", "not in")}
    return [(c, sources) for c, sources in found if (c.field, repr(c.value)) not in wanted & refused]
