"""``brewlite demo``: the example listing site, built once and served."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli.output import console, progress_console
from brewlite.errors import ExtraMissing

if TYPE_CHECKING:
    from brewlite.recommender import Recommender

WISH = "quiet, by the river, a balcony or garden, at most $1,300 a month"
CANDIDATES = 40
"""Homes that the model reads for a page: enough to reorder, few enough for two seconds on two cores."""


@click.command()
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), help="Where it is built.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--fresh", is_flag=True, help="Build anew, and forget what was clicked.")
@click.option("--once", is_flag=True, help="Make one recommendation, print it, and end: for machines without a screen.")
@click.option("--wish", default=WISH, show_default=True, help="What the visitor of --once says.")
@click.option("--ranker", default="default", help="A model's name or folder, or `none` for the first stage alone.")
def demo(folder: Path | None, port: int, no_browser: bool, fresh: bool, once: bool, wish: str, ranker: str) -> None:
    """A made-up town with 300 homes to rent, ranked for you by the language model on this machine.

    The first start fetches the model (about 190 MB) and builds the site in the cache; later ones take seconds. What
    you click is kept until --fresh.

    \b
    Example:
      brewlite demo
      brewlite demo --once --wish "a houseboat with a stove"
    """
    from brewlite.weights import DEFAULT_RANKER, cache_dir

    pull_missing([] if ranker == "none" else [DEFAULT_RANKER if ranker == "default" else ranker])
    folder = folder or cache_dir() / "demo"
    place = _built(folder, fresh)
    with _opened(place, ranker) as recommender:
        if once:
            _show_once(recommender, place, wish)
        else:
            _serve(recommender, place, port, not no_browser and has_display())


def pull_missing(rankers: list[str]) -> None:
    """Fetch the weights that are not here yet, saying so first."""
    from brewlite.cli.models import pull
    from brewlite.weights import DEFAULT_ENCODER, REGISTRY, checkpoint_of, info

    known = [name for name in (*rankers, DEFAULT_ENCODER) if name in REGISTRY or checkpoint_of(name)]
    missing = [name for name in known if info(name).state != "ready"]
    if missing:
        console.print(f"fetching {' and '.join(missing)}: once, afterwards no network is needed")
        click.get_current_context().invoke(pull, names=tuple(missing), carried=None, as_json=False)


def has_display() -> bool:
    """Whether a browser could be seen here."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _site() -> Any:
    """The example's package, which brewlite itself never needs."""
    try:
        import brewlite_listing_site.build
        import brewlite_listing_site.site
    except ModuleNotFoundError as error:
        raise ExtraMissing("demo", f"the example site ({error.name} is not installed)") from error
    return brewlite_listing_site


def _built(folder: Path, fresh: bool) -> Any:
    from datetime import UTC, datetime

    with progress_console.status("looking at the site") as status:
        return _site().build.build(folder, datetime.now(UTC), fresh=fresh, told=status.update)


def _opened(place: Any, ranker: str) -> Recommender:
    from brewlite.recommender import Recommender, RecommenderConfig
    from brewlite.retrieval import RetrievalConfig

    config = RecommenderConfig(retrieval=RetrievalConfig(candidates=CANDIDATES))
    return Recommender.open(place.db, ranker=ranker, config=config)


def _serve(recommender: Recommender, place: Any, port: int, browser: bool) -> None:
    from brewlite.serving.server import bind, run

    def ready(address: str) -> None:
        console.print(f"[bold]Kettle & Key[/bold] is open at {address}  (Ctrl+C ends it)")
        if browser:
            import webbrowser

            webbrowser.open(address)

    if not run(_site().site.create_app(recommender, place), bind("127.0.0.1", port), ready=ready):
        raise SystemExit(1)


def _show_once(recommender: Recommender, place: Any, wish: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    site = _site().site
    with progress_console.status("reading the homes"):
        page = asyncio.run(site.visit_once(site.create_app(recommender, place), wish))
    console.print(f"A new visitor says: [italic]{escape(wish)}[/italic]", highlight=False)
    for chip in page.chips:
        console.print(f"kept to: [bold]{escape(chip.text)}[/bold]", highlight=False)
    table = Table("was", "now", "home", "rent", "where", box=None, pad_edge=False, header_style="dim")
    for card in page.cards[:12]:
        was = str(card.before) if card.before else "-"
        table.add_row(was, f"[bold]{card.rank}[/bold]", escape(card.title), card.price, f"{card.kind}, {card.district}")
    console.print(table)
    for note in page.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(f"[dim]{page.how}[/dim]", highlight=False)
