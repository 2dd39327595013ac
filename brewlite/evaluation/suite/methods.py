"""The methods of the suite: brewlite, its parts, and the baselines, all asked the same queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from brewlite.evaluation.baselines import Method, Scorer
from brewlite.evaluation.log import Ints, to_micros
from brewlite.evaluation.splits import Moment, candidates, moment_of
from brewlite.evaluation.suite.case import Answer
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.site import BenchSite
from brewlite.prompt import PromptConfig
from brewlite.ranker import Floats as Floats32
from brewlite.ranker import Ranker, Scores, Tokenizer
from brewlite.recommender import Recommender, Weighed
from brewlite.records import Query, RankingPrompt

Part = Literal["all", "first", "llm"]


class Ours:
    """brewlite through :meth:`Recommender.weigh` and :meth:`Recommender.order`, or one part of it.

    Args:
        name: see :class:`SuiteMethod`.
        label: see :class:`SuiteMethod`.
        part: ``all``; ``first`` the first stage alone; ``llm`` the language model alone.
        ranker: asked instead of the site's.
    """

    reads_words = True

    def __init__(self, name: str, label: str, part: Part, ranker: Ranker | None = None) -> None:
        self.name = name
        self.label = label
        self.part = part
        self._ranker = ranker
        self._own: dict[tuple[str, int], Recommender] = {}
        """Recommenders that ask that ranker, by site and by which of the site's they are like."""

    def why_not(self, site: BenchSite) -> str | None:
        """It was opened without a language model."""
        if self.part != "first" and self._ranker is None and site.recommender.model_name is None:
            return "no language model"
        return None

    def answer(self, query: Query, site: BenchSite, prompt: PromptConfig | None = None) -> Answer | None:
        """See :class:`SuiteMethod`."""
        recommender = site.asked_with(prompt, query.at)
        if self._ranker is not None:
            key = (site.name, id(recommender))
            if key not in self._own:
                self._own[key] = recommender.with_config(recommender.config, self._ranker)
            recommender = self._own[key]
        if query.candidates is None:
            return self._whole(query, recommender, site)
        ranker = recommender.ranker() if self.part != "first" else None
        read = ranker.read_candidates if isinstance(ranker, KeptScores) else -1
        weighed = recommender.weigh(query, use_model=self.part != "first")
        kept = isinstance(ranker, KeptScores) and ranker.read_candidates == read
        return self._answer(weighed, recommender, kept)

    def _answer(self, weighed: Weighed, recommender: Recommender, kept: bool) -> Answer | None:
        scores, told = weighed.scores, weighed.scores is not None
        if self.part == "llm":
            if scores is None:
                return None
            log_odds = scores.log_odds.astype(np.float64)
            ordered, probability = log_odds, 1 / (1 + np.exp(-log_odds))
        else:
            probability = weighed.blended.probability()
            ordered = np.where(weighed.fits, weighed.blended.score, -np.inf)
        return Answer(
            ids=weighed.ids,
            scores=ordered,
            log_odds=scores.log_odds.astype(np.float64) if scores is not None else None,
            probability=probability,
            prefix_tokens=scores.prefix_tokens if scores is not None else 0,
            candidate_tokens=scores.candidate_tokens if scores is not None else 0,
            seconds=weighed.timing["total"] / 1000,
            kept=kept and told,
        )

    def _whole(self, query: Query, recommender: Recommender, site: BenchSite) -> Answer | None:
        """Over the very candidates of the baselines; those that the site would not show, all behind."""
        if self.part == "llm":
            return None
        ordering = recommender.order(query, use_model=self.part == "all")
        rank = {id_: rank for rank, id_ in enumerate(ordering.ids)}
        catalog = site.log.catalog.ids
        ids = tuple(catalog[row] for row in rows_for(query, site, moment_for(query, site)))
        return Answer(ids=ids, scores=-np.array([rank.get(id_, np.inf) for id_ in ids], dtype=np.float64))


