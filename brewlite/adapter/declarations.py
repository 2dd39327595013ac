"""What an adapter declares: fields, actions, priors, and the protocol that ties them together.

A field is declared once, with its type, unit and direction. From that declaration come import checks, the hard
limits a visitor can state in words, filters, and how numbers are worded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from brewlite.records import Event, FieldValue, Item, Task, User

FieldType = Literal["text", "category", "tags", "number", "integer", "money", "boolean", "date"]
Better = Literal["lower", "higher"]
Row = Mapping[str, object]
"""One row of a source: column name -> value as read (strings from CSV, typed values from Parquet or SQL)."""


class Field(Struct, frozen=True, kw_only=True):
    """One typed attribute of an item."""

    name: str
    type: FieldType = "text"
    unit: str = ""
    """Worded behind a number: ``"bedrooms"``, ``"m²"``. For money: what it buys (``"a night"``)."""
    unit_field: str = ""
    """Where the unit differs by item: the category field that decides it, by ``units``."""
    units: Mapping[str, str] = {}
    """Value of ``unit_field`` -> unit: ``{"rent": "a month", "short stay": "a night"}``."""
    currency: str = "$"
    """Sign put before money, unless the item's own price named another one."""
    better: Better | None = None
    capacity: bool = False
    """Whether the number is how much the item can take: ``for up to 4 guests`` asks for at least 4."""
    columns: tuple[str, ...] = ()
    """Column names that are read into this field without a mapping, compared without case and punctuation.
    Empty: the field's own name."""
    missing: tuple[str, ...] = ()
    """Values that mean "not known" (``"POA"``)."""
    words: tuple[str, ...] = ()
    """How visitors name the field: ``("bedroom", "bedrooms", "bed", "br")``."""
    values: Mapping[str, tuple[str, ...]] = {}
    """Stored value -> other names it goes by, in rows and in visitors' words:
    ``{"Shared room": ("shared room", "dorm")}``; booleans use the keys ``"true"`` and ``"false"``, numbers their
    figure (``{"0": ("studio",)}``)."""
    in_short: bool = False
    """Whether the short wording of an item names this field."""
    worded: bool = True
    """Whether the field is part of an item's text at all; some serve limits and filters only."""


class Action(Struct, frozen=True, kw_only=True):
    """Something visitors do, and what it says about their taste."""

    name: str
    phrase: str
    """Past tense, as it stands in the prompt: ``"saved"``."""
    weight: float = 1.0
    """How much it says: positive for liking, negative for dislike, 0 for neither."""
    words: tuple[str, ...] = ()
    """Other names of the action in event rows: ``("bookmark", "favorite")``."""
    columns: tuple[str, ...] = ()
    """Columns that only rows of this action have (``View.Start``): the action of a row that names none."""


def named_action(actions: Sequence[Action], word: str) -> Action | None:
    """The action that is called ``word`` or has it among its other names, in any case; None where none is."""
    said = word.strip().casefold()
    named = (one for one in actions if said in (one.name.casefold(), *(other.casefold() for other in one.words)))
    return next(named, None)


class Priors(Struct, frozen=True, kw_only=True):
    """What the blend's shipped weights are multiplied by, part by part, before the site's own log has taught better."""

    popularity: float = 1.0
    freshness: float = 1.0
    similarity: float = 1.0
    covisit: float = 1.0


class Standings(Protocol):
    """Where a number stands among the items of the site now."""

    def percentile(self, field: str, value: float) -> float | None:
        """Share (0 to 100) of items whose ``field`` is strictly below ``value``; None when too few have the field."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """One kind of site. Holds no state; every method is a pure function of its arguments."""

    @property
    def name(self) -> str:
        """Entry-point name: ``realestate``."""
        ...

    @property
    def kind(self) -> str:
        """What ``Item.kind`` gets when the row does not say."""
        ...

    @property
    def noun(self) -> str:
        """What visitors call one item: ``listing``."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """The typed fields, most important first: the order in which they are worded."""
        ...

    @property
    def actions(self) -> tuple[Action, ...]:
        """What visitors do here."""
        ...

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The surfaces; the first is the default."""
        ...

    @property
    def priors(self) -> Priors:
        """The blend's hand-set weights."""
        ...

    def to_item(self, row: Row, mapping: Mapping[str, str] | None = None) -> Item:
        """The item in ``row``; ``mapping`` is record or field name -> column.

        Raises BadRecord naming the column, UnknownName for a target of ``mapping`` that does not exist.
        """
        ...

    def to_user(self, row: Row, mapping: Mapping[str, str] | None = None) -> User:
        """The visitor in ``row``. Raises as :meth:`to_item` does."""
        ...

    def to_event(self, row: Row, mapping: Mapping[str, str] | None = None, action: str | None = None) -> Event:
        """The event in ``row``; ``action`` is used where the row names none. Raises as :meth:`to_item` does."""
        ...

    def describe(self, item: Item, standings: Standings | None = None, short: bool = False) -> str:
        """``item`` as text, one line. Long: title, fields as words, text. Short (for a history): title and a few."""
        ...

    def eligible(self, item: Item, at: datetime) -> bool:
        """Whether ``item`` may be shown at ``at``: not hidden, not expired, already there, and the kind's own rules."""
        ...


__all__ = ["Action", "Adapter", "Better", "Field", "FieldType", "FieldValue", "Priors", "Row", "Standings"]
