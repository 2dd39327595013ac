"""Which words an item's text holds: the part of a wish, or of a history, that a sentence vector blurs.

A vector of a whole text says what the text is like as a whole; "by the river" is three words of eighty. The share of
the wish's words that stand in the text, rare words counting more, is the usual complement (hybrid retrieval).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from brewlite.adapter import Adapter
from brewlite.records import Item
from brewlite.retrieval.events import Floats, Ints
from brewlite.wishes.asking import ASKING

FEATURES = 2**18
"""Buckets that words are hashed into: no vocabulary to fit, so items can come and go."""
COMMON = 0.7
"""Share of the items beyond which a word tells nothing."""
WORD = re.compile(r"[^\W_]{3,}")


class Lexicon:
    """The words of every item, kept up to date item by item.

    Args:
        reader: parts an item's text into words.
        said: the words of a request that say what is asked for, in the form that ``reader`` gives them.
    """

    def __init__(
        self, reader: Callable[[str], list[str]] | None = None, said: Callable[[str], list[str]] | None = None
    ) -> None:
        self._reader, self._said = reader or words_of, said or said_words
        self._items: list[Item] = []
        self._held: Any = None
        """(N, FEATURES) sparse, 1 where an item holds a word."""
        self._columns: Any = None
        self._unit: Any = None
        """(N, FEATURES) the same, rare words counting more, in rows of length 1; made when it is first asked for."""
        self._rarity: Any = None
        """(FEATURES,) of BM25, and ``_brevity`` (N,); likewise."""
        self._brevity: Any = None

    def refresh(self, items: list[Item], wording: Callable[[Item], str]) -> Lexicon:
        """Read the items that are new or changed; ``items`` are the catalog's rows."""
        if items is self._items:
            return self
        self._unit = self._rarity = self._brevity = None
        if not items:
            self._items, self._held = items, None
            return self
        from scipy import sparse

        before = {item.id: row for row, item in enumerate(self._items)}
        kept = [before.get(item.id, -1) for item in items]
        kept = [row if row >= 0 and self._items[row] == item else -1 for row, item in zip(kept, items, strict=True)]
        fresh = self._read([wording(item) for row, item in zip(kept, items, strict=True) if row < 0])
        pool = fresh if self._held is None else sparse.vstack([self._held, fresh], format="csr")
        count = len(self._items)
        added = iter(range(count, count + fresh.shape[0]))
        self._held = pool[[row if row >= 0 else next(added) for row in kept]]
        self._columns = self._held.tocsc()
        self._items = items
        return self

    def coverage(self, wish: str) -> Floats:
        """(N,) float32 in [0, 1]: the share of the wish's words in each item, weighted by their rarity."""
        if self._held is None:
            return np.zeros(0, dtype=np.float32)
        wanted = np.unique(_hashed([self._said(wish)], list).indices)
        if not len(wanted):
            return np.zeros(len(self._items), dtype=np.float32)
        held = self._columns[:, wanted]
        counts = np.asarray(held.sum(axis=0)).ravel()
        # A word that no item holds tells items apart no more than one that all hold.
        weights = np.where(counts > 0, np.log1p(len(self._items) / np.maximum(counts, 1.0)), 0.0)
        share: Floats = np.asarray(held @ weights).ravel().astype(np.float32) / max(float(weights.sum()), 1e-9)
        return share

    def telling(self, *texts: str) -> list[str]:
        """The words of ``texts`` that some items hold, but not nearly all; the rarest first."""
        if self._held is None:
            return []
        words = list(dict.fromkeys(word for text in texts for word in self._said(text)))
        counts = dict(zip(words, self.counts(words).tolist(), strict=True))
        return sorted((w for w in words if 0 < counts[w] <= COMMON * len(self._items)), key=lambda w: (counts[w], w))

    def counts(self, words: Sequence[str]) -> Ints:
        """(W,) how many items hold each of ``words``."""
        if self._held is None:
            return np.zeros(len(words), dtype=np.int64)
        buckets = [_hashed([[word]], list).indices for word in words]
        return np.array([int(self._columns[:, bucket].sum()) for bucket in buckets], dtype=np.int64)

    def likeness(self, rows: Ints) -> Floats:
        """(N,) float32 in [0, 1]: the mean cosine to the items ``rows`` (H,), rare words counting more (tf-idf).

        One of ``rows`` is not compared with itself.
        """
        if self._held is None or not len(rows):
            return np.zeros(len(self._items), dtype=np.float32)
        if self._unit is None:
            self._unit = _unit_rows(self._held)
        mean = np.asarray(self._unit[rows].sum(axis=0), dtype=np.float32).ravel() / len(rows)
        cosines: Floats = self._unit @ mean
        cosines[rows] -= 1.0 / len(rows)
        return np.maximum(cosines, 0.0)

    def match(self, rows: Ints) -> Floats:
        """(N,) float32: BM25 of every item for the words of the items ``rows`` (H,), over H.

        Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; k1 = 1.5, b = 0.75. A
        word counts once for each of ``rows`` that holds it, and once in the item.
        """
        if self._held is None or not len(rows):
            return np.zeros(len(self._items), dtype=np.float32)
        if self._rarity is None:
            self._rarity, self._brevity = _bm25(self._held)
        asked = np.asarray(self._held[rows].sum(axis=0), dtype=np.float32).ravel() * self._rarity / len(rows)
        matched: Floats = self._held @ asked
        # One of the rows is not compared with itself.
        matched[rows] -= np.asarray(self._held[rows] @ self._rarity).ravel() / len(rows)
        matched *= self._brevity
        return matched

    def _read(self, texts: Sequence[str]) -> Any:
        return _hashed(texts, self._reader)


