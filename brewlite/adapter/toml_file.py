"""A FieldAdapter from a TOML file: no code for a site whose kind nobody foresaw."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from msgspec.structs import replace

from brewlite.adapter.attributes import EVENT, ITEM, USER, Attribute
from brewlite.adapter.dates import DateOrder
from brewlite.adapter.declarations import Action, Better, Field, FieldType, Priors
from brewlite.adapter.field_adapter import COMMON_ACTIONS, FieldAdapter
from brewlite.errors import BadSettings, UserError
from brewlite.records import Task

_JOINED = frozenset({"text", "place", "interests"})
"""Attributes of which a list of columns means "all of them"; elsewhere it means "the first with a value"."""
_FIELD_KEYS = tuple(key for key in Field.__struct_fields__ if key != "name")


class Section:
    """One table of the file: takes its keys one by one and complains about what is wrong or left."""

    def __init__(self, file: str, path: str, table: object) -> None:
        self.file, self.path = file, path
        if not isinstance(table, dict):
            self.fail("", table, "a table")
        self.table: dict[str, Any] = table

    def fail(self, key: str, value: object, wanted: str) -> NoReturn:
        """Raise BadSettings: the file, the key, the value, what it should be."""
        name = f"{self.path}.{key}".strip(".")
        raise BadSettings(f"{self.file}: {name} is {value!r}: not {wanted}")

    def only(self, known: Sequence[str]) -> None:
        """Raise BadSettings for a key that is none of ``known``."""
        for key in self.table:
            if key not in known:
                close = difflib.get_close_matches(key, known, 1)
                mend = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                raise BadSettings(f"{self.file}: unknown key {f'{self.path}.{key}'.strip('.')!r}; {mend}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required when there is no default."""
        value = self.table.get(key, default)
        if value is None:
            raise BadSettings(f"{self.file}: {self.path}.{key} is missing: give it a text")
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fail(key, value, "a text")
        return value

    def number(self, key: str, default: float) -> float:
        """A number."""
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e9 < value < 1e9:
            self.fail(key, value, "a number")
        return float(value)

    def yes(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, value, "true or false")
        return value

    def choice(self, key: str, known: Sequence[str], default: str | None) -> Any:
        """One of ``known``."""
        value = self.table.get(key, default)
        if value is not None and value not in known:
            close = difflib.get_close_matches(str(value), known, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            self.fail(key, value, f"one of {', '.join(known)}{hint}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A text or a list of texts; numbers count as their digits."""
        value = self.table.get(key)
        if value is None:
            return default
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, (str, int, float)) and not isinstance(part, bool) for part in parts):
            self.fail(key, value, "a text or a list of texts")
        return tuple(str(part) for part in parts)

    def section(self, key: str) -> Section:
        """The table under ``key``, empty when there is none."""
        return Section(self.file, f"{self.path}.{key}".strip("."), self.table.get(key, {}))

    def sections(self, key: str) -> list[Section]:
        """The tables of ``[[key]]``."""
        value = self.table.get(key, [])
        if not isinstance(value, list):
            self.fail(key, value, f"a list of tables, written [[{key}]]")
        return [Section(self.file, f"{key}[{n}]", table) for n, table in enumerate(value)]


def read_adapter(path: Path) -> FieldAdapter:
    """The adapter that ``path`` declares. Raises BadSettings."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSettings(f"{path}: cannot be read: {error.strerror or error}; is the path right?") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: not TOML: {error}") from None
    return build_adapter(Section(str(path), "", table))


def build_adapter(top: Section) -> FieldAdapter:
    """The adapter in a parsed file."""
    top.only(("adapter", "fields", "users", "events", "tasks", "actions", "priors"))
    if "adapter" not in top.table:
        raise BadSettings(f'{top.file}: no [adapter] table: start with [adapter] and kind = "..."')
    about, fields = top.section("adapter"), top.section("fields")
    about.only(("kind", "noun", "name", "base", "dates", "currency"))
    base = _base(about)
    kind = about.text("kind", base.kind if base else None)
    item_columns, typed = _fields(fields, base, about.text("currency", ""))
    if base is None:
        for name in ("id", "title"):
            if name not in fields.table:
                raise BadSettings(f'{top.file}: fields.{name} is missing: name its column, {name} = "{name}"')
    known = tuple(_action(section) for section in top.sections("actions"))
    tasks = tuple(_task(section) for section in top.sections("tasks"))
    return FieldAdapter(
        name=about.text("name", kind),
        kind=kind,
        noun=about.text("noun", base.noun if base else kind),
        fields=typed,
        actions=_laid_over(base.actions if base else COMMON_ACTIONS, known),
        tasks=tasks or (base.tasks if base else ()),
        priors=_priors(top.section("priors"), base.priors if base else Priors()),
        item_columns=item_columns,
        user_columns=_columns(top.section("users"), base.user_columns if base else USER, "profile."),
        event_columns=_columns(top.section("events"), base.event_columns if base else EVENT, None),
        dates=about.choice("dates", get_args(DateOrder), base.dates if base else None),
        refine=base.refine if base else None,
        rule=base.rule if base else None,
    )


def _base(about: Section) -> FieldAdapter | None:
    from brewlite.adapter.loading import load_adapter  # loads TOML files, so it imports this module

    name = about.text("base", "")
    if not name:
        return None
    try:
        base = load_adapter(name)
    except UserError as error:
        raise BadSettings(f"{about.file}: adapter.base: {error}") from None
    if not isinstance(base, FieldAdapter):
        about.fail("base", name, "an adapter made of declarations (a FieldAdapter); write yours in Python")
    return base


def _fields(
    section: Section, base: FieldAdapter | None, currency: str
) -> tuple[dict[str, Attribute], tuple[Field, ...]]:
    """What fills the item's attributes, and the typed fields."""
    columns = dict(base.item_columns if base else ITEM)
    typed = {field.name: replace(field, currency=currency or field.currency) for field in (base.fields if base else ())}
    for name, value in section.table.items():
        if name in ITEM:
            columns[name] = _attribute(section, name, columns[name])
        elif isinstance(value, dict):
            typed[name] = _field(section.section(name), typed.get(name) or Field(name=name, currency=currency or "$"))
        else:
            typed[name] = replace(typed.get(name) or Field(name=name), columns=section.texts(name))
    for field in typed.values():
        if field.unit_field and field.unit_field not in typed:
            section.fail(f"{field.name}.unit_field", field.unit_field, f"a field; known: {', '.join(typed)}")
    return columns, tuple(typed.values())


