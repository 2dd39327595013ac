"""What visitors want or don't want, as something that an item has or lacks, and how people call it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

Role = Literal["feature", "rule", "type", "topic", "work", "terms", "place", "employer"]
"""How an attribute stands in a sentence: a place *with* a pool, a place *that takes* pets, a house, questions *about*
trains, a job *in* sales, a part-time job, a job *in* Ireland, a job *at* a company."""
LANGUAGES = ("en", "de", "fr", "es")


class Phrase(Struct, frozen=True, kw_only=True):
    """One wish as parts of a sentence, in one language."""

    many: str
    """All that has it: ``places with a pool``."""
    one: str
    """``a place with a pool``."""
    x: str
    """The thing alone: ``a pool``."""


_PATTERNS: dict[str, dict[Role, tuple[str, str]]] = {
    "en": {
        "feature": ("places with {x}", "a place with {x}"),
        "topic": ("questions about {x}", "a question about {x}"),
        "work": ("jobs in {x}", "a job in {x}"),
        "place": ("jobs in {x}", "a job in {x}"),
        "employer": ("jobs at {x}", "a job at {x}"),
    },
    "de": {
        "feature": ("Unterkünfte mit {x}", "eine Unterkunft mit {x}"),
        "topic": ("Fragen zum Thema {x}", "eine Frage zum Thema {x}"),
        "work": ("Stellen im Bereich {x}", "eine Stelle im Bereich {x}"),
        "place": ("Stellen in {x}", "eine Stelle in {x}"),
        "employer": ("Stellen bei {x}", "eine Stelle bei {x}"),
    },
    "fr": {
        "feature": ("logements avec {x}", "un logement avec {x}"),
        "topic": ("questions sur {x}", "une question sur {x}"),
        "work": ("postes dans {x}", "un poste dans {x}"),
        "place": ("postes {x}", "un poste {x}"),
        "employer": ("postes chez {x}", "un poste chez {x}"),
    },
    "es": {
        "feature": ("alojamientos con {x}", "un alojamiento con {x}"),
        "topic": ("preguntas sobre {x}", "una pregunta sobre {x}"),
        "work": ("empleos en {x}", "un empleo en {x}"),
        "place": ("empleos en {x}", "un empleo en {x}"),
        "employer": ("empleos en {x}", "un empleo en {x}"),
    },
}

Words = str | tuple[str, str]
"""The thing alone, or (many, one) of a kind of item, where no pattern suits."""


class Attribute(Struct, frozen=True, kw_only=True, dict=True):
    """One thing that items have or lack."""

    key: str
    """What it is called here; decides whether it is kept out of training."""
    role: Role
    field: str
    """The typed field that says so, or ``place``."""
    held: str
    """Regular expression, searched in each value of the field: the item has it."""
    mention: str = ""
    """Regular expression, searched in all fields and texts: what matches it is no twin, as it may well have it.
    Covers synonyms; empty: as ``held``."""
    words: dict[str, Words]
    """Language -> how it is called."""
    wanted: bool = True
    """Whether people ask for it."""
    refused: bool = True
    """Whether people ask to be spared it."""
    known: bool = False
    """Whether an item without the field is unknown: then it is neither a twin nor what fits a refusal."""
    unsaid: str = ""
    """Regular expression: a value that matches is as good as none."""
    stories: tuple[str, ...] = ()
    """Whole English requests for it."""
    refusals: tuple[str, ...] = ()
    """Whole English requests without it."""

    @cached_property
    def has(self) -> re.Pattern[str]:
        """``held``, compiled."""
        return re.compile(self.held, re.IGNORECASE)

    @cached_property
    def mentions(self) -> re.Pattern[str]:
        """``mention`` or ``held``, compiled."""
        return re.compile(f"{self.held}|{self.mention}" if self.mention else self.held, re.IGNORECASE)

    def phrase(self, language: str = "en") -> Phrase:
        """How it is called in ``language``. Raises KeyError where the table has no word."""
        words = self.words[language]
        if isinstance(words, tuple):
            return Phrase(many=words[0], one=words[1], x=words[0])
        many, one = _PATTERNS[language][self.role]
        return Phrase(many=many.format(x=words), one=one.format(x=words), x=words)


def joined(first: Attribute, second: Attribute, refused: bool = False) -> Phrase:
    """Two wants as one English phrase, or with ``refused`` the first without the second."""
    head, tail = first.phrase(), second.phrase()
    if refused:
        rest = {
            "feature": f"but without {tail.x}",
            "rule": f"but no {tail.many}",
            "type": f"but no {tail.many}",
            "topic": f"but not about {tail.x}",
            "work": f"but not in {tail.x}",
            "terms": f"but no {tail.many}",
            "place": f"but not in {tail.x}",
            "employer": f"but not at {tail.x}",
        }[second.role]
        return Phrase(many=f"{head.many}, {rest}", one=f"{head.one}, {rest}", x=f"{head.x}, {rest}")
    if first.role == second.role == "topic":
        both = f"{head.x} and {tail.x}"
        return Phrase(many=f"questions about both {both}", one=f"a question about both {both}", x=both)
    rest = {"feature": "and" if first.role == "feature" else "with", "employer": "at"}.get(second.role, "in")
    return Phrase(many=f"{head.many} {rest} {tail.x}", one=f"{head.one} {rest} {tail.x}", x=f"{head.x} {rest} {tail.x}")


def may_join(first: Attribute, second: Attribute) -> bool:
    """Whether :func:`joined` makes good English of the two, in this order."""
    pairs = {
        ("feature", "feature"), ("type", "feature"), ("topic", "topic"), ("terms", "place"), ("terms", "employer"),
        ("terms", "work"), ("work", "place"),
    }  # fmt: skip
    return first.key != second.key and (first.role, second.role) in pairs


def unlike(attributes: Sequence[Attribute]) -> bool:
    """Whether none of the attributes speaks of another: of ``pool`` and ``pool view`` only one is asked."""
    names = [attribute.key.replace("-", " ") for attribute in attributes]
    return not any(
        one is not other and one.mentions.search(name)
        for one in attributes
        for other, name in zip(attributes, names, strict=True)
    )
