"""Parts for the tests of programs that use brewlite: real, small and deterministic."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from brewlite.adapter_contract import AdapterContract as AdapterContract
from brewlite.errors import BadRecord
from brewlite.ranker import Floats, Scores, Tokenizer, check_prompt, prompt_of_texts
from brewlite.records import RankingPrompt


class WordTokenizer:
    """A token is a word or a mark with the space before it. Decoding gives back the text, character for character."""

    _PIECES = re.compile(r" ?\w+| ?[^\w\s]|\s")

    def __init__(self) -> None:
        self._pieces: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._lock = threading.Lock()

    def encode(self, text: str) -> list[int]:
        """Ids of the words of ``text``: a hash of the word, so that an id means the same in every process."""
        return [self._id(piece) for piece in self._PIECES.findall(text)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ``ids``. Raises BadRecord for an id that this tokenizer never gave."""
        if unknown := [id_ for id_ in ids if id_ not in self._pieces]:
            raise BadRecord(f"token id {unknown[0]} is not one of the {len(self._pieces)} that this tokenizer gave")
        return "".join(self._pieces[id_] for id_ in ids)

    def _id(self, piece: str) -> int:
        with self._lock:
            if piece not in self._ids:
                id_ = zlib.crc32(piece.encode()) & 0x7FFFFFFF
                while id_ in self._pieces:
                    id_ += 1
                self._ids[piece] = id_
                self._pieces[id_] = piece
            return self._ids[piece]


class FakeRanker:
    """A ranker without a model: a candidate scores by the share of its words that the prefix holds too.

    Words count from three letters, without case. Log-odds run from -3 (no word shared) to 3 (all shared). A score
    depends on nothing but the prefix and the candidate itself, as with a real ranker.
    """

    def __init__(self, name: str = "fake", max_length: int = 8192, label_mass: float = 1.0) -> None:
        self.name = name
        self.max_length = max_length
        self.advice: dict[str, Any] = {}
        self.tokenizer: Tokenizer = WordTokenizer()
        self._label_mass = label_mass

    def score(self, prompt: RankingPrompt) -> Scores:
        """Scores of every candidate, in order. Raises BadRecord for an empty or too long prompt."""
        check_prompt(prompt, self.max_length)
        wanted = _words(self.tokenizer.decode(prompt.prefix))
        offered = [_words(self.tokenizer.decode(ids)) for ids in prompt.candidates]
        shares = [len(words & wanted) / len(words) if words else 0.0 for words in offered]
        return Scores(
            log_odds=6 * np.asarray(shares, dtype=np.float32) - 3,
            label_mass=np.full(len(shares), self._label_mass, dtype=np.float32),
            prefix_tokens=len(prompt.prefix),
            reused_tokens=0,
            candidate_tokens=sum(map(len, prompt.candidates)),
        )

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats:
        """(N,) float32 log-odds of texts, as :meth:`score`."""
        return self.score(prompt_of_texts(self.tokenizer, prefix, candidates)).log_odds


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w{3,}", text.casefold()) if word != "answer"}
