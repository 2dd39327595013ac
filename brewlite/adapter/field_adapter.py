"""An adapter made of declarations alone, from TOML or in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from brewlite.adapter.attributes import EVENT, ITEM, USER, Attribute, Reader
from brewlite.adapter.dates import DateOrder
from brewlite.adapter.declarations import Action, Field, Priors, Row, Standings, named_action
from brewlite.adapter.rows import RowView
from brewlite.adapter.wording import CURRENCY_FIELD, long_wording, short_wording
from brewlite.errors import BadRecord
from brewlite.records import Event, FieldValue, Item, Task, User, as_utc

SKEW = timedelta(days=1)
"""How far ahead of the clock a date may lie: zones are often missing. What lies further is a mistake."""

COMMON_ACTIONS = (
    Action(name="view", phrase="looked at", weight=0.3, words=("click", "open", "visit")),
    Action(name="save", phrase="saved", weight=1.0, words=("bookmark", "favorite", "favourite", "wishlist")),
    Action(name="like", phrase="liked", weight=1.0, words=("upvote", "thumbs_up")),
    Action(name="dismiss", phrase="dismissed", weight=-0.7, words=("skip", "not_interested")),
    Action(name="hide", phrase="hid", weight=-1.0, words=("dislike", "thumbs_down")),
    Action(name="report", phrase="reported", weight=-1.0, words=("flag",)),
)
"""What visitors do on most sites; an adapter that names no actions gets these and its tasks' own."""


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def default_task(noun: str) -> Task:
    """What is asked on a site that words no task of its own."""
    return Task(name="like", action="like", question=f"Will this visitor like this {noun}?")


def default_action(name: str) -> Action:
    """An action that a task asks about and nobody declared."""
    return Action(name=name, phrase=f"chose to {name}")


