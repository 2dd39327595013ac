"""Asking every method about every case, each question once."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext

import msgspec

from brewlite.evaluation.suite.case import Answer, Case, SuiteMethod
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.site import BenchSite
from brewlite.prompt import PromptConfig
from brewlite.records import Query

REMEMBERED_SCORES = 20_000_000
"""Numbers that are remembered at most: 160 MB."""


class Desk:
    """Asks methods, and remembers what they answered: tasks that share a question share the answer."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, bytes], Answer | None] = OrderedDict()
        self._held = 0

    def ask(self, method: SuiteMethod, case: Case, site: BenchSite, fresh: bool = False) -> Asked | None:
        """The case with the method's answers; None when it has none. ``fresh``: no score kept on disk is used."""
        answer = self._answer(method, case.query, site, case.prompt, fresh)
        if answer is None:
            return None
        other = None
        if case.other is not None or case.other_prompt is not None:
            query = case.other if case.other is not None else case.query
            other = self._answer(method, query, site, case.other_prompt, fresh)
            if other is None:
                return None
        return Asked(case, answer, other, site)

    def _answer(
        self, method: SuiteMethod, query: Query, site: BenchSite, prompt: PromptConfig | None, fresh: bool
    ) -> Answer | None:
        key = (method.name, site.name, msgspec.msgpack.encode((query, prompt, fresh)))
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        with _measured(site) if fresh else nullcontext():
            answer = method.answer(query, site, prompt)
        self._answers[key] = answer
        self._held += _size(answer)
        while self._held > REMEMBERED_SCORES:
            self._held -= _size(self._answers.popitem(last=False)[1])
        return answer


def _measured(site: BenchSite) -> AbstractContextManager[None]:
    ranker = site.recommender.ranker() if site.recommender.model_name is not None else None
    return ranker.fresh() if isinstance(ranker, KeptScores) else nullcontext()


def _size(answer: Answer | None) -> int:
    return 1 if answer is None else 1 + 3 * len(answer.ids)
