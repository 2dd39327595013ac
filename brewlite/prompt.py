"""What the model reads: a prefix with the visitor, and one text per candidate.

    instruction · note · profile · the visitor's words · context · history or examples · question     the prefix
    candidate · answer cue                                                                            once each

Published work found raw counts almost unread by language models and percentiles read well, so numbers arrive as
words with their place in the catalog. Text from items and visitors is data: it is cut to a budget, loses sentences
that talk to the model, and is tokenized as plain text, so that a control token in it is only characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from msgspec import Struct

from brewlite.adapter import Adapter
from brewlite.harmless import harmless, one_line, without_orders
from brewlite.ranker import ANSWER_CUE, Tokenizer
from brewlite.records import RankingPrompt, Task
from brewlite.retrieval import Deed, Moment, Visitor
from brewlite.retrieval.catalog import Floats
from brewlite.retrieval.neighbours import Example


class PromptConfig(Struct, frozen=True, kw_only=True):
    """Token budgets of the prompt's parts."""

    profile_tokens: int = 64
    words_tokens: int = 128
    context_tokens: int = 48
    note_tokens: int = 64
    history_tokens: int = 256
    history_item_tokens: int = 28
    example_count: int = 3
    candidate_tokens: int = 64
    """Of each candidate, with its answer cue."""
    percentile_window_days: float = 60.0
    """The window of "wanted lately"."""


class Section(Struct, frozen=True, kw_only=True):
    """One part of the prefix, for people."""

    name: str
    text: str
    tokens: int


class PromptPreview(Struct, frozen=True, kw_only=True):
    """Exactly what the model reads, with token counts."""

    sections: tuple[Section, ...]
    candidates: tuple[Section, ...]
    """``name`` is the item's id."""
    prefix_tokens: int
    candidate_tokens: int


