"""What a visitor asks for, and what they ask to be spared.

A sentence vector hardly knows "no": a request for *no pool* lies next to every pool. So what is refused is parted from
what is wanted before either becomes a vector, and counts against the items that are like it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from brewlite.wishes.asking import ASKING


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
    r"(?:please )?(?:spare me|skip|leave out|hide|drop(?!-)|keep me away from|stay away from|steer clear of)",
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
# Where a clause may begin with an order; elsewhere these are nouns: "an apartment block", "a drop-off".
_ORDER = (
    r"(?:^|\b(?:please|kindly|(?:can|could) (?:you|we)|let's|let us|rather|prefer to|want to|like to) )"
    r"(?:exclude|ban|block|mute|remove|ditch|omit|ignore|discard|lose|forget(?: about)?|"
    r"(?:filter|rule|screen|weed|cut) out|get rid of|get away from|stop|quit|say no to|unsubscribe (?:me|us) from|"
    r"count (?:me|us) out (?:for|of)|"
    r"stay clear of)(?: (?:showing|sending|recommending|suggesting|offering|giving))?(?: (?:me|us))?",
)
_AGAINST = (
    r"(?:i |we )?(?:object to|despise|abhor|resent)",
    r"(?:(?:i am|i'm|im|we are|we're) )?(?:so |strongly |really )?(?:against|opposed to|averse to|uncomfortable with|"
    r"(?:done|through|finished) with|bored (?:of|with|by)|worried about)|(?:i |we )?worry about",
    r"(?:(?:i|we) (?:have|had|'ve) )?(?:zero|little|no|lost(?: all)?) (?:interest in|need (?:for|of))",
    r"(?:i'll |i |we'll |we )?(?:a )?(?:hard )?pass on(?: anything with| everything with)?",
    r"(?:i |we )?(?:(?:could|can) )?(?:happily |easily |well |happy to )?(?:do|live) without",
    r"instead of|rather than|in place of|with the exception of|apart from|aside from|barring|minus|lacking|devoid of|"
    r"free (?:of|from)|far (?:away )?from|away from|clear of|under no circumstances|on no account|"
    r"by no means|all but|neither|none(?! of\b)|nor|(?:less|fewer)(?! than\b)|"
    r"(?:unwanted|unsuitable|undesirable)(?=\s*$)",
)
# A negated verb, whichever: what comes behind it is refused, or, where that says nothing, what stands before.
_NOT = (
    r"(?:(?:do|does|did|is|are|am|was|were|will|would|can|could|should|shall|must|may|need|has|have|had)(?: not|n't)|"
    r"cannot|won't|can't|(?:do|does|is|are|wo|would|ca|should|must)nt|not)(?: ever| even| really| just)?(?: be| have)?"
)
# keep X off my list, leave X out
_APART = re.compile(
    r"\b(?:keep|take|leave|filter|cut|cross|rule|screen|weed|strike)\s+(?P<what>\S.*?)\s+(?:off|out|away|aside)\b.*$",
    re.IGNORECASE,
)
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
    r"(?:is|are|would be) (?:just |simply |definitely )?(?:ruled out|excluded|banned|unwelcome|unwanted|unsuitable|"
    r"undesirable)",
    r"(?:is|are|would be) (?:a |the )?(?:big |real |serious |clear |definite |hard )?(?:no|problem|minus|nuisance|"
    r"nightmare|worry|drawback|downside|turn-?off|deal-?breaker)(?: (?:for|from) (?:me|us))?(?=\s*$)",
    r"(?:is|are) the last (?:thing|place) (?:i|we) (?:need|want)|need not apply|(?:hold|holds|has|have) no appeal",
    r"(?:do|does|did) nothing for (?:me|us)|(?:do not|don't|does not|doesn't|will not|won't) (?:work|do)(?: it)? for "
    r"(?:me|us)|(?:will not|won't) do(?=\s*$)",
    r"(?:drive|drives) (?:me|us) (?:mad|crazy|nuts)|(?:give|gives) (?:me|us) (?:a headache|the creeps|nightmares)",
    r"(?:make|makes) (?:me|us) (?:ill|sick|nervous|anxious|uncomfortable|unhappy|sad)",
    r"would (?:ruin|spoil) (?:it|everything|things|the \w+|my \w+|our \w+)",
    r"(?:unnecessary|unwanted|excluded|unwelcome|prohibited)(?=\s*$)",
)
# Sound like a refusal, and are none.
_WELCOME = (
    r"no (?:matter|problem|worries|rush|hurry|doubt|need to|idea|preference|one|more than|less than|longer)\b",
    r"not (?:only|just|sure|far|necessarily|fussy|fussed|picky|bothered|required|essential|a problem|"
    r"important|bad)\b",
    r"(?:don't|dont|do not|doesn't|does not|wouldn't|would not) (?:mind|care|matter|have to|know|need to)\b",
    r"(?:never|can't|cannot|couldn't|don't) (?:get|have|see|read) enough\b|never tire\b|"
    r"nothing (?:but|special|fancy|less|more)\b|why not\b|can't wait\b|cannot wait\b|if not\b|"
    r"whether or not\b|or not\b",
    rf"{_NOT} (?:bother (?:me|us)(?! with)|hurt|forget|miss|against|opposed|averse|a (?:must|problem|issue|"
    r"deal-?breaker|condition|requirement)|go wrong|too (?:fussed|bothered|worried))\b",
    rf"(?:{_NOT}|never) (?:live |do |go |manage )?without\b|nothing (?:wrong|against|beats|better)\b|"
    r"no (?:objections?|issues?|trouble|less|later|sooner|earlier)\b|not (?:more than|less than|later than|too far)\b|"
    rf"{_NOT} decide\b",
    r"nicht (?:nur|weit|zwingend|wichtig|schlimm)\b|pas (?:loin|seulement|forcément|grave)\b|no (?:solo|"
    r"sólo|lejos)\b",
)
_CLAUSE = re.compile(
    r"([.;:!?\n]+|,(?! (?:or|nor)\b)|\s[-–—]\s|\b(?:but|yet|although|though|because|since|aber|sondern|mais|pero|"
    r"sino)\b(?<!anything but)|\bso\b(?! (?:long|far|much|many)\b)|"
    r"\band (?=(?:an?|with|i|we|it|there|has|have|please|ideally|preferably|instead)\b))",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(anything|everything|anywhere|something|nothing|all) but\b", re.IGNORECASE)
_REFUSED = re.compile(rf"(?<!\w)(?:{'|'.join((*_AGAINST, *_BEFORE, _NOT))})(?!\w)", re.IGNORECASE)
_ORDERED = re.compile("|".join(_ORDER), re.IGNORECASE)
_DENIED = re.compile(rf"(?<!\w)(?:{'|'.join(_BEHIND)})(?!\w)", re.IGNORECASE)
_FINE = re.compile(rf"(?<!\w)(?:{'|'.join(_WELCOME)})", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]{2,}")
_LIGHT_WORDS = """
    me us my our we you your am is are was be been do did does has have had it its this that these those there here
    what which who for with to at of the and or as any all again whatsoever appeal cup tea suit ok okay acceptable
    accept apply consider bother go going long if when while case ever even an in on by from such else thanks after
    take taking welcome ll ve re
