"""What the visitor says they want, and what not: parts of the score that level off.

A cosine says how near a text is to the words, and goes on rising where an item has long fitted. Beyond the point where
an item fits the words should say no more, or they would put items in an order that nobody asked for.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from brewlite.retrieval import Signals
from brewlite.retrieval.catalog import Floats, Ints, Mask

SAME = 1e-3
"""Shares of words nearer than this are the same."""


class StatedConfig(Struct, frozen=True, kw_only=True):
    """Points of log-odds, fitted on made-up requests about real items (lab notes)."""

    meaning: float = 1.5
    """For an item whose text is as near to the words as any."""
    words: float = 3.5
    """For an item that holds all of the words."""
    unwanted_meaning: float = 2.5
    unwanted_words: float = 5.0
    near: float = 1.0
    """Standard deviations above the catalog's middle at which nearness begins to count."""
    full: float = 3.0
    """And those at which it counts in full."""
    enough: float = 0.8
    """Share of the words, rare ones counting more, that counts in full."""


def stated(signals: Signals, there: Mask, config: StatedConfig) -> dict[str, Floats]:
    """The parts ``wish`` and ``words``, (N,) each; none where the query says nothing."""
    parts: dict[str, Floats] = {}
    held = np.minimum(signals.words / config.enough, 1.0)
    shunned = np.minimum(signals.unwanted_words / config.enough, 1.0)
    near = _near(signals.wish, held, there, config)
    if (held[there] >= 1.0).any():
        # The words can be looked up. Nearness is a guess beside that: by degrees it would put those in order that fit
        # alike.
        near = np.floor(near)
    meaning = config.meaning * near - config.unwanted_meaning * _near(signals.unwanted, shunned, there, config)
    if meaning.any():
        parts["wish"] = meaning.astype(np.float32)
    words = config.words * held - config.unwanted_words * shunned
    if words.any():
        parts["words"] = words.astype(np.float32)
    return parts


def settled(
    signals: Signals, rows: Ints, there: Mask, config: StatedConfig, wanted: bool = True, refused: bool = False
) -> bool:
    """Whether what is said puts no two of the items ``rows`` (C,) apart, as far as words can tell.

    All of them hold all of the words; or none holds any, though other items that could be shown do, so that the words
    are the site's own and nothing here answers them. A wish or a refusal of which no item holds a word, as in another
    language, is not settled: somebody has to read it. Of several words those that no item holds are passed over.

    Args:
        signals: of every item.
        rows: the candidates.
        there: (N,) which items could be shown.
        config: how much of the words is enough.
        wanted: whether something is asked for.
        refused: whether something is asked to be spared.
    """
    sides = [(signals.words, wanted), (signals.unwanted_words, refused)]
    return len(rows) > 0 and all(_alike(share, rows, there, config) for share, said in sides if said)


def _alike(share: Floats, rows: Ints, there: Mask, config: StatedConfig) -> bool:
    here = share[rows]
    if np.ptp(here) > SAME:
        return False
    return bool((here if here.any() else share[there]).max(initial=0.0) >= config.enough)


def _near(cosines: Floats, held: Floats, there: Mask, config: StatedConfig) -> Floats:
    """(N,) as :func:`_ramp`; in full where an item holds the words: what it says needs no guess by nearness."""
    return np.where(held >= 1.0, 1.0, _ramp(cosines, there, config)) if cosines.any() else cosines


def _ramp(cosines: Floats, there: Mask, config: StatedConfig) -> Floats:
    """(N,) from 0, an item no nearer than most, to 1."""
    if not cosines.any() or not there.any():
        return np.zeros_like(cosines)
    known = cosines[there]
    standard = (cosines - known.mean()) / max(float(known.std()), 1e-6)
    ramp: Floats = np.clip((standard - config.near) / (config.full - config.near), 0.0, 1.0)
    return ramp
