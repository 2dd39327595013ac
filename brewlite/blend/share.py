"""How much of a model's advised weight a site gives it, by what its own visitors chose."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct


class ModelShare(Struct, frozen=True, kw_only=True):
    """Learned from one site's log for one ranker. Kept in the store's meta data, beside those of other rankers."""

    share: float
    """What the model's weight is multiplied by where nothing is asked for. A log holds no requests: where something
    is, the model counts as its checkpoint advises."""
    until: datetime
    """Choices up to this moment decided: a question about an earlier one may not use it."""
    cases: int
    """Choices that it was learned from."""


def encoded(shares: dict[str, ModelShare]) -> str:
    """By the rankers' names, as JSON."""
    return msgspec.json.encode(shares).decode()


def decoded(text: str) -> dict[str, ModelShare]:
    """The inverse of :func:`encoded`; none in an empty text, or in what another version wrote."""
    try:
        return msgspec.json.decode(text, type=dict[str, ModelShare])
    except msgspec.DecodeError:
        return {}  # the next training writes them anew
