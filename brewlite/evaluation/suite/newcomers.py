"""Visitors without a history, and what they say: their own words, or a short request made from what they once chose.

A request is made from the first item that the visitor touched, never from a later one: with a case's target strictly
after it, the words cannot give the target away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import structs

from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.records import Item, User

TITLE_WORDS = 6
"""Of a title that stands in for a kind of work."""


def newcomers(
    site: BenchSite, count: int, fits: Callable[[Case], Case | None], least_history: float = 0.0
) -> list[Case]:
    """At most ``count`` of what ``fits`` makes of the site's matched cases, in their order.

    ``fits`` gives None for a case that cannot be used; ``least_history``: events the visitor must have had before.
    """
    where = {"history": (least_history, np.inf)}
    asked = 2 * count
    while True:
        cases = matched_cases(site, asked, where=where)
        made = [one for case in cases if (one := fits(case)) is not None]
        if len(made) >= count or len(cases) < asked:
            return made[:count]
        asked *= 4


def narrowed(case: Case, count: int) -> Case:
    """``case`` with ``count`` of its candidates, the good ones among them, in their order."""
    ids = case.query.candidates or ()
    others = [id_ for id_ in ids if id_ not in case.good]
    kept = {*case.good, *others[: max(0, count - len(case.good))]}
    candidates = tuple(id_ for id_ in ids if id_ in kept)
    return structs.replace(case, query=structs.replace(case.query, candidates=candidates))


def stated(site: BenchSite, case: Case) -> User | None:
    """The record of the case's visitor, if they had said what they are after before the moment."""
    user = site.recommender.store.user(case.query.user) if case.query.user is not None else None
    if user is None or not user.interests.strip() or case.query.at is None:
        return None
    return None if user.updated is not None and user.updated >= case.query.at else user


def first_item(site: BenchSite, case: Case) -> Item | None:
    """The first item that the case's visitor touched strictly before the moment; None where that is the target."""
    if case.query.user not in site.user_row or case.query.at is None:
        return None
    own = site.log.before(to_micros(case.query.at)).of_user(site.user_row[case.query.user])
    if not len(own) or site.log.catalog.ids[own.items[0]] in case.good:
        return None
    return site.recommender.store.item(site.log.catalog.ids[own.items[0]])


def words_of(site: BenchSite, case: Case) -> str:
    """What the case's visitor says: their stated wish where it was known, or a request; "" for neither."""
    user = stated(site, case)
    if user is not None:
        return user.interests
    item = first_item(site, case)
    return request_for(item) if item is not None else ""


def request_for(item: Item) -> str:
    """A short request that ``item`` would fit, in words that set no hard limit; "" for an item that has no words."""
    near = f" near {item.place}" if item.place else ""
    tags = [tag for value in item.fields.values() if isinstance(value, list) for tag in value]
    if item.kind == "post":
        return f"something about {', '.join(tags[:3])}" if tags else ""
    if item.kind == "job":
        return f"work like {' '.join(item.title.split()[:TITLE_WORDS])}{near}"
    kind = item.fields.get("type") or item.fields.get("building") or "home"
    comforts = f" and {tags[0].lower()} and {tags[-1].lower()}" if len(tags) > 1 else ""
    return f"ideally something like: {str(kind).lower()}{near}{comforts}"


_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _near_keys() -> dict[str, str]:
    near: dict[str, set[str]] = {key: set() for row in _ROWS for key in row}
    for row in _ROWS:
        for left, right in pairwise(row):
            near[left].add(right)
            near[right].add(left)
    for upper, lower in pairwise(_ROWS):
        for place, key in enumerate(lower):
            near[key] |= set(upper[place : place + 2])
            for other in upper[place : place + 2]:
                near[other].add(key)
    return {key: "".join(sorted(keys)) for key, keys in near.items()}


NEAR_KEYS = _near_keys()
"""Letter -> its neighbours on a QWERTY keyboard."""


def with_typos(text: str, share: float, rng: np.random.Generator) -> str:
    """``text`` with slips at ``share`` of its letters: a neighbouring key, a letter lost, doubled, or swapped.

    As many slips as ``share`` says, rounded, at least one, at different letters of the basic alphabet.
    """
    letters = [place for place, char in enumerate(text) if char.lower() in NEAR_KEYS]
    if not letters:
        return text
    count = max(1, round(share * len(letters)))
    slips = set(rng.choice(letters, size=count, replace=False).tolist())
    return "".join(_typed(text, slips, rng))


def _typed(text: str, slips: set[int], rng: np.random.Generator) -> Iterator[str]:
    place = 0
    while place < len(text):
        char = text[place]
        if place not in slips:
            yield char
        else:
            kind = ("near", "lost", "double", "swap")[int(rng.integers(4))]
            if kind == "swap" and place + 1 < len(text) and text[place + 1].isalpha() and text[place + 1] != char:
                yield text[place + 1] + char
                place += 1
            elif kind == "lost":
                yield ""
            elif kind == "double":
                yield char * 2
            else:
                yield _near(char, rng)
        place += 1


def _near(char: str, rng: np.random.Generator) -> str:
    keys: Sequence[str] = NEAR_KEYS[char.lower()]
    key = keys[int(rng.integers(len(keys)))]
    return key.upper() if char.isupper() else key
