"""The names by which a visitor may ask for a value: those that the adapter declares, and those the catalog holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, structs

from brewlite.adapter import Field
from brewlite.adapter.plain import words_of
from brewlite.wishes.language import Phrase

MARKS = re.compile(r"[+#]+(?![^\W_])")
"""Behind a word: a part of its name, as in ``C++``."""
_HEAD = re.compile(r"\s[-–—]\s|[(,:;]")
"""Where a tag stops naming the thing and begins to describe it."""


class Name(Struct, frozen=True, kw_only=True):
    """One meaning of a phrase: a value of a field."""

    field: str
    type: str
    value: str
    declared: bool
    """Whether the adapter declares the name, or only the catalog happens to hold it."""
    marks: str = ""
    """Behind its last word: ``++`` of ``C++``."""


@lru_cache(maxsize=64)
def _names_of_fields(
    fields: tuple[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], ...],
) -> dict[Phrase, tuple[Name, ...]]:
    names: dict[Phrase, tuple[Name, ...]] = {}
    for field, kind, values in fields:
        for value, others in values:
            spoken = others if kind in ("boolean", "number", "integer", "money") else (value, *others)
            for other in spoken:
                _add(names, other, Name(field=field, type=kind, value=value, declared=True))
    return names


def declared(fields: tuple[Field, ...]) -> dict[Phrase, tuple[Name, ...]]:
    """Every name that the fields declare for a value, as a phrase; a boolean's own words mean yes."""
    plain = []
    for field in fields:
        values = {key: tuple(names) for key, names in field.values.items()}
        if field.type == "boolean":
            values["true"] = (*values.get("true", ()), *field.words, field.name)
        if field.type not in ("text", "date"):
            plain.append((field.name, field.type, tuple(values.items())))
    return _names_of_fields(tuple(plain))


def add_known(
    names: dict[Phrase, tuple[Name, ...]], fields: Sequence[Field], known: Mapping[str, Sequence[str]], words: str
) -> None:
    """The catalog's own values, where the text may name them; a place also by its parts."""
    types = {field.name: field.type for field in fields} | {"place": "category"}
    declared: dict[str, set[str]] = {}
    for name in (name for found in names.values() for name in found):
        declared.setdefault(name.field, set()).add(name.value.casefold())
    for field, values in known.items():
        if types.get(field) not in ("category", "tags"):
            continue
        for value in values:
            parts = dict.fromkeys((value, *value.split(","))) if field == "place" else (value,)
            for one in parts:
                said = one.strip()
                if said and said.casefold() in words and said.casefold() not in declared.get(field, ()):
                    _add(names, said, Name(field=field, type=types[field], value=said, declared=False))


def _add(names: dict[Phrase, tuple[Name, ...]], phrase: str, name: Name) -> None:
    key = tuple(words_of(phrase).split())
    if phrase.rstrip()[-1:] in tuple("+#"):
        name = structs.replace(name, marks=phrase.strip()[len(phrase.strip().rstrip("+#")) :])
    for form in {key, _plural(key)}:
        if form and name not in names.get(form, ()):
            names[form] = (*names.get(form, ()), name)


def _plural(key: Phrase) -> Phrase:
    """The phrase with its last word in the plural: visitors refuse ``shared rooms``."""
    if not key or key[-1].endswith("s") or not key[-1].isalpha() or len(key[-1]) < 3:
        return key
    last = key[-1]
    return (*key[:-1], last + ("es" if last.endswith(("x", "ch", "sh", "z")) else "s"))


def with_kinds(
    field: str, values: tuple[str, ...], fields: Sequence[Field], known: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """``values`` of a field of tags, and the catalog's tags that are kinds of them by their last words.

    ``Shared outdoor pool - open 24 hours`` is a pool; ``Pool view`` and ``No pool`` are none.
    """
    tags = next((one for one in fields if one.name == field and one.type == "tags"), None)
    if tags is None:
        return values
    spoken = (name for value in values if value in tags.values for name in (value, *tags.values[value]))
    names = {words_of(name) for name in spoken} - {""}
    last = {name.split(" ")[-1] for name in names}
    likely = (tag for tag in known.get(field, ()) if any(word in tag.casefold() for word in last))
    kinds = [tag for tag in likely if tag not in tags.values and _is_kind(tag, names)]
    return tuple(dict.fromkeys((*values, *kinds)))


def _is_kind(tag: str, names: set[str]) -> bool:
    head = words_of(_HEAD.split(tag, maxsplit=1)[0])
    refused = head.split(" ")[0] in ("no", "not", "without", "non")
    return not refused and any(head == name or head.endswith(f" {name}") for name in names)
