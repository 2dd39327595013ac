"""The sites of an experiment, each opened once: data sets of the suite, or a site's own database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import find_data, open_site
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, out of how much."""


def is_database(name: str) -> bool:
    """Whether ``name`` is a path or an URL, and no data set."""
    return name.endswith(".db") or "://" in name


class OpenSites:
    """Sites by name.

    Args:
        data: folder of the data sets; None: where the suite looks for it.
        cache: folder for imported data sets.
        encoder: the sentence encoder's name, or ``none``.
        progress: told about imports.
    """

    def __init__(self, data: Path | None, cache: Path, encoder: str, progress: Progress | None = None) -> None:
        self.encoder = encoder
        self.cache = cache
        self._data, self._progress = data, progress
        self._open: dict[str, BenchSite] = {}

    def site(self, name: str) -> BenchSite:
        """A data set of the suite, or the site whose database is at the path ``name``.

        Raises:
            BadSettings: there is no such database, or no data folder.
            UnknownName: the suite knows no such set.
        """
        if name not in self._open:
            encoder = None if self.encoder == "none" else self.encoder
            if is_database(name):
                self._open[name] = own_site(name, encoder)
            else:
                data = find_data(self._data)
                self._open[name] = open_site(name, data, self.cache, None, self._progress, encoder)
        return self._open[name]

    def digest(self, name: str) -> str:
        """Of all that can be read from the site, its encoder's name among it."""
        site = self.site(name)
        return f"{site.digest or content(site)} {site.recommender.encoder.name if site.recommender.encoder else 'none'}"

    def close(self) -> None:
        """Release the databases."""
        for site in self._open.values():
            site.recommender.close()
        self._open.clear()


def own_site(where: str, encoder: str | None = "default") -> BenchSite:
    """The site whose database is at ``where``, as the suite sees one. Raises BadSettings when there is none."""
    if "://" not in where and not Path(where).is_file():
        raise BadSettings(f"there is no database {where}: check the path, or `brewlite init` makes one")
    recommender = Recommender.open(where, ranker=None, encoder=encoder)
    name = Path(where.rpartition("/")[2]).stem
    adapter = recommender.adapter
    data = DataSet(name=name, kind=adapter.noun, adapter=adapter.name, items="", events="its own")
    return BenchSite(data, recommender, "")


def content(site: BenchSite) -> str:
    """16 hex digits of the items, visitors and events of ``site``."""
    store, columns = site.recommender.store, site.columns
    digest = hashlib.blake2b(msgspec.json.encode([store.items(), store.users()], order="deterministic"), digest_size=8)
    digest.update(msgspec.json.encode([columns.users, columns.items, columns.actions]))
    digest.update(columns.at.tobytes() + columns.values.tobytes())
    return digest.hexdigest()
