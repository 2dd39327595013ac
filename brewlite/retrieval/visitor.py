"""Who asks: what is known of a visitor at a moment, from the query first and the store where it is silent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from brewlite.adapter import Action
from brewlite.errors import UnknownName
from brewlite.records import Constraint, Query, User
from brewlite.retrieval.catalog import Catalog, Ints, Moment, to_us
from brewlite.wishes import parse_filters, part, understand


@dataclass(frozen=True)
class Deed:
    """One thing the visitor did."""

    row: int
    """Catalog row of the item."""
    action: Action
    at_us: int | None
    """None when the history came with the query."""


@dataclass(frozen=True)
class Visitor:
    """One visitor at one moment. Every part may be empty."""

    user: str | None
    profile: dict[str, str]
    words: str
    """All that the visitor says: stored interests and the query's instructions. What the model reads."""
    wish: str
    """What this query asks for, less the parts that became hard limits."""
    unwanted: str
    """What it asks to be spared, likewise."""
    interests: str
    """What the visitor's record says they are after."""
    constraints: tuple[Constraint, ...]
    history: tuple[Deed, ...]
    """Oldest first."""
    context: dict[str, str]
    notes: tuple[str, ...]

    def unasked(self) -> Visitor:
        """The same visitor, who has said nothing for this query."""
        return replace(self, words=_joined(self.interests), wish="", unwanted="")

    @property
    def rows(self) -> Ints:
        """Catalog rows of the history, oldest first."""
        return np.array([deed.row for deed in self.history], dtype=np.int64)


def meet(query: Query, moment: Moment, stored: User | None) -> Visitor:
    """Put together what is known of the visitor strictly before ``moment``.

    Raises:
        BadRecord: a filter that cannot be used.
        UnknownName: a history that names an item the site does not have.
    """
    catalog, notes = moment.catalog, []
    if stored is not None and stored.updated is not None and to_us(stored.updated) >= moment.us:
        stored = None
    history = _given_history(query, catalog) if query.history is not None else _logged_history(query, moment)
    if query.user is not None and stored is None and not history:
        notes.append(f"visitor {query.user!r} has no profile and no events yet: ranked as a newcomer")
    known = catalog.known_values() if query.instructions else None
    wishes = understand(query.instructions, catalog.adapter.fields, at=moment.at, known=known)
    parted = part(wishes.rest)
    interests = stored.interests if stored is not None else ""
    stored_profile = stored.profile if stored is not None else {}
    return Visitor(
        user=query.user,
        profile=query.profile if query.profile is not None else stored_profile,
        words=_joined(query.instructions, interests),
        wish=parted.wanted,
        unwanted=parted.unwanted,
        interests=interests.strip(),
        constraints=parse_filters(query.filters, catalog.adapter.fields) + wishes.constraints,
        history=history,
        context=query.context,
        notes=tuple(notes),
    )


def _given_history(query: Query, catalog: Catalog) -> tuple[Deed, ...]:
    given = query.history or ()
    unknown = [item for item, _ in given if item not in catalog.index]
    if unknown:
        raise UnknownName("item in history", unknown, hint="import it, or leave it out")
    return tuple(Deed(catalog.index[item], catalog.action(name), None) for item, name in given)


def _logged_history(query: Query, moment: Moment) -> tuple[Deed, ...]:
    if query.user is None:
        return ()
    events = moment.catalog.events
    return tuple(
        Deed(int(events.item[row]), moment.catalog.actions[events.action[row]], int(events.at[row]))
        for row in moment.user_events(query.user)
    )


def _joined(*parts: str) -> str:
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())
