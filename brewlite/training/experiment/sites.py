"""The sites of an experiment, each opened once: data sets of the suite, or a site's own database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import structs

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import find_data, open_site
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender
from brewlite.store import connect
from brewlite.training.experiment.keys import adapter_digest

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
        self._digests: dict[str, str] = {}

    def site(self, name: str) -> BenchSite:
        """A data set of the suite, or the site whose database is at the path ``name``.

        It is called as its file; where another site has that name already, as its file and content.

        Raises:
            BadSettings: there is no such database, or no data folder.
            UnknownName: the suite knows no such set.
        """
        if name not in self._open:
            encoder = None if self.encoder == "none" else self.encoder
            if is_database(name):
                site = own_site(name, encoder)
                if site.name in {other.name for other in self._open.values()}:
                    site.data = structs.replace(site.data, name=f"{site.name}-{site.digest[:4]}")
                self._open[name] = site
            else:
                data = find_data(self._data)
                self._open[name] = open_site(name, data, self.cache, None, self._progress, encoder)
        return self._open[name]

    def digest(self, name: str) -> str:
        """Of all that can be read from the site, its adapter, its name (cases are drawn by it) and its encoder's."""
        if name not in self._digests:
            opened, encoder = self.site(name), self.site(name).recommender.encoder
            told = f"{adapter_digest(opened.recommender.adapter)} {opened.name}"
            read = opened.digest if is_database(name) else content(opened)
            self._digests[name] = f"{read} {told} {encoder.name if encoder else 'none'}"
        return self._digests[name]

    def close(self) -> None:
        """Release the databases."""
        for site in self._open.values():
            site.recommender.close()
        self._open.clear()


def own_site(where: str, encoder: str | None = "default") -> BenchSite:
    """The site whose database is at ``where``, as the suite sees one. Raises BadSettings when there is none."""
    url = connect.read_url(where)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise BadSettings(f"there is no database {where}: check the path, or `brewlite init` makes one")
    recommender = Recommender.open(where, ranker=None, encoder=encoder)
    adapter = recommender.adapter
    data = DataSet(
        name=Path(url.database or "").stem, kind=adapter.noun, adapter=adapter.name, items="", events="its own"
    )
    site = BenchSite(data, recommender, "")
    site.digest = content(site)
    return site


def content(site: BenchSite) -> str:
    """16 hex digits of the items, visitors and events of ``site``."""
    store, columns = site.recommender.store, site.columns
    digest = hashlib.blake2b(msgspec.json.encode([store.items(), store.users()], order="deterministic"), digest_size=8)
    digest.update(msgspec.json.encode([columns.users, columns.items, columns.actions]))
    digest.update(columns.at.tobytes() + columns.values.tobytes())
    return digest.hexdigest()
