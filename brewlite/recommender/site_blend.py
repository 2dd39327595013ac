"""The blend of a site: with what was learned from its log, where there is such a thing, else with what is shipped."""

from __future__ import annotations

from datetime import datetime

from brewlite.adapter import Adapter
from brewlite.blend import Blend, BlendConfig, LearnedBlend, ModelShare, shipped_for
from brewlite.blend.share import decoded
from brewlite.errors import BadRecord
from brewlite.store import Store

KEPT = "blend"
"""Under this name the store keeps what was learned; empty or not there: nothing."""
SHARES = "model shares"
"""Likewise, what the language models count for here."""


class SiteBlend:
    """Gives the blend for a moment.

    Args:
        store: is asked each time for what was learned, so that a service uses it as soon as it is there.
        adapter: names the kind of site.
        config: what no log can teach.
        learned: used instead of what the store keeps.
    """

    def __init__(self, store: Store, adapter: Adapter, config: BlendConfig, learned: LearnedBlend | None) -> None:
        self._store = store
        self._shipped = Blend(shipped_for(adapter), config)
        self._config = config
        self._given = learned
        self._shares: tuple[str, dict[str, ModelShare]] = ("", {})
        self._read: tuple[str, LearnedBlend | None, Blend] = ("", None, self._shipped)
        if learned is not None:
            self._read = ("", learned, Blend(learned.weights, config, learned=True))

    def learned(self) -> LearnedBlend | None:
        """What was learned; None: nothing, or by a version that wrote it otherwise."""
        if self._given is None:
            text = self._store.get_meta(KEPT) or ""
            if text != self._read[0]:
                self._read = (text, *self._decoded(text))
        return self._read[1]

    def at(self, moment: datetime) -> Blend:
        """The blend for a question about ``moment``; what was learned later is not used."""
        learned = self.learned()
        blend = self._shipped if learned is None or moment < learned.until else self._read[2]
        shares = {name: one.share for name, one in self.shares().items() if moment >= one.until}
        return blend.sharing(shares) if shares else blend

    def shares(self) -> dict[str, ModelShare]:
        """What share of its advised weight each model has, by its name; none where a blend was given from outside."""
        if self._given is None:
            text = self._store.get_meta(SHARES) or ""
            if text != self._shares[0]:
                self._shares = (text, decoded(text))
        return self._shares[1]

    def _decoded(self, text: str) -> tuple[LearnedBlend | None, Blend]:
        try:
            learned = LearnedBlend.decoded(text) if text else None
        except BadRecord:
            learned = None  # of another version: the next training writes it anew
        return learned, self._shipped if learned is None else Blend(learned.weights, self._config, learned=True)
