"""The attributes of records that rows fill besides the typed fields, and how each kind of them is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from brewlite.adapter.dates import DateOrder, last_moment, parse_date
from brewlite.adapter.declarations import Field
from brewlite.adapter.numbers import WORDY_CODES, currency_sign, parse_number
from brewlite.adapter.plain import cut, plain, words_of
from brewlite.adapter.rows import RowView
from brewlite.adapter.values import is_missing, parse_boolean, read_value
from brewlite.errors import BadRecord
from brewlite.records import MAX_ID_LENGTH, FieldValue

MAX_TITLE = 300
"""Characters; a longer title is cut at a word's end."""
ABSURD_TITLE = 10_000
"""Characters; a title this long is another column mapped wrongly, and refused."""
MAX_TEXT = 20_000
"""Characters of an item's text and a visitor's interests; what is longer is cut at a word's end."""
MAX_ADDRESS = 2_000

_ROUNDED_ID = re.compile(r"^\d(?:[.,]\d+)?[eE]\+\d+$")
_ADDRESS = re.compile(r"^(?:https?://|/|\./|\.\./|data:image/|[\w.-]+(?:/|\.\w))", re.IGNORECASE)


class Attribute(Struct, frozen=True, kw_only=True):
    """Where one attribute of a record is read from."""

    columns: tuple[tuple[str, ...], ...] = ()
    """Part by part: of each part's columns the first with a value. Texts and places join their parts."""
    missing: tuple[str, ...] = ()
    """Values that mean "not known"."""


def any_of(*columns: str) -> Attribute:
    """The first of ``columns`` that has a value."""
    return Attribute(columns=(columns,))


ITEM: Mapping[str, Attribute] = {
    "id": any_of("id", "item_id", "identifier.value", "identifier", "@id", "guid", "uuid", "sku", "url"),
    "title": any_of("title", "name", "headline"),
    "text": any_of("text", "description", "body", "content", "articleBody", "summary", "details"),
    "kind": any_of("kind"),
    "url": any_of("url", "link", "permalink", "web_address"),
    "image": any_of("image", "image.url", "image.contentUrl", "image_url", "picture_url", "thumbnail_url", "photo"),
    "place": any_of("place", "location", "city"),
    "created": any_of("created", "created_at", "date_created", "datePublished", "published", "pub_date", "added"),
    "expires": any_of("expires", "expires_at", "expiry", "valid_through", "valid_until"),
    "hidden": any_of("hidden", "is_hidden"),
}
"""Columns that any site may have."""
USER: Mapping[str, Attribute] = {
    "id": any_of("id", "user_id", "user", "visitor_id", "session_id"),
    "interests": any_of("interests", "interest", "wants", "looking_for"),
    "consent": any_of("consent"),
    "updated": any_of("updated", "updated_at", "created_at", "created"),
    "profile.about": any_of("profile.about", "about", "bio"),
}
EVENT: Mapping[str, Attribute] = {
    "user": any_of("user", "user_id", "visitor_id", "visitor", "session_id"),
    "item": any_of("item", "item_id"),
    "action": any_of("action", "event", "event_type", "interaction"),
    "at": any_of("at", "timestamp", "time", "date", "datetime", "occurred_at", "created_at"),
    "value": any_of("value"),
    "slate": any_of("slate", "slate_id"),
}
CURRENCY_COLUMNS = (
    "currency",
    "price_currency",
    "offers.priceCurrency",
    "baseSalary.currency",
    "salary_currency",
    "offers.priceSpecification.priceCurrency",
)
"""Columns that name the currency of a row's money, where neither its values nor a column beside them do."""
_CURRENCY_NAMES = ("priceCurrency", "currency")


