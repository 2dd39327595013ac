"""A visitor's words, read: what is a hard limit on a typed field, and what is left for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from brewlite.adapter import Field
from brewlite.records import Constraint, as_utc
from brewlite.wishes.ages import find_ages
from brewlite.wishes.amounts import find_amounts
from brewlite.wishes.language import ENGLISH, Language, phrases
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
    language: Language = ENGLISH,
) -> Wishes:
    """Read the limits in ``words`` on ``fields``, on ``created`` and, by ``known``, on ``place``.

    Only what is plainly a limit becomes one: ``around $1,500``, ``ideally under 2 km``, ``cheap`` and ``I don't mind
    shared rooms`` stay in ``rest``. ``known`` holds values that the catalog really has, by field: with them
    ``in Angaston`` and ``no hostels`` are understood too. ``at`` is what ``this week`` is counted from.
    """
    sentence = Sentence(words, language)
    found = find_ages(sentence, fields, as_utc(at))
    found += find_amounts(sentence, fields)
    found += find_names(sentence, fields, known or {})
    return Wishes(constraints=tuple(_distinct(found)), rest=_rest(sentence))


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
    language = sentence.language
    empty = phrases(language.fillers) | phrases(language.conjunctions) | phrases(language.links)
    if all((sentence.tokens[i].text,) in empty or not sentence.tokens[i].text[:1].isalnum() for i in run):
        return ""
    edges = {i for i in run if (sentence.tokens[i].text,) in empty or not sentence.tokens[i].text[:1].isalnum()}
    while run and run[0] in edges and _drops(sentence, run[0]):
        run = run[1:]
    while run and run[-1] in edges:
        run = run[:-1]
    return sentence.text(run[0], run[-1] + 1) if run else ""


def _drops(sentence: Sentence, i: int) -> bool:
    """At the start of a run a preposition belongs to what follows (``by the river``), a conjunction does not."""
    language = sentence.language
    text = sentence.tokens[i].text
    return (text,) in phrases(language.conjunctions) or text in ("please", "or") or not text[:1].isalnum()
