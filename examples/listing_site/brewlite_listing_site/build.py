"""From the generator to a site on the disk: rows, pictures, and the database that brewlite serves from.

The dates of the catalog are relative to the moment of building. A site that was built a while ago is built anew, so
that its newest homes are new; what real visitors did is carried over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from brewlite import Recommender
from brewlite.records import Event
from brewlite.retrieval import Encoder
from brewlite.retrieval.catalog import from_us
from brewlite.store import Store
from brewlite_listing_site import visitors
from brewlite_listing_site.catalog import SEED, Listing, make_listings, to_row
from brewlite_listing_site.drawing import draw, draw_town

EDITION = "1"
"""Changes with the generator: a site of another edition is built anew."""
STALE = timedelta(hours=20)
Told = Callable[[str], None]


class Place(Struct, frozen=True, kw_only=True):
    """Where a built site lies."""

    folder: Path

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "site.db"

    @property
    def pictures(self) -> Path:
        """One SVG a home, and the town's."""
        return self.folder / "pictures"


def build(
    folder: Path,
    moment: datetime,
    *,
    fresh: bool = False,
    encoder: str | Encoder | None = "default",
    told: Told = lambda _: None,
) -> Place:
    """The site in ``folder``, built unless a recent one is there.

    Args:
        folder: made if it is not there.
        moment: the present; the catalog's dates lead up to it.
        fresh: build anew and forget what visitors did.
        encoder: as in :meth:`Recommender.open`.
        told: called with a word on each step.
    """
    place = Place(folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not fresh and _is_recent(place, moment):
        return place
    kept = [] if fresh else clicks(place)
    listings = make_listings()
    told("drawing 300 homes")
    draw_all(place.pictures, listings)
    new = folder / "site.new.db"
    _remove(new)
    with Recommender.open(new, "realestate", ranker=None, encoder=encoder, clock=lambda: moment) as rec:
        _fill(rec, folder, listings, moment, told)
        rec.store.add_events(kept)
        rec.store.set_meta("listing_site.built", moment.isoformat())
        rec.store.set_meta("listing_site.edition", EDITION)
    _remove(place.db)
    os.replace(new, place.db)
    return place


def clicks(place: Place) -> list[Event]:
    """What real visitors did on the site as it stands."""
    if not place.db.is_file():
        return []
    with Store.open(place.db) as store:
        log = store.events_after(0)
    return [
        Event(user=user, item=item, action=action, at=from_us(at))
        for user, item, action, at in zip(log.users, log.items, log.actions, log.at, strict=True)
        if not user.startswith(visitors.PREFIX)
    ]


def draw_all(folder: Path, listings: list[Listing]) -> None:
    """The pictures of all homes, and two of the town: by day and, for dark screens, at dusk."""
    folder.mkdir(parents=True, exist_ok=True)
    for listing in listings:
        (folder / f"{listing.id}.svg").write_text(draw(listing.home, SEED), encoding="utf-8")
    street = [listing.home for listing in listings if listing.home.kind in ("flat", "house")][:14]
    for light in ("morning", "dusk"):
        (folder / f"town-{light}.svg").write_text(draw_town(street, SEED, light), encoding="utf-8")


def _fill(rec: Recommender, folder: Path, listings: list[Listing], moment: datetime, told: Told) -> None:
    rng = np.random.default_rng(SEED)
    people = visitors.make_visitors(rng)
    rows: dict[str, Iterable[Mapping[str, object]]] = {
        "listings": [to_row(listing, moment) for listing in listings],
        "visitors": visitors.user_rows(people),
        "events": visitors.event_rows(people, listings, moment, rng),
    }
    files = {name: _write(folder / f"{name}.jsonl", found) for name, found in rows.items()}
    told("importing the homes and reading their texts")
    rec.import_items(files["listings"])
    told("importing past visitors and their clicks")
    rec.import_users(files["visitors"])
    rec.import_events(files["events"])


def _write(file: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    return file


def _is_recent(place: Place, moment: datetime) -> bool:
    if not place.db.is_file() or not (place.pictures / "town-dusk.svg").is_file():
        return False
    with Store.open(place.db) as store:
        built, edition = store.get_meta("listing_site.built"), store.get_meta("listing_site.edition")
    return built is not None and edition == EDITION and abs(moment - datetime.fromisoformat(built)) < STALE


def _remove(db: Path) -> None:
    for file in (db, db.with_name(db.name + "-wal"), db.with_name(db.name + "-shm")):
        file.unlink(missing_ok=True)