def _field(section: Section, before: Field) -> Field:
    section.only(_FIELD_KEYS)
    field = replace(
        before,
        type=section.choice("type", get_args(FieldType), before.type),
        unit=section.text("unit", before.unit),
        unit_field=section.text("unit_field", before.unit_field),
        units={**before.units, **{key: section.section("units").text(key) for key in section.section("units").table}},
        currency=section.text("currency", before.currency),
        better=section.choice("better", get_args(Better), before.better),
        capacity=section.yes("capacity", before.capacity),
        columns=section.texts("columns", before.columns),
        missing=section.texts("missing", before.missing),
        words=section.texts("words", before.words),
        values={**before.values, **_values(section.section("values"))},
        in_short=section.yes("in_short", before.in_short),
        worded=section.yes("worded", before.worded),
    )
    for key in field.values:
        if field.type == "boolean" and key not in ("true", "false"):
            section.fail(f"values.{key}", list(field.values[key]), 'under "true" or "false", the values of a boolean')
        if field.type in ("number", "integer", "money") and not _is_figure(key):
            section.fail(f"values.{key}", list(field.values[key]), "under a figure, such as values.0")
    return field


def _values(section: Section) -> dict[str, tuple[str, ...]]:
    return {key: section.texts(key) for key in section.table}


def _is_figure(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", text) is not None


def _attribute(section: Section, name: str, before: Attribute) -> Attribute:
    value = section.table[name]
    if isinstance(value, dict):
        inner = section.section(name)
        inner.only(("columns", "missing"))
        columns = _parts(name, inner.texts("columns")) if "columns" in value else before.columns
        return Attribute(columns=columns, missing=inner.texts("missing", before.missing))
    return Attribute(columns=_parts(name, section.texts(name)))


def _parts(name: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    joined = name in _JOINED or name.startswith("profile.")
    return tuple((column,) for column in columns) if joined else (columns,)


def _columns(section: Section, before: Mapping[str, Attribute], prefix: str | None) -> dict[str, Attribute]:
    """The attributes of users or events; of users, a key that is none of theirs becomes a line of the profile."""
    columns = dict(before)
    if prefix is None:
        section.only(tuple(before))
    for key in section.table:
        name = key if key in before or prefix is None else prefix + key
        columns[name] = _attribute(
            Section(section.file, section.path, {name: section.table[key]}), name, before.get(name, Attribute())
        )
    return columns


def _task(section: Section) -> Task:
    section.only(("name", "action", "question", "instruction", "note"))
    name = section.text("name")
    return Task(
        name=name,
        action=section.text("action", name),
        question=section.text("question"),
        instruction=section.text("instruction", ""),
        note=section.text("note", ""),
    )


def _action(section: Section) -> Action:
    section.only(("name", "phrase", "weight", "words", "columns"))
    name = section.text("name")
    return Action(
        name=name,
        phrase=section.text("phrase", f"chose to {name}"),
        weight=section.number("weight", 1.0),
        words=section.texts("words"),
        columns=section.texts("columns"),
    )


def _laid_over(before: tuple[Action, ...], own: tuple[Action, ...]) -> tuple[Action, ...]:
    """The file's own actions, then the usual ones it did not redefine."""
    names = {action.name for action in own}
    return (*own, *(action for action in before if action.name not in names))


def _priors(section: Section, before: Priors) -> Priors:
    section.only(Priors.__struct_fields__)
    return Priors(**{key: section.number(key, getattr(before, key)) for key in Priors.__struct_fields__})
