"""Which words of a request carry its meaning: those without which it would say something else to the items.

"My heart is set on somewhere with a vineyard view": a list of words that people ask with
(:mod:`brewlite.wishes.asking`) knows some of these and never all. So each word is left out in turn (occlusion: Zeiler
and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014). One without which the sentence's vector
is nearly what it was, and the site's items lie nearly as they did about it, is not looked up.
"""

from __future__ import annotations

import math

import numpy as np

from brewlite.retrieval.catalog import Catalog, Floats
from brewlite.retrieval.encoder import Encoder
from brewlite.retrieval.lexicon import WORD, Lexicon, said_words, values_of, words_of

LITTLE = (0.3, 0.2)
"""Of what the weightiest word does to the sentence, and to the items: a word that does less to both says nothing.
Found on made-up requests about real items (lab notes)."""
LITTLE_OF_VALUES = (0.1, 0.05)
"""The same for a word that stands in some item's place, category or tags: what items are told apart by is meant."""
REMEMBERED = 256
"""Texts whose words are kept: a visitor's come again with every page."""
MOST = 48
"""Of a text of more words all count: a letter is no request."""
SAMPLE = 4096
"""Items whose cosines are compared, at most."""


class MeantWords:
    """Reads the words of a request that say what is asked for, in the form that items' words have.

    Args:
        encoder: of the catalog's vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._values = Lexicon(lambda text: [word for line in text.split("\n") for word in _value_words(line)])
        self._catalog: Catalog | None = None
        self._judged: Floats | None = None
        """The catalog's vectors when it was last looked at."""
        self._around: Floats = np.zeros((0, 1), dtype=np.float32)
        """(S, D) items about their middle."""
        self._known: dict[str, list[str]] = {}

    def refresh(self, catalog: Catalog) -> None:
        """Judge by the items of ``catalog`` from now on. Costs nothing until something is asked."""
        self._catalog = catalog

    def __call__(self, text: str) -> list[str]:
        """As :func:`said_words`, without those that say nothing to the items. Never none where these are some."""
        if self._catalog is None:
            return said_words(text)
        if self._catalog.vectors is not self._judged:
            self._look(self._catalog)
        if text not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[text] = self._meant(text)
        return self._known[text]

    def _look(self, catalog: Catalog) -> None:
        self._values.refresh(catalog.items, lambda item: values_of(item, catalog.adapter))
        sample = catalog.vectors[:: max(1, math.ceil(len(catalog.vectors) / SAMPLE))]
        self._around = sample - sample.mean(axis=0) if len(sample) else sample
        self._judged, self._known = catalog.vectors, {}

    def _meant(self, text: str) -> list[str]:
        words = list(dict.fromkeys(said_words(text)))
        if not 1 < len(words) <= MOST or min(self._around.shape) < 2:
            return words
        vectors = self._encoder.encode([text, *(_without(text, word) for word in words)])
        moved = np.stack([_moved(vectors.T), _moved(self._around @ vectors.T)])  # (2, W)
        named = self._values.counts(words) > 0
        least = np.where(named, np.transpose([LITTLE_OF_VALUES]), np.transpose([LITTLE]))
        keep = (moved >= least * moved.max(axis=1, keepdims=True)).any(axis=0)
        return [word for word, kept in zip(words, keep, strict=True) if kept]


def _moved(columns: Floats) -> Floats:
    """(M, 1 + W) -> (W,): one less the cosine of the first column with each of the others."""
    lengths = np.maximum(np.linalg.norm(columns, axis=0), 1e-12)
    moved: Floats = np.maximum(1.0 - (columns[:, 1:].T @ columns[:, 0]) / (lengths[1:] * lengths[0]), 0.0)
    return moved


def _without(text: str, word: str) -> str:
    """``text`` in which ``word``, in the form that items' words have, does not stand."""
    return WORD.sub(lambda found: "" if words_of(found.group()) == [word] else found.group(), text)


def _value_words(line: str) -> list[str]:
    """The words of a value, of a line of :func:`values_of`."""
    return words_of(line.partition("=")[2])