class Classic:
    """A baseline: fitted on what brewlite may learn from, and shown only what was known at the moment."""

    def __init__(self, name: str, label: str, reads_words: bool) -> None:
        self.name = name
        self.label = label
        self.reads_words = reads_words
        self._methods: dict[str, Method] = {}
        self._fitted: dict[tuple[str, int], Scorer | None] = {}
        """By site and by the cut before which it learned; None: there is too little before it."""

    def add(self, site: str, method: Method) -> None:
        """``method`` answers on ``site``."""
        self._methods[site] = method

    def why_not(self, site: BenchSite) -> str | None:
        """See :meth:`Method.why_not`."""
        if site.name not in self._methods:
            return "the site has no log"
        return self._methods[site.name].why_not(site.log.before(site.cut))

    def answer(self, query: Query, site: BenchSite, prompt: PromptConfig | None = None) -> Answer | None:
        """See :class:`SuiteMethod`."""
        # Moments before the validation part are asked about by training alone, where no baseline is.
        until = site.learned_until(query.at) or site.validation_cut
        if (site.name, until) not in self._fitted:
            method, past = self._methods[site.name], site.log.before(until)
            self._fitted[site.name, until] = method.fit(past) if method.why_not(past) is None else None
        fitted = self._fitted[site.name, until]
        if fitted is None:
            return None
        moment = moment_for(query, site)
        scores = fitted.scores(moment)
        rows = rows_for(query, site, moment)
        ids = query.candidates or tuple(site.log.catalog.ids[row] for row in rows)
        return Answer(ids=ids, scores=scores[rows].astype(np.float64))


class OneAtATime:
    """A cross-encoder's way: a pass of its own over the whole prompt for every candidate. The same scores, slower.

    Only over a ranker of torch (one with a ``model``).
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker.ranker if isinstance(ranker, KeptScores) else ranker
        self.name = f"{ranker.name}-one-at-a-time"
        self.model: Any = getattr(self.ranker, "model", None)  # kept scores are told apart by it and its type
        self.dtype: Any = getattr(self.ranker, "dtype", "")

    @property
    def tokenizer(self) -> Tokenizer:
        """The ranker's."""
        return self.ranker.tokenizer

    @property
    def max_length(self) -> int:
        """The ranker's."""
        return self.ranker.max_length

    @property
    def advice(self) -> dict[str, Any]:
        """The ranker's."""
        return self.ranker.advice

    def score(self, prompt: RankingPrompt) -> Scores:
        """Scores of every candidate, in order; label mass is not read (1)."""
        from brewlite.ranker.reference import one_at_a_time
        from brewlite.ranker.torch_ranker import TorchRanker

        assert isinstance(self.ranker, TorchRanker)
        log_odds = one_at_a_time(self.ranker, prompt)
        return Scores(
            log_odds=log_odds,
            label_mass=np.ones(len(log_odds), dtype=np.float32),
            prefix_tokens=len(prompt.prefix),
            reused_tokens=0,
            candidate_tokens=sum(map(len, prompt.candidates)),
        )

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats32:
        """(N,) float32 log-odds of texts."""
        return self.ranker.score_texts(prefix, candidates)


def moment_for(query: Query, site: BenchSite) -> Moment:
    """What a baseline may know about ``query``; a history that comes with the query replaces the logged one."""
    assert query.at is not None, "queries of the suite name their moment"
    user = site.user_row.get(query.user, -1) if query.user is not None else -1
    moment = moment_of(site.log, user, to_micros(query.at), query.instructions)
    if query.history is None:
        return moment
    weights = {action.name: action.weight for action in site.recommender.adapter.actions}
    seen = np.array([site.row[item] for item, _ in query.history], dtype=np.int64)
    liked = [site.row[item] for item, action in query.history if weights.get(action, 0.5) > 0]
    return msgspec.structs.replace(moment, seen=seen, history=np.array(list(dict.fromkeys(liked)), dtype=np.int64))


def rows_for(query: Query, site: BenchSite, moment: Moment) -> Ints:
    """Catalog rows of the query's candidates, or of all that could be shown."""
    if query.candidates is not None:
        return np.array([site.row[id_] for id_ in query.candidates], dtype=np.int64)
    return np.flatnonzero(candidates(site.log, moment, site.first_touch))