"""
_LIGHT = ASKING | frozenset(_LIGHT_WORDS.split())
"""Words that name nothing: a refusal with nothing else behind it refuses what stands before it."""
_EDGES = re.compile(
    r"^(?:and|or|und|oder|et|ou|y|o|please|bitte)\b|\b(?:and|or|und|oder|et|ou|y|o|with)$", re.IGNORECASE
)


def part(words: str) -> Parted:
    """``words`` in what is wanted and what is not: by clauses, and within one from the refusing word on.

    English, with the plain forms of German, French and Spanish. What is not recognised stays wanted.
    """
    text = _BUT.sub(lambda match: "only" if match[1].casefold() == "nothing" else "except", words)
    pieces = _CLAUSE.split(text.replace("’", "'"))
    wanted, unwanted = [""], [""]
    headed, asked = False, ""
    for clause, end in zip(pieces[::2], (*pieces[1::2], ""), strict=True):
        clause = clause.strip()
        yes, no = ("", clause) if headed else _clause(clause)
        bare = not headed and _is_bare(clause)
        headed = bare and end.startswith(":")  # "Not wanted: pools"
        if bare and wanted[-1] and _asks(wanted[-1], asked):  # "Pools? No." and "If it has a pool, skip it."
            yes, no, wanted[-1] = "", wanted[-1], ""
        asked = end
        wanted.append("" if headed else yes)
        unwanted.append(no)
    return Parted(_joined(wanted), _joined(unwanted))


def _asks(clause: str, end: str) -> bool:
    """Whether ``clause``, which ends so, waits for a yes or a no."""
    return end.startswith("?") or clause.strip().casefold().startswith(("if ", "when "))


def _is_bare(clause: str) -> bool:
    """Whether ``clause`` refuses and names nothing that it refuses."""
    found = _refusing(clause)
    return (
        found is not None and not _FINE.search(clause) and not _names(clause[: found.start()] + clause[found.end() :])
    )


def _refusing(clause: str) -> re.Match[str] | None:
    """The first refusing expression of ``clause``."""
    found = [match for match in (_ORDERED.search(clause), _REFUSED.search(clause)) if match]
    return min(found, key=lambda match: match.start(), default=None)


def _names(text: str) -> bool:
    """Whether ``text`` names anything."""
    return any(word.removesuffix("s") not in _LIGHT and word not in _LIGHT for word in _WORD.findall(text.casefold()))


def _clause(clause: str) -> Parted:
    if _FINE.search(clause):
        return Parted(clause, "")
    if behind := _DENIED.search(clause):
        return Parted("", clause[: behind.start()] + clause[behind.end() :])
    if (apart := _APART.search(clause)) and _names(apart["what"]):
        return Parted(clause[: apart.start()], apart["what"])
    if found := _refusing(clause):
        before, after = clause[: found.start()], clause[found.end() :]
        if _names(after):
            return Parted(before, after)
        if _names(before):
            return Parted("", before)
    return Parted(clause, "")


def _joined(parts: list[str]) -> str:
    trimmed = (_EDGES.sub("", part.strip()).strip() for part in parts)
    return ", ".join(part for part in trimmed if part)