class FieldAdapter(Struct, frozen=True, kw_only=True):
    """The whole :class:`~brewlite.adapter.Adapter` protocol from declarations; hooks for what needs code."""

    name: str
    kind: str
    noun: str
    fields: tuple[Field, ...] = ()
    actions: tuple[Action, ...] = COMMON_ACTIONS
    """What a task asks about is added when it is missing."""
    tasks: tuple[Task, ...] = ()
    """The first is the default; without any, the task is ``like``."""
    priors: Priors = Priors()
    item_columns: Mapping[str, Attribute] = field(default_factory=lambda: ITEM)
    """Attribute of an Item -> where it is read from."""
    user_columns: Mapping[str, Attribute] = field(default_factory=lambda: USER)
    """The same for a User; a key like ``profile.city`` is a line of the profile."""
    event_columns: Mapping[str, Attribute] = field(default_factory=lambda: EVENT)
    dates: DateOrder | None = None
    """How ``03/04/2021`` is meant; None refuses such dates."""
    refine: Callable[[Item, RowView], Item] | None = None
    """Last look at an item beside its row: what a trade's columns say between the lines."""
    rule: Callable[[Item, datetime], bool] | None = None
    """The kind's own reason not to show an item."""
    clock: Callable[[], datetime] = system_clock
    """Against which "in the future" is judged."""

    def __post_init__(self) -> None:
        tasks = self.tasks or (default_task(self.noun),)
        named = {action.name for action in self.actions}
        asked = [task.action for task in tasks if task.action not in named]
        force_setattr(self, "tasks", tuple(tasks))
        force_setattr(self, "actions", (*self.actions, *(default_action(name) for name in dict.fromkeys(asked))))

    @classmethod
    def from_toml(cls, path: str | Path) -> FieldAdapter:
        """The adapter that the TOML file declares. Raises BadSettings naming file, key, value and mend."""
        from brewlite.adapter.toml_file import read_adapter  # builds FieldAdapters, so it imports this module

        return read_adapter(Path(path))

    def to_item(self, row: Row, mapping: Mapping[str, str] | None = None) -> Item:
        """The item in ``row``; ``mapping`` is attribute or field name -> column.

        Raises BadRecord naming the column and its value, UnknownName for a target that does not exist.
        """
        reader = self._reader(row, mapping, self.item_columns, tuple(one.name for one in self.fields))
        item = Item(
            id=reader.id("id"),
            kind=reader.text("kind", 60) or self.kind,
            title=reader.title(),
            text=reader.joined("text"),
            fields=self._values(reader),
            url=reader.address("url"),
            image=reader.address("image"),
            place=reader.joined("place", ", ")[:200] or None,
            created=reader.moment("created", latest=self.clock() + SKEW),
            expires=reader.moment("expires", until=True),
            hidden=reader.yes("hidden"),
        )
        item = self.refine(item, reader.view) if self.refine else item
        if not item.title:
            raise reader.absent("title")
        return item

    def to_user(self, row: Row, mapping: Mapping[str, str] | None = None) -> User:
        """The visitor in ``row``. A mapping's target ``profile.X`` makes the column a line of the profile."""
        columns = dict(self.user_columns)
        columns |= {key: Attribute() for key in mapping or {} if key.startswith("profile.") and key not in columns}
        reader = self._reader(row, mapping, columns)
        lines = {key: reader.joined(key, limit=500) for key in columns if key.startswith("profile.")}
        return User(
            id=reader.id("id"),
            profile={key.removeprefix("profile."): line for key, line in lines.items() if line},
            interests=reader.joined("interests"),
            consent=reader.yes("consent", default=True),
            updated=reader.moment("updated", latest=self.clock() + SKEW),
        )

    def to_event(self, row: Row, mapping: Mapping[str, str] | None = None, action: str | None = None) -> Event:
        """The event in ``row``; ``action`` is used where the row names none."""
        reader = self._reader(row, mapping, self.event_columns)
        return Event(
            user=reader.id("user"),
            item=reader.id("item"),
            action=self._action(reader, action),
            at=reader.moment("at", latest=self.clock() + SKEW),
            value=reader.number("value"),
            slate=reader.text("slate", 200) or None,
        )

    def describe(self, item: Item, standings: Standings | None = None, short: bool = False) -> str:
        """``item`` as one line of text: all of it, or for a history the title and the fields marked ``in_short``."""
        if short:
            return short_wording(item, self.fields)
        return long_wording(item, self.fields, self.noun, standings)

    def eligible(self, item: Item, at: datetime) -> bool:
        """Whether ``item`` may be shown at ``at``: not hidden, not expired, and by the own rule.

        Whether it was there yet is not the adapter's to say: a log may know of it before its row's date does.
        """
        moment = as_utc(at)
        if item.hidden or (item.expires is not None and as_utc(item.expires) <= moment):
            return False
        return self.rule is None or self.rule(item, moment)

    def _reader(
        self, row: Row, mapping: Mapping[str, str] | None, columns: Mapping[str, Attribute], more: tuple[str, ...] = ()
    ) -> Reader:
        return Reader(RowView(row, mapping, (*columns, *more)), columns, self.dates)

    def _values(self, reader: Reader) -> dict[str, FieldValue]:
        values: dict[str, FieldValue] = {}
        named = False  # the currency of the row: the first that is named
        for known in self.fields:
            value, currency = reader.field(known)
            if value is None:
                continue
            values[known.name] = value
            if currency is not None and currency != (values.get(CURRENCY_FIELD) or known.currency):
                second = named or CURRENCY_FIELD in values
                values[f"{known.name}_{CURRENCY_FIELD}" if second else CURRENCY_FIELD] = currency
            named = named or currency is not None
        return values

    def _action(self, reader: Reader, given: str | None) -> str:
        """The action's declared name: the row's word for it, the caller's, or the one whose columns the row has."""
        named = reader.text("action", 200) or given
        if not named:
            hints = [known.name for known in self.actions if any(reader.view.has(column) for column in known.columns)]
            if not hints:
                raise reader.absent("action")
            return hints[0]
        meant = named_action(self.actions, named)
        if meant is not None:
            return meant.name
        raise BadRecord(
            f"unknown action {named!r}; known: {', '.join(known.name for known in self.actions)}; "
            f'declare it: [[actions]] name = "{named}"'
        )


def merge_users(first: User, second: User) -> User:
    """Two records of one visitor as one: interests joined without repeats, the second's profile lines winning.

    It counts as known only since the later of the two, so that a replay never sees words before they were said.
    """
    if first.id != second.id:
        raise BadRecord(f"users {first.id!r} and {second.id!r} are two visitors: only records of one id merge")
    lines: dict[str, str] = {}
    for line in (*first.interests.split("; "), *second.interests.split("; ")):
        if line.strip():
            lines.setdefault(line.strip().casefold(), line.strip())
    moments = [as_utc(moment) for moment in (first.updated, second.updated) if moment is not None]
    changes: dict[str, Any] = {
        "interests": "; ".join(lines.values()),
        "profile": {**first.profile, **second.profile},
        "consent": first.consent and second.consent,
        "updated": max(moments, default=None),
    }
    return replace(second, **changes)


__all__ = ["COMMON_ACTIONS", "SKEW", "FieldAdapter", "merge_users", "system_clock"]
