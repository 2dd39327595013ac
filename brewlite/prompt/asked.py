"""What a visitor speaks of stands first among an item's tags: a home has forty comforts, and a prompt room for ten."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import structs

from brewlite.records import FieldValue, Item

_WORD = re.compile(r"[^\W\d_]{3,}")


def asked_first(item: Item, words: str) -> Item:
    """``item`` with each list of values reordered: those that share a word with ``words`` first, else as they were.

    For what is refused as for what is wanted: the model can only mind a pool that it reads of.
    """
    said = _stems(words)
    if not said:
        return item
    moved: dict[str, FieldValue] = {
        name: sorted(value, key=lambda one: said.isdisjoint(_stems(one)))
        for name, value in item.fields.items()
        if isinstance(value, list)
    }
    return structs.replace(item, fields={**item.fields, **moved}) if moved else item


@lru_cache(maxsize=50_000)
def _stems(text: str) -> frozenset[str]:
    """The words of ``text`` in small letters, without a plural's ending."""
    return frozenset(_stem(word) for word in _WORD.findall(text.casefold()))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
