"""What an item has of that which the visitor speaks of, told before all else.

A home has forty comforts, and a prompt room for ten. For what is refused as for what is wanted: the model can only
mind a pool that it reads of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from brewlite.adapter.plain import plain
from brewlite.records import Item
from brewlite.retrieval.lexicon import words_of

MOST_MENTIONED = 4
MOST_CHARACTERS = 40
"""Of one tag."""


def asked_words(item: Item, wanted: Sequence[str], unwanted: Sequence[str], most: int = MOST_MENTIONED) -> str:
    """What the item has of that which is wanted, and of that which is not; ``""`` where nothing was said.

    Of each, ``most`` are named.

    A small model learns "wanted: pool" soon and "no pool ... mentions pool" late (lab notes); and which words of a
    request are a refusal is known before it is asked.
    """
    parts = []
    if wanted:
        parts.append("wanted: " + (", ".join(mentions(item, wanted)[:most]) or "nothing"))
    if unwanted:
        parts.append("unwanted: " + (", ".join(mentions(item, unwanted)[:most]) or "nothing"))
    return "; ".join(parts)


def mentions(item: Item, telling: Sequence[str]) -> list[str]:
    """The item's tags that hold one of the ``telling`` words, then those of the words that stand elsewhere in it.

    As the item writes them. ``telling`` as :meth:`Lexicon.telling` gives them, the most telling first; at most
    ``MOST_MENTIONED`` are named.
    """
    wanted = frozenset(telling)
    if not wanted:
        return []
    tags = [str(one) for value in item.fields.values() if isinstance(value, list) for one in value]
    held = [tag for tag in tags if len(tag) <= MOST_CHARACTERS and not wanted.isdisjoint(_words(tag))]
    told: frozenset[str] = frozenset().union(*map(_words, held))
    values = [value for value in item.fields.values() if isinstance(value, str)]
    text = " ".join((item.title, item.text, item.place or "", *values))
    said = _words(text)
    alone = [word for word in telling if word in said and word not in told][:MOST_MENTIONED]
    written = [_as_written(word, text) for word in alone]
    return [plain(one) for one in dict.fromkeys((*held, *written))][:MOST_MENTIONED]


def _as_written(word: str, text: str) -> str:
    """How ``text`` writes ``word``, which words are compared by: ``famous`` for ``famou``; without its case."""
    found = re.search(rf"(?<![^\W_]){re.escape(word)}s?(?![^\W_])", text, re.IGNORECASE)
    return found[0].casefold() if found else word


@lru_cache(maxsize=50_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(words_of(text))
