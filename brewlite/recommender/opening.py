"""Which adapter, models and clock a site is opened with."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from brewlite.adapter import Adapter, load_adapter
from brewlite.errors import BadSettings
from brewlite.store import Store
from brewlite.weights import DEFAULT_RANKER, cache_dir

LEARNED = "ranker"
"""Under this name the store keeps which ranker the site has learned: a folder in :func:`models_folder`, or an absolute
path. Empty or not there: none, or none that was better."""


def models_folder(store: Store) -> Path:
    """Where the rankers lie that the site has learned: beside an SQLite file, else in the cache."""
    if store.file is not None:
        return Path(f"{store.file}.models")
    return cache_dir() / "sites" / hashlib.blake2b(repr(store).encode(), digest_size=8).hexdigest()


def learned_ranker(store: Store) -> Path | None:
    """The folder of the ranker that the site has learned and uses; None where it uses the shipped one."""
    pointer = store.get_meta(LEARNED)
    return models_folder(store) / pointer if pointer else None


def named_model(given: str, configured: str) -> str | None:
    """The model that is meant: the one given, or the configured one for ``"default"``; None for ``"none"``."""
    name = configured if given == "default" else given
    return None if name == "none" else name


def site_ranker(store: Store, given: str, configured: str) -> str | None:
    """As :func:`named_model`; where both are ``"default"``, what the site has learned, or else what is shipped."""
    name = named_model(given, configured)
    return str(learned_ranker(store) or DEFAULT_RANKER) if name == "default" else name


def utc_now() -> datetime:
    """Now, aware of its zone."""
    return datetime.now(UTC)


def site_adapter(store: Store, adapter: str | Path | Adapter | None) -> Adapter:
    """The adapter given, or the one the site was made with; the first one given is remembered.

    Raises:
        BadSettings: neither is there, or the site holds another trade's items, whose fields this one would lose.
    """
    remembered = store.get_meta("adapter")
    if adapter is None and remembered is None:
        raise BadSettings(
            "this site has no adapter yet: name one, like adapter='realestate' (jobs, posts, a TOML file)"
        )
    if _trades_apart(remembered, adapter) and store.counts().items:
        raise BadSettings(f"the site holds items of adapter {remembered!r}: use another database for {str(adapter)!r}")
    chosen = load_adapter(adapter if adapter is not None else str(remembered))
    if remembered is None and isinstance(adapter, (str, Path)):
        store.set_meta("adapter", str(Path(adapter).resolve()) if str(adapter).endswith(".toml") else str(adapter))
    return chosen


def _trades_apart(remembered: str | None, adapter: str | Path | Adapter | None) -> bool:
    """Whether both are names and not the same; a TOML file, or an adapter in Python, may be made for any site."""
    named = isinstance(adapter, (str, Path)) and not str(adapter).endswith(".toml")
    return named and remembered is not None and not remembered.endswith(".toml") and str(adapter) != remembered
