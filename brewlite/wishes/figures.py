"""What a number in a visitor's words is not: a price that is a length, a year, a share or a code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from brewlite.adapter import Field
from brewlite.adapter.plain import words_of
from brewlite.adapter.units import between_measures, measure_of, period_of
from brewlite.wishes.sentence import Sentence

FIRST_YEAR, NO_YEAR = 1900, 2036
"""Two plain numbers between these are years."""
LONGEST = 50
"""From so many on ``m`` is metres: nobody has so many millions."""


def a_length(sentence: Sentence, i: int, fields: Sequence[Field]) -> bool:
    """Whether the ``m`` behind the number at ``i`` stands for metres, and not for millions, nor for a field's own unit.

    ``house under 2m near the sea`` is a price; ``ceilings over 3m``, ``within 500 m of the beach`` are not.
    """
    token, language = sentence.tokens[i], sentence.language
    apart = sentence.together(i, i + 1) and sentence.tokens[i + 1].text == "m"
    end = sentence.tokens[i + 1].end if apart else token.end
    merged = token.scaled and sentence.words[end - 1] == "m"
    if token.money or not (merged or (apart and sentence.words[end - 1] == "m")):
        return False
    if any((unit := measure_of(field.unit)) and between_measures(1.0, "m", unit) for field in fields):
        return False
    behind = i + 2 if apart else i + 1
    clause = [k for k in range(len(sentence)) if sentence.clause[k] == sentence.clause[i]]
    numeric = [field for field in fields if field.type in ("number", "integer", "money")]
    named = any(sentence.tokens[k].text in names_of(field) for k in clause for field in numeric)
    spent = any(sentence.phrase_at(k, language.budget) > k for k in clause)
    paid = sentence.words[end : end + 2].strip()[:1] in tuple("$€£¥₹") or any(
        period_of(" ".join(token.text for token in sentence.tokens[behind : behind + size])) for size in (1, 2)
    )
    if named or spent or paid:
        return False
    value = (token.value or 0.0) / (1e6 if merged else 1.0)
    return (
        (value >= LONGEST and value == int(value))
        or any(sentence.tokens[k].text == "within" or sentence.is_one_of(k, language.lengths) for k in clause)
        or (sentence.together(i, behind) and sentence.phrase_at(behind, language.lengths_after) > behind)
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
    language = sentence.language
    tables = (language.codes, language.years) if a_year(sentence, i, 1600) else (language.codes,)
    starts = range(first, sentence.fillers_before(first) - 1, -1)
    return any(sentence.phrase_before(k, listed) < k for k in starts for listed in tables)


def a_year(sentence: Sentence, i: int, since: int = FIRST_YEAR) -> bool:
    """Whether the number at ``i`` alone could be one."""
    return sentence.text(i, i + 1).isdigit() and since <= (sentence.tokens[i].value or 0.0) < NO_YEAR


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
