"""Cases in which a visitor says what they want, and each fitting item has a twin that does not fit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from brewlite.evaluation.suite.case import Case, Facet
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.limits import clear, drawn, keeps
from brewlite.evaluation.suite.stated.stock import Stock, rows_of, stock_of
from brewlite.evaluation.suite.stated.twins import Pair, like_the_twins, nearest_pairs, shuffled
from brewlite.evaluation.suite.stated.wish import Kind, Wish, wishes
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.records import Query

HISTORY = 5
"""Items of a history that says the opposite of the words."""
READ = 260
"""Characters of an item's wording that reach a model within the default budget, about."""
_TURNS: dict[str, tuple[Kind, ...]] = {
    "want": ("want",),
    "refusal": ("refusal",),
    "combination": ("both", "but not"),
    "either": ("want", "want", "refusal"),
}


def steered(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Requests about attributes that ``least`` to ``most`` of the items have, with ``pairs`` pairs each.

    ``asked``: ``want``, ``refusal``, ``combination`` or ``either``. ``against``: the visitor's history holds only
    items that the words refuse. ``languages``: separated by spaces.
    """
    stock, options = stock_of(site), task.options
    made: list[Case] = []
    for wish in _in_turn(task, stock, rng):
        pairs = _pairs_of(wish, stock, int(options.get("pairs", 4)), rng)
        if len(pairs) < 3:
            continue
        history = _against(wish, stock, pairs) if options.get("against") else ()
        made.append(_case(task, stock, wish, pairs, history, rng))
        if len(made) == count:
            break
    return made


def limited(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Requests with a limit on a typed field; the twin is as like as can be, and beyond the limit."""
    stock = stock_of(site)
    made: list[Case] = []
    for limit in drawn(stock, rng):
        kept, sure = keeps(limit, stock), clear(limit, stock)
        fitting, others = rows_of(kept & sure), rows_of(~kept & sure)
        pairs = nearest_pairs(stock, fitting, others, int(task.options.get("pairs", 4)), rng)
        if len(pairs) >= 3:
            facets: dict[str, Facet] = {
                "request": "limit",
                "attribute": limit.name,
                "share": round(float(kept.mean()), 3),
            }
            made.append(case_of_pairs(task, stock, limit.words, pairs, rng, {**facets, "language": "en"}))
        if len(made) == count:
            break
    return made


def _in_turn(task: SuiteTask, stock: Stock, rng: np.random.Generator) -> Iterator[Wish]:
    """Wishes of each kind that the task asks for, in turn, until none of them has any left."""
    options = task.options
    least, most = float(options.get("least", 0.0)), float(options.get("most", 1.0))
    languages = str(options.get("languages", "en")).split()
    turns = [wishes(stock, kind, rng, least, most, languages) for kind in _TURNS[str(options["asked"])]]
    while turns:
        for source in tuple(turns):
            wish = next(source, None)
            if wish is None:
                turns.remove(source)
            else:
                yield wish


def _pairs_of(wish: Wish, stock: Stock, count: int, rng: np.random.Generator) -> list[Pair]:
    """The most alike pairs; where two things are asked for, as many twins lack the one as the other."""
    fitting, failing = wish.fitting(stock), wish.failing(stock)
    if wish.kind not in ("both", "but not"):
        return nearest_pairs(stock, rows_of(fitting), rows_of(failing), count, rng)
    lacks_first = failing & (stock.states(wish.wanted[0]) == -1)
    pairs = nearest_pairs(stock, rows_of(fitting), rows_of(lacks_first), count // 2, rng)
    used = {row for pair in pairs for row in pair}
    rest = np.array([row for row in rows_of(fitting) if row not in used], dtype=np.int64)
    return pairs + nearest_pairs(stock, rest, rows_of(failing & ~lacks_first), count - len(pairs), rng)


def _against(wish: Wish, stock: Stock, pairs: list[Pair]) -> tuple[tuple[str, str], ...]:
    """A history of the items most like the twins, all of which the words refuse."""
    action = stock.site.recommender.adapter.tasks[0].action
    rows = like_the_twins(stock, rows_of(wish.failing(stock)), pairs, HISTORY)
    return tuple((stock.items[row].id, action) for row in rows)


def _case(
    task: SuiteTask,
    stock: Stock,
    wish: Wish,
    pairs: list[Pair],
    history: tuple[tuple[str, str], ...],
    rng: np.random.Generator,
) -> Case:
    about = (*wish.wanted, *wish.refused)
    facets: dict[str, Facet] = {
        "request": wish.kind,
        "attribute": wish.name,
        "share": round(min(stock.share(attribute) for attribute in about), 3),
        "language": wish.language,
        "readable": round(_readable(wish, stock, pairs), 2),
    }
    return case_of_pairs(task, stock, wish.words, pairs, rng, facets, history)


def case_of_pairs(
    task: SuiteTask,
    stock: Stock,
    words: str,
    pairs: list[Pair],
    rng: np.random.Generator,
    facets: dict[str, Facet],
    history: tuple[tuple[str, str], ...] = (),
) -> Case:
    """The case of one request by an anonymous visitor, the items of the pairs in random order."""
    ids = [item.id for item in stock.items]
    candidates = tuple(ids[row] for row in shuffled(pairs, rng))
    query = Query(instructions=words, at=stock.at, candidates=candidates, history=history or None)
    return Case(
        key=key_of(task, stock, query),
        site=stock.site.name,
        visitor=f"{stock.site.name}/{words}",
        query=query,
        pairs=tuple((ids[fits], ids[twin]) for fits, twin in pairs),
        facets={**facets, "history": float(len(history))},
    )


def key_of(task: SuiteTask, stock: Stock, query: Query) -> str:
    """The same for the same question, whatever other cases there are."""
    asked = "|".join((query.instructions, *(query.candidates or ())))
    return f"{stock.site.name}/{task.name}/{zlib.crc32(asked.encode()):08x}"


def _readable(wish: Wish, stock: Stock, pairs: list[Pair]) -> float:
    """Share of the pairs in which what is asked for, or refused, stands in what a model reads of the item."""
    describe = stock.site.recommender.adapter.describe
    attribute = wish.wanted[0] if wish.wanted else wish.refused[0]
    rows = [fits if wish.wanted else twin for fits, twin in pairs]
    return float(np.mean([attribute.mentions.search(describe(stock.items[row])[:READ]) is not None for row in rows]))
