"""A site's items as columns: which have an attribute, which clearly lack it, and how alike any two are."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from brewlite.evaluation.log import DAY, UNDATED, Floats, Ints, Mask, catalog_of, from_micros, to_micros
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.attribute import Attribute
from brewlite.evaluation.suite.stated.homes import HOMES
from brewlite.evaluation.suite.stated.tags import tagged
from brewlite.evaluation.suite.stated.topics import TOPICS
from brewlite.evaluation.suite.stated.work import TERMS, WORK, employers, places
from brewlite.records import FieldValue, Item
from brewlite.retrieval import Catalog

NO_LOG = datetime(2024, 9, 1, tzinfo=UTC)
"""The moment asked about where a site has neither events nor dates."""
WINDOW_DAYS = 60
NUMBERS = ("price", "guests", "bedrooms", "beds", "bathrooms", "minimum_nights", "score", "answers")
CATEGORIES = ("place", "type", "building", "room_type", "company", "industry", "employment")
CARELESS = ("tags", "industry")
IMPLIES = 0.3
"""A tag of whose items this share also have the attribute nearly says it: items with the tag are no twins."""
FAR = 3.0
"""Standard deviations at which a difference counts no more."""
_WORD = re.compile(r"[^\W\d_]{3,}")


class Stock:
    """The items of one site that can be asked about at :attr:`at`."""

    def __init__(self, site: BenchSite) -> None:
        self.site = site
        self.items: list[Item] = [item for item in site.recommender.store.items() if not item.hidden]
        self.at = self._moment()
        self.items = [item for item in self.items if item.expires is None or item.expires > self.at]
        self.row = {item.id: row for row, item in enumerate(self.items)}
        self._states: dict[str, Ints] = {}
        self._held: dict[str, Mask] = {}
        self._fields: dict[str, list[list[str]]] = {}

    def _moment(self) -> datetime:
        """After the cut, and after the newest item came: then all are there."""
        created = catalog_of(self.items).created
        dated = created[created != UNDATED]
        latest = [int(dated.max())] if len(dated) else []
        latest += [self.site.cut] if len(self.site.columns.rows) else []
        return from_micros(max(latest)) + timedelta(hours=1) if latest else NO_LOG

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """All that can be asked for on this site."""
        kind = self.site.data.kind
        if kind == "listings":
            return HOMES
        if kind == "posts":
            return (*TOPICS, *tagged(self.items))
        return (*WORK, *TERMS, *places(self.items), *employers(self.items))

    @cached_property
    def known(self) -> dict[str, list[str]]:
        """What the site's fields really hold: see :meth:`Catalog.known_values`."""
        recommender = self.site.recommender
        return Catalog(recommender.store, recommender.adapter, "").refresh().known_values()

    @cached_property
    def texts(self) -> list[str]:
        """Everything said about each item: title, text, place and fields."""
        return [
            " \n ".join((item.title, item.text, item.place or "", *(_said(value) for value in item.fields.values())))
            for item in self.items
        ]

    def states(self, attribute: Attribute) -> Ints:
        """(I,) 1: has it in its field; -1: lacks it there and mentions it nowhere; 0: neither is sure.

        Tags and branches are given carelessly: of an item that has it by those its text must say so too.
        """
        if attribute.key not in self._states:
            self._states[attribute.key] = self._state_of(attribute)
        return self._states[attribute.key]

    def _state_of(self, attribute: Attribute) -> Ints:
        held, said = self.held(attribute), attribute.mentions
        known = np.array([_is_told(row, attribute) for row in self._values(attribute.field)], dtype=np.bool_)
        mentions = np.array([said.search(text) is not None for text in self.texts], dtype=np.bool_)
        hinted = self._hinted(held) if attribute.field == "tags" else np.zeros(len(held), dtype=np.bool_)
        sure = held if attribute.field not in CARELESS else held & self._says(said)
        return np.where(sure, 1, np.where(held | mentions | hinted | ~known, 0, -1)).astype(np.int64)

    def _says(self, pattern: re.Pattern[str]) -> Mask:
        """(I,) whether the item's own words, not its fields, match."""
        return np.array([pattern.search(f"{it.title} \n {it.text}") is not None for it in self.items], dtype=np.bool_)

    def _hinted(self, held: Mask) -> Mask:
        """(I,) whether a tag of the item mostly goes with the attribute."""
        total: dict[str, int] = {}
        both: dict[str, int] = {}
        tags = self._values("tags")
        for row, has in zip(tags, held, strict=True):
            for tag in row:
                total[tag] = total.get(tag, 0) + 1
                both[tag] = both.get(tag, 0) + int(has)
        telling = {tag for tag, count in total.items() if both[tag] >= max(2.0, IMPLIES * count)}
        return np.array([not telling.isdisjoint(row) for row in tags], dtype=np.bool_)

    def share(self, attribute: Attribute) -> float:
        """Share of all items that have it."""
        return float(self.held(attribute).mean())

    def held(self, attribute: Attribute) -> Mask:
        """(I,) which items have it in its field."""
        if attribute.key not in self._held:
            rows = self._values(attribute.field)
            self._held[attribute.key] = np.array([any(map(attribute.has.search, row)) for row in rows], dtype=np.bool_)
        return self._held[attribute.key]

    def _values(self, field: str) -> list[list[str]]:
        if field not in self._fields:
            self._fields[field] = [values_of(item, field) for item in self.items]
        return self._fields[field]

    def distances(self, rows: Ints, others: Ints) -> Floats:
        """(R, O) how unlike items are: numbers, age and demand in standard deviations, categories, words and tags."""
        gaps = np.abs(self._numbers[rows][:, None, :] - self._numbers[others][None, :, :])
        numbers = np.where(np.isnan(gaps), 1.0, np.minimum(gaps, FAR)).mean(axis=2)
        differ = self._categories[rows][:, None, :] != self._categories[others][None, :, :]
        words = 1.0 - np.asarray((self._words[rows] @ self._words[others].T).todense())
        result: Floats = numbers + differ.mean(axis=2) + 1.5 * words
        return result

    @cached_property
    def _numbers(self) -> Floats:
        """(I, F) standardised, nan where unknown: fields, tags, age, liking events of the last 60 days."""
        columns = [[_log(item.fields.get(name)) for item in self.items] for name in NUMBERS]
        columns.append(
            [math.log1p(sum(len(v) for v in item.fields.values() if isinstance(v, list))) for item in self.items]
        )
        columns.append([math.log1p(len(text)) for text in self.texts])
        columns += [self._ages.tolist(), np.log1p(self.demand).tolist()]
        filled = [np.array(column) for column in columns if np.isfinite(column).any() and np.nanstd(column) > 0]
        scaled = [(column - np.nanmean(column)) / np.nanstd(column) for column in filled]
        return np.stack(scaled, axis=1) if scaled else np.zeros((len(self.items), 1))

    @cached_property
    def _ages(self) -> Floats:
        """(I,) log days since creation, nan where not known."""
        created = catalog_of(self.items).created
        days = (to_micros(self.at) - np.where(created == UNDATED, 0, created)) / DAY
        return np.where(created == UNDATED, np.nan, np.log1p(np.maximum(days, 0.0)))

    @cached_property
    def demand(self) -> Floats:
        """(I,) liking events of the last 60 days."""
        counts = np.zeros(len(self.items))
        columns, at = self.site.columns, to_micros(self.at)
        weights = {action.name: action.weight for action in self.site.recommender.adapter.actions}
        for item, action, moment in zip(columns.items, columns.actions, columns.at, strict=True):
            if at - WINDOW_DAYS * DAY <= moment < at and weights.get(action, 0.5) > 0 and item in self.row:
                counts[self.row[item]] += 1
        return counts

    @cached_property
    def _categories(self) -> Ints:
        """(I, C) numbers that stand for values; those that only some items have differ from none."""
        columns = []
        for name in CATEGORIES:
            values = ["|".join(values_of(item, name)) for item in self.items]
            columns.append(np.unique(values, return_inverse=True)[1])
        return np.stack(columns, axis=1).astype(np.int64)

    @cached_property
    def _words(self) -> csr_matrix:
        """(I, W) rows of length 1: words of the title, and tags, rare ones counting more."""
        bags = [set(_WORD.findall(item.title.casefold())) | set(values_of(item, "tags")) for item in self.items]
        for bag, item in zip(bags, self.items, strict=True):
            bag |= {f"#{tag}" for tag in values_of(item, "amenities")}
        counts: dict[str, int] = {}
        for bag in bags:
            for word in bag:
                counts[word] = counts.get(word, 0) + 1
        column = {word: place for place, word in enumerate(sorted(counts))}
        rows = [row for row, bag in enumerate(bags) for _ in bag]
        names = [word for bag in bags for word in sorted(bag)]
        weight = [math.log(1 + len(bags) / counts[name]) for name in names]
        matrix = csr_matrix((weight, (rows, [column[name] for name in names])), shape=(len(bags), max(len(column), 1)))
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return csr_matrix(matrix.multiply(1 / np.maximum(length, 1e-9)[:, None]))


@lru_cache(maxsize=16)
def stock_of(site: BenchSite) -> Stock:
    """The items of ``site``, read once."""
    return Stock(site)


def values_of(item: Item, field: str) -> list[str]:
    """What the item holds under ``field``, or its place; empty when nothing."""
    value = item.place if field == "place" else item.fields.get(field)
    if value is None or value == "":
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _said(value: FieldValue) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _log(value: FieldValue | None) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return math.log1p(max(float(value), 0.0)) if number and value is not None else math.nan  # type: ignore[arg-type]


def _is_told(values: Sequence[str], attribute: Attribute) -> bool:
    """Whether an item with these values of the attribute's field, and no other sign of it, lacks it."""
    if not values or not attribute.known:
        return not attribute.known
    return not (attribute.unsaid and any(re.search(attribute.unsaid, value, re.IGNORECASE) for value in values))


def rows_of(mask: Mask | Sequence[bool]) -> Ints:
    """Positions at which ``mask`` is true."""
    return np.flatnonzero(np.asarray(mask))
