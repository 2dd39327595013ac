"""Options shared by the commands that open a site, and how they open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import asdict

from brewlite.errors import BadSettings

if TYPE_CHECKING:
    from brewlite.recommender import Recommender
    from brewlite.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def site_options(command: Command) -> Command:
    """``--db``, ``--adapter`` and ``--config``."""
    options = (
        click.option("--db", help="The site's database: a path, or an SQLAlchemy URL. Default: db in brewlite.toml."),
        click.option("--adapter", help="A built-in's or plugin's name, or a TOML file. Default: the site's."),
        click.option("--config", type=click.Path(dir_okay=False), help="Settings file. Default: ./brewlite.toml."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def site_settings(config: str | None, db: str | None = None, adapter: str | None = None) -> Settings:
    """The settings, with the options laid over them.

    Raises:
        BadSettings: a setting is wrong, or no database is named anywhere.
    """
    from msgspec import structs

    from brewlite.settings import load_settings

    settings = load_settings(config)
    settings = structs.replace(settings, db=db or settings.db, adapter=adapter or settings.adapter)
    if settings.db is None:
        raise BadSettings("no database named: give --db site.db, or set db in brewlite.toml")
    return settings


def open_site(
    config: str | None,
    db: str | None,
    adapter: str | None,
    *,
    ranker: str | None = None,
    must_exist: bool = True,
    **how: Any,
) -> Recommender:
    """Open the site that the options name; ``ranker`` is a model's name, ``none``, or None for the settings'.

    Raises:
        BadSettings: the database is not there and ``must_exist``.
    """
    from brewlite.recommender import Recommender
    from brewlite.store import is_missing

    settings = site_settings(config, db, adapter)
    where = str(settings.db)
    if must_exist and is_missing(where):
        raise BadSettings(f"no database at {where}: make it with `brewlite init --db {where} --adapter realestate`")
    return Recommender.open(where, settings.adapter, ranker=ranker or "default", config=settings.recommender, **how)


@contextmanager
def made_only_if_used(where: str) -> Iterator[None]:
    """A database that is not there yet is gone again at the end, unless something is stored in it by then."""
    from brewlite.store import Store, is_missing

    new = is_missing(where)
    try:
        yield
    finally:
        if new and not is_missing(where):
            with Store.open(where) as store:
                empty, file = not any(asdict(store.counts()).values()), store.file
            if empty and file is not None:
                file.unlink()