class Reader:
    """Reads a record's attributes from one row; every complaint names the column and its value."""

    __slots__ = ("columns", "order", "view")

    def __init__(self, view: RowView, columns: Mapping[str, Attribute], order: DateOrder | None) -> None:
        self.view = view
        self.columns = columns
        self.order = order

    def id(self, name: str) -> str:
        """A usable id as text: ``12``, ``12.0`` and ``"12"`` are one."""
        found = self._first(name)
        if found is None:
            raise self.absent(name)
        column, value = found
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise BadRecord(f"column {column!r} has {_shown(value)}: not an id; ids are text or whole numbers")
        text = _whole(column, value) if isinstance(value, float) else str(value).strip()
        if _ROUNDED_ID.match(text):
            raise BadRecord(f"column {column!r} has {text!r}: a spreadsheet rounded this id; export the column as text")
        if len(text) > MAX_ID_LENGTH:
            raise BadRecord(f"column {column!r} has an id of {len(text)} characters, more than {MAX_ID_LENGTH}")
        return plain(text)

    def title(self) -> str:
        """The title, cut to MAX_TITLE characters; ``""`` when there is none."""
        found = self._first("title")
        text = str(_single(found[1])) if found else ""
        if len(text) > ABSURD_TITLE:
            raise BadRecord(
                f"column {found[0] if found else ''!r} has a title of {len(text):,} characters, more than "
                f"{ABSURD_TITLE:,}: map the title to another column"
            )
        return cut(plain(text), MAX_TITLE)

    def text(self, name: str, limit: int) -> str:
        """The attribute's first value as plain text."""
        found = self._first(name)
        return cut(plain(str(_single(found[1]))), limit) if found else ""

    def joined(self, name: str, mark: str = " ", limit: int = MAX_TEXT) -> str:
        """All parts of the attribute as plain text, without parts that an earlier one already says."""
        said: list[str] = []
        attribute = self.columns[name]
        parts = attribute.columns[:1] or ((),) if self.view.is_mapped(name) else attribute.columns
        for part in parts:
            found = self.view.read(name, part)
            if found is None or _says_nothing(found[1], attribute):
                continue
            value = found[1]
            many = (
                [str(_said_by(one, "text", "name")) for one in value]
                if isinstance(value, (list, tuple))
                else [str(value)]
            )
            text = cut(plain(", ".join(many)[: 5 * limit]), limit)  # markup goes, so more is read than kept
            if text and not any(f" {words_of(text)} " in f" {words_of(before)} " for before in said):
                said.append(text)
        return cut(mark.join(said), limit)

    def address(self, name: str) -> str | None:
        """A web address or a path; what a browser would run is refused."""
        found = self._first(name)
        if found is None:
            return None
        column, value = found[0], str(_said_by(_single(found[1]), "url", "contentUrl")).strip()
        if not value:
            return None
        if not _ADDRESS.match(value) or any(sign.isspace() for sign in value):
            raise BadRecord(f"column {column!r} has {_shown(value)}: not a web address (http, https) or path")
        if len(value) > MAX_ADDRESS:
            raise BadRecord(f"column {column!r} has an address of {len(value):,} characters, more than {MAX_ADDRESS:,}")
        return value

    def moment(self, name: str, latest: datetime | None = None, until: bool = False) -> datetime | None:
        """A date; one after ``latest`` is refused. ``until``: a day without a clock is meant to its end."""
        found = self._first(name)
        if found is None:
            return None
        column, value = found
        try:
            moment = parse_date(_single(value), self.order)
            moment = last_moment(_single(value), moment) if until else moment
        except (ValueError, OverflowError) as error:
            raise complaint(column, value, error, name) from None
        if latest is not None and moment > latest:
            raise BadRecord(f"column {column!r} has {_shown(value)}: in the future; {name} is when it happened")
        return moment

    def yes(self, name: str, default: bool = False) -> bool:
        """A yes or no."""
        found = self._first(name)
        if found is None:
            return default
        try:
            return parse_boolean(_single(found[1]), Field(name=name))
        except ValueError as error:
            raise complaint(*found, error, name) from None

    def number(self, name: str) -> float | None:
        """A finite number."""
        found = self._first(name)
        if found is None:
            return None
        try:
            return parse_number(_single(found[1]))
        except (ValueError, OverflowError) as error:
            raise complaint(*found, error, name) from None

    def field(self, field: Field) -> tuple[FieldValue | None, str | None]:
        """(value, currency sign it named) of a typed field."""
        found = self.view.read(field.name, field.columns or (field.name,))
        if found is None:
            return None, None
        try:
            value, currency = read_value(field, found[1], found[0], self.order)
        except (ValueError, OverflowError) as error:
            meanings = ("values.true", "values.false", "missing") if field.type == "boolean" else ("missing",)
            raise complaint(*found, error, field.name, meanings) from None
        return value, currency or (self._currency(found[0]) if field.type == "money" else None)

    def absent(self, name: str) -> BadRecord:
        """The complaint that a required attribute has no value."""
        names = [column for part in self.columns[name].columns for column in part] or [name]
        return BadRecord(
            f"no {name} in the row: looked for {', '.join(names[:8])}; map it with "
            f'mapping={{"{name}": COLUMN}}; columns: {self.view.listing()}'
        )

    def _currency(self, column: str) -> str | None:
        """The currency named nearest around ``column``: for ``offers.lowPrice`` by ``offers.priceCurrency``."""
        above = column.split(".")[:-1]
        around = [".".join([*above[:depth], name]) for depth in range(len(above), -1, -1) for name in _CURRENCY_NAMES]
        code = str(self.view.value(f"{column}_currency", *around, *CURRENCY_COLUMNS) or "").strip().upper()
        return currency_sign(code) or (f"{code} " if code in WORDY_CODES else None)

    def _first(self, name: str) -> tuple[str, object] | None:
        attribute = self.columns[name]
        for part in attribute.columns or ((),):
            found = self.view.read(name, part)
            if found is not None and not _says_nothing(found[1], attribute):
                return found
        return None


def complaint(
    column: str, value: object, error: Exception, name: str, meanings: Sequence[str] = ("missing",)
) -> BadRecord:
    """What ``column`` has and is not, and the keys under which one says what the value means."""
    message = f"column {column!r} has {_shown(value)}: {error}"
    if isinstance(value, (str, float)) and len(str(value)) <= 60 and "adapter.dates" not in message:
        as_toml = str(value).strip().replace("\\", "\\\\").replace('"', '\\"')
        message += f'; map it with {" or ".join(f"fields.{name}.{key}" for key in meanings)} = ["{as_toml}"]'
    return BadRecord(message)


def _says_nothing(value: object, attribute: Attribute) -> bool:
    # A table library's NaN is its null: in a text or date it says nothing. In a price it is refused (read_value).
    return value != value or is_missing(value, attribute.missing)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _single(value: object) -> object:
    return value[0] if isinstance(value, (list, tuple)) and value else value


def _said_by(value: object, *names: str) -> object:
    """``value``, or of an object (schema.org's ImageObject, HowToStep) what it has under the first of ``names``."""
    if not isinstance(value, Mapping):
        return value
    return next((value[name] for name in names if value.get(name)), "")


def _whole(column: str, value: float) -> str:
    if not math.isfinite(value) or value != int(value):
        raise BadRecord(f"column {column!r} has {value!r}: not an id; ids are text or whole numbers")
    if abs(value) >= 2.0**53:
        raise BadRecord(f"column {column!r} has {value!r}: digits of this id are lost; export the column as text")
    return str(int(value))
