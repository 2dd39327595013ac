"""From a visitor and candidates to token ids."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from brewlite.adapter import Adapter
from brewlite.errors import BadSettings
from brewlite.harmless import harmless, one_line, without_orders
from brewlite.prompt.asked import MOST_MENTIONED, asked_words
from brewlite.prompt.history import HISTORY_POLICIES, likeness, merged
from brewlite.prompt.standing import percentiles, standing_words
from brewlite.ranker import ANSWER_CUE, Tokenizer
from brewlite.records import RankingPrompt, Task
from brewlite.retrieval import Deed, Moment, Visitor
from brewlite.retrieval.catalog import Floats
from brewlite.retrieval.lexicon import Lexicon
from brewlite.retrieval.neighbours import Example


class PromptConfig(Struct, frozen=True, kw_only=True):
    """Token budgets of the prompt's parts. Raises BadSettings for a history policy that does not exist."""

    profile_tokens: int = 64
    words_tokens: int = 128
    context_tokens: int = 48
    note_tokens: int = 64
    history_policy: str = "newest"
    """``newest``, ``relevant``, ``balanced`` or ``weighted``: see HISTORY_POLICIES."""
    history_events: int = 200
    """Most lines of the history; what was done repeatedly with one item is one line. 0: none."""
    history_tokens: int = 256
    history_item_tokens: int = 28
    example_count: int = 3
    candidate_tokens: int = 64
    """Of each candidate, with its answer cue."""
    percentile_window_days: float = 60.0
    """The window of "wanted lately"."""

    def __post_init__(self) -> None:
        if self.history_policy not in HISTORY_POLICIES:
            near = difflib.get_close_matches(self.history_policy, HISTORY_POLICIES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            known = ", ".join(HISTORY_POLICIES)
            raise BadSettings(f"prompt.history_policy is {self.history_policy!r}: {hint}Known: {known}")
        for name in self.__struct_fields__:
            least = 16 if name == "candidate_tokens" else 0
            if name.endswith("_tokens") and getattr(self, name) < least:
                raise BadSettings(f"prompt.{name} is {getattr(self, name)}: give at least {least}")
        if self.history_events < 0:
            raise BadSettings(f"prompt.history_events is {self.history_events}: give 0 for no history, or more")


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
    unread: str = ""
    """What the visitor said, where it puts no two candidates apart and so is not in the prompt."""


class PromptBuilder:
    """Turns a visitor and candidates into token ids.

    Args:
        tokenizer: the ranker's.
        adapter: tells of items.
        config: the budgets.
        lexicon: of the same catalog, where several builders share one.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        adapter: Adapter,
        config: PromptConfig | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.adapter = adapter
        self.config = config or PromptConfig()
        self._lexicon = lexicon or Lexicon()
        # Most texts come again with the next request; tokenizing them costs more than looking them up.
        self._encode = lru_cache(maxsize=100_000)(lambda text: tuple(tokenizer.encode(text)))

    def build(
        self,
        visitor: Visitor,
        task: Task,
        examples: Sequence[Example],
        rows: Sequence[int],
        moment: Moment,
        wish: Floats | None = None,
    ) -> RankingPrompt:
        """The prompt for the candidates at catalog ``rows``, in their order.

        ``wish`` (N,) says how alike each item is to what the visitor asks for now; None or zeros: nothing is asked.
        """
        prefix = [ids for _, ids in self._prefix(visitor, task, examples, rows, moment, wish)]
        return RankingPrompt(
            prefix=tuple(id_ for ids in prefix for id_ in ids),
            candidates=tuple(self._candidates(rows, moment, visitor)),
        )

    def preview(
        self,
        visitor: Visitor,
        task: Task,
        examples: Sequence[Example],
        rows: Sequence[int],
        moment: Moment,
        wish: Floats | None = None,
    ) -> PromptPreview:
        """The same ids as :meth:`build`, decoded for people."""
        sections = self._prefix(visitor, task, examples, rows, moment, wish)
        candidates = self._candidates(rows, moment, visitor)
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
        self,
        visitor: Visitor,
        task: Task,
        examples: Sequence[Example],
        rows: Sequence[int],
        moment: Moment,
        wish: Floats | None,
    ) -> list[tuple[str, tuple[int, ...]]]:
        """The prefix's parts in order; empty ones left out."""
        config = self.config
        profile, context = _told(visitor.profile), _told(visitor.context)
        noun = self.adapter.noun
        parts = [
            ("instruction", self._capped(task.instruction or f"Judge whether a {noun} suits a visitor.", "", 128)),
            ("note", self._capped(task.note, "\nThe site's owner stresses: ", config.note_tokens)),
            ("profile", self._capped(profile, "\nAbout the visitor: ", config.profile_tokens)),
            ("words", self._capped(without_orders(visitor.words), "\nThe visitor says: ", config.words_tokens)),
            ("context", self._capped(context, "\nRight now: ", config.context_tokens)),
            ("history", self._history(visitor.history, rows, moment, wish)),
            ("examples", self._examples(examples, moment) if not visitor.history else ()),
            ("question", self._encode(f"\n{task.question} Answer yes or no.")),
        ]
        return [(name, ids) for name, ids in parts if ids]

    def _capped(self, text: str, label: str, tokens: int) -> tuple[int, ...]:
        """``label`` and ``text``, the text cut to ``tokens``; nothing without text."""
        line = one_line(text)
        return self._encode(label) + self._encode(line)[:tokens] if line else ()

    def _history(
        self, history: Sequence[Deed], rows: Sequence[int], moment: Moment, wish: Floats | None
    ) -> tuple[int, ...]:
        """The deeds that the policy puts first and the budget holds, oldest first, dislikes at most half of them."""
        lines = merged(history)
        kept: dict[int, tuple[int, ...]] = {}
        left, disliked_left = self.config.history_tokens, self.config.history_tokens // 2
        for place in HISTORY_POLICIES[self.config.history_policy](lines, likeness(lines, rows, moment, wish)):
            deed, times = lines[place].deed, lines[place].times
            ids = self._deed(deed.row, deed.action.phrase, moment, times)
            disliked = deed.action.weight < 0
            if disliked and len(ids) > disliked_left:
                continue
            if len(ids) > left or len(kept) == self.config.history_events:
                break
            kept[place] = ids
            left -= len(ids)
            disliked_left -= len(ids) if disliked else 0
        label = self._encode("\nWhat the visitor did before, oldest first:")
        return label + tuple(id_ for place in sorted(kept, reverse=True) for id_ in kept[place]) if kept else ()

    def _deed(self, row: int, phrase: str, moment: Moment, times: int = 1) -> tuple[int, ...]:
        text = self.adapter.describe(harmless(moment.catalog.items[row]), moment, short=True)
        # An action that the adapter does not know is a word of whoever sent the event.
        phrase = one_line(without_orders(phrase)) + (f" {times} times" if times > 1 else "")
        return self._encode(f"\n- {phrase}: ") + self._encode(one_line(text))[: self.config.history_item_tokens]

    def _examples(self, examples: Sequence[Example], moment: Moment) -> tuple[int, ...]:
        ids: tuple[int, ...] = ()
        for example in examples:
            says = self._capped(without_orders(example.words), "\n- wanted ", 24)
            ids += says + self._deed(example.row, example.phrase, moment)
        label = self._encode("\nWhat visitors with similar words went on to choose:")
        return label + ids if ids else ()

    def _candidates(self, rows: Sequence[int], moment: Moment, visitor: Visitor) -> list[tuple[int, ...]]:
        """Each candidate: how new and wanted it is, what it has of the visitor's words, what it is, and the cue."""
        cue = self._encode(ANSWER_CUE)
        noun = self.adapter.noun.capitalize()
        lately = percentiles(moment.popularity(self.config.percentile_window_days), moment)
        wanted = self._telling(moment, visitor.wish, visitor.interests)
        unwanted = self._telling(moment, visitor.unwanted)
        prompts = []
        for row in rows:
            item = harmless(moment.catalog.items[row])
            standing = standing_words(float(moment.age_days[row]), float(lately[row]))
            for most in range(MOST_MENTIONED, 0, -1):
                now = "; ".join(filter(None, (standing, asked_words(item, wanted, unwanted, most))))
                head = self._encode(f"\n{noun} ({now}): " if now else f"\n{noun}: ")
                if 2 * len(head) <= self.config.candidate_tokens:
                    break  # the other half is for what the item is
            body = self._encode(one_line(self.adapter.describe(item, moment)))
            prompts.append((head + body)[: self.config.candidate_tokens - len(cue)] + cue)
        return prompts

    def _telling(self, moment: Moment, *said: str) -> list[str]:
        """The words of what is ``said`` that tell the site's items apart."""
        if not any(text.strip() for text in said):
            return []
        return self._lexicon.refresh(moment.catalog.items, moment.catalog.said).telling(*said)


def _told(said: Mapping[str, str]) -> str:
    """What a caller tells by name; the names are the site's own, the values may be anybody's."""
    return "; ".join(f"{key}: {without_orders(str(value))}" for key, value in said.items())
