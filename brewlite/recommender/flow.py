"""The flow: a query becomes a visitor, candidates, a prompt, scores and a slate.

:class:`Recommender` is the one object that a site holds. ``recommend`` and ``rank`` write nothing; what writes says
so. Threads that share one take turns: a service gives it a worker thread of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import numpy as np
from msgspec import structs

from brewlite.adapter import Adapter, load_adapter
from brewlite.blend import Blend, Blended, LearnedBlend, ModelWeights, advised
from brewlite.checks import check_task
from brewlite.errors import BadSettings
from brewlite.policy import Policy
from brewlite.prompt import PromptBuilder, PromptPreview
from brewlite.ranker import Ranker, Scores, load_ranker
from brewlite.recommender.answers import Ordering, Weighed, put_back
from brewlite.recommender.config import RecommenderConfig
from brewlite.recommender.opening import named_model, site_adapter, site_ranker, utc_now
from brewlite.recommender.pace import Pace, Stopwatch
from brewlite.recommender.reasons import reasons
from brewlite.recommender.site_blend import SiteBlend
from brewlite.recommender.slate import assemble
from brewlite.recommender.visit import Reception, Visit
from brewlite.recommender.writing import Clock, Writing
from brewlite.records import Candidate, Query, RankingPrompt, Slate
from brewlite.retrieval import Catalog, Encoder, Retrieval, SentenceEncoder
from brewlite.retrieval.catalog import Ints
from brewlite.store import Store

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _in_turn(verb: Callable[Concatenate[Recommender, P], Answer]) -> Callable[Concatenate[Recommender, P], Answer]:
    """Let one thread at a time ask a recommender: they share its catalog, which a question may refresh."""

    @wraps(verb)
    def asked(self: Recommender, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        with self._turn:
            return verb(self, *args, **kwargs)

    return asked


class Recommender(Writing):
    """Ranks one site's catalog. Open it with :meth:`open`, close it when done."""

    def __init__(
        self,
        store: Store,
        adapter: Adapter,
        ranker: str | Ranker | None,
        encoder: Encoder | None,
        config: RecommenderConfig,
        clock: Clock,
        learned: LearnedBlend | None = None,
    ) -> None:
        self.store = store
        self.adapter = adapter
        self.encoder = encoder
        self.config = config
        self._ranker = ranker
        self._clock = clock
        self._catalog = Catalog(store, adapter, encoder.name if encoder is not None else "")
        self._learned = learned
        self._blend = SiteBlend(store, adapter, config.blend, learned)
        self._policy = Policy(config.policy)
        tasks = {task.name: task for task in (*adapter.tasks, *config.tasks)}
        retrieval = Retrieval(encoder, config.retrieval)
        self._reception = Reception(
            self._catalog,
            retrieval,
            self._blend,
            self._policy,
            list(tasks.values()),
            config.prompt.example_count,
            clock,
        )
        self._prompts: PromptBuilder | None = None
        self._pace = Pace()
        self._turn = threading.RLock()

    @classmethod
    def open(
        cls,
        db: str | Path,
        adapter: str | Path | Adapter | None = None,
        *,
        ranker: str | Ranker | None = "default",
        encoder: str | Encoder | None = "default",
        config: RecommenderConfig | None = None,
        clock: Clock | None = None,
    ) -> Recommender:
        """Open a site.

        Args:
            db: a path to an SQLite file, made if it is not there, or an SQLAlchemy URL.
            adapter: a built-in's or plugin's name, a TOML file, or an Adapter; None: the one the site was made with.
            ranker: ``"default"`` for the config's, a model's name or folder, a Ranker, or None for the first stage
                alone. A named model is loaded at the first request that needs it.
            encoder: likewise, for the sentence encoder; None: no text similarity.
            config: the stages' settings.
            clock: tells the time, aware of its zone.

        Raises:
            BadRecord: a task's question is too long for a prompt.
            BadSettings: no adapter is named, and the site has none yet or is not there.
            UnknownName: no adapter of that name.
            StoreError: the database cannot be used.
        """
        config = config or RecommenderConfig()
        said = load_adapter(adapter) if adapter is not None else None
        for task in (*(said.tasks if said is not None else ()), *config.tasks):
            check_task(task)  # before a database is made: one that is refused leaves none behind
        store = Store.open(db, create=said is not None)
        try:
            chosen = site_adapter(store, adapter)
            for task in chosen.tasks:
                check_task(task)
        except BaseException:
            store.close()
            raise
        if isinstance(ranker, str):
            ranker = site_ranker(store, ranker, config.ranker)
        if isinstance(encoder, str):
            name = named_model(encoder, config.encoder)
            encoder = SentenceEncoder(name, config.encoding) if name is not None else None
        return cls(store, chosen, ranker, encoder, config, clock or utc_now)

    def close(self) -> None:
        """Release the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @_in_turn
    def recommend(self, query: Query, *, use_model: bool = True) -> Slate:
        """The ``query.k`` best items for the visitor, chosen from all that may be shown.

        ``use_model=False`` gives the first stage's order, marked ``degraded``.

        Raises:
            BadRecord: the query holds a value that cannot be used.
            UnknownName: a task, candidate or history item that the site does not have.
            WeightsMissing: the model has not been pulled.
        """
        watch = Stopwatch()
        visit = self._reception.visit(query, watch)
        candidates = self._reception.candidates(visit, watch)
        blended = self._score(visit, candidates, watch, use_model)
        vectors = self._catalog.vectors[visit.rows(candidates)]
        order = self._policy.order(blended.score, vectors, query.k, np.random.default_rng(query.seed))
        return self._slate(visit, candidates, blended, order, watch)

    @_in_turn
    def rank(self, query: Query, *, use_model: bool = True) -> Slate:
        """All of ``query.candidates``, best first; those that break a hard limit of the visitor's stand last.

        Raises:
            BadRecord: no candidates, or one given twice.
            UnknownName: lists the candidates, or history items, that the site does not have.
        """
        watch = Stopwatch()
        visit = self._reception.visit(query, watch, pinned=True)
        candidates = [Candidate(item=id_) for id_ in query.candidates or ()]
        blended = self._score(visit, candidates, watch, use_model)
        rows = visit.rows(candidates)
        order = np.lexsort((rows, -blended.score, ~visit.fitting()[rows])).tolist()
        return self._slate(visit, candidates, blended, order, watch)

    @_in_turn
    def order(self, query: Query, *, use_model: bool = True) -> Ordering:
        """Everything that may be shown, without diversity: the model's candidates, then the first stage's order."""
        watch = Stopwatch()
        visit = self._reception.visit(query, watch)
        candidates = self._reception.candidates(visit, watch)
        blended = self._score(visit, candidates, watch, use_model)
        top, allowed = visit.rows(candidates), self._reception.allowed(visit)
        best_first = np.argsort(-blended.score, kind="stable")
        allowed[top] = False
        rest = np.flatnonzero(allowed)
        tie = np.random.default_rng(query.seed).random(len(rest))
        rest = rest[np.lexsort((tie, -visit.prior[rest]))]
        return Ordering(
            ids=[self._catalog.items[row].id for row in (*top[best_first], *rest)],
            scores=[float(s) for s in (*blended.score[best_first], *visit.prior[rest])],
            model_candidates=len(top) if blended.used_model else 0,
        )

    @_in_turn
    def weigh(self, query: Query, *, use_model: bool = True) -> Weighed:
        """Everything that :meth:`rank` knows of ``query.candidates``, before it is put in order. Raises as it does.

        Without candidates: everything that :meth:`recommend` knows of those that the first stage proposes.
        """
        watch = Stopwatch()
        visit = self._reception.visit(query, watch, pinned=query.candidates is not None)
        listed = [Candidate(item=id_) for id_ in query.candidates or ()]
        candidates = self._reception.candidates(visit, watch) if query.candidates is None else listed
        rows = visit.rows(candidates)
        scores, read = self._ask(visit, candidates, watch, use_model)
        return Weighed(
            ids=tuple(candidate.item for candidate in candidates),
            signals={name: getattr(visit.signals, name)[rows] for name in visit.signals.__struct_fields__},
            prior=visit.prior[rows],
            fits=visit.fitting()[rows],
            asked=read.weighing.asked,
            alike=visit.weighing.alike,
            scores=scores,
            blended=visit.blend.with_model(read.weighing, rows, scores, self._advised(visit.blend)),
            timing=watch.done(),
        )

    @_in_turn
    def similar(self, item: str, k: int = 10, at: datetime | None = None) -> Slate:
        """The ``k`` items most like ``item``, by text and by shared visitors; the model is not asked.

        Raises:
            UnknownName: the site has no such item.
        """
        self.item(item)
        watch = Stopwatch()
        liked = max(self.adapter.actions, key=lambda action: action.weight).name
        visit = self._reception.visit(Query(history=((item, liked),), k=k, at=at, exclude=(item,)), watch)
        text, shared = visit.signals.likeness, 0.2 * visit.signals.covisit
        weighing = structs.replace(visit.weighing, parts={"similarity": text, "covisit": shared})
        visit, alike = structs.replace(visit, weighing=weighing), weighing.prior
        rows = np.flatnonzero(self._reception.allowed(visit))
        rows = rows[np.argsort(-alike[rows], kind="stable")[:k]]
        candidates = [Candidate(item=self._catalog.items[row].id) for row in rows]
        blended = Blended(score=alike[rows].astype(float), model=np.zeros(len(rows)), used_model=False)
        why = [_likeness_in_words(float(text[row]), float(shared[row])) for row in rows]
        slate = assemble(visit, candidates, blended, range(len(rows)), why, watch.done(), model=None)
        return structs.replace(slate, model="similarity")

    @_in_turn
    def prompt(self, query: Query, builder: PromptBuilder | None = None, *, all_words: bool = False) -> RankingPrompt:
        """What the model reads for ``query.candidates``, in their order.

        Args:
            query: has candidates.
            builder: writes it instead of the site's.
            all_words: whether the visitor's words stand in it also where they put no two candidates apart.

        Raises as :meth:`rank`, and BadSettings where there is neither a builder nor a model to write for.
        """
        visit = self._reception.visit(query, Stopwatch(), pinned=True)
        rows = visit.moment.rows(query.candidates or ())
        visit = visit if all_words else self._reception.as_read(visit, rows)
        builder = builder or self._builder()
        return builder.build(
            visit.visitor, visit.task, visit.examples, rows.tolist(), visit.moment, visit.signals.asked
        )

    @_in_turn
    def preview(self, query: Query) -> PromptPreview:
        """What the model reads for :meth:`recommend`, with token counts."""
        visit = self._reception.visit(query, Stopwatch())
        candidates = self._reception.candidates(visit, Stopwatch())
        rows = visit.rows(candidates)
        read = self._reception.as_read(visit, rows)
        preview = self._builder().preview(
            read.visitor, read.task, read.examples, rows.tolist(), read.moment, read.signals.asked
        )
        return preview if read is visit else structs.replace(preview, unread=query.instructions)

    def ranker(self) -> Ranker:
        """The language model, loaded at the first call.

        Raises:
            WeightsMissing: it has not been pulled.
            BadSettings: this recommender was opened without one.
        """
        if self._ranker is None:
            raise BadSettings("opened without a language model (ranker none): name one to see or use its prompt")
        if isinstance(self._ranker, str):
            config = self.config
            self._ranker = load_ranker(self._ranker, device=config.device, dtype=config.dtype, threads=config.threads)
        return self._ranker

    def without_model(self) -> Recommender:
        """A second recommender over the same store, encoder and settings, with a catalog of its own and no model.

        For another thread: neither waits for the other.
        """
        return Recommender(self.store, self.adapter, None, self.encoder, self.config, self._clock, self._learned)

    def with_config(self, config: RecommenderConfig, ranker: Ranker | None = None) -> Recommender:
        """A second recommender over the same store, encoder and clock, with other settings, or another model."""
        if ranker is None and self._ranker is not None:
            ranker = self.ranker()
        return Recommender(self.store, self.adapter, ranker, self.encoder, config, self._clock, self._learned)

    def with_blend(self, learned: LearnedBlend) -> Recommender:
        """A second recommender over the same store and models that weighs by ``learned``, whatever the store keeps."""
        return Recommender(self.store, self.adapter, self._ranker, self.encoder, self.config, self._clock, learned)

    def now(self) -> datetime:
        """By the recommender's clock."""
        return self._clock()

    @property
    def learned_blend(self) -> LearnedBlend | None:
        """What the first stage weighs by; None: the shipped weights."""
        return self._blend.learned()

    def _slate(
        self, visit: Visit, candidates: Sequence[Candidate], blended: Blended, order: Sequence[int], watch: Stopwatch
    ) -> Slate:
        why = reasons(visit, visit.rows(candidates), blended, order, self._reception.retrieval.lexicon)
        return assemble(visit, candidates, blended, order, why, watch.done(), self.model_name)

    def _score(self, visit: Visit, candidates: Sequence[Candidate], watch: Stopwatch, use_model: bool) -> Blended:
        """First-stage scores of ``candidates``, and the model's part where it is wanted and the deadline allows."""
        rows = visit.rows(candidates)
        if use_model and self._counts_for_nothing(visit, rows):
            return structs.replace(visit.blend.with_model(visit.weighing, rows, None), unheard=True)
        scores, read = self._ask(visit, candidates, watch, use_model)
        return visit.blend.with_model(read.weighing, rows, scores, self._advised(visit.blend))

    def _counts_for_nothing(self, visit: Visit, rows: Ints) -> bool:
        """Whether the site has learned that the model adds nothing where nobody asks for anything, as here."""
        weights = self._advised(visit.blend) if 0.0 in visit.blend.shares.values() and len(rows) else None
        if weights is None or self.config.blend.model is not None:
            return False
        weighing = self._reception.as_read(visit, rows).weighing
        return weights.at(weighing.history, weighing.asked, weighing.alike) == 0.0

    def _ask(
        self, visit: Visit, candidates: Sequence[Candidate], watch: Stopwatch, use_model: bool
    ) -> tuple[Scores | None, Visit]:
        """The model's answers for ``candidates``, and the visit as it was read.

        No answers where they are not wanted or the deadline does not allow them.
        """
        if not use_model or self._ranker is None or not candidates:
            return None, visit
        rows = visit.rows(candidates)
        visit = self._reception.as_read(visit, rows)
        asked = np.argsort(-visit.prior[rows], kind="stable")[: self.config.max_model_candidates]
        ranker, asked_rows = self.ranker(), [int(row) for row in rows[asked]]
        prompt = self._builder().build(
            visit.visitor, visit.task, visit.examples, asked_rows, visit.moment, visit.signals.asked
        )
        watch.lap("prompt")
        if not self._pace.allows(prompt, visit.query.deadline_ms, watch.elapsed_ms()):
            return None, visit
        scores = ranker.score(prompt)
        self._pace.saw(prompt, watch.lap("model"))
        return put_back(scores, asked, len(candidates)), visit

    def _advised(self, blend: Blend) -> ModelWeights | None:
        """What the model counts for in ``blend``: as was learned with it, and the site's share of that.

        None: nothing was learned, or it is not loaded.
        """
        if self._ranker is None or isinstance(self._ranker, str):
            return None
        advice = getattr(self._ranker, "advice", {})  # one of somebody else may know of none
        weights = advised(advice, blend.learned)
        return weights.times(blend.shares.get(self._ranker.name, 1.0)) if weights is not None else None

    @property
    def model_name(self) -> str | None:
        """The language model's name; None without one. Does not load it."""
        if self._ranker is None or isinstance(self._ranker, str):
            return self._ranker
        return self._ranker.name

    def _builder(self) -> PromptBuilder:
        if self._prompts is None:
            lexicon = self._reception.retrieval.lexicon
            self._prompts = PromptBuilder(self.ranker().tokenizer, self.adapter, self.config.prompt, lexicon)
        return self._prompts


def _likeness_in_words(text: float, shared: float) -> str:
    if max(text, shared) <= 0:
        return ""
    return "alike by its text" if text >= shared else "visited by the same people"
