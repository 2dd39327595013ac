"""The real sites of the suite, and how their files become a :class:`BenchSite`.

The rows are imported by the same adapters that a user's are, once: the database is kept, under a name that holds a
hash of the files and of the code that reads them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

import brewlite
from brewlite.errors import BadSettings, UnknownName
from brewlite.evaluation.suite.derived import derived_site, parse_name
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.intake import Progress as Imported
from brewlite.ranker import Ranker
from brewlite.recommender import Recommender, RecommenderConfig
from brewlite.retrieval import Encoder
from brewlite.weights import cache_dir

Progress = Callable[[str, int, int], None]
"""Called with what is done ("airbnb_barossa vectors"), how much of it, out of how much."""

DATA = (
    DataSet(
        name="airbnb_barossa",
        label="short stays A",
        kind="listings",
        adapter="realestate",
        items="listings.csv.gz",
        events="reviews.csv.gz",
        trained=True,
    ),
    DataSet(
        name="airbnb_singapore",
        label="short stays B",
        kind="listings",
        adapter="realestate",
        items="listings.csv.gz",
        events="reviews.csv.gz",
        trained=True,
    ),
    DataSet(
        name="realestate_utah",
        label="homes for sale",
        kind="listings",
        adapter="realestate",
        items="listings.csv.gz",
        limit=600,
    ),
    DataSet(
        name="stackexchange_travel",
        label="Q&A travel",
        kind="posts",
        adapter="posts",
        items="items.jsonl.gz",
        events="interactions.csv.gz",
        trained=True,
    ),
    DataSet(
        name="stackexchange_ai_titles",
        label="Q&A titles",
        kind="posts",
        adapter="posts",
        items="items.jsonl.gz",
        events="interactions.csv.gz",
        trained=True,
    ),
    DataSet(
        name="stackexchange_coffee",
        label="Q&A coffee",
        kind="posts",
        adapter="posts",
        items="items.jsonl.gz",
        events="interactions.csv.gz",
        trained=True,
    ),
    DataSet(
        name="stackexchange_beer",
        label="Q&A beer",
        kind="posts",
        adapter="posts",
        items="items.jsonl.gz",
        events="interactions.csv.gz",
    ),
    DataSet(
        name="jobs_views",
        label="job views",
        kind="jobs",
        adapter="jobs",
        items="jobs.csv.gz",
        events="job_views.csv.gz",
        users="positions_of_interest.csv.gz",
    ),
    DataSet(name="jobs_google", label="job descriptions", kind="jobs", adapter="jobs", items="jobs.csv.gz"),
)
"""What the suite knows. ``trained`` sets may have taught the shipped ranker, before their cut."""

KINDS = ("listings", "posts", "jobs")


def data_set(name: str) -> DataSet:
    """The one of that name. Raises UnknownName."""
    for data in DATA:
        if data.name == name:
            return data
    raise UnknownName("data set", name, [data.name for data in DATA])


def bench_cache() -> Path:
    """Where imported sites and kept scores lie."""
    return cache_dir() / "bench"


def find_data(folder: str | Path | None) -> Path:
    """``folder``, or ``$BREWLITE_DATA``, or ``../shared/data``. Raises BadSettings when there is no such folder."""
    where = Path(folder or os.environ.get("BREWLITE_DATA") or "../shared/data")
    if not where.is_dir():
        raise BadSettings(f"there is no data folder {where}: give it with --data, or in BREWLITE_DATA")
    return where


def open_site(
    name: str,
    data_folder: Path,
    cache_folder: Path,
    ranker: str | Ranker | None = None,
    progress: Progress | None = None,
    encoder: str | Encoder | None = "default",
    config: RecommenderConfig | None = None,
) -> BenchSite:
    """The data set ``name``, imported at the first call and kept in ``cache_folder``; ``name+kind``: derived from it.

    Raises:
        UnknownName: the suite knows no such set.
        BadSettings: its files are not in ``data_folder``.
        WeightsMissing: the sentence encoder is not on this machine.
    """
    base, kind = parse_name(name)
    if kind is not None:
        site = open_site(base, data_folder, cache_folder, ranker, progress, encoder, config)
        try:
            return derived_site(site, cache_folder / "sites", kind)
        finally:
            site.recommender.close()
    data = data_set(name)
    files = [data_folder / name / file for file in (data.items, data.events, data.users) if file]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BadSettings(f"data set {name!r} lacks {missing[0]}: see --data")
    digest = _digest(files)
    which = encoder if isinstance(encoder, str) or encoder is None else encoder.name
    mark = hashlib.blake2b(f"{digest} {_reading_code()} {which} {data.limit}".encode(), digest_size=6).hexdigest()
    path = cache_folder / "sites" / f"{name}-{mark}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.exists():
            _import(data, data_folder / name, path, encoder, progress)
    recommender = Recommender.open(path, data.adapter, ranker=ranker, encoder=encoder, config=config)
    return BenchSite(data, recommender, digest)


def _import(data: DataSet, folder: Path, path: Path, encoder: str | Encoder | None, progress: Progress | None) -> None:
    """Import into a file beside ``path``, and give it its name when it is whole."""
    unfinished = path.with_suffix(".unfinished")
    _remove(unfinished)

    def tell(done: Imported) -> None:
        if progress is not None:
            progress(f"{data.name}: {done.stage}", done.done, done.total or done.done)

    items = _first_rows(folder / data.items, data.limit, path.parent) if data.limit else folder / data.items
    with Recommender.open(unfinished, data.adapter, ranker=None, encoder=encoder) as site:
        site.import_items(items, progress=tell)
        if data.users:
            site.import_users(folder / data.users, progress=tell)
        if data.events:
            site.import_events(folder / data.events, progress=tell)
    unfinished.replace(path)
    _remove(unfinished)


def _first_rows(source: Path, count: int, folder: Path) -> Path:
    """A CSV file with the first ``count`` rows of ``source``."""
    import csv
    import gzip
    from itertools import islice

    part = folder / f"{source.parent.name}-first-{count}.csv"
    with gzip.open(source, "rt", encoding="utf-8", newline="") as rows, part.open("w", newline="") as out:
        csv.writer(out).writerows(islice(csv.reader(rows), count + 1))
    return part


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _digest(files: list[Path]) -> str:
    """Of the files' contents, 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _reading_code() -> str:
    """A hash of the code that turns rows into records: when it changes, sites are imported anew."""
    package = Path(brewlite.__file__).parent
    folders = [package / name for name in ("adapter", "sources", "store", "wishes")]
    folders += [Path(spec.origin).parent for name in _adapter_modules() if (spec := find_spec(name)) and spec.origin]
    files = sorted({file for folder in folders for file in folder.rglob("*.py")})
    digest = hashlib.blake2b((package / "intake.py").read_bytes(), digest_size=8)
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _adapter_modules() -> list[str]:
    return [entry.module for entry in entry_points(group="brewlite.adapters")]
