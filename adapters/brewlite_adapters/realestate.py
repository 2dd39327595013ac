"""Real estate: for sale, for rent, and short stays."""

from __future__ import annotations

import re

from msgspec.structs import replace

from brewlite.adapter import Action, Attribute, FieldAdapter, any_of
from brewlite.adapter.attributes import EVENT, ITEM, USER
from brewlite.adapter.numbers import parse_money
from brewlite.adapter.rows import RowView, column_key
from brewlite.adapter.units import between_measures, between_periods, column_period, measure_of
from brewlite.adapter.wording import short_wording
from brewlite.records import FieldValue, Item, Task
from brewlite_adapters.buildings import building_of
from brewlite_adapters.realestate_fields import FIELDS, RENT, SALE, STAY

_PLACE = (
    ("neighbourhood_cleansed", "neighbourhood", "neighborhood", "suburb", "district", "area_name"),
    (
        "address.addressLocality",
        "itemOffered.address.addressLocality",
        "city",
        "town",
        "locality",
        "location",
        "address",
    ),
    (
        "address.addressRegion",
        "itemOffered.address.addressRegion",
        "state_name",
        "state",
        "region",
        "county",
        "province",
    ),
)
_ITEM = {
    **ITEM,
    "id": any_of("id", "listing_id", "property_id", "item_id", "mls_id", "mls_number", "mls", "zpid", "ref",
                 "reference",
                 "identifier.value", "identifier", "sku", "@id", "url"),
    "title": any_of("title", "name", "listing_title", "headline", "itemOffered.name"),
    "text": Attribute(columns=(
        ("description", "text", "remarks", "public_remarks", "body", "details", "summary", "itemOffered.description"),
        ("neighborhood_overview", "neighbourhood_overview"),
    )),
    "place": Attribute(columns=_PLACE),
    "url": any_of("url", "listing_url", "link", "permalink"),
    "image": any_of("image", "picture_url", "image_url", "image.url", "image.contentUrl", "photo", "photos",
                    "primary_photo", "thumbnail_url"),
    "created": any_of("first_seen", "created", "created_at", "list_date", "date_listed", "listed", "listed_on",
                      "listing_date", "datePosted", "date_posted", "posted", "posted_on", "date_added", "added",
                      "on_market_date", "published"),
    "expires": any_of("expires", "expires_at", "expiry", "valid_through", "offers.validThrough",
                      "offers.availabilityEnds"),
}  # fmt: skip

_USER = {
    **USER,
    "id": any_of("id", "user_id", "guest_id", "buyer_id", "tenant_id", "visitor_id", "customer_id", "client_id"),
    "interests": any_of("interests", "looking_for", "wants", "search", "requirements", "notes"),
}
_EVENT = {
    **EVENT,
    "user": any_of("user", "user_id", "reviewer_id", "guest_id", "visitor_id", "buyer_id", "client_id", "session_id"),
    "item": any_of("item", "item_id", "listing_id", "property_id"),
    "at": any_of("at", "date", "timestamp", "time", "viewed_at", "view_start", "created_at", "booked_at", "datetime"),
    "value": any_of("value", "nights", "seconds", "duration"),
}
_PRICE_PERIODS = (
    "price_period",
    "rent_period",
    "price_frequency",
    "offers.priceSpecification.unitText",
    "offers.priceSpecification.unitCode",
    "offers.priceSpecification.referenceQuantity.unitCode",
)

_ACTIONS = (
    Action(
        name="stay",
        phrase="stayed at",
        weight=1.0,
        words=("book", "booking", "booked", "review", "reservation"),
        columns=("reviewer_id",),
    ),
    Action(
        name="contact",
        phrase="contacted the owner of",
        weight=1.0,
        words=("enquire", "enquiry", "inquiry", "message", "call", "lead", "viewing", "request_viewing", "apply"),
    ),
    Action(name="save", phrase="saved", weight=0.8, words=("favorite", "favourite", "bookmark", "wishlist", "like")),
    Action(name="share", phrase="shared", weight=0.5),
    Action(
        name="view",
        phrase="looked at",
        weight=0.3,
        words=("click", "open", "visit", "detail_view"),
        columns=("view_start", "viewed_at"),
    ),
    Action(name="dismiss", phrase="dismissed", weight=-0.7, words=("skip", "not_interested")),
    Action(name="hide", phrase="hid", weight=-1.0, words=("dislike", "remove")),
    Action(name="report", phrase="reported", weight=-1.0, words=("flag", "complain")),
)
_TASKS = (
    Task(
        name="stay",
        action="stay",
        question="Will this visitor choose to stay here?",
        instruction="Judge whether a home to stay in suits the visitor: place, kind of home, size, price and comforts.",
    ),
    Task(
        name="contact",
        action="contact",
        question="Will this visitor contact the owner about this home?",
        instruction="Judge whether a home to rent or buy suits the visitor: place, kind of home, size and price.",
    ),
    Task(
        name="save",
        action="save",
        question="Will this visitor save this listing for later?",
        instruction="Judge whether the visitor would want to come back to this listing.",
    ),
    Task(
        name="view",
        action="view",
        question="Will this visitor open this listing?",
        instruction="Judge whether this listing would catch the visitor's interest among others.",
    ),
)


