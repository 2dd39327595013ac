"""The flow: a query becomes a visitor, candidates, a prompt, scores and a slate.

:class:`Recommender` is the one object that a site holds. ``recommend`` and ``rank`` write nothing; what writes says
so. It is made for one thread at a time: a service gives it a worker thread of its own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from msgspec import Struct, structs

from brewlite import intake
from brewlite.adapter import Adapter, load_adapter
from brewlite.blend import Blend, BlendConfig, Blended
from brewlite.checks import checked
from brewlite.errors import BadSettings, UnknownName
from brewlite.intake import ImportReport
from brewlite.policy import Policy, PolicyConfig
from brewlite.prompt import PromptBuilder, PromptConfig, PromptPreview
from brewlite.ranker import Ranker, Scores, load_ranker
from brewlite.records import Candidate, Event, Item, Pick, Query, Slate, Task, User
from brewlite.retrieval import (
    Catalog,
    Encoder,
    Moment,
    Retrieval,
    RetrievalConfig,
    SentenceEncoder,
    Signals,
    Visitor,
    meet,
)
from brewlite.retrieval.catalog import Floats, Ints, Mask
from brewlite.retrieval.neighbours import Example, Neighbours
from brewlite.sources import read_rows
from brewlite.store import Store, Written

Clock = Callable[[], datetime]


class RecommenderConfig(Struct, frozen=True, kw_only=True):
    """The small configs of all stages."""

    ranker: str = "smollm2-135m"
    """A model's name, a folder, or ``none`` for the first stage alone."""
    encoder: str = "minilm-l6"
    dtype: str = "auto"
    device: str = "auto"
    threads: int | None = None
    max_model_candidates: int = 500
    """Of a pinned list; the rest keeps the first stage's order."""
    retrieval: RetrievalConfig = RetrievalConfig()
    prompt: PromptConfig = PromptConfig()
    blend: BlendConfig = BlendConfig()
    policy: PolicyConfig = PolicyConfig()
    tasks: tuple[Task, ...] = ()
    """Surfaces beside the adapter's own; one of the same name replaces it."""


class Ordering(Struct, frozen=True, kw_only=True):
    """The whole eligible catalog for one query, best first: what :meth:`Recommender.recommend` cuts its list from."""

    ids: list[str]
    scores: list[float]
    model_candidates: int
    """How many places at the top the model has scored."""


class _Visit(Struct, frozen=True, kw_only=True):
    """Everything known before the model is asked."""

    query: Query
    moment: Moment
    visitor: Visitor
    task: Task
    signals: Signals
    parts: dict[str, Any]
    prior: Any
    """(N,) float32: the first stage's score of every item."""
    examples: tuple[Example, ...]


