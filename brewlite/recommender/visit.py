"""Everything known about one query before the model is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
from msgspec import Struct, structs

from brewlite.blend import Blend, Weighing, settled
from brewlite.checks import checked
from brewlite.errors import UnknownName
from brewlite.policy import Policy
from brewlite.recommender.pace import Stopwatch
from brewlite.recommender.site_blend import SiteBlend
from brewlite.records import Candidate, Query, Task
from brewlite.retrieval import Catalog, Moment, Retrieval, Signals, Visitor, meet
from brewlite.retrieval.catalog import Floats, Ints, Mask
from brewlite.retrieval.neighbours import Example, Neighbours


class Visit(Struct, frozen=True, kw_only=True):
    """One query, one moment, one visitor, and what the simple signals say of every item."""

    query: Query
    moment: Moment
    visitor: Visitor
    task: Task
    signals: Signals
    blend: Blend
    weighing: Weighing
    prior: Floats
    """(N,): the sum of the weighing's parts, the first stage's score of every item."""
    examples: tuple[Example, ...]

    def rows(self, candidates: Sequence[Candidate]) -> Ints:
        """Catalog rows of ``candidates``, (C,)."""
        return self.moment.rows([candidate.item for candidate in candidates])

    def fitting(self) -> Mask:
        """Which items break none of the visitor's hard limits, (N,)."""
        catalog = self.moment.catalog
        mask = np.ones(len(catalog.items), dtype=bool)
        for constraint in self.visitor.constraints:
            mask &= catalog.fits(constraint, self.moment.at)
        return mask


class Reception:
    """Meets the visitor: checks the query and gathers what is known, up to the candidates."""

    def __init__(
        self,
        catalog: Catalog,
        retrieval: Retrieval,
        blend: SiteBlend,
        policy: Policy,
        tasks: Sequence[Task],
        example_count: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.catalog = catalog
        self.retrieval = retrieval
        self.blend = blend
        self.policy = policy
        self.tasks = {task.name: task for task in tasks}
        self.example_count = example_count
        self.clock = clock
        self._neighbours = Neighbours(catalog)

    def visit(self, query: Query, watch: Stopwatch, pinned: bool = False) -> Visit:
        """All that is known before the model is asked; ``pinned``: the call needs candidates.

        Raises:
            BadRecord: the query holds a value that cannot be used.
            UnknownName: a task, candidate or history item that the site does not have.
        """
        now = self.clock()
        query = checked(query, now, pinned)
        task = self._task(query)
        catalog = self.catalog.refresh()
        missing = [id_ for id_ in query.candidates or () if id_ not in catalog.index]
        if missing:
            raise UnknownName("candidate", missing, hint="import them first, or leave them out")
        moment = catalog.as_of(query.at or now)
        visitor = meet(query, moment, catalog.store.user(query.user) if query.user is not None else None)
        watch.lap("visitor")
        signals = self.retrieval.signals(visitor, moment)
        listed = moment.rows(query.candidates) if query.candidates is not None else None
        blend = self.blend.at(moment.at)
        weighing = blend.weigh(signals, len(visitor.history), moment.eligible, listed)
        watch.lap("signals")
        return Visit(
            query=query,
            moment=moment,
            visitor=visitor,
            task=task,
            signals=signals,
            blend=blend,
            weighing=weighing,
            prior=weighing.prior,
            examples=self._examples(visitor, moment),
        )

    def as_read(self, visit: Visit, rows: Ints) -> Visit:
        """``visit`` as the model reads it with the candidates ``rows`` (C,): without words that decide nothing there.

        Where the limits have taken up all that was said, or all candidates hold all of the words, or none any, the
        words have no more to say; read all the same, they would put equals in an order that nobody asked for.
        """
        visitor, there, config = visit.visitor, visit.moment.eligible, visit.blend.config.stated
        wanted, refused = bool(visitor.wish), bool(visitor.unwanted)
        if not visit.query.instructions.strip():
            return visit
        if (wanted or refused) and not settled(visit.signals, rows, there, config, wanted, refused):
            return visit
        unasked, nothing = visitor.unasked(), np.zeros_like(visit.signals.wish)
        return structs.replace(
            visit,
            visitor=unasked,
            signals=structs.replace(visit.signals, wish=nothing, unwanted=nothing),
            weighing=structs.replace(visit.weighing, asked=False),
            examples=self._examples(unasked, visit.moment),
        )

    def allowed(self, visit: Visit) -> Mask:
        """Which items may be shown, (N,); of a pinned list, none beside it."""
        mask = self.policy.allowed(visit.query, visit.visitor, visit.task, visit.moment)
        if visit.query.candidates is not None:
            pinned = np.zeros(len(mask), dtype=bool)
            pinned[visit.moment.rows(visit.query.candidates)] = True
            mask &= pinned
        return mask

    def candidates(self, visit: Visit, watch: Stopwatch) -> list[Candidate]:
        """What the model will be asked about: retrieval's proposals, or the pinned list as far as it may be shown."""
        allowed = self.allowed(visit)
        ids = [item.id for item in self.catalog.items]
        if visit.query.candidates is None:
            candidates = self.retrieval.propose(visit.weighing.parts, visit.prior, allowed, ids, visit.query.k)
        else:
            rows = visit.moment.rows(visit.query.candidates)
            rows = rows[allowed[rows]]
            candidates = [Candidate(item=ids[row]) for row in rows[np.lexsort((rows, -visit.prior[rows]))]]
        watch.lap("retrieval")
        return candidates

    def _examples(self, visitor: Visitor, moment: Moment) -> tuple[Example, ...]:
        if visitor.history:
            return ()
        return self._neighbours.examples(visitor, moment, self.retrieval.encoder, self.example_count)

    def _task(self, query: Query) -> Task:
        if isinstance(query.task, Task):
            return query.task
        if query.task is None:
            return next(iter(self.tasks.values()))
        if query.task not in self.tasks:
            raise UnknownName("task", query.task, list(self.tasks), hint="or send a task of your own with the query")
        return self.tasks[query.task]