_OFFERS = {"week": RENT, "month": RENT, "year": RENT, "night": STAY, "day": STAY}
"""What a price for a period offers."""
_SALE_COLUMNS = ("list_price", "asking_price", "sale_price", "guide_price")
_STAY_COLUMNS = ("minimum_nights", "room_type", "accommodates", "nightly_price", "price_per_night", "nightly_rate")
_TITLE_ROOMS = re.compile(r"(?:^|·)\s*(?:(\d+) bedrooms?|(Studio))\s*(?=·|$)")


def refine(item: Item, row: RowView) -> Item:
    """What a listing's columns say between the lines: sale, rent or stay; kind of building; shared bath; a title."""
    fields = dict(item.fields)
    _bathroom(fields, row)
    _bedrooms(fields, row, item.title)
    _price(fields, row)
    _area(fields, row)
    building = building_of(str(fields.get("type", "")), item.title)
    if building is not None:
        fields.setdefault("building", building)
    tags = fields.get("amenities")
    if isinstance(tags, list):
        fields["amenities"] = [tag for tag in tags if not tag.startswith("translation missing")]
    named = replace(item, fields=fields)
    return named if item.title else replace(named, title=_title(named))


def _bathroom(fields: dict[str, FieldValue], row: RowView) -> None:
    """``1 shared bath`` is a number and a warning."""
    texts = [row.value("bathrooms_text", "bathrooms", "baths"), *(row.origin("bathrooms") or ())[1:]]
    text = " ".join(str(text) for text in texts if text).casefold()
    if "shared" in text or "private" in text:
        fields.setdefault("shared_bathroom", "shared" in text)


def _bedrooms(fields: dict[str, FieldValue], row: RowView, title: str) -> None:
    """``Condo in Bedok · 2 bedrooms · 1 bed`` says what its columns do not; a plain ``Beds`` column means bedrooms."""
    found = _TITLE_ROOMS.search(title)
    if "bedrooms" not in fields and found:
        fields["bedrooms"] = float(found[1] or 0)
    if "bedrooms" not in fields and "beds" in fields and not row.has("bedrooms") and not row.has("accommodates"):
        fields["bedrooms"] = fields.pop("beds")


def _price(fields: dict[str, FieldValue], row: RowView) -> None:
    """The offer that the price's column, its period or its company of columns gives away; rent as monthly."""
    price = fields.get("price")
    found = row.origin("price")
    if found is None or not isinstance(price, float):
        return
    raw = found[1][0] if isinstance(found[1], (list, tuple)) else found[1]
    period = parse_money(raw).period or column_period(found[0]) or column_period(str(row.value(*_PRICE_PERIODS) or ""))
    if period in ("week", "year"):
        fields["price"] = round(between_periods(price, period, "month") or price, 2)
    offer = _OFFERS.get(period or "") or _offer(found[0], row)
    if offer:
        fields.setdefault("offer", offer)


def _offer(price_column: str, row: RowView) -> str | None:
    if any(row.has(column) for column in _STAY_COLUMNS):
        return STAY
    key = column_key(price_column)
    if any(key == column_key(column) for column in _SALE_COLUMNS):
        return SALE
    return RENT if "rent" in key else None


def _area(fields: dict[str, FieldValue], row: RowView) -> None:
    """schema.org names a size's unit beside it: ``FTK`` is square feet."""
    area, code = fields.get("area"), measure_of(str(row.value("floorSize.unitCode", "floorSize.unitText") or ""))
    if isinstance(area, float) and code:
        fields["area"] = round(between_measures(area, code, "m²") or area, 1)


def _title(item: Item) -> str:
    """A title of what is known, where a source has none: ``single family, $90,000``."""
    made = short_wording(replace(item, title=""), FIELDS).strip(" ,")
    return made[:1].upper() + made[1:]


adapter = FieldAdapter(
    name="realestate",
    kind="listing",
    noun="listing",
    fields=FIELDS,
    actions=_ACTIONS,
    tasks=_TASKS,
    item_columns=_ITEM,
    user_columns=_USER,
    event_columns=_EVENT,
    refine=refine,
)