class Recommender:
    """Ranks one site's catalog. Open it with :meth:`open`, close it when done."""

    def __init__(
        self,
        store: Store,
        adapter: Adapter,
        ranker: Ranker | None,
        encoder: Encoder | None,
        config: RecommenderConfig,
        clock: Clock,
    ) -> None:
        self.store = store
        self.adapter = adapter
        self.encoder = encoder
        self.config = config
        self._clock = clock
        self._ranker = ranker
        self._wants_ranker = ranker is not None
        self._catalog = Catalog(store, adapter, encoder.name if encoder is not None else "")
        self._neighbours = Neighbours(self._catalog)
        self._retrieval = Retrieval(encoder, config.retrieval)
        self._blend = Blend(adapter.priors, config.blend)
        self._policy = Policy(config.policy)
        self._prompts: PromptBuilder | None = None
        self._pace = Pace()

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
            BadSettings: no adapter is named and the site has none yet.
            UnknownName: no adapter of that name.
            StoreError: the database cannot be used.
        """
        config = config or RecommenderConfig()
        store = Store.open(db)
        try:
            chosen = _site_adapter(store, adapter)
        except BaseException:
            store.close()
            raise
        if isinstance(encoder, str):
            encoder = SentenceEncoder(config.encoder if encoder == "default" else encoder)
        if isinstance(ranker, str):
            config = config if ranker == "default" else structs.replace(config, ranker=ranker)
            made = cls(store, chosen, None, encoder, config, clock or _utc_now)
            made._wants_ranker = config.ranker != "none"
            return made
        return cls(store, chosen, ranker, encoder, config, clock or _utc_now)

    def close(self) -> None:
        """Release the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # The flow

    def recommend(self, query: Query, *, use_model: bool = True) -> Slate:
        """The ``query.k`` best items for the visitor, chosen from all that may be shown.

        Args:
            query: the visitor, their words, and the limits.
            use_model: False gives the first stage's order, marked ``degraded``.

        Raises:
            BadRecord: the query holds a value that cannot be used.
            UnknownName: a task, candidate or history item the site does not have.
            WeightsMissing: the model has not been pulled.
        """
        watch = Stopwatch()
        visit = self._visit(query, watch)
        candidates = self._candidates(visit, watch)
        scores = self._score(visit, candidates, watch) if use_model else None
        blended = self._blended(visit, candidates, scores)
        order = self._order(visit, candidates, blended)
        return self._slate(visit, candidates, blended, order, watch, use_model)

    def rank(self, query: Query, *, use_model: bool = True) -> Slate:
        """All of ``query.candidates``, best first; those that break a hard limit of the visitor's stand last.

        Raises:
            BadRecord: no candidates, or one given twice.
            UnknownName: lists the candidates, or history items, that the site does not have.
        """
        watch = Stopwatch()
        visit = self._visit(query, watch, pinned=True)
        rows = [self._catalog.index[id_] for id_ in query.candidates or ()]
        candidates = [Candidate(item=self._catalog.items[row].id) for row in rows]
        scores = self._score(visit, candidates, watch) if use_model else None
        blended = self._blended(visit, candidates, scores)
        order = [int(i) for i in np.lexsort((rows, -blended.score, ~self._fitting(visit)[rows]))]
        return self._slate(visit, candidates, blended, order, watch, use_model)

    def order(self, query: Query, *, use_model: bool = True) -> Ordering:
        """Every item that may be shown, best first: the model's candidates on top, then the first stage's order.

        Without the diversity of :meth:`recommend`. For evaluation and for pages that list everything.
        """
        visit = self._visit(query, Stopwatch())
        candidates = self._candidates(visit, Stopwatch())
        blended = self._blended(visit, candidates, self._score(visit, candidates, Stopwatch()) if use_model else None)
        top = [(candidates[i].item, float(blended.score[i])) for i in np.argsort(-blended.score, kind="stable")]
        chosen = {candidate.item for candidate in candidates}
        allowed = np.flatnonzero(self._allowed(visit))
        tie = np.random.default_rng(query.seed).random(len(allowed))
        rest = allowed[np.lexsort((tie, -visit.prior[allowed]))]
        items = self._catalog.items
        tail = [(items[row].id, float(visit.prior[row])) for row in rest if items[row].id not in chosen]
        ids, values = zip(*(top + tail), strict=True) if top or tail else ((), ())
        return Ordering(ids=list(ids), scores=list(values), model_candidates=len(top) if blended.used_model else 0)

    def similar(self, item: str, k: int = 10, at: datetime | None = None) -> Slate:
        """The ``k`` items most like ``item``, by text and by shared visitors; the model is not asked.

        Raises:
            UnknownName: the site has no such item.
        """
        self.item(item)
        query = Query(history=((item, self._default_task().action),), k=k, at=at)
        watch = Stopwatch()
        visit = self._visit(query, watch)
        alike = visit.parts["similarity"] + visit.parts["covisit"]
        allowed = self._allowed(visit)
        allowed[self._catalog.index[item]] = False
        rows = np.flatnonzero(allowed)
        best = rows[np.argsort(-alike[rows], kind="stable")[:k]]
        candidates = [Candidate(item=self._catalog.items[row].id) for row in best]
        blended = Blended(score=alike[best].astype(float), model=np.zeros(len(best)), used_model=False)
        slate = self._slate(visit, candidates, blended, list(range(len(best))), watch, use_model=False)
        return structs.replace(slate, model="similarity", degraded=False)

    def preview(self, query: Query) -> PromptPreview:
        """What the model reads for ``query``, with token counts."""
        visit = self._visit(query, Stopwatch(), pinned=query.candidates is not None)
        if query.candidates is not None:
            candidates = [Candidate(item=id_) for id_ in query.candidates]
        else:
            candidates = self._candidates(visit, Stopwatch())
        rows = [self._catalog.index[c.item] for c in candidates]
        return self._builder().preview(visit.visitor, visit.task, visit.examples, rows, visit.moment)

    # The stages

    def _visit(self, query: Query, watch: Stopwatch, pinned: bool = False) -> _Visit:
        """Check the query, and put together all that is known before the model is asked."""
        now = self._clock()
        query = checked(query, now, pinned)
        catalog = self._catalog.refresh()
        missing = [id_ for id_ in query.candidates or () if id_ not in catalog.index]
        if missing:
            raise UnknownName("candidate", missing, hint="import them first, or leave them out")
        moment = catalog.as_of(query.at or now)
        stored = self.store.user(query.user) if query.user is not None else None
        visitor = meet(query, moment, stored)
        watch.lap("visitor")
        signals = self._retrieval.signals(visitor, moment)
        parts = self._blend.parts(signals)
        prior: Floats = np.sum(list(parts.values()), axis=0, dtype=np.float32)
        examples: tuple[Example, ...] = ()
        if not visitor.history:
            examples = self._neighbours.examples(visitor, moment, self.encoder, self.config.prompt.example_count)
        watch.lap("signals")
        return _Visit(
            query=query,
            moment=moment,
            visitor=visitor,
            task=self._task(query),
            signals=signals,
            parts=parts,
            prior=prior,
            examples=examples,
        )

    def _allowed(self, visit: _Visit) -> Mask:
        mask = self._policy.allowed(visit.query, visit.visitor, visit.task, visit.moment)
        if visit.query.candidates is not None:
            pinned = np.zeros(len(mask), dtype=bool)
            pinned[visit.moment.rows(visit.query.candidates)] = True
            mask &= pinned
        return mask

    def _candidates(self, visit: _Visit, watch: Stopwatch) -> list[Candidate]:
        """What the model will be asked about: retrieval's proposals, or the pinned list as far as it may be shown."""
        allowed = self._allowed(visit)
        ids = [item.id for item in self._catalog.items]
        if visit.query.candidates is None:
            candidates = self._retrieval.propose(visit.signals, visit.prior, allowed, ids)
        else:
            rows = visit.moment.rows(visit.query.candidates)
            rows = rows[allowed[rows]]
            candidates = [Candidate(item=ids[row]) for row in rows[np.argsort(-visit.prior[rows], kind="stable")]]
        watch.lap("retrieval")
        return candidates

    def _score(self, visit: _Visit, candidates: Sequence[Candidate], watch: Stopwatch) -> Scores | None:
        """The model's answers for the first candidates that its limit and the deadline leave room for."""
        if not candidates or not self._wants_ranker:
            return None
        ranker, rows = self.ranker(), self._rows(candidates)
        best = np.argsort(-visit.prior[rows], kind="stable")[: self.config.max_model_candidates]
        prompt = self._builder().build(visit.visitor, visit.task, visit.examples, list(rows[best]), visit.moment)
        watch.lap("prompt")
        if not self._pace.allows(prompt, visit.query.deadline_ms, watch.elapsed_ms()):
            return None
        scores = ranker.score(prompt)
        self._pace.saw(prompt, watch.lap("model"))
        return _spread(scores, best, len(candidates))

    def _blended(self, visit: _Visit, candidates: Sequence[Candidate], scores: Scores | None) -> Blended:
        return self._blend.with_model(visit.prior[self._rows(candidates)], scores)

    def _order(self, visit: _Visit, candidates: Sequence[Candidate], blended: Blended) -> list[int]:
        """Positions in ``candidates`` of the picks, best first."""
        vectors = self._catalog.vectors[self._rows(candidates)]
        return self._policy.order(blended.score, vectors, visit.query.k, np.random.default_rng(visit.query.seed))

    def _slate(
        self,
        visit: _Visit,
        candidates: Sequence[Candidate],
        blended: Blended,
        order: Sequence[int],
        watch: Stopwatch,
        use_model: bool,
    ) -> Slate:
        probability = self._blend.probability(blended.score)
        picks = []
        for rank, position in enumerate(order, start=1):
            candidate = candidates[position]
            row = self._catalog.index[candidate.item]
            sources = {name: round(float(part[row]), 4) for name, part in visit.parts.items()}
            if blended.used_model:
                sources["model"] = round(float(blended.model[position]), 4)
            picks.append(
                Pick(
                    item=self._catalog.items[row],
                    rank=rank,
                    score=round(float(blended.score[position]), 6),
                    probability=round(float(probability[position]), 6),
                    sources=sources,
                )
            )
        wanted = self._wants_ranker or not use_model
        return Slate(
            id=uuid.uuid4().hex,
            picks=tuple(picks),
            task=visit.task.name,
            model=self.ranker().name if blended.used_model else "none",
            understood=visit.visitor.constraints,
            notes=visit.visitor.notes + self._notes(visit, candidates, blended, len(picks)),
            timing=watch.done(),
            degraded=bool(wanted and candidates and not blended.used_model),
        )

    def _notes(self, visit: _Visit, candidates: Sequence[Candidate], blended: Blended, shown: int) -> tuple[str, ...]:
        notes = []
        if not self._catalog.items:
            notes.append("the catalog is empty: import items first")
        elif visit.query.candidates is None and shown < visit.query.k:
            limits = " within the limits" if visit.visitor.constraints else ""
            notes.append(f"only {shown} of {len(self._catalog.items)} items may be shown{limits}; asked for more")
        if blended.used_model and len(candidates) > self.config.max_model_candidates:
            notes.append(f"the model scored the first {self.config.max_model_candidates}; the rest keep their order")
        return tuple(notes)

    def _fitting(self, visit: _Visit) -> Mask:
        mask = np.ones(len(self._catalog.items), dtype=bool)
        for constraint in visit.visitor.constraints:
            mask &= self._catalog.fits(constraint, visit.moment.at)
        return mask

    def _rows(self, candidates: Sequence[Candidate]) -> Ints:
        return np.array([self._catalog.index[c.item] for c in candidates], dtype=np.int64)

    def _task(self, query: Query) -> Task:
        if query.task is None:
            return self._default_task()
        if isinstance(query.task, Task):
            return query.task
        tasks = {task.name: task for task in (*self.adapter.tasks, *self.config.tasks)}
        if query.task not in tasks:
            raise UnknownName("task", query.task, list(tasks), hint="or send a task of your own with the query")
        return tasks[query.task]

    def _default_task(self) -> Task:
        named = {task.name: task for task in self.config.tasks}
        first = self.adapter.tasks[0]
        return named.get(first.name, first)

    def ranker(self) -> Ranker:
        """The language model, loaded at the first call.

        Raises:
            WeightsMissing: it has not been pulled.
            BadSettings: this recommender was opened without one.
        """
        if not self._wants_ranker:
            raise BadSettings("this recommender was opened with ranker=None: there is no model to ask")
        if self._ranker is None:
            config = self.config
            self._ranker = load_ranker(config.ranker, device=config.device, dtype=config.dtype, threads=config.threads)
        return self._ranker

    def _builder(self) -> PromptBuilder:
        if self._prompts is None:
            self._prompts = PromptBuilder(self.ranker().tokenizer, self.adapter, self.config.prompt)
        return self._prompts

    # What writes

    def import_items(
        self,
        source: str | Path,
        mapping: dict[str, str] | None = None,
        progress: intake.Progress | None = None,
        **reading: Any,
    ) -> ImportReport:
        """Import or update items from a file, table or feed; see :func:`brewlite.sources.read_rows` for ``reading``."""
        rows = read_rows(source, **reading)
        return intake.import_items(
            self.store, self.adapter, rows, mapping=mapping, encoder=self.encoder, progress=progress, clock=self._clock
        )

    def import_users(
        self,
        source: str | Path,
        mapping: dict[str, str] | None = None,
        progress: intake.Progress | None = None,
        **reading: Any,
    ) -> ImportReport:
        """Import or update visitors' profiles."""
        rows = read_rows(source, **reading)
        return intake.import_users(
            self.store, self.adapter, rows, mapping=mapping, encoder=self.encoder, progress=progress, clock=self._clock
        )

    def import_events(
        self,
        source: str | Path,
        mapping: dict[str, str] | None = None,
        action: str | None = None,
        progress: intake.Progress | None = None,
        **reading: Any,
    ) -> ImportReport:
        """Import what visitors did; ``action`` is used where a row names none."""
        rows = read_rows(source, **reading)
        return intake.import_events(
            self.store, self.adapter, rows, mapping=mapping, action=action, progress=progress, clock=self._clock
        )

    def put_items(self, items: Sequence[Item]) -> Written:
        """Store items and the vectors of those whose text changed."""
        written = self.store.put_items(items)
        if self.encoder is not None:
            intake.index_items(self.store, self.adapter, self.encoder)
        return written

    def put_users(self, users: Sequence[User]) -> Written:
        """Store visitors' profiles and the vectors of their interests."""
        written = self.store.put_users(users)
        if self.encoder is not None:
            intake.index_users(self.store, self.encoder)
        return written

    def record(self, *events: Event) -> Written:
        """Store what visitors did; an event without a time happened now.

        Raises:
            UnknownName: lists the items the site does not have; nothing is stored then.
        """
        known = self.store.known_items([event.item for event in events])
        unknown = sorted({event.item for event in events} - known)
        if unknown:
            raise UnknownName("item in event", unknown, hint="import items first")
        now = self._clock()
        return self.store.add_events([e if e.at is not None else structs.replace(e, at=now) for e in events])

    def log(self, slate: Slate, query: Query) -> None:
        """Keep what was shown, so that later events can be joined to it."""
        self.store.put_slate(slate, query, self._clock())

    def item(self, id_: str) -> Item:
        """The item ``id_``.

        Raises:
            UnknownName: the site has no such item.
        """
        item = self.store.item(id_)
        if item is None:
            raise UnknownName("item", id_)
        return item


