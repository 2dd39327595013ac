"""The words with which people state limits. Another language is another table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

Phrase = tuple[str, ...]


class Language(Struct, frozen=True, kw_only=True):
    """One language's words, each text a ``|``-separated list of phrases in lower case."""

    numbers: Mapping[str, float]
    multipliers: Mapping[str, float]
    """Words behind a number: ``thousand``."""
    negations: str
    lacking: str
    """Negations of things: a name that only the catalog knows is refused by these."""
    at_most: str
    """Before a number: no more than this."""
    at_least: str
    strict: str
    """Of the two: more, or less, than the number itself."""
    at_least_money: str
    """Before an amount of money only: ``from $800``; ``from 5 minutes`` is no limit."""
    at_most_after: str
    """Behind a number: ``or less``."""
    at_least_after: str
    exactly: str
    about: str
    """Before a number: it is no limit."""
    about_after: str
    between: str
    range_links: str
    """Between the two numbers of a range."""
    budget: str
    """Names of a price that make an amount its upper limit without another word."""
    soft: str
    """Anywhere in a clause: what it says is a wish."""
    denied: str
    """Anywhere in a clause: what it says is just what is not wanted (``above $300 is too dear``)."""
    tolerant: str
    """Anywhere in a clause: what it names is welcome or nothing the visitor cares about."""
    required: str
    """Before a name: it is meant as a limit (``with a pool``)."""
    required_after: str
    needless_after: str
    """Behind a refused name: it is not refused, but no matter (``no parking needed``)."""
    tolerated_after: str
    """Behind a name: it is welcome or no matter (``shared room ok``)."""
    of_self: str
    """Before a name: the visitor speaks of themselves (``we have no pets``)."""
    absent: str
    """Negations that another one before them turns round (``not without a pool``)."""
    doing: str
    """May stand between those two: ``can't do without``."""
    only: str
    near: str
    """Before a name: it is a landmark, not a property (``close to a farm``)."""
    inside: str
    """Before the name of a place: ``in``."""
    articles: str
    fillers: str
    """Say nothing about what is meant."""
    having: str
    """Between a thing and what it has."""
    abbreviations: str
    """Their full stop ends no clause."""
    links: str
    """May follow a complete limit: prepositions and the like."""
    conjunctions: str
    """Part clauses."""
    alternatives: str
    other_money: str
    """Behind an amount: it is not the price that is meant."""
    years: str
    """Before a plain number of that size: it is a year, and no price."""
    codes: str
    """Before a plain number: it is a code."""
    lengths: str
    """Beside a number and ``m``: it is metres, and not millions."""
    lengths_after: str
    """Behind them: the same."""
    durations: Mapping[str, float]
    """Names of lengths of time -> days."""
    posted: str
    """Before a time: when an item appeared."""
    newer: str
    """Before a length of time: created since."""
    older: str
    old: str
    """Behind a length of time: an age."""
    ago: str
    during: str
    """Between ``posted`` and its time."""
    lasting: str
    """Before a length of time that ends now: ``last``, ``past``."""
    days_back: Mapping[str, float]
    """Whole phrases -> days: ``today``, ``this week``."""
    after_date: str
    before_date: str
    now: str
    fields: Mapping[str, str] = {}
    """Field -> how it is called in this language, beside what the adapter declares."""


@lru_cache(maxsize=128)
def phrases(listed: str) -> frozenset[Phrase]:
    """The phrases in one of a language's texts."""
    return frozenset(tuple(phrase.split()) for phrase in listed.split("|"))


@lru_cache(maxsize=128)
def longest(listed: str) -> int:
    """Words of the longest phrase in it."""
    return max(len(phrase) for phrase in phrases(listed))


_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS = {word: float(number) for number, word in enumerate(_UNITS.split(" "))}

