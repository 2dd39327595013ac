"""What a recommender writes: items, visitors, events, shown slates, and what it has learned to weigh by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Unpack

from msgspec import structs

from brewlite import intake
from brewlite.adapter import Adapter, named_action
from brewlite.blend import LearnedBlend, ModelShare
from brewlite.blend.share import decoded, encoded
from brewlite.checks import checked_event, checked_item, checked_user
from brewlite.errors import UnknownName
from brewlite.intake import ImportReport
from brewlite.recommender.importing import ImportOptions, opened
from brewlite.recommender.site_blend import KEPT, SHARES
from brewlite.records import Event, Item, Query, Slate, User
from brewlite.retrieval import Encoder
from brewlite.store import Store, Written

Clock = Callable[[], datetime]


class Writing:
    """The half of :class:`brewlite.recommender.Recommender` that writes."""

    store: Store
    adapter: Adapter
    encoder: Encoder | None
    _clock: Clock

    def import_items(
        self, source: str | Path, mapping: Mapping[str, str] | None = None, **options: Unpack[ImportOptions]
    ) -> ImportReport:
        """Import or replace items from a file or table, and encode their texts.

        A row is the whole record of its id: what it leaves out is empty afterwards.

        ``mapping`` is record or field name -> column, for columns that the adapter does not recognise.

        Raises:
            BadSource: the source cannot be read at all; single bad rows are in the report instead.
            WeightsMissing: the encoder has not been pulled.
        """
        rows, watching = opened(source, options)
        return intake.import_items(self.store, self.adapter, rows, mapping=mapping, encoder=self.encoder, **watching)

    def import_users(
        self, source: str | Path, mapping: Mapping[str, str] | None = None, **options: Unpack[ImportOptions]
    ) -> ImportReport:
        """Import or replace visitors' profiles and interests; otherwise as :meth:`import_items`."""
        rows, watching = opened(source, options)
        return intake.import_users(self.store, self.adapter, rows, mapping=mapping, encoder=self.encoder, **watching)

    def import_events(
        self,
        source: str | Path,
        mapping: Mapping[str, str] | None = None,
        action: str | None = None,
        **options: Unpack[ImportOptions],
    ) -> ImportReport:
        """Import what visitors did; ``action`` is used where a row names none. Otherwise as :meth:`import_items`.

        A row without a time is added only where the visitor has not done the same with the item before.
        """
        rows, watching = opened(source, options)
        return intake.import_events(
            self.store, self.adapter, rows, mapping=mapping, action=action, clock=self._clock, **watching
        )

    def put_items(self, items: Sequence[Item]) -> Written:
        """Store items, each as a whole, and the vectors of those whose text changed.

        Raises:
            BadRecord: names the item and the field that cannot be used; nothing is stored then.
        """
        now = self._clock()
        written = self.store.put_items([checked_item(item, self.adapter.fields, now) for item in items])
        if self.encoder is not None:
            intake.index_items(self.store, self.adapter, self.encoder, ids=[item.id for item in items])
        return written

    def put_users(self, users: Sequence[User]) -> Written:
        """Store visitors' profiles, and the vectors of their interests.

        Raises:
            BadRecord: a profile is of the future; nothing is stored then.
        """
        now = self._clock()
        written = self.store.put_users([checked_user(user, now) for user in users])
        if self.encoder is not None:
            intake.index_users(self.store, self.encoder, ids=[user.id for user in users])
        return written

    def record(self, *events: Event) -> Written:
        """Store what visitors did; an event without a time happened now.

        Raises:
            BadRecord: an event lies in the future, or its value is not finite.
            UnknownName: lists the items the site does not have; nothing is stored then.
        """
        now = self._clock()
        events = tuple(self._named(checked_event(event, now)) for event in events)
        known = self.store.known_items([event.item for event in events])
        unknown = sorted({event.item for event in events} - known)
        if unknown:
            raise UnknownName("item in event", unknown, hint="import items first")
        return self.store.add_events(events)

    def _named(self, event: Event) -> Event:
        """With the action under the adapter's name for it: a ``dislike`` is a ``hide``."""
        meant = named_action(self.adapter.actions, event.action)
        return event if meant is None else structs.replace(event, action=meant.name)

    def log(self, slate: Slate, query: Query) -> None:
        """Keep what was shown, so that later events can be joined to it."""
        self.store.put_slate(slate, query, self._clock())

    def item(self, id_: str) -> Item:
        """The item ``id_``.

        Raises:
            UnknownName: the site has no such item.
        """
        item = self.store.item(id_)
        if item is None:
            raise UnknownName("item", id_)
        return item

    def keep_blend(self, learned: LearnedBlend | None) -> None:
        """Weigh by ``learned`` from now on, here and in every process that has this site open; None: as shipped."""
        self.store.set_meta(KEPT, learned.encoded() if learned is not None else "")

    def keep_share(self, ranker: str, share: ModelShare) -> None:
        """Give the model of that name ``share`` of its advised weight from now on, in every process alike."""
        shares = decoded(self.store.get_meta(SHARES) or "")
        self.store.set_meta(SHARES, encoded({**shares, ranker: share}))