def words_of(text: str) -> list[str]:
    """The telling words of ``text``, without case and a plural's s."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = (word.removesuffix("s") for word in WORD.findall(text.casefold()) if word not in ENGLISH_STOP_WORDS)
    return [word for word in words if len(word) > 2]


def said_words(wish: str) -> list[str]:
    """The words of ``wish`` that say what is asked for; all of them where none does."""
    words = words_of(wish)
    return [word for word in words if word not in ASKING] or words


def values_of(item: Item, adapter: Adapter) -> str:
    """The item's place, and the values of its categories and tags, one a line: words of their own kind."""
    lines = [f"place={item.place}"] if item.place else []
    for field in adapter.fields:
        value = item.fields.get(field.name)
        if field.type in ("category", "tags") and value is not None:
            lines += [f"{field.name}={one}" for one in (value if isinstance(value, list) else [value])]
    return "\n".join(lines)


def _hashed(texts: Sequence[Any], reader: Callable[[Any], list[str]]) -> Any:
    """(T, FEATURES) sparse, 1 where ``reader`` finds a word in a text."""
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return sparse.csr_matrix((0, FEATURES), dtype=np.float32)
    vectorizer = HashingVectorizer(
        n_features=FEATURES, analyzer=reader, norm=None, alternate_sign=False, binary=True, dtype=np.float32
    )
    return vectorizer.transform(texts)


def _unit_rows(held: Any) -> Any:
    from scipy import sparse

    counts = np.asarray(held.sum(axis=0)).ravel()
    rarity = np.log1p(held.shape[0] / np.maximum(counts, 1.0)).astype(np.float32)
    weighted = held.copy()
    weighted.data = rarity[weighted.indices]
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale = sparse.diags((1.0 / np.maximum(lengths, 1e-9)).astype(np.float32))
    return (scale @ weighted).tocsr()


def _bm25(held: Any) -> tuple[Floats, Floats]:
    """The rarity of each word (FEATURES,), and what an item's length makes of a match (N,)."""
    counts = np.asarray(held.sum(axis=0)).ravel()
    lengths = np.asarray(held.sum(axis=1)).ravel()
    rarity = np.log1p((held.shape[0] - counts + 0.5) / (counts + 0.5))
    brevity = 2.5 / (1.0 + 1.5 * (0.25 + 0.75 * lengths / max(float(lengths.mean()), 1e-9)))
    return rarity.astype(np.float32), brevity.astype(np.float32)
