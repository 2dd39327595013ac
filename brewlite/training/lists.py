"""Lists to teach with: what a site's visitors chose and asked for, and, without labels, what the site would show them.

All of it happened before the validation part of the site's log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct, structs

from brewlite.errors import BadSettings
from brewlite.evaluation.log import from_micros
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Tokenizer
from brewlite.records import Query
from brewlite.training.dress import Wardrobe
from brewlite.training.examples import ExampleConfig, log_examples, moments
from brewlite.training.stated import StatedConfig, stated_examples
from brewlite.training.teachers import Lesson, lesson_of, lessons_of
from brewlite.training.whole import write_whole

Progress = Callable[[str, int, int], None]
"""Called with what is made, how much of it, out of how much."""


class ListConfig(Struct, frozen=True, kw_only=True):
    """How many lists each site gives, at most. Raises BadSettings for fewer than one in all."""

    chosen: int = 300
    """With what a visitor chose next."""
    stated: int = 150
    """With requests, and which items answer them."""
    served: int = 300
    """Without labels: the first stage's proposals for a visitor at a moment, and some items beside them."""
    most: int = 16
    """Candidates of a served list."""
    strange: float = 0.25
    """Share of a served list's candidates that are drawn from everything."""
    asking: float = 0.25
    """Share of the served lists whose visitor names what they want, in the words of an item's title."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.chosen + self.stated + self.served < 1:
            raise BadSettings("no list is to be drawn: give at least one of chosen, stated and served")


def lessons(
    sites: Sequence[BenchSite],
    tokenizer: Tokenizer,
    config: ListConfig,
    kept: Path | None = None,
    progress: Progress | None = None,
) -> list[Lesson]:
    """The lists of all ``sites``, shuffled.

    Args:
        sites: each with a log.
        tokenizer: the student's.
        config: how many.
        kept: a file that holds them after the first call; lists drawn otherwise are drawn anew.
        progress: told about each site.
    """
    said = [config, [[site.name, site.digest, len(site.log)] for site in sites]]
    wanted = msgspec.json.encode(said)
    if kept is not None:
        with suppress(OSError, msgspec.DecodeError):
            asked, made = msgspec.msgpack.decode(kept.read_bytes(), type=tuple[bytes, list[Lesson]])
            if asked == wanted:
                return made
    made = []
    for done, site in enumerate(sites, start=1):
        made += _of_site(site, tokenizer, config)
        if progress is not None:
            progress("lists", done, len(sites))
    order = np.random.default_rng(config.seed).permutation(len(made))
    made = [made[place] for place in order]
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, msgspec.msgpack.encode((wanted, made)))
    return made


def _of_site(site: BenchSite, tokenizer: Tokenizer, config: ListConfig) -> list[Lesson]:
    labelled = []
    if config.chosen:
        labelled += log_examples(site, tokenizer, config.chosen, "train", ExampleConfig(seed=config.seed))
    if config.stated:
        labelled += stated_examples(site, tokenizer, config.stated, StatedConfig(seed=config.seed))
    return lessons_of(labelled, tokenizer) + served_lessons(site, tokenizer, config)


def served_lessons(site: BenchSite, tokenizer: Tokenizer, config: ListConfig) -> list[Lesson]:
    """``config.served`` lists as the site would show them, each for a visitor who had just been there.

    They say which site and query they are of, so that a teacher may look at both.
    """
    rng = np.random.default_rng([config.seed, 17])
    wardrobe = Wardrobe(site.recommender.adapter, tokenizer, rng)
    made: list[Lesson] = []
    for at in moments(site, 3 * config.served, rng):
        if len(made) == config.served:
            break
        query = _served(site, at, config, rng)
        if len(query.candidates or ()) < 2:
            continue
        query = structs.replace(query, task=wardrobe.task(rng))
        prompt = site.recommender.prompt(query, wardrobe.builder(rng), all_words=True)
        made.append(lesson_of(prompt, tokenizer, site=site.name, query=query))
    return made


def _served(site: BenchSite, at: int, config: ListConfig, rng: np.random.Generator) -> Query:
    """A visitor who was there lately, perhaps with a wish, and the list that they would be shown; shuffled."""
    lately = site.log.before(at).users[-200:]
    there = np.flatnonzero(site.first_touch < at)
    ids = site.log.catalog.ids
    words = ""
    if rng.random() < config.asking and len(there):
        words = site.recommender.item(ids[int(rng.choice(there))]).title
    query = Query(
        user=site.log.user_ids[int(rng.choice(lately))] if len(lately) else None,
        at=from_micros(at),
        k=config.most,
        instructions=words,
    )
    shown = [pick.item.id for pick in site.recommender.recommend(query, use_model=False).picks]
    room = round(config.strange * len(shown))
    strange = [ids[row] for row in rng.permutation(there)[: 2 * config.most] if ids[row] not in shown][:room]
    listed = shown[: len(shown) - len(strange)] + strange
    return structs.replace(query, candidates=tuple(listed[place] for place in rng.permutation(len(listed))))
