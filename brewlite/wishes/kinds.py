"""The noun between a refusal and a limit: ``no house with more than 3 bedrooms`` does not ask for more than 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from brewlite.adapter import Field
from brewlite.wishes.language import Phrase
from brewlite.wishes.sentence import Sentence
from brewlite.wishes.vocabulary import Name, declared

LONGEST_NAME = 3
"""Words of a kind's name that are looked for."""


class Bound(Struct, frozen=True, kw_only=True):
    """A comparison and where its words stand."""

    op: str
    first: int
    last: int
    strict: bool = False
    """Whether the number itself is out: ``more than``."""


class Refused(Struct, frozen=True, kw_only=True):
    """``no house``."""

    first: int
    """Where the refusal starts."""
    last: int
    """Where the noun ends."""
    kind: bool
    """Whether the noun is what an item is, by a declared name; else nobody knows what it is."""


def refused_kinds(sentence: Sentence, fields: Sequence[Field]) -> dict[int, Refused]:
    """The nouns that are refused, by where they end.

    What an item has (a tag, a yes or no) is not among them: ``no pets`` stands for itself, whatever follows.
    """
    found: dict[int, Refused] = {}
    names = declared(tuple(fields))
    for i in range(len(sentence)):
        start = after = sentence.phrase_at(i, sentence.language.negations)
        if start == i:
            continue
        while start < len(sentence) and sentence.is_one_of(start, sentence.language.fillers):
            start += 1
        # "not full-time with at least 20 hours" may say how the item is, where "no house" and "not a house" cannot.
        whole = start > after or sentence.phrase_at(i, sentence.language.lacking) > i
        found |= {one.last: structs.replace(one, kind=one.kind and whole) for one in _nouns(sentence, i, start, names)}
    return found


def belongs(sentence: Sentence, kind: Refused, first: int, field: Field, bound: Bound | None) -> bool:
    """Whether the limit from ``first`` on says which of a refused ``kind`` are refused.

    ``No house with more than 3 bedrooms``, ``no flat under 50 m²``, ``no house over $300k``; but who says ``no studio
    under $800`` does not want dear ones.
    """
    if field.type == "money" and bound is not None:
        against = bound.op == (">=" if field.better == "lower" else "<=")
        return against and (kind.kind or _has(sentence, kind, first))
    return _has(sentence, kind, first) or (kind.kind and bound is not None and bound.strict)


def _has(sentence: Sentence, kind: Refused, first: int) -> bool:
    return any(sentence.is_one_of(k, sentence.language.having) for k in range(kind.last, first))


def _nouns(sentence: Sentence, first: int, start: int, names: Mapping[Phrase, tuple[Name, ...]]) -> list[Refused]:
    """The nouns that may start at ``start``, or one word later (``no big house``)."""
    for begin in (start, start + 1):
        for last in range(begin + LONGEST_NAME, begin, -1):
            named = names.get(tuple(token.text for token in sentence.tokens[begin:last]), ())
            if named and sentence.together(first, last - 1):
                owned = named[0].type in ("tags", "boolean")
                return [] if owned else [Refused(first=first, last=last, kind=True)]
    unknown = []
    for last in (start + 1, start + 2):
        if not sentence.together(first, last - 1) or not sentence.tokens[last - 1].text.isalpha():
            break
        unknown.append(Refused(first=first, last=last, kind=False))
    return unknown
