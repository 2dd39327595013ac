"""What every adapter promises, as a test class that its author subclasses.

class TestMovies(AdapterContract):
    adapter = load_adapter("movies.toml")
    item_rows = ({"id": "1", "title": "Heat", "price": "$12"},)
    event_rows = ({"user": "ann", "item": "1", "action": "like"},)
"""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, get_args

from msgspec.structs import replace

from brewlite.adapter import Adapter, FieldType, Row
from brewlite.errors import BadRecord, UnknownName
from brewlite.records import FieldValue, Item

_HELD: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "category": str,
    "tags": list,
    "number": float,
    "integer": float,
    "money": float,
    "boolean": bool,
    "date": str,
}
_NASTY = "first\nsecond\r\n\tthird <b>bold</b> \x00\x1b[31m &amp; \u202efourth"


class Ranks:
    """A real :class:`~brewlite.adapter.Standings` over a handful of items."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items

    def percentile(self, field: str, value: float) -> float | None:
        """Share of the items whose ``field`` is strictly below ``value``, 0 to 100."""
        known = [held for item in self.items if isinstance(held := item.fields.get(field), float)]
        return 100.0 * sum(held < value for held in known) / len(known) if known else None


class AdapterContract:
    """Subclass it in your tests, set ``adapter`` and ``item_rows``, and pytest checks the rest.

    Rows must be ones that the adapter reads without a mapping, as they come from its sources.
    """

    adapter: ClassVar[Adapter]
    item_rows: ClassVar[Sequence[Row]] = ()
    user_rows: ClassVar[Sequence[Row]] = ()
    event_rows: ClassVar[Sequence[Row]] = ()

    def items(self) -> list[Item]:
        """The items in ``item_rows``."""
        assert self.item_rows, "give your subclass item_rows: a few rows as they come from your source"
        return [self.adapter.to_item(row) for row in self.item_rows]

    def test_has_all_parts(self) -> None:
        """The adapter has every member of the protocol, and says what its site is about."""
        assert isinstance(self.adapter, Adapter)
        assert all(text.strip() for text in (self.adapter.name, self.adapter.kind, self.adapter.noun))
        for field in self.adapter.fields:
            assert field.type in get_args(FieldType), f"field {field.name!r} has type {field.type!r}"

    def test_names_are_unique(self) -> None:
        """No two fields, actions or tasks share a name; a field does not hide an attribute of every item."""
        for things in (self.adapter.fields, self.adapter.actions, self.adapter.tasks):
            names = [thing.name for thing in things]
            assert len(names) == len(set(names)), f"repeated names in {names}"
        hidden = {field.name for field in self.adapter.fields} & set(Item.__struct_fields__)
        assert not hidden, f"fields {hidden} are attributes of every item: rename them"

    def test_tasks_ask_for_actions(self) -> None:
        """There is a task; each asks a question that one of the actions answers with yes."""
        liked = {action.name for action in self.adapter.actions if action.weight > 0}
        assert self.adapter.tasks, "an adapter needs at least one task"
        for task in self.adapter.tasks:
            assert task.question.strip().endswith("?"), f"task {task.name!r} asks {task.question!r}"
            assert task.action in liked, f"task {task.name!r} asks for {task.action!r}, no action of positive weight"

    def test_reads_items(self) -> None:
        """Each row is an item with an id and a title, and only declared values of the declared types."""
        fields = {field.name: field for field in self.adapter.fields}
        for item in self.items():
            assert item.id.strip()
            assert item.title.strip()
            for name, value in item.fields.items():
                if name == "currency" or (name not in fields and name.removesuffix("_currency") in fields):
                    continue
                assert name in fields, f"item {item.id!r} has {name!r}, which no field declares"
                assert _suits(fields[name].type, value), f"item {item.id!r} has {name} = {value!r}"
            assert item.created is None or item.created.tzinfo is not None
            assert item.expires is None or item.expires.tzinfo is not None

    def test_reading_changes_nothing(self) -> None:
        """The same row gives the same item again, and is left as it was."""
        for row in self.item_rows:
            before = copy.deepcopy(dict(row))
            assert self.adapter.to_item(row) == self.adapter.to_item(row)
            assert dict(row) == before

    def test_column_names_differ_in_case(self) -> None:
        """``LISTING ID`` and ``listing_id`` are one column."""
        for row in self.item_rows:
            loud = {name.upper().replace("_", " "): value for name, value in row.items()}
            assert self.adapter.to_item(loud) == self.adapter.to_item(row)

    def test_mapping_names_columns(self) -> None:
        """A mapping wins over the usual names; a target or column that does not exist is a clear mistake."""
        for row in self.item_rows:
            odd = {**row, "Their Own Id": "mapped-1"}
            assert self.adapter.to_item(odd, {"id": "Their Own Id"}).id == "mapped-1"
            assert "No Such Column" in str(_raised(BadRecord, self.adapter, row, {"title": "No Such Column"}))
            assert "no_such_field" in str(_raised(UnknownName, self.adapter, row, {"no_such_field": "Their Own Id"}))

    def test_refuses_empty_rows(self) -> None:
        """A row without anything is set aside, not made into something."""
        _raised(BadRecord, self.adapter, {}, None)

    def test_describes_in_one_line(self) -> None:
        """Wordings are one line that begins with the title, whatever the texts hold; the short one is short."""
        items = self.items()
        for item in [*items, *(replace(item, title=_NASTY, text=_NASTY * 50, place=_NASTY) for item in items)]:
            for short in (False, True):
                wording = self.adapter.describe(item, Ranks(items), short=short)
                assert wording.strip()
                odd = [sign for sign in wording if unicodedata.category(sign) in ("Cc", "Zl", "Zp")]
                assert not odd, f"line breaks or control characters {odd} in {wording!r}"
                assert wording == self.adapter.describe(item, Ranks(items), short=short), "two calls, two wordings"
                assert wording.split()[0].strip(".,") == item.title.split()[0].strip(".,")
            assert len(self.adapter.describe(item, short=True)) <= 400

    def test_shows_only_what_is_there(self) -> None:
        """Hidden and expired items are not eligible; the rest is, unless the kind has a rule."""
        at = datetime(2030, 1, 1, tzinfo=UTC)
        day = timedelta(days=1)
        for item in self.items():
            shown = replace(item, hidden=False, created=at - day, expires=at + day)
            for unfit in (replace(shown, hidden=True), replace(shown, expires=at - day)):
                assert not self.adapter.eligible(unfit, at)

    def test_reads_users(self) -> None:
        """Each row is a visitor."""
        for row in self.user_rows:
            user = self.adapter.to_user(row)
            assert user.id.strip()
            assert all(isinstance(line, str) for line in user.profile.values())
            assert user.updated is None or user.updated.tzinfo is not None

    def test_reads_events(self) -> None:
        """Each row is an event of a declared action; the caller's action counts where the row names none."""
        names = {action.name for action in self.adapter.actions}
        for row in self.event_rows:
            event = self.adapter.to_event(row, None, self.adapter.tasks[0].action)
            assert event.user.strip()
            assert event.item.strip()
            assert event.action in names
            assert event.at is None or event.at.tzinfo is not None


def _suits(type_: str, value: FieldValue) -> bool:
    if not isinstance(value, _HELD[type_]) or (type_ != "boolean" and isinstance(value, bool)):
        return False
    if type_ == "integer":
        return value == int(value)  # type: ignore[arg-type]
    if type_ == "date":
        return datetime.fromisoformat(str(value)).tzinfo is not None
    return not isinstance(value, list) or all(isinstance(tag, str) and tag for tag in value)


def _raised(kind: type[Exception], adapter: Adapter, row: Row, mapping: Any) -> Exception:
    try:
        item = adapter.to_item(row, mapping)
    except kind as error:
        return error
    raise AssertionError(f"read {item!r} instead of raising {kind.__name__}")
