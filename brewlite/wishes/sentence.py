"""A visitor's words as tokens in clauses: the ground that limits are searched on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from brewlite.adapter.dates import MONTHS
from brewlite.adapter.numbers import CURRENCY_SIGNS, to_float
from brewlite.wishes.language import Language, Phrase, longest, phrases

MAX_WORDS = 4_000
"""Characters that are read for limits; what is longer is no wish but a letter, and left to the model."""

_MONTH = "|".join(sorted((name for name in MONTHS if name != "may"), key=len, reverse=True)) + "|(?-i:May)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_TOKEN = re.compile(
    rf"(?P<iso>\b\d{{4}}-\d{{2}}-\d{{2}}\b)"
    rf"|(?P<named>\b(?:(?:{_DAY}\s+(?:of\s+)?(?:{_MONTH})\b|(?:{_MONTH})\s+{_DAY}\b(?!\s*[a-z]))(?:,?\s+\d{{4}}\b)?"
    rf"|(?:{_MONTH})\s+\d{{4}})\b)"
    r"|(?P<number>(?:(?:us|a|au|c|ca|nz|s|hk|r)?[$€£¥₹]\s?|\b(?:usd|eur|gbp|aud|cad|chf|sgd)\s?)?"
    r"(?<![\d.,])\d+(?:[.,'\u00a0\u202f]\d+)*)"
    r"|(?P<word>[^\W\d_]+[²23]?(?:['’][^\W\d_]+)*)"
    r"|(?P<mark><=|>=|[<>=≤≥~+]|[-–—]|[,;.!?()\n\r•|\[\]]|\.\.+|&)",
    re.IGNORECASE,
)
_SIGN_BEHIND = re.compile(r"\s?[$€£¥₹](?!\s?\d)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_FRACTION_BEHIND = re.compile(
    r"\s?(?:k|m|mn|mil|mio|thousand|millions?|acres?|ha|hectares?|km|kilomet(?:er|re)s?|mi|miles?)\b", re.IGNORECASE
)
"""Behind ``1.250``: it is one and a quarter. Else nobody writes 950.000 for 950, or 2.500 for two and a half."""
_BREAKS = frozenset(",;.!?()\n\r•|[]")
_ORDINALS = frozenset({"st", "nd", "rd", "th"})


class Token(Struct, frozen=True, kw_only=True):
    """A word, number, date or mark of the text."""

    text: str
    """Lower case."""
    start: int
    end: int
    value: float | None = None
    """Of a number."""
    money: bool = False
    """A number with a sign of money."""
    scaled: bool = False
    """A number in thousands or millions."""
    spelt: bool = False
    """A number written as a word."""
    date: tuple[int | None, int, int] | None = None
    """(year if it was said, month, day)."""


class Sentence:
    """The tokens, which clause each belongs to, and which are already understood."""

    def __init__(self, words: str, language: Language) -> None:
        self.words = words
        self.language = language
        self.tokens = _with_listed_choices(
            list(_merged(list(_tokens(words[:MAX_WORDS], language)), language)), language
        )
        self.clause = self._clauses()
        self.taken = [False] * len(self.tokens)
        self.soft = self._spread(self._marked(language.soft))
        self.tolerant = self._spread(self._marked(language.tolerant))
        self.denied = self._marked(language.denied)

    def __len__(self) -> int:
        return len(self.tokens)

    def text(self, first: int, last: int) -> str:
        """The visitor's own words from token ``first`` up to ``last``, exclusive."""
        return self.words[self.tokens[first].start : self.tokens[last - 1].end]

    def together(self, i: int, j: int) -> bool:
        """Whether tokens ``i`` and ``j`` exist, in one clause."""
        return 0 <= i < len(self.tokens) and 0 <= j < len(self.tokens) and self.clause[i] == self.clause[j]

    def phrase_at(self, i: int, listed: str) -> int:
        """Where the longest phrase of ``listed`` that starts at ``i`` ends; ``i`` itself when none does."""
        known = phrases(listed)
        for size in range(min(longest(listed), len(self.tokens) - i), 0, -1):
            if self.together(i, i + size - 1) and self._words(i, i + size) in known:
                return i + size
        return i

    def phrase_before(self, i: int, listed: str) -> int:
        """Where the longest phrase of ``listed`` that ends just before ``i`` starts; ``i`` when none does."""
        known = phrases(listed)
        for size in range(min(longest(listed), i), 0, -1):
            if self.together(i - size, min(i, len(self) - 1)) and self._words(i - size, i) in known:
                return i - size
        return i

    def is_one_of(self, i: int, listed: str) -> bool:
        """Whether token ``i`` alone is a phrase of ``listed``."""
        return (self.tokens[i].text,) in phrases(listed)

    def fillers_before(self, i: int) -> int:
        """Where the run of words without meaning that ends just before ``i`` starts."""
        while i > 0 and self.together(i - 1, i) and not self.taken[i - 1]:
            if not self.is_one_of(i - 1, self.language.fillers):
                break
            i -= 1
        return i

    def half_a_choice(self, first: int, last: int) -> bool:
        """Whether ``or`` joins the tokens to something else: then neither half is a limit by itself."""
        before, after = self.fillers_before(first), last
        while after < len(self) and self.together(last - 1, after) and self.is_one_of(after, self.language.fillers):
            after += 1
        return any(
            self.together(k, first) and self.free(k, k + 1) and self.is_one_of(k, self.language.alternatives)
            for k in {first - 1, before, before - 1, last, after}
            if not first <= k < last
        )

    def clause_end(self, i: int) -> int:
        """Where the clause of token ``i`` ends."""
        while i < len(self) and self.together(i, i + 1):
            i += 1
        return i + 1

    def take(self, first: int, last: int) -> None:
        """Mark the tokens as understood."""
        self.taken[first:last] = [True] * (last - first)

    def free(self, first: int, last: int) -> bool:
        """Whether none of the tokens is understood yet."""
        return not any(self.taken[first:last])

    def compares(self, i: int) -> bool:
        """Whether a comparison of several words starts at ``i``: ``less than``."""
        known = phrases(self.language.at_most) | phrases(self.language.at_least)
        return any(self._words(i, i + size) in known for size in (2, 3))

    def _words(self, first: int, last: int) -> Phrase:
        return tuple(token.text for token in self.tokens[first:last])

    def _clauses(self) -> list[int]:
        """Number of each token's clause. A mark or conjunction starts one, save inside ``between 2 and 3``."""
        clause, numbers = 0, []
        for i, token in enumerate(self.tokens):
            if token.text in _BREAKS or (self._parts(i) and self.is_one_of(i, self.language.conjunctions)):
                clause += 1
            numbers.append(clause)
        return numbers

    def _parts(self, i: int) -> bool:
        """Whether the conjunction at ``i`` parts two clauses, and not two ends of a range or ``and up``."""
        after = self.tokens[i + 1] if i + 1 < len(self.tokens) else None
        if self._words(i - 1, i + 1) in phrases(self.language.negations + "|" + self.language.only):
            return False  # "anything but", "nothing but"
        if i and self.tokens[i - 1].value is not None and self.is_one_of(i, self.language.at_least_after):
            return False
        if after is None:
            return True
        if (self.tokens[i].text, after.text) in phrases(
            self.language.at_least_after + "|" + self.language.at_most_after
        ):
            return i + 2 < len(self.tokens) and (self.tokens[i + 2].value is not None or self.compares(i + 1))
        if after.value is None:
            return True
        before = range(max(0, i - 5), i)
        return not any((self.tokens[j].text,) in phrases(self.language.between) for j in before)

    def _marked(self, listed: str) -> set[int]:
        """Clauses in which one of the phrases stands."""
        return {self.clause[i] for i in range(len(self.tokens)) if self.phrase_at(i, listed) > i}

    def _spread(self, clauses: set[int]) -> set[int]:
        """The clauses and those that ``and`` joins to them: ``ideally a pool and two bedrooms``."""
        for i, token in enumerate(self.tokens):
            starts = i > 0 and self.clause[i] != self.clause[i - 1]
            if starts and token.text not in _BREAKS and self.clause[i] - 1 in clauses:
                limit = i + 1 < len(self) and self._states_a_limit(i + 1)
                if not limit:
                    clauses.add(self.clause[i])
        return clauses

    def _states_a_limit(self, i: int) -> bool:
        """Whether the clause from ``i`` on begins anew: with a comparison or a negation."""
        words = self.language
        return any(self.phrase_at(i, listed) > i for listed in (words.at_most, words.at_least, words.negations))


