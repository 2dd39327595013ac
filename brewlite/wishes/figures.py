"""What a number in a visitor's words is not: a price that is a length, a year, a share or a code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from brewlite.adapter import Field
from brewlite.adapter.plain import words_of
from brewlite.adapter.units import between_measures, measure_of
from brewlite.wishes.language import phrases
from brewlite.wishes.sentence import Sentence

FIRST_YEAR, NO_YEAR = 1900, 2036
"""Two plain numbers between these are years."""


def a_length(sentence: Sentence, i: int, fields: Sequence[Field]) -> bool:
    """Whether the ``m`` behind the number at ``i`` stands for metres, and not for millions, nor for a field's own unit.

    ``under 2m`` and ``house under 2m`` are prices; ``ceilings over 3m``, ``within 500 m of the beach`` are not.
    """
    token = sentence.tokens[i]
    merged = sentence.text(i, i + 1).casefold().endswith("m") and token.scaled
    if token.money or not (merged or (sentence.together(i, i + 1) and sentence.tokens[i + 1].text == "m")):
        return False
    if any((unit := measure_of(field.unit)) and between_measures(1.0, "m", unit) for field in fields):
        return False
    clause = [k for k in range(len(sentence)) if sentence.clause[k] == sentence.clause[i] and k != i]
    if any(sentence.tokens[k].text == "within" for k in clause):
        return True
    return any(not _beside_a_price(sentence, k, fields) for k in clause)


def _beside_a_price(sentence: Sentence, k: int, fields: Sequence[Field]) -> bool:
    """Whether the token at ``k`` compares, says nothing, names the price, or names what is on offer."""
    language, token = sentence.language, sentence.tokens[k]
    tables = (
        language.at_most, language.at_least, language.at_most_after, language.at_least_after, language.between,
        language.budget, language.fillers, language.articles, language.required_after, language.negations,
        language.alternatives, language.conjunctions,
    )  # fmt: skip
    if token.value is not None or not token.text[:1].isalpha() or token.text == "m":
        return True
    if any((token.text,) in {(word,) for phrase in phrases(table) for word in phrase} for table in tables):
        return token.text not in ("to", "from", "at", "in", "on") or sentence.together(k, k + 1)
    named = (words_of(name) for field in fields for value, names in field.values.items() for name in (value, *names))
    return any(token.text in names_of(field) for field in fields if field.type == "money") or any(
        token.text in name.split() for name in named
    )


def next_to(value: float, op: str) -> float:
    """The last whole number that ``more than`` or ``less than`` ``value`` allows."""
    return value if value != int(value) else value + 1 if op == ">=" else value - 1


def half_spelt(sentence: Sentence, i: int) -> bool:
    """Whether the number at ``i`` is a part of one in words that is read no further: ``one thousand two hundred``."""
    return sentence.tokens[i].spelt and any(
        sentence.together(i, k) and sentence.tokens[k].spelt for k in (i - 1, i + 1)
    )


def no_price(sentence: Sentence, i: int, first: int) -> bool:
    """Whether a number that only its size makes a price is none: a share, a length in inches, a year, a code."""
    token = sentence.tokens[i]
    if token.money or token.scaled:
        return False
    if sentence.words[token.end : token.end + 1] in tuple('%"″”°'):
        return True
    return any(
        sentence.phrase_before(k, sentence.language.other_numbers) < k
        for k in range(first, sentence.fillers_before(first) - 1, -1)
    )


def a_year(sentence: Sentence, i: int) -> bool:
    """Whether the number at ``i`` alone could be one."""
    return sentence.text(i, i + 1).isdigit() and FIRST_YEAR <= (sentence.tokens[i].value or 0.0) < NO_YEAR


def names_of(field: Field) -> frozenset[str]:
    """How the field is called: its words, its name and its unit."""
    return _names_of((*field.words, field.name), field.unit)


def own_names(field: Field) -> frozenset[str]:
    """The field's name and unit, plural and singular: ``2 single beds`` are beds and not bedrooms."""
    own = _names_of((field.name,), field.unit)
    return own | frozenset(name.removesuffix("s") for name in own)


@lru_cache(maxsize=1024)
def _names_of(words: tuple[str, ...], unit: str) -> frozenset[str]:
    own = (words_of(name) for name in (*words, unit if measure_of(unit) is None else ""))
    return frozenset(name for name in own if name)
