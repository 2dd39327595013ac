"""Which items are considered: dense, popular, fresh, co-visited, and their union."""

from brewlite.retrieval.catalog import Catalog, Moment
from brewlite.retrieval.encoder import Encoder, EncoderConfig, SentenceEncoder
from brewlite.retrieval.signals import Retrieval, RetrievalConfig, Signals
from brewlite.retrieval.visitor import Deed, Visitor, meet

__all__ = [
    "Catalog",
    "Deed",
    "Encoder",
    "EncoderConfig",
    "Moment",
    "Retrieval",
    "RetrievalConfig",
    "SentenceEncoder",
    "Signals",
    "Visitor",
    "meet",
]
