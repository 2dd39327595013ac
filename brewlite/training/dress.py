"""The same question in many dresses: budgets, the order of an item's facts, how the question is worded.

A model that always reads one form learns the form. What the suite paraphrases with is not used here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from brewlite.adapter import Adapter, FieldAdapter
from brewlite.prompt import PromptBuilder, PromptConfig
from brewlite.ranker import Tokenizer
from brewlite.records import Task
from brewlite.retrieval.lexicon import Lexicon

PLAIN = 0.4
"""Share of the prompts that are written just as a site's own are."""
DROPPED = 0.15
"""Share of an item's fields that a dress leaves out."""
_CONFIGS = (
    PromptConfig(candidate_tokens=48),
    PromptConfig(history_tokens=128, candidate_tokens=40),
    PromptConfig(history_tokens=160, history_policy="relevant", candidate_tokens=48),
    PromptConfig(history_tokens=128, history_policy="weighted", candidate_tokens=40),
    PromptConfig(history_item_tokens=20, candidate_tokens=48),
    PromptConfig(history_events=6, candidate_tokens=80),
)
_QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "realestate": (
        ("Does this listing suit the visitor?", "Say whether a listing is right for a visitor of this site."),
        ("Should this listing be shown to this visitor first?", "Put the homes that suit a visitor before the others."),
        ("Is this the one the visitor takes?", "Some of these homes suit the visitor, most do not."),
        ("Would this visitor be glad to have found this home?", ""),
    ),
    "jobs": (
        ("Does this job suit the visitor?", "Say whether a job is right for a visitor of this site."),
        ("Should this job be shown to this visitor first?", "Put the jobs that suit a visitor before the others."),
        ("Is this a job the visitor wants to know more about?", "Judge each job by the work, the place and the terms."),
        ("Would this visitor be glad to have found this job?", ""),
    ),
    "posts": (
        ("Does this post suit the visitor?", "Say whether a post is right for a visitor of this site."),
        ("Should this post be shown to this visitor first?", "Put the posts that suit a visitor before the others."),
        ("Is this a subject the visitor takes part in?", "Judge each post by its subject and the visitor's interests."),
        ("Would this visitor be glad to have found this post?", ""),
    ),
}  # fmt: skip
"""Adapter's name -> (question, instruction): what may be asked instead of the adapter's own tasks."""


class Wardrobe:
    """Builders of prompts for one site, of which each example is given one.

    Args:
        adapter: the site's; its facts are reordered where it is made of declared fields.
        tokenizer: the student's.
        rng: draws the dresses.
        count: of dresses beside the plain one.
    """

    def __init__(self, adapter: Adapter, tokenizer: Tokenizer, rng: np.random.Generator, count: int = 8) -> None:
        lexicon = Lexicon()
        self.plain = PromptBuilder(tokenizer, adapter, lexicon=lexicon)
        self._adapter = adapter
        self._others = [
            PromptBuilder(tokenizer, reordered(adapter, rng), _CONFIGS[number % len(_CONFIGS)], lexicon)
            for number in range(count)
        ]

    def builder(self, rng: np.random.Generator) -> PromptBuilder:
        """The plain one, or any of the others."""
        if not self._others or rng.random() < PLAIN:
            return self.plain
        return self._others[rng.integers(len(self._others))]

    def task(self, rng: np.random.Generator) -> Task:
        """The adapter's first task, or another question with the same answer."""
        first = self._adapter.tasks[0]
        wordings = _QUESTIONS.get(self._adapter.name, ())
        if not wordings or rng.random() < PLAIN:
            return first
        question, instruction = wordings[rng.integers(len(wordings))]
        return structs.replace(first, question=question, instruction=instruction)


def reordered(adapter: Adapter, rng: np.random.Generator) -> Adapter:
    """``adapter`` with its fields in another order and some of them left unsaid; itself where it has none declared."""
    if not isinstance(adapter, FieldAdapter):
        return adapter
    fields = [adapter.fields[place] for place in rng.permutation(len(adapter.fields))]
    said = rng.random(len(fields)) >= DROPPED
    kept: Sequence[object] = [
        field if is_said else structs.replace(field, worded=False) for field, is_said in zip(fields, said, strict=True)
    ]
    return structs.replace(adapter, fields=tuple(kept))
