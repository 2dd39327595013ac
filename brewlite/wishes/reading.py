"""A visitor's words, read: what is a hard limit on a typed field, and what is left for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, structs

from brewlite.adapter import Field
from brewlite.records import Constraint, as_utc
from brewlite.wishes.ages import find_ages
from brewlite.wishes.amounts import find_amounts
from brewlite.wishes.asking import ASKING
from brewlite.wishes.language import Language, phrases
from brewlite.wishes.languages import language_of
from brewlite.wishes.names import find_names
from brewlite.wishes.sentence import Sentence


class Wishes(Struct, frozen=True, kw_only=True):
    """What a visitor said, parted."""

    constraints: tuple[Constraint, ...] = ()
    """The hard limits, in no particular order; an item must keep to all."""
    rest: str = ""
    """The words less the limits: what only a model can judge (``quiet, by the river``)."""


def understand(
    words: str,
    fields: Sequence[Field],
    *,
    at: datetime,
    known: Mapping[str, Sequence[str]] | None = None,
    language: Language | None = None,
) -> Wishes:
    """Read the limits in ``words`` on ``fields``, on ``created`` and, by ``known``, on ``place``.

    Only what is plainly a limit becomes one: ``around $1,500``, ``ideally under 2 km``, ``cheap`` and ``I don't mind
    shared rooms`` stay in ``rest``. ``known`` holds values that the catalog really has, by field: with them
    ``in Angaston`` and ``no cottage`` are understood too, and of a field that it lists without any value nothing is:
    a limit there would hide every item. ``at`` is what ``this week`` is counted from. ``language``: None for the one
    that the words are in; but for English only limits on numbers are read (:mod:`brewlite.wishes.languages`).
    """
    known, language = known or {}, language or language_of(words)
    sentence = Sentence(words, language)
    filled = [_called(field, language) for field in fields if field.name not in known or known[field.name]]
    found = find_ages(sentence, filled, as_utc(at))
    found += find_amounts(sentence, filled)
    found += find_names(sentence, filled, known)
    return Wishes(constraints=tuple(_distinct(found)), rest=_rest(sentence))


def _called(field: Field, language: Language) -> Field:
    """``field`` with its names in ``language``."""
    names = language.fields.get(field.name)
    return structs.replace(field, words=(*field.words, *names.split("|"))) if names else field


def _distinct(found: Sequence[Constraint]) -> list[Constraint]:
    kept: list[Constraint] = []
    for constraint in found:
        if not any((c.field, c.op, c.value) == (constraint.field, constraint.op, constraint.value) for c in kept):
            kept.append(constraint)
    return kept


def _rest(sentence: Sentence) -> str:
    """The words that were not understood, each run of them without the connecting words at its ends."""
    if not any(sentence.taken):
        return " ".join(sentence.words.split())
    runs: list[list[int]] = [[]]
    for i in range(len(sentence)):
        if sentence.taken[i] or (i and sentence.clause[i] != sentence.clause[i - 1]):
            runs.append([])
        if not sentence.taken[i]:
            runs[-1].append(i)
    kept = [text for run in runs if (text := _trimmed(sentence, run))]
    tail = sentence.words[_end(sentence) :].strip(" ,;.") if sentence.tokens else ""
    return ", ".join([*kept, *([tail] if tail else [])])


def _end(sentence: Sentence) -> int:
    return sentence.tokens[-1].end


def _trimmed(sentence: Sentence, run: list[int]) -> str:
    """The run without conjunctions at its start and connecting words at its end; nothing if it says nothing."""
    language = sentence.language
    joints = phrases(language.conjunctions) | phrases(language.alternatives)
    ends = joints | phrases(language.links) | phrases(language.articles)
    empty = ends | phrases(language.fillers)
    words = [(sentence.tokens[i].text,) for i in run]
    marks = [not text[0][:1].isalnum() for text in words]
    said = [text for text, mark in zip(words, marks, strict=True) if not mark]
    if all(text in empty or text[0].removesuffix("s") in ASKING for text in said):
        return ""
    first = next(n for n, text in enumerate(words) if not marks[n] and text not in joints)
    last = max(n for n, text in enumerate(words) if not marks[n] and text not in ends)
    return sentence.text(run[first], run[last] + 1)
