"""``brewlite import``: items, users and events from files and databases."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from msgspec import Struct, structs
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from brewlite.cli.output import console, print_json, progress_console
from brewlite.cli.site import made_only_if_used, open_site, site_options, site_settings
from brewlite.errors import BadSettings, WeightsMissing

if TYPE_CHECKING:
    from brewlite.intake import ImportReport, Progress, Rejection
    from brewlite.recommender import Recommender

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN = 10
"""Rejected rows that the summary lists."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as in shells."""


class Job(Struct, frozen=True, kw_only=True):
    """One import, as asked for."""

    source: str
    db: str | None
    adapter: str | None
    config: str | None
    map: tuple[str, ...]
    encoding: str | None
    format: str | None
    table: str | None
    sql: str | None
    rejects: Path | None
    as_json: bool
    no_vectors: bool = False
    no_learn: bool = True


def source_options(command: Command) -> Command:
    """Everything that says what is read and how."""
    options = (
        click.argument("source"),
        click.option("--map", multiple=True, metavar="FIELD=COLUMN", help="Read FIELD from COLUMN. May be repeated."),
        click.option("--encoding", help="Of a text file: latin-1, cp1252, utf-16 ... Default: UTF-8."),
        click.option("--format", help="csv, tsv, jsonl, json, jsonld, html, feed, parquet or sql. Default: by suffix."),
        click.option("--table", help="Of a database: SOURCE is then an SQLAlchemy URL or an SQLite file."),
        click.option("--sql", help="A query instead of a table."),
        click.option(
            "--rejects",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write every rejected row's number and reason to this file, one JSON object a line.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return site_options(command)


vectors_option = click.option("--no-vectors", is_flag=True, help="Leave the texts unencoded for now.")


@click.group("import")
def import_() -> None:
    """Import items, users and events from a file or a database.

    Reads CSV, TSV, JSON Lines, JSON, Parquet, JSON-LD (also in HTML pages), RSS, Atom and SQL; gzip too. Importing
    again replaces: a row is the whole record of its id. Rows that cannot be used are set aside and listed. Exit code 2
    when no row could be used.

    \b
    Example:
      brewlite import items listings.csv.gz --db site.db
      brewlite import events reviews.csv.gz --db site.db --action stay
    """


@import_.command()
@source_options
@vectors_option
def items(**asked: Any) -> None:
    """Import or replace what the site offers, and encode its texts.

    \b
    Example:
      brewlite import items listings.csv --db site.db --map price=asking_price
      brewlite import items sqlite:///shop.db --table homes --db site.db --adapter realestate
    """
    _import(Job(**asked), "items", lambda site: site.import_items)


@import_.command()
@source_options
@vectors_option
def users(**asked: Any) -> None:
    """Import or replace what the site knows about visitors.

    \b
    Example:
      brewlite import users wishes.csv --db site.db --map interests=looking_for
    """
    _import(Job(**asked), "users", lambda site: site.import_users)


@import_.command()
@source_options
@click.option("--action", help="What the visitors did, where a row does not say.")
@click.option("--no-learn", is_flag=True, help="Leave what the blend weighs as it is.")
def events(action: str | None, **asked: Any) -> None:
    """Import what visitors did. Items come first: an event on an unknown item is rejected.

    Afterwards the blend learns from the whole log what popularity, freshness, similarity and the rest count for on
    this site, where there are choices enough: some seconds.

    \b
    Example:
      brewlite import events reviews.csv.gz --db site.db --action stay --map user=reviewer_id
    """
    _import(Job(**asked, no_vectors=True), "events", lambda site: partial(site.import_events, action=action))


def _import(job: Job, what: str, verb: Callable[[Recommender], Callable[..., ImportReport]]) -> None:
    """Read, store, show the bars and the summary; end with the exit code that says how it went."""
    reading = {"table": job.table, "sql": job.sql, "encoding": job.encoding, "format": job.format}
    mapping = _mapping(job.map)
    how: dict[str, Any] = {"encoder": None} if job.no_vectors else {}
    where = str(site_settings(job.config, job.db, job.adapter).db)
    with (
        made_only_if_used(where),
        open_site(job.config, job.db, job.adapter, must_exist=job.adapter is None, **how) as site,
    ):
        _check_weights(site)
        with _rejects(job.rejects) as on_reject, _Watch(what) as watch:
            try:
                report = verb(site)(job.source, mapping, progress=watch.show, on_reject=on_reject, **reading)
            except KeyboardInterrupt:
                click.echo(
                    f"brewlite: interrupted after {watch.done} rows, which are kept: run the command again to finish",
                    err=True,
                )
                raise SystemExit(INTERRUPTED) from None
        learned = "" if job.no_learn or not report.added else _learned(site)
    report = structs.replace(report, rejected=tuple(map(_as_option, report.rejected)))
    if job.as_json:
        print_json(report)
    else:
        _summarise(job, what, report)
        if learned:
            _say(learned)
    if report.rejected_count == report.rows:
        raise SystemExit(2)


def _learned(site: Recommender) -> str:
    """Let the blend learn, and tell what came of it."""
    from brewlite.recommender.learning import learn_and_keep, too_few

    try:
        with progress_console.status("the blend learns from the log"):
            learned = learn_and_keep(site)
            why = None if learned is not None else too_few(site)
    except KeyboardInterrupt:
        return "the blend was interrupted while it learned: it weighs as before"
    if learned is None:
        return f"blend: {why or 'the log taught nothing that would do better'}"
    return f"blend learned from {learned.cases:,} choices of {learned.visitors:,} visitors"


def _mapping(pairs: tuple[str, ...]) -> dict[str, str] | None:
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, mark, column = pair.partition("=")
        if not (field.strip() and mark and column.strip()):
            raise BadSettings(f"--map {pair!r} is not FIELD=COLUMN: write it like price=asking_price")
        mapping[field.strip()] = column.strip()
    return mapping or None


def _check_weights(site: Recommender) -> None:
    """Missing weights are told before the first row is stored, not after the last."""
    from brewlite import weights

    if site.encoder is None:
        return
    try:
        weights.locate(site.config.encoder)
    except WeightsMissing as error:
        raise WeightsMissing(f"{error}; or import with --no-vectors for now") from error


@contextlib.contextmanager
def _rejects(path: Path | None) -> Iterator[Callable[[Rejection], None] | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise BadSettings(f"--rejects {path} cannot be written: {error.strerror or error}") from error
    with file:
        yield lambda rejection: print(msgspec.json.encode(_as_option(rejection)).decode(), file=file)


class _Watch:
    """Bars on standard error: one for rows, one for vectors."""

    def __init__(self, what: str) -> None:
        self.done = 0
        self._words = {"rows": f"reading {what}", "vectors": "encoding texts"}
        self._tasks: dict[str, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=progress_console,
            transient=True,
            disable=not progress_console.is_terminal,
        )

    def __enter__(self) -> _Watch:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Move the stage's bar."""
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(self._words[progress.stage], total=None)
        self._bars.update(self._tasks[progress.stage], completed=progress.done, total=progress.total)
        if progress.stage == "rows":
            self.done = progress.done


def _summarise(job: Job, what: str, report: ImportReport) -> None:
    _say(
        f"{report.rows:,} rows of {what} in {report.seconds:.1f} s: {report.added:,} added, "
        f"{report.updated:,} updated, {report.unchanged:,} unchanged, {report.rejected_count:,} rejected"
    )
    if report.vectors:
        _say(f"{report.vectors:,} texts encoded")
    if report.repeated:
        counts = "all its rows are joined" if what == "users" else "the last one counts"
        _say(f"{report.repeated:,} rows have an id that came before in the same source: {counts}", "yellow")
    if report.undated:
        _say(f"{report.undated:,} events name no time and got that of this import", "yellow")
    if report.rejected_count:
        _list_rejected(job, report)


def _say(words: str, style: str = "") -> None:
    console.print(Text(words, style=style), soft_wrap=True)


def _list_rejected(job: Job, report: ImportReport) -> None:
    share = f"{report.rejected_count:,} of {report.rows:,} rows rejected"
    title = f"No row could be used: {share}" if report.rejected_count == report.rows else share
    table = Table("row", "reason", title=title, title_style="bold")
    rows: dict[str, list[str]] = {}
    for rejection in report.rejected[:SHOWN]:
        rows.setdefault(rejection.reason, []).append(str(rejection.row))
    for reason, numbers in rows.items():
        table.add_row(", ".join(numbers), Text(reason))
    console.print(table)
    if report.rejected_count > SHOWN:
        where = f"all are in {job.rejects}" if job.rejects else "--rejects FILE writes all of them"
        _say(f"and {report.rejected_count - SHOWN:,} more: {where}")


def _as_option(rejection: Rejection) -> Rejection:
    """A reason that speaks of the Python argument speaks of the option here."""
    reason = re.sub(r'mapping=\{"([^"]+)": COLUMN\}', r"--map \1=COLUMN", rejection.reason)
    return structs.replace(rejection, reason=reason)
