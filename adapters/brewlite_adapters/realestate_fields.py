"""The typed fields of real estate, most telling first."""

from __future__ import annotations

from brewlite.adapter import Field
from brewlite_adapters.buildings import BUILDINGS

SALE, RENT, STAY = "for sale", "for rent", "short stay"

# A private room and a shared one both lie in a home that is shared.
_SHARED_HOME = (
    *("shared home", "shared house", "shared flat", "shared apartment", "shared place", "flat share", "flatshare"),
    *("house share", "houseshare", "housemates", "housemate", "flatmates", "flatmate", "roommates", "roommate"),
    "sharing",
)


FIELDS = (
    Field(
        name="type",
        type="category",
        in_short=True,
        columns=("property_type", "type", "home_type", "dwelling_type", "accommodationCategory", "style"),
    ),
    Field(
        name="offer",
        type="category",
        worded=False,
        columns=("offer", "offer_type", "listing_type", "transaction_type", "for", "purpose", "businessFunction",
                 "offers.businessFunction"),
        values={
            SALE: ("sale", "sell", "buy", "to buy", "http://purl.org/goodrelations/v1#Sell"),
            RENT: ("rent", "to rent", "to let", "let", "lease", "rental", "http://purl.org/goodrelations/v1#LeaseOut"),
            STAY: ("short-term rental", "short term", "holiday let", "vacation rental", "holiday rental", "short let"),
        },
    ),
    Field(
        name="room_type",
        type="category",
        columns=("room_type",),
        values={
            "entire home": (
                *("Entire home/apt", "entire place", "whole place", "entire apartment", "place to myself"),
                *("place of my own", "self-contained"),
            ),
            "private room": ("own room", *_SHARED_HOME),
            "shared room": ("dorm", "dormitory", "shared bedroom", *_SHARED_HOME),
            "hotel room": (),
        },
    ),
    Field(
        name="guests",
        type="integer",
        unit="guests",
        capacity=True,
        columns=("accommodates", "guests", "sleeps", "max_guests", "person_capacity", "occupancy.maxValue",
                 "occupancy"),
        words=("guest", "guests", "people", "persons", "adults", "sleeps"),
    ),
    Field(
        name="bedrooms",
        type="integer",
        unit="bedrooms",
        columns=("bedrooms", "bedroom", "beds_total", "num_bedrooms", "bedroom_count", "numberOfBedrooms", "bed_rooms",
                 "br", "bdrms"),
        words=("bedroom", "bedrooms", "bdrm", "bdrms", "br", "bed", "beds"),
        values={"0": ("studio", "studio apartment", "bedsit")},
        in_short=True,
    ),
    Field(
        name="price",
        type="money",
        better="lower",
        unit_field="offer",
        units={SALE: "", RENT: "a month", STAY: "a night"},
        columns=("price", "list_price", "asking_price", "sale_price", "rent", "rent_pcm", "monthly_rent",
                 "rent_per_month",
                 "price_per_month", "rent_pw", "weekly_rent", "nightly_price", "price_per_night", "nightly_rate",
                 "rate",
                 "offers.price", "offers.priceSpecification.price", "offers.lowPrice", "itemOffered.offers.price",
                 "price_usd", "price_eur", "price_gbp", "price_aud", "amount", "guide_price"),
        missing=("0", "0.0", "0.00", "$0", "$0.00"),
        words=("price", "prices", "rent", "cost", "costs", "budget", "price tag", "nightly rate", "asking price"),
        in_short=True,
    ),
    Field(
        name="beds",
        type="integer",
        unit="beds",
        columns=("beds", "bed.numberOfBeds", "number_of_beds"),
        words=("bed", "beds"),
    ),
    Field(
        name="rooms",
        type="number",
        unit="rooms",
        columns=("rooms", "number_of_rooms", "numberOfRooms.value", "numberOfRooms", "room_count", "zimmer"),
        words=("room", "rooms"),
    ),
    Field(
        name="bathrooms",
        type="number",
        unit="bathrooms",
        columns=("bathrooms", "bathrooms_text", "baths", "bath", "bathroom", "num_bathrooms", "numberOfBathroomsTotal",
                 "numberOfFullBathrooms", "ba"),
        words=("bathroom", "bathrooms", "bath", "baths", "ba"),
        values={"0.5": ("half-bath", "shared half-bath", "private half-bath")},
    ),
    Field(
        name="shared_bathroom",
        type="boolean",
        words=("shared bathroom", "shared bath"),
        values={
            "true": ("shared bathroom", "shared bath"),
            "false": ("private bathroom", "private bath", "own bathroom", "en suite", "ensuite"),
        },
    ),
    Field(
        name="area",
        type="number",
        unit="m²",
        columns=("area", "floor_area", "floorSize.value", "floorSize", "size", "sqm", "m2", "living_area",
                 "square_meters",
                 "square_metres", "sqft", "square_feet", "sq_ft", "building_size"),
        words=("area", "floor area", "living space", "floor space", "size"),
    ),
    Field(
        name="land_area",
        type="number",
        unit="m² of land",
        columns=("lot_size", "land_area", "plot_size", "lot_sqft", "lot_area", "acres", "lot_acres"),
        words=("land", "lot", "plot"),
    ),
    Field(
        name="floor",
        type="integer",
        columns=("floor", "floor_number", "floorLevel", "level", "storey", "story"),
        words=("floor",),
        values={"0": ("ground floor", "ground level", "street level")},
    ),
    Field(
        name="minimum_nights",
        type="integer",
        unit="nights minimum",
        columns=("minimum_nights", "min_nights", "minimum_stay"),
        words=("minimum nights", "minimum stay", "min stay", "nights minimum stay"),
    ),
    Field(
        name="available",
        type="date",
        columns=("available", "available_from", "availableFrom", "availability_date", "move_in_date",
                 "availabilityStarts"),
        words=("available", "move in", "free"),
    ),
    Field(
        name="furnished",
        type="boolean",
        columns=("furnished", "is_furnished"),
        words=("furnished",),
        values={"true": ("furnished", "fully furnished"), "false": ("unfurnished", "not furnished")},
    ),
    Field(
        name="rating",
        type="number",
        better="higher",
        columns=("rating", "review_scores_rating", "aggregateRating.ratingValue", "stars", "starRating.ratingValue"),
        words=("rating", "stars", "star", "rated", "score"),
    ),
    Field(
        name="building",
        type="category",
        columns=("building",),
        values=BUILDINGS,
        worded=False,
    ),
    Field(
        name="amenities",
        type="tags",
        columns=("amenities", "amenity", "features", "facilities", "amenityFeature", "itemOffered.amenityFeature"),
        values={
            "Pool": ("pool", "swimming pool", "private pool", "shared pool", "outdoor pool", "indoor pool"),
            "Hot tub": ("hot tub", "jacuzzi", "private hot tub", "spa bath"),
            "Pets allowed": ("pets allowed", "pet friendly", "pets welcome", "dogs allowed", "dog friendly",
                             "pets ok", "pets", "dogs welcome", "cats allowed", "cats welcome"),
            "Pets live on this property": ("pets live here", "Dog(s)", "Cat(s)", "pets"),
            "Wifi": ("wifi", "wi-fi", "internet", "wireless internet", "broadband"),
            "Air conditioning": ("air conditioning", "aircon", "air con", "a/c", "ac", "air conditioned"),
            "Parking": ("parking", "free parking on premises", "free parking", "parking space", "car park",
                        "off-street parking", "free street parking", "carport"),
            "Garage": ("garage", "double garage"),
            "Kitchen": ("kitchen", "own kitchen"),
            "Garden": ("garden", "backyard", "yard", "garden or backyard"),
            "Balcony": ("balcony", "patio or balcony", "private patio or balcony", "terrace"),
            "Washer": ("washer", "washing machine", "laundry"),
            "Indoor fireplace": ("fireplace", "indoor fireplace", "wood stove", "log burner"),
            "Elevator": ("elevator", "lift"),
            "Gym": ("gym", "fitness room"),
            "Breakfast": ("breakfast", "breakfast included"),
        },
    ),
)  # fmt: skip
