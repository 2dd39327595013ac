"""Texts of items and visitors are data: what in them speaks to a model is taken out before anything reads them."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import structs

from brewlite.records import Item


def one_line(text: str) -> str:
    """``text`` with every run of white space or control characters as one space: it cannot open a line of ours."""
    return re.sub(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e]+", " ", text).strip()


_ORDERS = re.compile(
    r"""\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,60}\b(?:instruction|prompt|above|previous|prior|rule|before)s?\b
      | \b(?:answer|reply|respond|output|print|return|say|choose|select|write)\b[^.!?]{0,30}?["'“]?\b(?:yes|no)\b
      | \b(?:system|assistant|user|developer|human)\s*:
      | \banswer\s*:
      | \byou\s+(?:are|must|should|will)\b[^.!?]{0,40}\b(?:model|assistant|ai|rank|recommend|answer)\b
      | \b(?:rank|recommend|score|rate|put|place)\b[^.!?]{0,30}\b(?:first|highest|top|maximum)\b
      | <\|[^|>]{0,40}\|>|\[/?INST\]|</?s>""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*\s*")


@lru_cache(maxsize=50_000)
def without_orders(text: str) -> str:
    """``text`` without the sentences that give orders to a model or play a turn of a dialogue.

    One layer of three: a model also reads such text as plain characters, and its log-odds are clipped in the
    blend. A title that is nothing but an order loses only the order's words.
    """
    if not _ORDERS.search(text):
        return text
    kept = "".join(sentence for sentence in _SENTENCE.findall(text) if not _ORDERS.search(sentence))
    return kept.strip() or _ORDERS.sub(" ", text).strip()


def harmless(item: Item) -> Item:
    """``item`` with its words passed through :func:`without_orders`."""
    title, text = without_orders(item.title), without_orders(item.text)
    fields = {name: without_orders(value) if isinstance(value, str) else value for name, value in item.fields.items()}
    if title == item.title and text == item.text and fields == item.fields:
        return item
    return structs.replace(item, title=title, text=text, fields=fields)