class PromptBuilder:
    """Turns a visitor and candidates into token ids."""

    def __init__(self, tokenizer: Tokenizer, adapter: Adapter, config: PromptConfig | None = None) -> None:
        self.tokenizer = tokenizer
        self.adapter = adapter
        self.config = config or PromptConfig()
        # Most texts come again with the next request; tokenizing them costs more than looking them up.
        self._encode = lru_cache(maxsize=100_000)(lambda text: tuple(tokenizer.encode(text)))

    def build(
        self, visitor: Visitor, task: Task, examples: Sequence[Example], rows: Sequence[int], moment: Moment
    ) -> RankingPrompt:
        """The prompt for the candidates at catalog ``rows``, in their order."""
        prefix = [ids for _, ids in self._prefix(visitor, task, examples, moment)]
        return RankingPrompt(
            prefix=tuple(id_ for ids in prefix for id_ in ids), candidates=tuple(self._candidates(rows, moment))
        )

    def preview(
        self, visitor: Visitor, task: Task, examples: Sequence[Example], rows: Sequence[int], moment: Moment
    ) -> PromptPreview:
        """The same ids as :meth:`build`, decoded for people."""
        sections = self._prefix(visitor, task, examples, moment)
        candidates = self._candidates(rows, moment)
        return PromptPreview(
            sections=tuple(self._section(name, ids) for name, ids in sections),
            candidates=tuple(
                self._section(moment.catalog.items[row].id, ids) for row, ids in zip(rows, candidates, strict=True)
            ),
            prefix_tokens=sum(len(ids) for _, ids in sections),
            candidate_tokens=sum(map(len, candidates)),
        )

    def _section(self, name: str, ids: tuple[int, ...]) -> Section:
        return Section(name=name, text=self.tokenizer.decode(ids), tokens=len(ids))

    def _prefix(
        self, visitor: Visitor, task: Task, examples: Sequence[Example], moment: Moment
    ) -> list[tuple[str, tuple[int, ...]]]:
        """The prefix's parts in order; empty ones left out."""
        config = self.config
        profile = "; ".join(f"{key}: {value}" for key, value in visitor.profile.items())
        context = "; ".join(f"{key}: {value}" for key, value in visitor.context.items())
        noun = self.adapter.noun
        parts = [
            ("instruction", self._capped(task.instruction or f"Judge whether a {noun} suits a visitor.", "", 128)),
            ("note", self._capped(task.note, "\nThe site's owner stresses: ", config.note_tokens)),
            ("profile", self._capped(profile, "\nAbout the visitor: ", config.profile_tokens)),
            ("words", self._capped(visitor.words, "\nThe visitor says: ", config.words_tokens)),
            ("context", self._capped(context, "\nRight now: ", config.context_tokens)),
            ("history", self._history(visitor.history, moment)),
            ("examples", self._examples(examples, moment) if not visitor.history else ()),
            ("question", self._encode(f"\n{task.question} Answer yes or no.")),
        ]
        return [(name, ids) for name, ids in parts if ids]

    def _capped(self, text: str, label: str, tokens: int) -> tuple[int, ...]:
        """``label`` and ``text``, the text cut to ``tokens``; nothing without text."""
        line = one_line(text)
        return self._encode(label) + self._encode(line)[:tokens] if line else ()

    def _history(self, history: Sequence[Deed], moment: Moment) -> tuple[int, ...]:
        """The newest deeds that the budget holds, oldest first, dislikes at most half of them."""
        lines: list[tuple[int, ...]] = []
        left, disliked_left = self.config.history_tokens, self.config.history_tokens // 2
        for deed, times in _merged(history):
            ids = self._deed(deed.row, deed.action.phrase + (f" {times} times" if times > 1 else ""), moment)
            disliked = deed.action.weight < 0
            if disliked and len(ids) > disliked_left:
                continue
            if len(ids) > left:
                break
            lines.append(ids)
            left -= len(ids)
            disliked_left -= len(ids) if disliked else 0
        label = self._encode("\nWhat the visitor did before, oldest first:")
        return label + tuple(id_ for ids in reversed(lines) for id_ in ids) if lines else ()

    def _deed(self, row: int, phrase: str, moment: Moment) -> tuple[int, ...]:
        text = self.adapter.describe(harmless(moment.catalog.items[row]), moment, short=True)
        return self._encode(f"\n- {phrase}: ") + self._encode(one_line(text))[: self.config.history_item_tokens]

    def _examples(self, examples: Sequence[Example], moment: Moment) -> tuple[int, ...]:
        ids: tuple[int, ...] = ()
        for example in examples:
            says = self._capped(without_orders(example.words), "\n- wanted ", 24)
            ids += says + self._deed(example.row, example.phrase, moment)
        label = self._encode("\nWhat visitors with similar words went on to choose:")
        return label + ids if ids else ()

    def _candidates(self, rows: Sequence[int], moment: Moment) -> list[tuple[int, ...]]:
        """Each candidate: how new and wanted it is now, what it is, and the cue; at most the budget."""
        cue = self._encode(ANSWER_CUE)
        noun = self.adapter.noun.capitalize()
        lately = _percentiles(moment.popularity(self.config.percentile_window_days), moment)
        prompts = []
        for row in rows:
            text = self.adapter.describe(harmless(moment.catalog.items[row]), moment)
            now = standing_words(float(moment.age_days[row]), float(lately[row]))
            head = self._encode(f"\n{noun} ({now}): " if now else f"\n{noun}: ")
            body = self._encode(one_line(text))
            prompts.append((head + body)[: self.config.candidate_tokens - len(cue)] + cue)
        return prompts


def standing_words(age_days: float, percentile: float) -> str:
    """How new and how wanted, in words; ``percentile`` is the share (0 to 100) of items less wanted."""
    words = []
    if np.isfinite(age_days):
        words.append(_age_words(age_days))
    if percentile >= 10:
        words.append(f"lately more wanted than {int(percentile // 10 * 10)}%")
    elif percentile >= 0:
        words.append("hardly wanted lately")
    return ", ".join(words)


def _age_words(days: float) -> str:
    if days < 1:
        return "new today"
    units = ((14, 1.0, "day"), (60, 7.0, "week"), (730, 30.44, "month"), (np.inf, 365.25, "year"))
    length, unit = next((length, unit) for limit, length, unit in units if days < limit)
    count = int(days // length)
    return f"{count} {unit}{'s' if count != 1 else ''} old"


def _percentiles(counts: Floats, moment: Moment) -> Floats:
    """Share (0 to 100) of the items there with a lower count, (N,); -1 everywhere when nothing was liked lately."""
    there = np.sort(counts[moment.exists])
    if not len(there) or there[-1] <= 0:
        return np.full(len(counts), -1.0, dtype=np.float32)
    return (100.0 * np.searchsorted(there, counts, side="left") / len(there)).astype(np.float32)


def _merged(history: Sequence[Deed]) -> list[tuple[Deed, int]]:
    """Newest first, a repeated (item, action) once with its count, at the place of its newest."""
    counts: dict[tuple[int, str], int] = {}
    newest: dict[tuple[int, str], Deed] = {}
    for deed in reversed(history):
        key = (deed.row, deed.action.name)
        counts[key] = counts.get(key, 0) + 1
        newest.setdefault(key, deed)
    return [(deed, counts[key]) for key, deed in newest.items()]
