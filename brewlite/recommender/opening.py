"""Which adapter, models and clock a site is opened with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from brewlite.adapter import Adapter, load_adapter
from brewlite.errors import BadSettings
from brewlite.store import Store


def named_model(given: str, configured: str) -> str | None:
    """The model that is meant: the one given, or the configured one for ``"default"``; None for ``"none"``."""
    name = configured if given == "default" else given
    return None if name == "none" else name


def utc_now() -> datetime:
    """Now, aware of its zone."""
    return datetime.now(UTC)


def site_adapter(store: Store, adapter: str | Path | Adapter | None) -> Adapter:
    """The adapter given, or the one the site was made with; the first one given is remembered."""
    remembered = store.get_meta("adapter")
    if adapter is None and remembered is None:
        raise BadSettings(
            "this site has no adapter yet: name one, like adapter='realestate' (jobs, posts, a TOML file)"
        )
    chosen = load_adapter(adapter if adapter is not None else str(remembered))
    if remembered is None and isinstance(adapter, (str, Path)):
        store.set_meta("adapter", str(Path(adapter).resolve()) if str(adapter).endswith(".toml") else str(adapter))
    return chosen
