"""A wish as a request: a template of the right kind, filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from brewlite.evaluation.suite.stated import abroad, wordings
from brewlite.evaluation.suite.stated.attribute import Attribute, Phrase, Role
from brewlite.evaluation.suite.stated.split import held_out

Polarity = Literal["want", "refusal", "hope"]
_ENGLISH = {"want": wordings.WANTS, "refusal": wordings.REFUSALS, "hope": wordings.HOPES}
_ELIDED = re.compile(r"\b([Dd])e (?=[aeiouyâàéêèîôûh])", re.IGNORECASE)
_LAST = re.compile(r"\{\w+\}(?:, please)?[.!?]?$")


def templates(role: Role, polarity: Polarity, language: str = "en", kept_out: bool = True) -> list[str]:
    """Every template for ``role``, of the suite's half or, with ``kept_out=False``, of training's."""
    if language == "en":
        groups = _ENGLISH[polarity]
    else:
        groups = {"want": abroad.WANTS, "refusal": abroad.REFUSALS}[polarity][language]
    return [text for roles, texts in groups if role in roles for text in texts if held_out(text) == kept_out]


def stories(attribute: Attribute, polarity: Polarity, kept_out: bool = True) -> list[str]:
    """The whole requests that the table has for ``attribute``, in English."""
    told = {"want": attribute.stories, "refusal": attribute.refusals}.get(polarity, ())
    return [text for text in told if held_out(text) == kept_out]


def ending_with_it(texts: Sequence[str]) -> list[str]:
    """The templates in which nothing follows the wish: a long one reads well there."""
    return [text for text in texts if _LAST.search(text)]


def filled(template: str, phrase: Phrase, language: str = "en") -> str:
    """``template`` with ``phrase`` in its slots."""
    slots = {"many": phrase.many, "one": phrase.one, "x": phrase.x}
    slots |= {name.capitalize(): text[:1].upper() + text[1:] for name, text in slots.items()}
    text = template.format(**slots)
    if language == "fr":
        text = _ELIDED.sub(r"\1'", text)
    return re.sub(r"([?!.])\.$", r"\1", text)
