"""The OpenAPI document: what its schemas say of each field, taken from where the fields are declared."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib.metadata import version

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import OpenAPI, Schema
from msgspec import Struct

from brewlite.records import Constraint, Event, Item, Pick, Query, Slate, Task, User

SHOWN: dict[str, type[Struct]] = {
    "QueryBody": Query,
    "ItemBody": Item,
    "UserBody": User,
    "EventBody": Event,
    **{kind.__name__: kind for kind in (Constraint, Item, Pick, Slate, Task)},
}
"""Name in the document -> the record whose fields it has."""


def openapi(title: str = "brewlite") -> OpenAPIConfig:
    """Documents under ``/schema``: JSON and YAML. No page that would load scripts from elsewhere."""
    return OpenAPIConfig(
        title=title,
        version=version("brewlite"),
        description="Recommendations for a small site: one compact language model ranks the whole catalog.",
        path="/schema",
        render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
    )


def describe(document: OpenAPI) -> None:
    """Add each field's words to the schemas of brewlite's records in ``document``."""
    schemas = document.components.schemas if document.components is not None else None
    for name, kind in SHOWN.items():
        schema = (schemas or {}).get(name)
        if not isinstance(schema, Schema):
            continue
        for field, words in field_notes(kind).items():
            told = (schema.properties or {}).get(field)
            if isinstance(told, Schema):
                told.description = words


@cache
def field_notes(kind: type[Struct]) -> dict[str, str]:
    """Field -> the docstring that stands below it in the source of ``kind``."""
    body = ast.parse(inspect.getsource(kind).lstrip()).body[0]
    assert isinstance(body, ast.ClassDef)
    notes = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            notes[field.target.id] = inspect.cleandoc(str(below.value.value)).replace("``", "`")
    return notes
