"""What brewlite must know about one kind of site: an :class:`Adapter`, made of declarations.

It answers five questions and holds no state: a row's item; a row's visitor (and event); how an item reads as text,
long and short; which tasks there are and how they are worded; whether an item may be shown now.
"""

from __future__ import annotations

from brewlite.adapter.attributes import Attribute, any_of
from brewlite.adapter.declarations import (
    Action,
    Adapter,
    Better,
    Field,
    FieldType,
    FieldValue,
    Priors,
    Row,
    Standings,
    named_action,
)
from brewlite.adapter.field_adapter import COMMON_ACTIONS, FieldAdapter, merge_users
from brewlite.adapter.loading import adapter_names, load_adapter

__all__ = [
    "COMMON_ACTIONS",
    "Action",
    "Adapter",
    "Attribute",
    "Better",
    "Field",
    "FieldAdapter",
    "FieldType",
    "FieldValue",
    "Priors",
    "Row",
    "Standings",
    "adapter_names",
    "any_of",
    "load_adapter",
    "merge_users",
    "named_action",
]
