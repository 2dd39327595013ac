"""Texts of items and visitors are data: what in them speaks to a model is taken out before anything reads them."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import structs

from brewlite.adapter.plain import plain
from brewlite.records import FieldValue, Item


def one_line(text: str) -> str:
    """``text`` with every run of white space or control characters as one space: it cannot open a line of ours."""
    return re.sub(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e]+", " ", text).strip()


_ORDERS = re.compile(
    r"""\b(?:ignore|disregard|forget|override|bypass)\s+(?:[\w']+\s+){0,4}?(?:instruction|prompt)s?\b
      | \b(?:ignore|disregard|forget|override|bypass)
        (?:\s+(?:all|any|every|everything|anything|whatever|of|the|your|my|these|those|what|is|was|said|text|rules?))*
        \s+(?:above|previous|prior|preceding|earlier|before)\b(?!-)
      | \b(?:answer|reply|respond|output|print|return|say|choose|select|write)
        (?:\s+(?:with|only|always|just|simply|back|the|a|an|word|single|to|this|it|that|is|as|me|one|in|question))*
        \s{0,3}[:=,-]{0,3}\s{0,3}["'“‘]?
        (?:yes\b(?!\s+to\b(?!\s+(?:this|it|all|any|every|each)\b))
          |no\b(?=\W{0,8}$|\s{0,3}["'”’.!?,;:)]|\s+(?:to|for)\s+(?:this|it|all|any|every|each)\b))
      | (?:^|[.!?\n>])\W{0,8}(?:system|assistant|user|human|answer)\s*:
      | \byou\s+are\s+(?:now\s+)?(?:an?|the|my)\s+(?:\w+\s+){0,2}?
        (?:helpful\s+assistant|chatbot|(?:language|ranking|recommendation|ai|chat)\s+(?:model|assistant|engine|bot))\b
      | \byou\s+(?:must|should|will|have\s+to|need\s+to|are\s+to)\s+(?:\w+\s+){0,2}?
        (?:rank|recommend|score|rate|prefer|approve)\s+(?:this|it|me)\b
      | \b(?:rank|recommend|score|rate|put|place|list)
        \s+(?:this|it|me|us|the\s+(?:above|following|item|listing)|item|listing|candidate)\b
        (?:\s+\w+){0,4}?\s+(?:first|highest|maximum|(?<!over\sthe\s)top)\b
        (?=\s{0,3}(?:$|[.!?,;:)]|(?:and|please|always|place|position)\b|of\s+(?:the|your|every|all)\s+(?:list|result|ranking)))
      | <\|[^|>]{0,40}\|>|\[/?INST\]|</?s>""",
    re.IGNORECASE | re.VERBOSE,
)
"""What speaks to a model, or plays a turn of a dialogue. Each needs its object: "place this first", not a place."""
_COVERED = re.compile("[<&\u00ad\u200b-\u200f\u2060-\u2069\ufeff]")
"""Markup and invisible characters, which items' texts lose before they are read: an order must not hide behind them."""
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*\s*")


@lru_cache(maxsize=50_000)
def without_orders(text: str) -> str:
    """``text`` without the sentences that give orders to a model or play a turn of a dialogue.

    One layer of three: a model also reads such text as plain characters, and its log-odds are clipped in the
    blend. A title that is nothing but an order loses only the order's words.
    """
    if _COVERED.search(text) and _ORDERS.search(clear := plain(text)):
        text = clear
    if not _ORDERS.search(text):
        return text
    kept = "".join(sentence for sentence in _SENTENCE.findall(text) if not _ORDERS.search(sentence))
    # An order may also run over several lines, or be all there is.
    return _ORDERS.sub(" ", kept if kept.strip() else text).strip()


def harmless(item: Item) -> Item:
    """``item`` with its words passed through :func:`without_orders`; a tag that gives orders is left out."""
    title, text = without_orders(item.title), without_orders(item.text)
    place = without_orders(item.place) if item.place else item.place
    fields = {name: _clean(value) for name, value in item.fields.items()}
    if (title, text, place, fields) == (item.title, item.text, item.place, item.fields):
        return item
    return structs.replace(item, title=title, text=text, place=place, fields=fields)


def _clean(value: FieldValue) -> FieldValue:
    if isinstance(value, list):
        return [tag for tag in value if without_orders(tag) == tag]
    return without_orders(value) if isinstance(value, str) else value
