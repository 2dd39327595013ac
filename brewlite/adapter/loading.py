"""An adapter by name, by file, or as it is."""

from __future__ import annotations

import difflib
from importlib.metadata import entry_points
from pathlib import Path

from brewlite.adapter.declarations import Adapter
from brewlite.adapter.toml_file import read_adapter
from brewlite.errors import BadSettings, UnknownName

GROUP = "brewlite.adapters"
"""The entry-point group in which adapters register, the built-in ones and third parties' alike."""


def adapter_names() -> list[str]:
    """Names of the installed adapters, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_adapter(adapter: str | Path | Adapter) -> Adapter:
    """The adapter of that name, the one that a ``.toml`` file declares, or ``adapter`` itself.

    Raises UnknownName listing the installed ones, BadSettings for a broken file or plugin.
    """
    if isinstance(adapter, Path):
        return read_adapter(adapter)
    if not isinstance(adapter, str):
        return _checked(adapter, "the given adapter")
    if adapter.endswith(".toml") or "/" in adapter or "\\" in adapter:
        return read_adapter(Path(adapter))
    found = [entry for entry in entry_points(group=GROUP) if entry.name == adapter]
    if not found:
        close = difflib.get_close_matches(adapter, adapter_names(), 1)
        hint = f"did you mean {close[0]!r}?" if close else "or give the path of a .toml file"
        raise UnknownName("adapter", adapter, known=adapter_names(), hint=hint)
    try:
        loaded = found[0].load()
    except Exception as error:  # whatever a third party's module raises while it is imported
        raise BadSettings(
            f"adapter {adapter!r} ({found[0].value}) cannot be loaded: {error!r}; reinstall it"
        ) from error
    return _checked(loaded() if isinstance(loaded, type) else loaded, f"adapter {adapter!r} ({found[0].value})")


def _checked(adapter: object, what: str) -> Adapter:
    if not isinstance(adapter, Adapter):
        raise BadSettings(
            f"{what} is {type(adapter).__name__}: not an Adapter; see brewlite.adapter.Adapter, or build a FieldAdapter"
        )
    return adapter
