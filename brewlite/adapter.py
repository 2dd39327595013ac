"""What brewlite must know about one kind of site: an :class:`Adapter`, made of declarations.

A field is declared once, with its type, unit and direction. From that declaration come import checks, the hard
limits a visitor can state in words, filters, and how numbers are worded.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """Worded behind a number: ``"a month"``, ``"bedrooms"``, ``"m²"``. For money: what it buys ("a night")."""
    currency: str = "$"
    better: Better | None = None
    columns: tuple[str, ...] = ()
    """Column names that are read into this field without a mapping, compared without case and punctuation."""
    missing: tuple[str, ...] = ()
    """Values that mean "not known" (``"POA"``)."""
    words: tuple[str, ...] = ()
    """How visitors name the field: ``("bedroom", "bedrooms", "bed", "br")``."""
    values: Mapping[str, tuple[str, ...]] = {}
    """For categories, tags and booleans: stored value -> how visitors name it
    (``{"Shared room": ("shared room", "dorm")}``; booleans use the keys ``"true"`` and ``"false"``)."""
    in_short: bool = False
    """Whether the short wording of an item names this field."""


class Action(Struct, frozen=True, kw_only=True):
    """Something visitors do, and what it says about their taste."""

    name: str
    phrase: str
    """Past tense, as it stands in the prompt: ``"saved"``."""
    weight: float = 1.0
    """How much it says: positive for liking, negative for dislike, 0 for neither."""


class Priors(Struct, frozen=True, kw_only=True):
    """Hand-set weights of the blend for this kind of site, before its own log has taught better ones."""

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
        """The item in ``row``; ``mapping`` is record or field name -> column. Raises BadRecord naming the column."""
        ...

    def to_user(self, row: Row, mapping: Mapping[str, str] | None = None) -> User:
        """The visitor in ``row``. Raises BadRecord naming the column."""
        ...

    def to_event(self, row: Row, mapping: Mapping[str, str] | None = None, action: str | None = None) -> Event:
        """The event in ``row``; ``action`` is used where the row names none. Raises BadRecord naming the column."""
        ...

    def describe(self, item: Item, standings: Standings | None = None, short: bool = False) -> str:
        """``item`` as text, one line. Long: title, fields as words, text. Short (for a history): title and a few."""
        ...

    def eligible(self, item: Item, at: datetime) -> bool:
        """Whether ``item`` may be shown at ``at``: not hidden, not expired, and the kind's own rules."""
        ...


__all__ = ["Action", "Adapter", "Better", "Field", "FieldType", "FieldValue", "Priors", "Row", "Standings"]
