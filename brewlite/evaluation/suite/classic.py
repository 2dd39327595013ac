"""The baselines of the suite, built from an opened data set with one call."""

from __future__ import annotations

from brewlite.adapter import Adapter
from brewlite.evaluation.baselines import Method, VectorMean, VectorRequest, simple_methods
from brewlite.evaluation.baselines.factors import Als, Bpr
from brewlite.evaluation.baselines.logistic import Logistic
from brewlite.evaluation.baselines.texts import Bm25History, Bm25Request
from brewlite.evaluation.site import stored_interests
from brewlite.evaluation.suite.site import BenchSite
from brewlite.records import Item


def all_methods(site: BenchSite) -> list[Method]:
    """Every baseline for ``site``, in the order in which they are printed."""
    return [*simple_methods(), *learned_methods(), *word_methods(site), *weighed_methods(site)]


def learned_methods() -> list[Method]:
    """Those that learn from the log alone and need the extra ``bench``."""
    return [Als(), Bpr()]


def word_methods(site: BenchSite) -> list[Method]:
    """Those that read texts: the items', and the visitor's words."""
    items = site.recommender.store.items()
    ids, texts = [item.id for item in items], [text_of(item, site.recommender.adapter) for item in items]
    methods: list[Method] = [Bm25History(ids, texts), Bm25Request(ids, texts)]
    encoder = site.recommender.encoder
    if encoder is not None:
        vectors = site.recommender.store.vectors("item", encoder.name)
        methods += [VectorMean(encoder.name, *vectors), VectorRequest(encoder, *vectors)]
    return methods


def weighed_methods(site: BenchSite) -> list[Method]:
    """The logistic regression over what all the others know: the one to beat."""
    encoder, store = site.recommender.encoder, site.recommender.store
    if encoder is None:
        return [Logistic(*store.vectors("item", ""))]
    interests = stored_interests(store, encoder.name, site.log.user_ids)
    return [Logistic(*store.vectors("item", encoder.name), encoder, interests)]


def text_of(item: Item, adapter: Adapter) -> str:
    """Title, text, place, and the values of categories and tags, as one text."""
    named = [item.fields.get(field.name) for field in adapter.fields if field.type in ("category", "tags")]
    values = [word for value in named if value is not None for word in (value if isinstance(value, list) else [value])]
    return " ".join(filter(None, [item.title, item.text, item.place, *map(str, values)]))
