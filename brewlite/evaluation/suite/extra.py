"""Libraries of the extra ``bench``, loaded when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from brewlite.errors import ExtraMissing


def need(module: str) -> Any:
    """The module of that name. Raises ExtraMissing when the extra is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ExtraMissing("bench", f"measuring the suite (it loads {module})") from error
