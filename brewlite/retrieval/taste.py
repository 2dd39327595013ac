"""What a visitor's history says of every item: likeness in meaning, words, tags and place, and shared visitors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brewlite.retrieval.catalog import Floats, Ints, Moment
from brewlite.retrieval.visitor import Visitor

LIKED = 50
"""The newest different items that a visitor liked, which stand for their taste: some histories are thousands long."""
SHRINK = 10.0
"""Shared visitors that a pair of items must do without: a pair met once by chance is no pair."""
EVEN = 1e-6
"""A field whose logarithms spread by less says nothing."""
MOST_FANS = 4000
"""Visitors of the history's items that are followed: those of one very popular item would be too many."""


def liked_rows(visitor: Visitor) -> Ints:
    """(H,) catalog rows of the newest LIKED different items that the visitor liked, oldest first."""
    newest = dict.fromkeys(deed.row for deed in reversed(visitor.history) if deed.action.weight > 0)
    return np.array(list(newest)[:LIKED][::-1], dtype=np.int64)


def apart_from_itself(cosines: Floats, liked: Ints) -> Floats:
    """``cosines`` (N, H) to the liked items, where that of a liked item to itself is the usual one of its column.

    What was liked before would else be the likest of all.
    """
    cosines[liked, np.arange(len(liked))] = np.median(cosines, axis=0)
    return cosines


def touched(visitor: Visitor, count: int) -> Floats:
    """(N,) 1 for what the visitor has touched before, in whatever way."""
    before = np.zeros(count, dtype=np.float32)
    before[visitor.rows] = 1.0
    return before


def shared_visitors(liked: Ints, moment: Moment) -> Floats:
    """(N,) log(1 + 100 s), s the similarity by shared visitors to each of the liked items, summed.

    Cosine over visitors with shrinkage, ``|U_i & U_j| / (sqrt(|U_i| |U_j|) + SHRINK)``: Sarwar et al., WWW 2001;
    Ferrari Dacrema et al., RecSys 2019.
    """
    likes, count = moment.catalog.likes, len(moment.catalog.items)
    fans, whose = likes.by_item.gathered(liked)
    known = np.flatnonzero(likes.events[fans] < moment.n_events)[-MOST_FANS:]
    fans, whose = fans[known], whose[known]
    theirs, fan = likes.by_user.gathered(likes.user[fans])
    known = np.flatnonzero(likes.events[theirs] < moment.n_events)
    theirs, fan = theirs[known], fan[known]
    shared = np.bincount(whose[fan] * count + likes.item[theirs], minlength=len(liked) * count)
    total = np.bincount(likes.item[likes.events < moment.n_events], minlength=count)  # (N,)
    similar = shared.reshape(len(liked), count) / (np.sqrt(np.outer(total[liked], total)) + SHRINK)
    similar[np.arange(len(liked)), liked] = 0.0
    summed: Floats = np.log1p(100.0 * similar.sum(axis=0)).astype(np.float32)
    return summed


def same_place(liked: Ints, moment: Moment) -> Floats:
    """(N,) the share of the liked items that are in the same place as the item; 0 where it names none."""
    places = moment.catalog.places
    held = places[liked]
    counts = np.bincount(held[held >= 0], minlength=int(places.max(initial=0)) + 1)
    others = np.where(places >= 0, counts[places], 0)
    others[liked[held >= 0]] -= 1  # an item is no company to itself
    share: Floats = (others / max(len(liked), 1)).astype(np.float32)
    return share


def near_numbers(liked: Ints, moment: Moment, names: Sequence[str]) -> Floats:
    """(N,) at most 0: how far each item's numbers ``names`` lie from the history's, counted down.

    A number is far by how much its logarithm differs from the mean of the liked items', in standard deviations of the
    catalog; the fields that the history knows count alike. Whoever looked at flats of 900 looks at one of 950 next, and
    no sentence vector knows that the two are near. An item without a number is as far as the others on average.
    """
    far: list[Floats] = []
    for name in names:
        sizes = np.log1p(np.maximum(moment.catalog.numbers(name), 0.0))  # (N,)
        known = np.isfinite(sizes)
        held = liked[known[liked]]
        spread = float(sizes[known].std()) if known.any() else 0.0
        if not len(held) or spread < EVEN:
            continue
        middle = np.full(len(sizes), sizes[held].mean())
        middle[held] = (sizes[held].sum() - sizes[held]) / max(len(held) - 1, 1)  # an item is not near to itself
        away = np.abs(sizes - middle) / spread
        if len(held) == 1:
            known[held] = False
        usual = away[known].mean() if known.any() else 0.0
        far.append(np.where(known, away, usual).astype(np.float32))
    if not far:
        return np.zeros(len(moment.catalog.items), dtype=np.float32)
    return np.asarray(-np.mean(far, axis=0), dtype=np.float32)