ENGLISH = Language(
    numbers=_NUMBERS | {"twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "hundred": 100.0},
    multipliers={"k": 1e3, "thousand": 1e3, "grand": 1e3, "mil": 1e6, "mio": 1e6, "million": 1e6, "mn": 1e6},
    negations=(
        "no|not|never|without|avoid|avoiding|except|excluding|don't|dont|do not|doesn't|isn't|aren't|can't|cannot|"
        "won't|"
        "nothing|neither|nor|anything but|other than|no way"
    ),
    lacking="no|without|excluding|except|avoid",
    at_most=(
        "under|below|less than|fewer than|lower than|cheaper than|smaller than|no more than|not more than|"
        "no higher than|"
        "no bigger than|no dearer than|up to|upto|at most|at the most|at max|max|maximum|maximum of|a maximum of|"
        "max of|"
        "within|not exceeding|<|<=|≤|never more than|nothing more than|not higher than|not dearer than"
    ),
    at_least=(
        "over|above|more than|greater than|higher than|bigger than|larger than|at least|at the least|min|minimum|"
        "minimum of|a minimum of|min of|no less than|not less than|no fewer than|no lower than|no smaller than|"
        "not below|"
        "upwards of|starting at|>|>=|≥|never less than|nothing less than|not fewer than"
    ),
    strict=(
        "under|below|less than|fewer than|lower than|cheaper than|smaller than|<|over|above|more than|greater than|"
        "higher than|bigger than|larger than|>"
    ),
    at_least_money="from|starting from",
    at_most_after=(
        "or less|or fewer|or under|or below|or lower|or cheaper|max|maximum|tops|at most|at the most|and under|"
        "and below|"
        "and less|or smaller"
    ),
    at_least_after=(
        "or more|or above|or over|or higher|or better|or bigger|or larger|or up|plus|min|minimum|at least|"
        "at the least|"
        "and up|and above|and over|and more|upwards|+"
    ),
    exactly="exactly|precisely|equal to|=|just|only",
    about=(
        "around|about|approximately|approx|roughly|circa|ca|in the region of|something like|say|near|nearly|almost|"
        "close to|~|somewhere around|in the range of"
    ),
    about_after="ish|or so|give or take|or thereabouts|approximately|approx|roughly",
    between="between|from|range|anywhere from|anywhere between",
    range_links="to|and|or|-|till|until|through",
    budget="budget|my budget|our budget|budget of|spend|limit",
    soft=(
        "ideally|ideal|preferably|prefer|preferred|preference|hopefully|maybe|perhaps|possibly|if possible|"
        "where possible|nice to have|"
        "would be nice|would be great|would be good|would be lovely|be a bonus|a bonus|bonus|a plus|is a plus|"
        "optional|"
        "not necessarily|not required|not essential|not a must|not needed|could be|can be|might|sort of|kind of|"
        "if you have|wouldn't hurt|in the best case|at some point|rather|likes|or similar|flexible"
    ),
    denied=(
        "is too|are too|would be too|is far too|is way too|is just too|is out|are out|out of the question|won't do|"
        "will not do|wouldn't do|not an option|isn't an option|is no good|are no good|a no go|a no-go|"
        "is not for me|is not for us|are not for me|are not for us|isn't for me|aren't for me|a deal breaker"
    ),
    tolerant=(
        "don't mind|dont mind|do not mind|wouldn't mind|doesn't matter|does not matter|don't care|dont care|"
        "do not care|"
        "no problem|not a problem|is fine|are fine|is ok|are ok|is okay|are okay|ok with|okay with|fine with|"
        "happy with|"
        "happy to|open to|no matter|either way|don't need|dont need|do not need|doesn't need|don't have to|"
        "doesn't have to|needn't|no need|used to|instead of|whether|acceptable|not fussed|not bothered|even if|"
        "regardless|"
        "not only|not just|works too|as well as|isn't a problem|can live with|don't object"
    ),
    required=(
        "with|w|has|have|having|allow|allows|allowing|must allow|"
        "must|must have|must be|need|needs|needed|require|requires|want|wants|including|"
        "includes|"
        "incl|featuring|that allow|that allows|that is|that are|has to have|has to be|offering|offers"
    ),
    required_after="only|required|needed|essential|necessary|a must|is a must|please|is essential|is required",
    needless_after=(
        "needed|required|necessary|essential|is needed|is required|is necessary|is essential|are needed|"
        "are required|are necessary|are essential"
    ),
    tolerated_after="ok|okay|fine|also ok|also okay|also fine",
    of_self=(
        "i don't have|i dont have|i do not have|we don't have|we dont have|we do not have|i have no|we have no|"
        "i've no|we've no|i've got no|we've got no|i own no|we own no|i don't own|we don't own|i don't bring|"
        "we don't bring|i bring no|we bring no|i'm bringing no|we're bringing no"
    ),
    absent="without|lacking",
    doing="do|live|be|manage|go|cope|stay|place|home",
    only="only|just|solely|exclusively|must be|has to be|strictly|nothing but",
    near=(
        "near|near to|nearby|close to|next to|by|beside|opposite|around|from|to|towards|across from|view of|views of|"
        "overlooking|outside|behind|along|past|walking distance to|like|as|was|were|under|over|of"
    ),
    inside="in|within|around in|inside|located in|based in|in or around",
    articles="a|an|the|any|some|its|own",
    fillers=(
        "a|an|the|any|either|after|allow|some|of|is|are|be|being|it|its|it's|this|that|there|my|our|i|we|i'm|im|i'd|id|we're|looking|"
        "look|for|"
        "search|searching|want|wants|wanted|like|to|please|really|very|also|in|on|at|than|pay|paying|spend|spending|"
        "cost|"
        "costs|costing|priced|go|going|kind|sort|type|anything|something|interested|find|show|me|us|should|own|"
        "would|will|see|get|give|stay|live|rent|buy|work|have|has|having|with|or|must|need|needs|only|just|more|"
        "place|places|one|ones|home|homes|listing|listings|job|jobs|position|positions|role|roles|post|posts|full|much|so|"
        "too|hi|hey"
    ),
    having="with|have|has|having|of",
    abbreviations="max|min|approx|ca|incl|excl|sq|ft|ph|w",
    links=(
        "in|for|with|near|by|at|on|close|and|or|but|if|so|please|total|altogether|including|incl|inclusive|"
        "excluding|inc|"
        "within|because|since|as|only|where|that|which|who|when|from|all|is|are|would|to|not|no|without|max|min|"
        "preferably|ideally|either|both|posted|listed|available|remote|furnished|unfurnished|also|plus|then|there|"
        "it|i|we"
    ),
    conjunctions="and|but|plus|yet|however|although|though|while|also|then|because|so",
    alternatives="or|nor|and/or",
    other_money="deposit|fee|fees|bond|bill|bills|tax|taxes|savings|cash|discount|off|bonus|per|a|an|each|every|deductible",
    years=(
        "built|build|year|years|since|founded|established|constructed|renovated|refurbished|dating|dated|century|vintage"
    ),
    codes="postcode|postcodes|zip|zipcode|zip code|postal code|code|number",
    lengths="ceiling|ceilings|height|width|depth|length|frontage",
    lengths_after=(
        "from|of the|of a|to the|to a|to my|to our|away|off|high|long|wide|deep|tall|walk|drive|walking|above|below"
    ),
    durations={
        "minute": 1 / 1440, "minutes": 1 / 1440, "min": 1 / 1440, "mins": 1 / 1440, "hour": 1 / 24, "hours": 1 / 24,
        "hr": 1 / 24, "hrs": 1 / 24, "h": 1 / 24, "day": 1.0, "days": 1.0, "d": 1.0, "night": 1.0, "nights": 1.0,
        "week": 7.0, "weeks": 7.0, "wk": 7.0, "wks": 7.0, "fortnight": 14.0, "month": 31.0, "months": 31.0,
        "year": 366.0, "years": 366.0, "yr": 366.0, "yrs": 366.0,
    },
    posted="posted|listed|added|published|created|uploaded|advertised|asked|written|new|appeared|came up|put up|online",
    newer="newer than|more recent than|younger than|not older than|no older than|no more than|fresher than",
    older="older than|not newer than|no newer than",
    old="old|of age",
    ago="ago",
    during="in|the|during|over|on|at|within",
    lasting="last|past|previous|within|this last|this past|the last|the past",
    days_back={
        "today": 1.0, "since yesterday": 2.0, "yesterday": 2.0, "this morning": 1.0, "this week": 7.0,
        "this month": 31.0,
        "this year": 366.0, "recently": 14.0, "lately": 14.0, "last week": 14.0, "last month": 62.0,
        "last year": 731.0,
        "last night": 1.0,
    },
    after_date="since|after|from|later than|no earlier than|not before|starting|on or after",
    before_date="before|by|until|till|earlier than|no later than|not after|on or before|up to",
    now="now|immediately|right away|straight away|right now|today|asap",
)  # fmt: skip
"""English, both sides of the Atlantic."""