def _tokens(words: str, language: Language) -> Iterator[Token]:
    before = ""
    for match in _TOKEN.finditer(words):
        text, start, end = match[0].casefold().replace("’", "'"), match.start(), match.end()
        if match["iso"]:
            yield _dated(text, start, end, *(int(part) for part in text.split("-")))
        elif match["named"]:
            yield _named_date(text, start, end)
        elif match["number"]:
            yield _number(text, start, end, words)
        elif match["word"]:
            spelt = language.numbers.get(text)
            yield Token(text=text, start=start, end=end, value=spelt, spelt=spelt is not None)
        else:
            mark = "-" if text in "-–—" else "and" if text == "&" else text
            if not (mark == "." and (before,) in phrases(language.abbreviations)):
                yield Token(text=mark, start=start, end=end)
        before = text


def _with_listed_choices(tokens: list[Token], language: Language) -> list[Token]:
    """``pool, gym or sauna`` and ``no hostel, hotel or dorm`` with their commas read as ``or``."""
    marks = [i for i, token in enumerate(tokens) if token.text in _BREAKS]
    read = list(tokens)
    choice = False
    for n in range(len(marks) - 1, -1, -1):
        i, start = marks[n], marks[n - 1] + 1 if n else 0
        end = marks[n + 1] if n + 1 < len(marks) else len(tokens)
        choice = choice or any((token.text,) in phrases(language.alternatives) for token in tokens[i + 1 : end])
        first = start + (start < i and (tokens[start].text,) in phrases(language.negations))
        choice = choice and tokens[i].text == "," and _is_short(tokens[first:i], language)
        choice = choice and _is_short(tokens[i + 1 : end], language)
        if choice:
            read[i] = Token(text="or", start=tokens[i].start, end=tokens[i].end)
    return read


