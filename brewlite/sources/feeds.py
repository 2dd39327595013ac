"""RSS 0.9 to 2.0 and Atom: one row an entry.

Read with the standard library's expat and not with feedparser: a site's own feed is well-formed, entries are
streamed, and feedparser would bring a parser of 1990s SGML along for the feeds that are not. Entity
declarations are refused, so that no file can grow in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.parsers import expat

from brewlite.errors import BadSource
from brewlite.sources.files import SourceFile, text_decoder
from brewlite.sources.rows import BadRow, SourceRow

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_MARKUP = "http://www.w3.org/1999/xhtml"
_DATES = ("created", "updated")
_COLUMNS = {
    "guid": "id",
    "id": "id",
    "link": "url",
    "pubDate": "created",
    "published": "created",
    "issued": "created",
    "date": "created",
    "updated": "updated",
    "modified": "updated",
    "lastBuildDate": "updated",
    "creator": "author",
    "description": "summary",
    "encoded": "content",
}
"""Element -> column; other elements keep their own name (``g:price`` is ``price``)."""


def read_feed(file: SourceFile, encoding: str | None) -> Iterator[SourceRow | BadRow]:
    """The entries of an RSS or Atom file, with ``id``, ``title``, ``url``, ``text``, ``tags``, ``created``, ..."""
    feed = _Feed(encoding)
    number = 0
    try:
        for chunk in file.chunks():
            feed.parser.Parse(chunk, False)
            for values in feed.take():
                number += 1
                yield SourceRow(number=number, values=values)
        feed.parser.Parse(b"", True)
    except expat.ExpatError as error:
        said = f"{file.path} is not well-formed XML: {error}"
        for values in feed.take():
            number += 1
            yield SourceRow(number=number, values=values)
        if number == 0:
            raise BadSource(said) from error
        yield BadRow(number=number + 1, reason=f"{said}; nothing behind it was read")
        return
    if number == 0:
        raise BadSource(f"{file.path} holds no entries: no <item> (RSS) or <entry> (Atom) in it")


class _Feed:
    """Collects entries while expat reads."""

    def __init__(self, encoding: str | None) -> None:
        if encoding is not None:
            text_decoder(encoding)
        self.parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = _refuse_entities
        self._done: list[dict[str, Any]] = []
        self._entry: dict[str, Any] | None = None
        self._path: list[str] = []
        self._words: list[str] = []

    def take(self) -> Iterator[dict[str, Any]]:
        """The entries read since the last call."""
        done, self._done = self._done, []
        return map(_finished, done)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        _, _, local = name.rpartition(" ")
        if self._entry is None:
            if local in ("item", "entry"):
                about = attributes.get("http://www.w3.org/1999/02/22-rdf-syntax-ns# about")
                self._entry, self._path = ({"id": about} if about else {}), []
            return
        if name.startswith(_MARKUP + " ") and self._path:
            self._words.append(" ")
            return
        self._path.append(name)
        self._words = []
        self._attributes(local, attributes)

    def _attributes(self, local: str, given: dict[str, str]) -> None:
        """What Atom and the media extensions say in attributes."""
        assert self._entry is not None
        kind = given.get("type", given.get("medium", ""))
        if local == "link" and given.get("href") and given.get("rel", "alternate") == "alternate":
            self._entry.setdefault("url", given["href"])
        elif local == "category" and given.get("term"):
            self._entry.setdefault("tags", []).append(given.get("label") or given["term"])
        elif local in ("enclosure", "content", "thumbnail") and (local == "thumbnail" or kind.startswith("image")):
            self._entry.setdefault("image", given.get("url"))

    def _text(self, text: str) -> None:
        if self._entry is not None and self._path:
            self._words.append(text)

    def _end(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        if self._entry is None or (space == _MARKUP and self._path and name != self._path[-1]):
            return
        if not self._path:
            self._done.append(self._entry)
            self._entry = None
            return
        self._path.pop()
        text = "".join(self._words).strip()
        if text:
            self._put(local, text)
        self._words = []

    def _put(self, local: str, text: str) -> None:
        assert self._entry is not None
        parent = self._path[-1].rpartition(" ")[2] if self._path else ""
        if local in ("category", "subject", "tag"):
            self._entry.setdefault("tags", []).append(text)
        elif not parent and local == "comments" and not text.isdecimal():
            self._entry.setdefault("comments_url", text)  # RSS's own; slash:comments is their number
        elif not parent:
            self._entry.setdefault(_COLUMNS.get(local, local), text)
        elif parent == "author" and local == "name":
            self._entry.setdefault("author", text)


def _finished(entry: dict[str, Any]) -> dict[str, Any]:
    text = entry.get("content") or entry.get("summary")
    entry.setdefault("id", entry.get("url"))
    entry.setdefault("created", entry.get("updated"))
    dated = {name: _moment(entry[name]) for name in _DATES if entry.get(name)}
    return {**entry, **({"text": text} if text else {}), **dated}


def _moment(text: str) -> datetime | str:
    """``Mon, 06 Sep 2021 00:01:00 +0000`` as a moment; what is no such date stays as it is."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return text
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _refuse_entities(*_: object) -> None:
    raise BadSource("the feed declares XML entities, which are not read: remove its DOCTYPE")
