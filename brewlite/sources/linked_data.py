"""JSON-LD, from a file or from the script tags of an HTML page: one row for each thing described.

Only what sites write is understood, not the whole of JSON-LD: ``@graph``, lists, references by ``@id``,
``@value``, and schema.org's names with or without prefix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from brewlite.errors import BadSource
from brewlite.sources.files import SourceFile
from brewlite.sources.rows import BadRow, SourceRow

PAGES = frozenset({"WebSite", "WebPage", "CollectionPage", "ItemPage", "SearchResultsPage"})
LISTS = frozenset({"ItemList", "ListItem", "DataFeed", "DataFeedItem", "OfferCatalog"})
FURNITURE = PAGES | {
    "SiteNavigationElement",
    "WPHeader",
    "WPFooter",
    "BreadcrumbList",
    "SearchAction",
    "ReadAction",
    "Organization",
    "LocalBusiness",
    "Corporation",
    "Person",
    "ImageObject",
}
"""Types that describe the page and who made it. They are rows only where nothing else is described."""
_INSIDE = ("@graph", "itemListElement", "dataFeedElement", "item", "mainEntity")
"""Where a thing holds the things that are meant."""
_MANY = frozenset({"amenityFeature"})
"""What is a list also where it holds a single thing: that thing's name is not the row's."""
_PREFIX = re.compile(r"^(?:https?://schema\.org/|schema:)")
_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.IGNORECASE)
MAX_DEPTH = 20


def is_linked_data(document: Any) -> bool:
    """Whether a JSON document says that it is JSON-LD."""
    head = document[0] if isinstance(document, list) and document else document
    return isinstance(head, dict) and ("@context" in head or "@graph" in head or "@type" in head)


def nodes_of(document: Any) -> Sequence[Mapping[str, Any]]:
    """The things that ``document`` describes, references to each other filled in."""
    plain = _plain(document, MAX_DEPTH)
    nodes = list(_things(plain, MAX_DEPTH))
    known = {node["@id"]: node for node in _named(plain, MAX_DEPTH)}
    meant = [node for node in nodes if not _types(node) <= FURNITURE] or nodes
    return [_filled(node, known) for node in meant]


def read_page(file: SourceFile, encoding: str | None) -> Iterator[SourceRow | BadRow]:
    """The things described in the JSON-LD scripts of an HTML page."""
    if encoding is None and (declared := _CHARSET.search(next(file.chunks(), b"")[:4096])):
        encoding = declared[1].decode("ascii")
    page = _Scripts()
    page.feed(file.text(encoding))
    page.close()
    if not page.scripts:
        raise BadSource(f'{file.path} holds no JSON-LD: no <script type="application/ld+json"> in the page')
    documents: list[Any] = []
    number = 0
    for script in page.scripts:
        try:
            documents.append(json.loads(script, strict=False))
        except (ValueError, RecursionError) as error:
            number += 1
            yield BadRow(number=number, reason=f"a JSON-LD script is not JSON: {error}")
    for node in nodes_of(documents):
        number += 1
        yield SourceRow(number=number, values=node)


class _Scripts(HTMLParser):
    """Collects the text of JSON-LD scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = (dict(attrs).get("type") or "").split(";")[0].strip().lower()
        self._inside = tag == "script" and kind == "application/ld+json"
        if self._inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def _plain(value: Any, depth: int) -> Any:
    """``value`` without prefixes and without the wrappers of expanded JSON-LD."""
    if depth == 0:
        raise BadSource(f"JSON-LD nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, list):
        return [_plain(one, depth - 1) for one in value]
    if not isinstance(value, dict):
        return value
    if "@value" in value:
        return value["@value"]
    return {
        _PREFIX.sub("", key): _unwrapped(key, _plain(inner, depth - 1))
        for key, inner in value.items()
        if key != "@context"
    }


def _unwrapped(key: str, value: Any) -> Any:
    if _PREFIX.sub("", key) in _MANY:
        return [value] if isinstance(value, dict) else value
    if isinstance(value, list) and len(value) == 1 and key not in _INSIDE and not isinstance(value[0], list):
        return value[0]
    return value


def _things(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Top-level objects, and those inside containers, pages and lists."""
    if isinstance(value, list):
        for one in value:
            yield from _things(one, depth)
        return
    if not isinstance(value, dict) or depth == 0:
        return
    inner = [value[name] for name in _INSIDE if isinstance(value.get(name), (list, dict))]
    types = _types(value)
    if inner and types <= PAGES | LISTS:
        yield from _things(inner, depth - 1)
        if types & PAGES:
            yield value
    elif set(value) - {"@id", "@type"}:
        yield value


def _named(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and depth:
            if isinstance(one.get("@id"), str) and len(one) > 1:
                yield one
            yield from _named([inner for inner in one.values() if isinstance(inner, (dict, list))], depth - 1)
        elif isinstance(one, list) and depth:
            yield from _named(one, depth - 1)


def _filled(node: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``node`` with the objects that it names by ``@id`` alone in their places, one level deep."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(one) for one in value]
        if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str):
            return known.get(value["@id"], value)
        return value

    return {key: fill(value) for key, value in node.items()}


def _types(node: Mapping[str, Any]) -> set[str]:
    types = node.get("@type", [])
    return {_PREFIX.sub("", str(one)) for one in (types if isinstance(types, list) else [types])}