class Pace:
    """How fast the model has read lately, to tell before asking it whether a deadline can be kept."""

    def __init__(self, tokens_per_s: float = 500.0) -> None:
        self._tokens_per_s = tokens_per_s

    def allows(self, prompt: Any, deadline_ms: float | None, spent_ms: float) -> bool:
        """Whether the prompt is likely read before the deadline."""
        if deadline_ms is None:
            return True
        return spent_ms + 1000.0 * _tokens(prompt) / self._tokens_per_s <= deadline_ms

    def saw(self, prompt: Any, took_ms: float) -> None:
        """Remember one reading; slow ones count more, so that a promise is rather too careful."""
        now = 1000.0 * _tokens(prompt) / max(took_ms, 1e-3)
        share = 0.5 if now < self._tokens_per_s else 0.2
        self._tokens_per_s += share * (now - self._tokens_per_s)


class Stopwatch:
    """Milliseconds by stage, and since the start."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> float:
        """Milliseconds since the last lap, noted under ``stage``."""
        now = time.perf_counter()
        took = (now - self._last) * 1000.0
        self._laps[stage] = round(self._laps.get(stage, 0.0) + took, 3)
        self._last = now
        return took

    def elapsed_ms(self) -> float:
        """Milliseconds since the start."""
        return (time.perf_counter() - self._start) * 1000.0

    def done(self) -> dict[str, float]:
        """All laps, and the total."""
        return {**self._laps, "total": round(self.elapsed_ms(), 3)}


def _tokens(prompt: Any) -> int:
    return len(prompt.prefix) + sum(map(len, prompt.candidates))


def _spread(scores: Scores, best: Ints, count: int) -> Scores:
    """Answers for the candidates at ``best``, put back among all ``count``: the unasked get the lowest log-odds."""
    log_odds = np.full(count, scores.log_odds.min(), dtype=np.float32)
    log_odds[best] = scores.log_odds
    return structs.replace(scores, log_odds=log_odds)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _site_adapter(store: Store, adapter: str | Path | Adapter | None) -> Adapter:
    """The adapter given, or the one the site was made with; the first one given is remembered."""
    remembered = store.get_meta("adapter")
    if adapter is None and remembered is None:
        raise BadSettings(
            "this site has no adapter yet: name one, like adapter='realestate' (jobs, posts, a TOML file)"
        )
    chosen = load_adapter(adapter if adapter is not None else str(remembered))
    if remembered is None and isinstance(adapter, (str, Path)):
        store.set_meta("adapter", str(Path(adapter).resolve()) if str(adapter).endswith(".toml") else str(adapter))
    return chosen
