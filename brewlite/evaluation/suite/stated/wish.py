"""What one request asks for, and which items answer it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Mask
from brewlite.evaluation.suite.stated.attribute import Attribute, joined, may_join, unlike
from brewlite.evaluation.suite.stated.split import held_out
from brewlite.evaluation.suite.stated.stock import Stock
from brewlite.evaluation.suite.stated.words import Polarity, ending_with_it, filled, stories, templates

STORY_SHARE = 0.2
"""Of the requests about an attribute that has stories are told as one."""
FEWEST = 4
"""Items that must fit, and that must be twins: a pair each."""
TRIES = 20
"""Templates that are drawn before an attribute is taken to be talked out."""
Kind = Literal["want", "refusal", "both", "but not", "hope"]


class Wish(Struct, frozen=True, kw_only=True):
    """One request."""

    words: str
    kind: Kind
    wanted: tuple[Attribute, ...] = ()
    refused: tuple[Attribute, ...] = ()
    language: str = "en"

    @property
    def name(self) -> str:
        """For tables: ``pool``, ``no pool``, ``kitchen, no pool``."""
        return ", ".join([a.key for a in self.wanted] + [f"no {a.key}" for a in self.refused])

    def fitting(self, stock: Stock) -> Mask:
        """(I,) which items have all that is wanted, and lack what is refused in fields and text."""
        return np.asarray(_faults(self, stock) == 0)

    def failing(self, stock: Stock) -> Mask:
        """(I,) which items have exactly one thing wrong, and nothing unsure."""
        return np.asarray(_faults(self, stock) == 1)


def _faults(wish: Wish, stock: Stock) -> np.ndarray:
    """(I,) how many of the demands are broken; -1 where any is unsure."""
    signs = [stock.states(a) for a in wish.wanted] + [-stock.states(a) for a in wish.refused]
    states = np.stack(signs)  # (demands, I): 1 kept, -1 broken, 0 unsure
    return np.where((states == 0).any(axis=0), -1, (states == -1).sum(axis=0))


def wishes(
    stock: Stock,
    kind: Kind,
    rng: np.random.Generator,
    least: float,
    most: float,
    languages: Sequence[str] = ("en",),
    kept_out: bool = True,
) -> Iterator[Wish]:
    """Requests of ``kind`` until all wordings are used, no wording twice about one thing.

    Attributes and languages take turns, so that the first few are already of every sort.

    ``least`` and ``most`` bound the share of the items that have the attribute (of two, the first one).
    """
    subjects = _subjects(stock, kind, least, most, kept_out)
    mixed = _mixed([subjects[place] for place in rng.permutation(len(subjects))])
    start, count = int(rng.integers(len(languages))), len(languages)
    turns = [(one, languages[(start + n + turn) % count]) for turn in range(count) for n, one in enumerate(mixed)]
    waiting = deque(turn for turn in turns if all(turn[1] in one.words for one in turn[0]))
    used: set[tuple[str, str]] = set()
    while waiting:
        subject, language = waiting.popleft()
        if not _enough(stock, _plain(subject, kind)):
            continue
        tries = (_worded(subject, kind, language, rng, kept_out) for _ in range(TRIES))
        wish = next((w for w in tries if w is not None and (w.name, w.words) not in used), None)
        if wish is not None:
            used.add((wish.name, wish.words))
            waiting.append((subject, language))
            yield wish


def _subjects(stock: Stock, kind: Kind, least: float, most: float, kept_out: bool) -> list[tuple[Attribute, ...]]:
    """The attributes, or pairs of them, that people ask for in this way and that the right share of items have."""
    usable = [a for a in stock.attributes if held_out(a.key) == kept_out and least <= stock.share(a) <= most]
    if kind in ("want", "hope"):
        return [(a,) for a in usable if a.wanted]
    if kind == "refusal":
        return [(a,) for a in usable if a.refused]
    seconds = [a for a in stock.attributes if held_out(a.key) == kept_out and 0.01 <= stock.share(a) <= 0.7]
    pairs = [(a, b) for a in usable for b in seconds if a.wanted and may_join(a, b) and unlike((a, b))]
    return [(a, b) for a, b in pairs if (b.wanted if kind == "both" else b.refused)]


def _mixed(subjects: Sequence[tuple[Attribute, ...]]) -> list[tuple[Attribute, ...]]:
    """One of each role in turn: else nearly all that is asked of jobs were places."""
    by_role: dict[tuple[str, ...], list[tuple[Attribute, ...]]] = {}
    for subject in subjects:
        by_role.setdefault(tuple(one.role for one in subject), []).append(subject)
    longest = max(map(len, by_role.values()), default=0)
    return [group[turn % len(group)] for turn in range(longest) for group in by_role.values()]


def _enough(stock: Stock, wish: Wish) -> bool:
    return min(int(wish.fitting(stock).sum()), int(wish.failing(stock).sum())) >= FEWEST


def _plain(subject: tuple[Attribute, ...], kind: Kind, words: str = "", language: str = "en") -> Wish:
    """What is asked about ``subject``, in these words."""
    wanted = 0 if kind == "refusal" else 1 if kind == "but not" else len(subject)
    return Wish(words=words, kind=kind, wanted=subject[:wanted], refused=subject[wanted:], language=language)


def _worded(
    subject: tuple[Attribute, ...], kind: Kind, language: str, rng: np.random.Generator, kept_out: bool
) -> Wish | None:
    first = subject[0]
    if len(subject) == 2:
        phrase = joined(*subject, refused=kind == "but not")
        usable = ending_with_it(templates(first.role, "want", kept_out=kept_out))
        return _plain(subject, kind, filled(usable[rng.integers(len(usable))], phrase))
    polarity: Polarity = "refusal" if kind == "refusal" else "hope" if kind == "hope" else "want"
    told = stories(first, polarity, kept_out) if language == "en" else []
    if told and rng.random() < STORY_SHARE:
        words = told[rng.integers(len(told))]
    else:
        usable = templates(first.role, polarity, language, kept_out)
        if not usable:
            return None
        words = filled(usable[rng.integers(len(usable))], first.phrase(language), language)
    return _plain(subject, kind, words, language)
