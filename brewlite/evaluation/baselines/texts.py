"""BM25 over the items' texts, by the library ``bm25s``: the query is the history, or the visitor's words.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, as Lucene computes it, with the
usual ``k1`` 1.5 and ``b`` 0.75. Lù, "BM25S", 2024. The text of an item is that of today.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brewlite.evaluation.baselines.rules import or_lately, popularity_lately
from brewlite.evaluation.log import Catalog, EventLog, Floats
from brewlite.evaluation.splits import Moment
from brewlite.evaluation.suite.extra import need

NEWEST = 20
"""Liked items whose texts make up a query."""


class Bm25History:
    """The items whose texts share telling words with those of the newest liked items."""

    name = "bm25-history"
    label = "BM25, history"
    reads_words = False

    def __init__(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        self._ids = ids
        self._texts = texts

    def why_not(self, past: EventLog) -> str | None:
        """The items have no words."""
        return _no_words(self._texts)

    def fit(self, past: EventLog) -> _HistoryScorer:
        """A scorer over the catalog of ``past``. Raises ExtraMissing without the library."""
        return _HistoryScorer(Index(past.catalog, self._ids, self._texts))


class Bm25Request:
    """The items whose texts hold the words that the visitor says now."""

    name = "bm25-request"
    label = "BM25, request"
    reads_words = True

    def __init__(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        self._ids = ids
        self._texts = texts

    def why_not(self, past: EventLog) -> str | None:
        """The items have no words."""
        return _no_words(self._texts)

    def fit(self, past: EventLog) -> _RequestScorer:
        """A scorer over the catalog of ``past``. Raises ExtraMissing without the library."""
        return _RequestScorer(Index(past.catalog, self._ids, self._texts))


class Index:
    """The words of every item of ``catalog``, counted."""

    def __init__(self, catalog: Catalog, ids: Sequence[str], texts: Sequence[str]) -> None:
        text = dict(zip(ids, texts, strict=True))
        self.words: list[list[str]] = words_of([text.get(id, "") for id in catalog.ids])  # (I,)
        self._index: Any = need("bm25s").BM25(k1=1.5, b=0.75, method="lucene")
        self._index.index(self.words, show_progress=False)
        self._known = self._index.vocab_dict

    def scores(self, words: Sequence[str]) -> Floats:
        """(I,) the BM25 score of each item; a word said twice counts twice, one that no item has not at all."""
        known = [word for word in words if word and word in self._known]  # empty: of a text without words
        if not known:
            return np.zeros(len(self.words))
        return np.asarray(self._index.get_scores(known), dtype=np.float64)


class _HistoryScorer:
    def __init__(self, index: Index) -> None:
        self._index = index

    def scores(self, moment: Moment) -> Floats:
        """(I,) BM25 of the newest liked texts; popularity lately without a history."""
        query = [word for row in moment.history[-NEWEST:] for word in self._index.words[row]]
        return or_lately(self._index.scores(query), moment)


class _RequestScorer:
    def __init__(self, index: Index) -> None:
        self._index = index

    def scores(self, moment: Moment) -> Floats:
        """(I,) BM25 of the visitor's words; popularity lately where they say nothing, or nothing known."""
        if not moment.words:
            return popularity_lately(moment)
        return or_lately(self._index.scores(words_of([moment.words])[0]), moment)


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text in small letters, without English stop words."""
    tokens: list[list[str]] = need("bm25s").tokenize(
        list(texts), stopwords="en", return_ids=False, show_progress=False, allow_empty=False
    )
    return tokens


def _no_words(texts: Sequence[str]) -> str | None:
    return None if any(texts) else "the items have no texts"
