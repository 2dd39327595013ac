"""Examples of visitors who say what they want: programs over real attributes, with exact labels.

A visitor is drawn as a program: something wanted, refused, or hoped for, one thing or two, and perhaps a second
sentence about another. Which items answer it follows from their fields. Attributes and wordings are those that the
suite does not ask about (``stated.split``), and moments lie before the validation part.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from msgspec import Struct, structs

from brewlite.evaluation.log import NEVER, Floats, Ints, Mask, from_micros
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.stock import Stock, rows_of, stock_of
from brewlite.evaluation.suite.stated.twins import nearest_pairs
from brewlite.evaluation.suite.stated.wish import Kind, Wish, wishes
from brewlite.ranker import Tokenizer
from brewlite.records import Query
from brewlite.training.dress import Wardrobe
from brewlite.training.examples import history_of, moments
from brewlite.training.fit import Example


class StatedConfig(Struct, frozen=True, kw_only=True):
    """How visitors are drawn. Shares are of all examples."""

    kinds: tuple[Kind, ...] = ("want", "want", "refusal", "refusal", "both", "but not", "hope")
    """What is asked, in turn; what stands twice comes twice as often."""
    pairs: int = 5
    """Most pairs of an item that answers and a like one that does not."""
    abroad: float = 0.2
    """Speak German, French or Spanish."""
    second: float = 0.25
    """Say a second thing, which orders the items that answer the first."""
    with_history: float = 0.5
    """Have a history, that of a real visitor, which the words may contradict."""
    least: float = 0.005
    most: float = 0.7
    """Share of the items that have the attribute."""
    seed: int = 0


def stated_examples(
    site: BenchSite, tokenizer: Tokenizer, count: int, config: StatedConfig | None = None
) -> list[Example]:
    """At most ``count`` examples, every kind of program in turn; fewer where the site's attributes are talked out."""
    config = config or StatedConfig()
    rng = np.random.default_rng([config.seed, 11])
    wardrobe = Wardrobe(site.recommender.adapter, tokenizer, rng)
    return list(islice(_drawn(site, wardrobe, config, rng), count))


def _drawn(site: BenchSite, wardrobe: Wardrobe, config: StatedConfig, rng: np.random.Generator) -> Iterator[Example]:
    stock = stock_of(site)
    came = np.array([site.first_touch[site.row[item.id]] if item.id in site.row else NEVER for item in stock.items])
    for wish in _programs(stock, config, rng):
        (at,) = moments(site, 1, rng, since=2 / 3)  # late: most items are there by then
        rows, gains = _slate(wish, stock, came < at, config, rng)
        if len(rows) < 4 or not any(gains):
            continue
        words = wish.words
        if rng.random() < config.second and (more := _second(wish, stock, rows, gains, config, rng)) is not None:
            words, gains = f"{words} {more[0]}", more[1]
        ids = tuple(stock.items[row].id for row in rows)
        query = _query(site, at, words, ids, config, rng)
        query = structs.replace(query, task=wardrobe.task(rng))
        yield Example(prompt=site.recommender.prompt(query, wardrobe.builder(rng), all_words=True), gains=tuple(gains))


def _programs(stock: Stock, config: StatedConfig, rng: np.random.Generator) -> Iterator[Wish]:
    """Wishes of every kind and language in turn, again and again in other wordings, until there are no more."""
    languages = ("de", "fr", "es")
    sources: list[Iterator[Wish]] = []
    for kind in config.kinds:
        sources.append(wishes(stock, kind, rng, config.least, config.most, kept_out=False))
    foreign = [wishes(stock, kind, rng, config.least, config.most, languages, False) for kind in ("want", "refusal")]
    while sources or foreign:
        abroad = bool(foreign) and (not sources or rng.random() < config.abroad)
        pool = foreign if abroad else sources
        source = pool.pop(0)
        wish = next(source, None)
        if wish is not None:
            pool.append(source)
            yield wish


def _slate(
    wish: Wish, stock: Stock, there: Mask, config: StatedConfig, rng: np.random.Generator
) -> tuple[Ints, list[float]]:
    """Rows, shuffled, and their gains: items that answer beside their twins; sometimes plain others too.

    ``there`` (I,): which items could be shown at the moment; else all would be new, and wanted by nobody.
    """
    fitting, failing = wish.fitting(stock) & there, wish.failing(stock) & there
    pairs = nearest_pairs(stock, rows_of(fitting), rows_of(failing), int(rng.integers(2, config.pairs + 1)), rng)
    good, bad = [fits for fits, _ in pairs], [twin for _, twin in pairs]
    if rng.random() < 0.5:  # a list as it is served: few answer, most are nothing like them
        good = good[: int(rng.integers(1, 3))]
        others = [int(row) for row in rng.permutation(rows_of(failing))[:6] if row not in bad]
        bad = bad + others
    rows = rng.permutation(np.array(good + bad, dtype=np.int64))
    gain = 0.6 if wish.kind == "hope" else 1.0
    return rows, [gain if row in set(good) else 0.0 for row in rows.tolist()]


def _second(
    wish: Wish, stock: Stock, rows: Ints, gains: list[float], config: StatedConfig, rng: np.random.Generator
) -> tuple[str, list[float]] | None:
    """Another sentence, of which the items know more or less: what keeps both counts double. None: nothing suits."""
    kind: Kind = "refusal" if rng.random() < 0.5 else "want"
    used = {attribute.key for attribute in (*wish.wanted, *wish.refused)}
    for other in islice(wishes(stock, kind, rng, 0.02, config.most, kept_out=False), 12):
        if used & {attribute.key for attribute in (*other.wanted, *other.refused)}:
            continue
        fits: Floats = other.fitting(stock)[rows].astype(float)
        first = np.array(gains) > 0
        if 0 < fits[first].sum() < first.sum():
            return other.words, [gain * (2.0 if fit else 0.5) for gain, fit in zip(gains, fits, strict=True)]
    return None


def _query(
    site: BenchSite, at: int, words: str, ids: tuple[str, ...], config: StatedConfig, rng: np.random.Generator
) -> Query:
    """The words, said at ``at``, with a real visitor's history or without any."""
    query = Query(instructions=words, at=from_micros(at), candidates=ids, history=())
    if rng.random() >= config.with_history:
        return query
    before = site.log.before(at).users
    user = site.log.user_ids[int(before[rng.integers(len(before))])] if len(before) else None
    known = history_of(site, structs.replace(query, user=user, history=None))
    return structs.replace(query, history=known[-int(rng.integers(1, 9)) :])
