"""``brewlite init``: a database for a site, and its settings file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from brewlite.cli.output import console, print_json
from brewlite.errors import BadSettings

if TYPE_CHECKING:
    from brewlite.store import Store


@click.command()
@click.option("--db", required=True, help="The database to make: a path, or an SQLAlchemy URL.")
@click.option("--adapter", help="What the site lists: a built-in's or plugin's name, or a TOML file.")
@click.option(
    "--config",
    is_flag=False,
    flag_value="brewlite.toml",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a settings file, with every setting in it as a comment. Alone: ./brewlite.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(db: str, adapter: str | None, config: Path | None, as_json: bool) -> None:
    """Make a database for a site. Run again, it says what is there.

    \b
    Example:
      brewlite init --db site.db --adapter realestate --config
    """
    from brewlite.adapter import load_adapter
    from brewlite.store import Store

    if adapter is not None:
        load_adapter(adapter)
    with Store.open(db, create=adapter is not None) as store:
        name = _settle_adapter(store, db, adapter)
        counts = store.counts()
    kept = config is not None and config.exists()
    if config is not None and not kept:
        _write_settings(config, db, name)
    if as_json:
        print_json({"db": db, "adapter": name, "config": str(config) if config else None, "counts": counts})
        return
    _say(f"{db}: adapter {name}, {counts.items} items, {counts.users} users, {counts.events} events")
    if config is not None:
        _say(f"{config}: {'was there already and is left as it was' if kept else 'every setting, as a comment'}")
    if counts.items == 0:
        _say(f"next: brewlite import items FILE --db {db}")


def _say(words: str) -> None:
    console.print(words, highlight=False, markup=False, soft_wrap=True)


def _settle_adapter(store: Store, db: str, adapter: str | None) -> str:
    """The adapter that the site has from now on. Only a site without items may change it."""
    from brewlite.adapter import adapter_names

    there = store.get_meta("adapter")
    if adapter is None:
        if there is None:
            raise BadSettings(f"{db} has no adapter yet: add --adapter {'|'.join(adapter_names())}, or a TOML file")
        return there
    wanted = str(Path(adapter).resolve()) if adapter.endswith(".toml") else adapter
    if there not in (None, wanted) and store.counts().items:
        raise BadSettings(f"{db} holds items of adapter {there!r}: use another database for {adapter!r}")
    if there != wanted:
        store.set_meta("adapter", wanted)
    return wanted


def _write_settings(path: Path, db: str, adapter: str) -> None:
    try:
        path.write_text("\n".join(_settings_lines(db, adapter)) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadSettings(f"{path} cannot be written: {error.strerror or error}") from error


def _settings_lines(db: str, adapter: str) -> Iterator[str]:
    """A settings file that sets nothing but the database and the adapter, and shows every default."""
    from brewlite.recommender import RecommenderConfig
    from brewlite.settings import ServingConfig

    yield "# Settings of a brewlite site. What is commented out is the default."
    yield "# A variable overrides the file: BREWLITE_RETRIEVAL__CANDIDATES=40 is candidates in [retrieval]."
    yield ""
    yield f"db = {_toml(db)}"
    yield f"adapter = {_toml(adapter)}"
    defaults = RecommenderConfig()
    sections: dict[str, Any] = {}
    for name in defaults.__struct_fields__:
        value = getattr(defaults, name)
        if isinstance(value, msgspec.Struct):
            sections[name] = value
        elif name != "tasks":
            yield _setting(name, value)
    for name, section in {**sections, "serving": ServingConfig()}.items():
        yield from _section(name, section)
    yield ""
    yield "# A surface of your own: what is asked, and which action answers it with yes."
    yield "# [[tasks]]"
    for key, text in (
        ("name", "save"),
        ("action", "save"),
        ("question", "Will this visitor save this listing?"),
        ("note", "Prefer homes close to the school."),
    ):
        yield _setting(key, text)


def _section(name: str, section: msgspec.Struct) -> Iterator[str]:
    """A table of the file, then those within it: a table's own keys must come before the next table begins."""
    values = {key: getattr(section, key) for key in section.__struct_fields__}
    yield ""
    yield f"# {(section.__doc__ or '').splitlines()[0]}"
    yield f"[{name}]"
    for key, value in values.items():
        if not isinstance(value, msgspec.Struct):
            yield _setting(key, value)
    for key, value in values.items():
        if isinstance(value, msgspec.Struct):
            yield from _section(f"{name}.{key}", value)


def _setting(name: str, value: object) -> str:
    return f"# {name} is not set" if value is None else f"# {name} = {_toml(value)}"


def _toml(value: object) -> str:
    # JSON writes strings, numbers, booleans and lists of them as TOML does.
    return msgspec.json.encode(value).decode()
