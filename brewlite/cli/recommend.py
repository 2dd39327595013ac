"""``brewlite recommend | rank | similar | prompt``: asking a site for slates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from brewlite.cli.output import console, print_json
from brewlite.cli.site import open_site, site_options
from brewlite.errors import BadRecord
from brewlite.records import Constraint, Query, Slate

if TYPE_CHECKING:
    from brewlite.prompt import PromptPreview

Command = TypeVar("Command", bound=Callable[..., Any])


def query_options(command: Command) -> Command:
    """What can be said of the visitor and the list."""
    options = (
        click.option("--user", help="The visitor's id. Left out: somebody unknown."),
        click.option("--instructions", default="", help='What they say they want: "quiet, no shared room".'),
        click.option("--task", help="The surface's name. Default: the adapter's first."),
        click.option("--history", multiple=True, metavar="ITEM:ACTION", help="In place of the logged history."),
        click.option("--profile", multiple=True, metavar="KEY=VALUE", help="In place of the stored profile."),
        click.option("--context", multiple=True, metavar="KEY=VALUE", help="Time, season, device, place ..."),
        click.option("--at", help="Replay this moment, in ISO 8601: only what was known before it is used."),
        click.option("--seed", type=int, default=0, show_default=True, help="Breaks ties."),
        click.option("--ranker", help="A model's name or folder, or `none` for the first stage alone."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def list_options(command: Command) -> Command:
    """What only a chosen list has."""
    options = (
        click.option("--k", type=int, default=10, show_default=True, help="How many."),
        click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Also FIELD<=N and FIELD>=N."),
        click.option("--exclude", multiple=True, metavar="ITEM", help="Never show this item."),
        click.option("--deadline-ms", type=float, help="Take the first stage's order rather than be later than this."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@site_options
@query_options
@list_options
def recommend(config: str | None, db: str | None, adapter: str | None, **said: Any) -> None:
    """The best items for a visitor, from the whole catalog.

    \b
    Example:
      brewlite recommend --db site.db --user u1 --k 5 --instructions "quiet, at least 2 bedrooms, under $1,500"
    """
    with open_site(config, db, adapter, ranker=said["ranker"]) as site:
        show(site.recommend(query_from(said)), said["as_json"])


@click.command()
@site_options
@query_options
@click.argument("items", nargs=-1, required=True)
def rank(config: str | None, db: str | None, adapter: str | None, items: tuple[str, ...], **said: Any) -> None:
    """Put the given ITEMS in order for a visitor.

    \b
    Example:
      brewlite rank 12 17 33 --db site.db --history 9:stay --profile "about=two adults with a dog"
    """
    with open_site(config, db, adapter, ranker=said["ranker"]) as site:
        show(site.rank(query_from({**said, "candidates": items})), said["as_json"])


@click.command()
@site_options
@click.argument("item")
@click.option("--k", type=int, default=10, show_default=True, help="How many.")
@click.option("--at", help="Replay this moment, in ISO 8601.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def similar(
    config: str | None, db: str | None, adapter: str | None, item: str, k: int, at: str | None, as_json: bool
) -> None:
    """The items most like ITEM.

    \b
    Example:
      brewlite similar 12 --db site.db --k 5
    """
    with open_site(config, db, adapter, ranker="none") as site:
        show(site.similar(item, k=k, at=_moment(at)), as_json)


@click.command()
@site_options
@query_options
@list_options
@click.option("--candidate", "candidates", multiple=True, metavar="ITEM", help="Pin the candidates.")
def prompt(config: str | None, db: str | None, adapter: str | None, **said: Any) -> None:
    """Print exactly what the model reads for a visitor, with token counts.

    \b
    Example:
      brewlite prompt --db site.db --user u1 --instructions "by the river"
    """
    with open_site(config, db, adapter, ranker=said["ranker"]) as site:
        preview = site.preview(query_from(said))
    if said["as_json"]:
        print_json(preview)
    else:
        _show_preview(preview)


def query_from(said: dict[str, Any]) -> Query:
    """The query that the options spell."""
    return Query(
        user=said["user"],
        task=said["task"],
        k=said.get("k", 10),
        instructions=said["instructions"],
        profile=dict(_pair(text, "=", "--profile") for text in said["profile"]) or None,
        history=tuple(_history(text) for text in said["history"]) or None,
        context=dict(_pair(text, "=", "--context") for text in said["context"]),
        candidates=tuple(said.get("candidates") or ()) or None,
        filters=_filters(said.get("filters", ())),
        exclude=tuple(said.get("exclude", ())),
        at=_moment(said["at"]),
        deadline_ms=said.get("deadline_ms"),
        seed=said["seed"],
    )


def show(slate: Slate, as_json: bool) -> None:
    """Print ``slate`` for a program or for a person."""
    if as_json:
        print_json(slate)
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(f"{slate.task} · ranked by {slate.model}"), title_justify="left")
    for name in ("#", "item", "title", "score", "why"):
        table.add_column(name, justify="right" if name in ("#", "score") else "left", overflow="fold")
    for pick in slate.picks:
        parts = sorted(pick.sources.items(), key=lambda part: -abs(part[1]))[:3]
        told = ", ".join(f"{name} {value:+.2f}" for name, value in parts if abs(value) >= 0.005)
        why = escape("; ".join(filter(None, (pick.reason, told))))
        table.add_row(str(pick.rank), escape(pick.item.id), escape(pick.item.title[:80]), f"{pick.score:.3f}", why)
    console.print(table)
    for constraint in slate.understood:
        console.print(f"understood as a limit: {worded(constraint)}", markup=False)
    for note in (*slate.notes, *(("the model was not used: first-stage order",) if slate.degraded else ())):
        console.print(f"note: {note}", markup=False)
    console.print(f"[dim]{', '.join(f'{stage} {ms:.0f} ms' for stage, ms in slate.timing.items())}[/dim]")


def worded(constraint: Constraint) -> str:
    """``price <= 1500 ("under $1,500")``."""
    value = ", ".join(constraint.value) if isinstance(constraint.value, list) else constraint.value
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{constraint.field} {constraint.op} {number}" + (f' ("{constraint.words}")' if constraint.words else "")


def _show_preview(preview: PromptPreview) -> None:
    for section in preview.sections:
        console.rule(f"{section.name} · {section.tokens} tokens", align="left", style="dim")
        console.print(section.text.strip("\n"), markup=False, highlight=False)
    for section in preview.candidates:
        console.rule(f"candidate {section.name} · {section.tokens} tokens", align="left", style="dim")
        console.print(section.text.strip("\n"), markup=False, highlight=False)
    console.rule(style="dim")
    console.print(
        f"{preview.prefix_tokens} tokens of prefix, read once; {preview.candidate_tokens} tokens in "
        f"{len(preview.candidates)} candidates"
    )
    if preview.unread:
        console.print(
            f'"{preview.unread}" is not in it: it became a limit, or every candidate holds these words, or none does.',
            markup=False,
            highlight=False,
        )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRecord(f"--at {text!r} is no moment: write it like 2024-06-30 or 2024-06-30T12:00:00+00:00") from error


def _pair(text: str, separator: str, option: str) -> tuple[str, str]:
    key, found, value = text.partition(separator)
    if not found or not key:
        raise BadRecord(f"{option} {text!r}: write it like key{separator}value")
    return key.strip(), value.strip()


def _history(text: str) -> tuple[str, str]:
    item, found, action = text.rpartition(":")
    if not found or not item or not action:
        raise BadRecord(f"--history {text!r}: write it like ITEM:ACTION")
    return item, action


def _filters(texts: tuple[str, ...]) -> dict[str, Any]:
    """``price<=1500`` and ``price>=800`` become one range; ``=`` an exact value."""
    filters: dict[str, dict[str, Any]] = {}
    for text in texts:
        operator = next((op for op in ("<=", ">=") if op in text), "=")
        field, value = _pair(text, operator, "--filter")
        key = {"<=": "max", ">=": "min", "=": "is"}[operator]
        bounds = filters.setdefault(field, {})
        if key in bounds or (bounds and "is" in (key, *bounds)):
            raise BadRecord(f"--filter {text!r}: {field} is held to something already; give each bound once")
        bounds[key] = value
    return {field: bounds.get("is", bounds) for field, bounds in filters.items()}
