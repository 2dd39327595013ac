"""What a visitor asks for, and what they ask to be spared.

A sentence vector hardly knows "no": a request for *no pool* lies next to every pool. So what is refused is parted from
what is wanted before either becomes a vector, and counts against the items that are like it.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Parted(NamedTuple):
    """One request in two parts; either may be empty."""

    wanted: str
    unwanted: str


# Before what is refused. Longer ones first: "not interested in" leaves no "interested in" behind.
_BEFORE = (
    # English
    r"(?:i |we )?(?:really |just )?(?:do not|don't|dont|would not|wouldn't|won't) "
    r"(?:(?:really |particularly )?(?:want|like|need|care for|enjoy|fancy|wish for)|show me|send me|give me)"
    r"(?: to (?:see|stay (?:in|at|near)|live (?:in|at|near)|work (?:in|at|with|for)|read about|hear about))?",
    r"(?:i am|i'm|im|we are|we're)? ?not (?:really |particularly |very |at all )?"
    r"(?:interested in|keen on|into|fond of|a fan of|looking for|after|up for|in the mood for)",
    r"(?:i |we )?(?:can't|cannot|can not|couldn't) (?:stand|bear|have|deal with|live with|do with|use|"
    r"stay (?:in|at|near))",
    r"(?:i |we )?(?:hate|dislike|detest|loathe|avoid|refuse)",
    r"(?:i am|i'm|im|we are|we're)? ?(?:tired|sick|weary) of|(?:i am|i'm|we are|we're)? ?fed up with|"
    r"(?:(?:i've|i have|we've|we have) )?(?:seen |had |read )?(?:more than )?enough (?:of|about)|"
    r"(?:i've|i have|we've|we have) (?:seen|had|read) (?:more than )?enough",
    r"(?:i've |i have |we've |we have )?had (?:my|our) (?:share|fill) of|none of(?: the)?|"
    r"(?:something|anything|somewhere) else than|(?:i |we )?have no use for|"
    r"the last (?:thing|place) (?:i|we) (?:need|want)(?: to see)?(?: is| are)?",
    r"(?:i am|i'm|im|we are|we're|my \w+ is|he is|she is)? ?allergic to|scared of|afraid of",
    r"(?:please )?(?:spare me|skip|leave out|hide|drop|keep me away from|stay away from|steer clear of)",
    r"(?:anything|everything|anywhere|something) (?:but|except|other than|apart from)|(?:except|excluding|"
    r"other than)(?: for)?",
    r"no more|not another|nothing (?:with|near|about|in|at|like|to do with|related to|that (?:has|is|involves))",
    r"nowhere (?:with|near|that (?:has|allows|is))|nothing|nowhere|without|avoiding|rather not|please not|"
    r"never|no|not",
    # German, French, Spanish
    r"(?:ich |wir )?(?:will|möchte|mag|brauche|suche) (?:bitte )?(?:kein|keine|keinen|keiner|keinem)",
    r"(?:auf keinen fall|bloß|bitte|nur)? ?(?:keine|keinen|keinem|keiner|kein)|alles außer|"
    r"alles andere als|ohne|nicht",
    r"(?:je |nous )?(?:ne |n')(?:veux|voudrais|voulons|cherche|aime|supporte) (?:surtout )?(?:pas|"
    r"plus)(?: de| d'| du| des)?",
    r"surtout pas(?: de| d')?|tout sauf|pas (?:de|d'|du|des)|plus (?:de|d')|sans|aucune?|rien (?:de|avec)",
    r"(?:no (?:quiero|busco|me gustan?|soporto|necesito))|nada (?:de|con)|todo menos|cualquier cosa menos|"
    r"sin|ningun[oa]?|ningún",
)  # fmt: skip
_BEHIND = (
    r"(?:is|are|would be) (?:not|never) (?:for me|for us|my thing|our thing|an option|what i (?:want|"
    r"need)|welcome|wanted)",
    r"(?:isn't|aren't) (?:for me|for us|my thing|our thing|an option|what i (?:want|need))",
    r"(?:is|are|would be) (?:out|out of the question|a no-go|a no go|no good|a deal-?breaker|a turn-?off|"
    r"unacceptable)",
    r"(?:put|puts|turn|turns) (?:me|us) off|(?:leave|leaves) (?:me|us) cold|"
    r"(?:bore|bores|annoy|annoys|bother|bothers) (?:me|us)",
    r"no,? thanks?(?: you)?|not for (?:me|us)|must be avoided|(?:kommt|kommen) nicht in frage|ne m'intéressent? pas",
    r"no me interesan?",
)
# Sound like a refusal, and are none.
_WELCOME = (
    r"no (?:matter|problem|worries|rush|hurry|doubt|need|idea|preference|one|more than|less than|longer)\b",
    r"not (?:only|just|sure|far|necessarily|fussy|fussed|picky|bothered|required|essential|a problem|"
    r"important|bad)\b",
    r"(?:don't|dont|do not|doesn't|does not|wouldn't|would not) (?:mind|care|matter|have to|know|need to)\b",
    r"(?:never|can't|cannot|couldn't|don't) (?:get|have|see|read) enough\b|never tire\b|"
    r"nothing (?:but|special|fancy|less|more)\b|why not\b|can't wait\b|cannot wait\b|if not\b|"
    r"whether or not\b|or not\b",
    r"nicht (?:nur|weit|zwingend|wichtig|schlimm)\b|pas (?:loin|seulement|forcément|grave)\b|no (?:solo|"
    r"sólo|lejos)\b",
)
_CLAUSE = re.compile(
    r"[.;:!?\n]+|,(?! (?:or|nor)\b)|\s[-–—]\s|\b(?:but|yet|although|though|aber|sondern|mais|pero|"
    r"sino)\b(?<!anything but)",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(anything|everything|anywhere|something|nothing) but\b", re.IGNORECASE)
_REFUSED = re.compile(rf"(?<!\w)(?:{'|'.join(_BEFORE)})(?!\w)", re.IGNORECASE)
_DENIED = re.compile(rf"(?<!\w)(?:{'|'.join(_BEHIND)})(?!\w)", re.IGNORECASE)
_FINE = re.compile(rf"(?<!\w)(?:{'|'.join(_WELCOME)})", re.IGNORECASE)
_EDGES = re.compile(
    r"^(?:and|or|und|oder|et|ou|y|o|please|bitte)\b|\b(?:and|or|und|oder|et|ou|y|o|with)$", re.IGNORECASE
)


def part(words: str) -> Parted:
    """``words`` in what is wanted and what is not: by clauses, and within one from the refusing word on.

    English, with the plain forms of German, French and Spanish. What is not recognised stays wanted.
    """
    wanted, unwanted = [], []
    text = _BUT.sub(lambda match: "only" if match[1].casefold() == "nothing" else "except", words)
    for clause in _CLAUSE.split(text.replace("’", "'")):
        yes, no = _clause(clause)
        wanted.append(yes)
        unwanted.append(no)
    return Parted(_joined(wanted), _joined(unwanted))


def _clause(clause: str) -> Parted:
    if _FINE.search(clause):
        return Parted(clause, "")
    behind = _DENIED.search(clause)
    if behind:
        return Parted("", clause[: behind.start()] + clause[behind.end() :])
    before = _REFUSED.search(clause)
    if before and clause[before.end() :].strip():
        return Parted(clause[: before.start()], clause[before.end() :])
    return Parted(clause, "")


def _joined(parts: list[str]) -> str:
    trimmed = (_EDGES.sub("", part.strip()).strip() for part in parts)
    return ", ".join(part for part in trimmed if part)