def _is_short(tokens: list[Token], language: Language) -> bool:
    """Whether the tokens can be one member of a list of choices: a few words, no number, no refusal."""
    empty = phrases(language.fillers) | phrases(language.alternatives)
    words = [token for token in tokens if (token.text,) not in empty]
    refused = phrases(language.negations)
    return 0 < len(words) <= 4 and not any(token.value is not None or (token.text,) in refused for token in words)


def _number(text: str, start: int, end: int, words: str) -> Token:
    found = re.search(r"\d.*", text)
    digits = found[0] if found else ""
    sign = text[: found.start()].strip() if found else ""
    behind = _SIGN_BEHIND.match(words, end)
    dotted = bool(_THOUSANDS.fullmatch(digits)) and not _FRACTION_BEHIND.match(words, end)
    end = behind.end() if behind else end
    try:
        value = to_float(digits, thousands_dot=dotted)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        return Token(text=text, start=start, end=end)
    return Token(text=text, start=start, end=end, value=value, money=bool(behind) or sign in CURRENCY_SIGNS)


def _dated(text: str, start: int, end: int, year: int | None, month: int, day: int) -> Token:
    try:
        datetime(2000 if year is None else year, month, day, tzinfo=UTC)
    except ValueError:
        return Token(text=text, start=start, end=end)
    return Token(text=text, start=start, end=end, date=(year, month, day))


def _named_date(text: str, start: int, end: int) -> Token:
    month = next(MONTHS[word] for word in re.findall(r"[a-z]+", text) if word in MONTHS)
    figures = [int(figure) for figure in re.findall(r"\d+", text)]
    year = next((figure for figure in figures if figure > 31), None)
    day = next((figure for figure in figures if figure <= 31), 1)
    return _dated(text, start, end, year, month, day)


def _merged(tokens: list[Token], language: Language) -> Iterator[Token]:
    """Numbers with their thousands, ordinal endings and currency; marks that only join words left out."""
    i, after_number = 0, False
    while i < len(tokens):
        token = tokens[i]
        if token.value is not None and not token.date:
            token, i = _with_tail(tokens, i, language)
        elif (token.text == "-" and not _between_numbers(tokens, i)) or (
            token.text == "+" and not after_number and _ends_a_name(tokens, i)
        ):
            i += 1
            continue
        elif token.text == "+" and not after_number:
            token = Token(text="and", start=token.start, end=token.end)
        yield token
        after_number = token.value is not None
        i += 1


def _ends_a_name(tokens: list[Token], i: int) -> bool:
    """Whether the plus at ``i`` is the end of a word, as in ``C++``: it stands right behind, and nothing behind it."""
    last = i
    while last + 1 < len(tokens) and tokens[last + 1].text == "+" and tokens[last + 1].start == tokens[last].end:
        last += 1
    apart = last + 1 == len(tokens) or tokens[last + 1].start > tokens[last].end or tokens[last + 1].text in _BREAKS
    return apart and i > 0 and tokens[i - 1].end == tokens[i].start


def _with_tail(tokens: list[Token], i: int, language: Language) -> tuple[Token, int]:
    """The number at ``i`` with what belongs to it, and the position of its last token."""
    token = tokens[i]
    value, money, scaled, end = token.value or 0.0, token.money, False, token.end
    while i + 1 < len(tokens):
        after = tokens[i + 1]
        attached = after.start == end
        million = after.text == "m" and attached and (money or value != int(value))
        if after.text in language.multipliers and (attached or len(after.text) > 1):
            value, scaled = value * language.multipliers[after.text], True
        elif token.spelt and after.spelt and after.value == 100.0 and value < 100.0 and not scaled:
            value *= 100.0  # "one hundred"
        elif million:
            value, scaled = value * 1e6, True
        elif after.text in CURRENCY_SIGNS and len(after.text) > 1 and not token.spelt:
            money = True
        elif not (attached and after.text in _ORDINALS):
            break
        end, i = after.end, i + 1
    whole = Token(
        text=token.text, start=token.start, end=end, value=value, money=money, scaled=scaled, spelt=token.spelt
    )
    return whole, i


def _between_numbers(tokens: list[Token], i: int) -> bool:
    """Whether the dash at ``i`` stands between two numbers (``2-3``, ``$800 - 1,200``, ``300k-400k``)."""
    before = [token.value is not None for token in tokens[max(0, i - 2) : i]]
    return any(before) and i + 1 < len(tokens) and tokens[i + 1].value is not None
