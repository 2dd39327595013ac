"""Likeness before choice: lists on which only the sentence encoder speaks.

No click is needed for it, and any text will do: some items stand for a history, or one for a request, and the others
are ranked by how like them they are.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import from_micros
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Tokenizer
from brewlite.records import Query
from brewlite.training.dress import Wardrobe
from brewlite.training.examples import moments, told
from brewlite.training.fit import Example


class WarmConfig(Struct, frozen=True, kw_only=True):
    """How lists are drawn."""

    least: int = 8
    most: int = 14
    near: float = 0.5
    """Share of the candidates that are drawn from the hundred items most like the history."""
    by_title: float = 0.25
    """Of the lists: what is wanted is said, in the words of an item's title."""
    events: int = 8
    """Most items of a history."""
    teacher: float = 2.5
    seed: int = 0


def warm_examples(site: BenchSite, tokenizer: Tokenizer, count: int, config: WarmConfig | None = None) -> list[Example]:
    """``count`` lists with the encoder's similarities for a teacher, and no labels."""
    config = config or WarmConfig()
    rng = np.random.default_rng([config.seed, 13])
    wardrobe = Wardrobe(site.recommender.adapter, tokenizer, rng)
    made: list[Example] = []
    for at in moments(site, 4 * count, rng):
        example = _list(site, at, wardrobe, config, rng)
        if example is not None:
            made.append(example)
        if len(made) == count:
            break
    return made


def _list(site: BenchSite, at: int, wardrobe: Wardrobe, config: WarmConfig, rng: np.random.Generator) -> Example | None:
    there = np.flatnonzero((site.first_touch < at) & np.any(site.vectors != 0, axis=1))
    if len(there) < config.most + config.events:
        return None
    anchor = int(rng.choice(there))
    near = there[np.argsort(-(site.vectors[there] @ site.vectors[anchor]), kind="stable")][:100]
    said = rng.random() < config.by_title
    history = [anchor] if said else [anchor, *rng.choice(near[1:], int(rng.integers(0, config.events)), replace=False)]
    others = np.setdiff1d(there, history)
    size = int(rng.integers(config.least, config.most + 1))
    alike = np.setdiff1d(near, history)
    close = rng.permutation(alike)[: round(config.near * size)]
    rows = np.unique(np.concatenate([close, rng.choice(others, size - len(close), replace=False)]))
    ids = site.log.catalog.ids
    action = site.recommender.adapter.tasks[0].action
    query = Query(
        at=from_micros(at),
        task=wardrobe.task(rng),
        instructions=site.recommender.item(ids[anchor]).title if said else "",
        history=() if said else tuple((ids[row], action) for row in rng.permutation(history)),
        candidates=tuple(ids[row] for row in rng.permutation(rows)),
    )
    signals = site.recommender.weigh(query, use_model=False).signals
    teacher = told(signals["wish" if said else "similarity"], config.teacher)
    if not teacher:
        return None
    return Example(prompt=site.recommender.prompt(query, wardrobe.builder(rng), all_words=True), teacher=teacher)
