"""Wrenmouth, a town that does not exist: nine neighbourhoods between a river, a hill and the sea."""

from __future__ import annotations

from msgspec import Struct

TOWN = "Wrenmouth"


class Neighbourhood(Struct, frozen=True, kw_only=True):
    """One part of town, and what living there is like."""

    key: str
    name: str
    about: str
    """One sentence for the page about the area."""
    rent: float
    """Rent relative to the town's middle."""
    quiet: float
    """Chance that a home here is quiet."""
    stops: tuple[str, ...]
    """Tram or bus stops, nearest first."""
    line: str
    streets: tuple[str, ...]
    kinds: dict[str, int]
    """Kind of home -> how many of it stand here."""
    views: tuple[str, ...]
    """Traits that a home may look out on."""
    scene: str
    """The backdrop of a drawn picture."""
    tag: str
    """Where it lies, in the words that people search by."""


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (
    Neighbourhood(
        key="harbour",
        name="Harbour Row",
        about="Old fish warehouses turned into lofts, masts clinking at night, coffee before the boats are in.",
        rent=1.16,
        quiet=0.25,
        stops=("Fish Market", "Customs House"),
        line="tram 1",
        streets=("Chandler Street", "Net Loft Lane", "Anchor Parade", "Customs Quay", "Herring Steps"),
        kinds={"studio": 5, "flat": 17, "house": 4, "room": 4, "houseboat": 5},
        views=("sea_view", "sea_view", "roofs_view"),
        scene="harbour",
        tag="by the harbour",
    ),
    Neighbourhood(
        key="bellgate",
        name="Bellgate",
        about="The old centre: cobbles, arcades, a market on Saturdays and a clock that is four minutes slow.",
        rent=1.14,
        quiet=0.3,
        stops=("Market Cross", "Clock Tower"),
        line="trams 1 and 2",
        streets=("Candle Street", "Bakers Wynd", "Bell Lane", "Saddler Row", "Cloister Court"),
        kinds={"studio": 8, "flat": 20, "house": 5, "room": 4},
        views=("roofs_view", "courtyard_view", "roofs_view"),
        scene="oldtown",
        tag="old town",
    ),
    Neighbourhood(
        key="weirside",
        name="Weir Side",
        about="Former mills and a willow path along the Wren; the loudest thing is the water.",
        rent=1.1,
        quiet=0.8,
        stops=("Upper Weir", "Mill Bridge"),
        line="tram 2",
        streets=("Willow Walk", "Millrace Lane", "Weir Street", "Dyers Bank", "Heron Place"),
        kinds={"studio": 4, "flat": 17, "house": 9, "room": 4, "houseboat": 7},
        views=("river_view", "river_view", "park_view"),
        scene="river",
        tag="by the river",
    ),
    Neighbourhood(
        key="lanternhill",
        name="Lantern Hill",
        about="Steep lanes, villas and terraces, and the whole bay at your feet; a funicular for tired legs.",
        rent=1.26,
        quiet=0.7,
        stops=("Funicular Top", "Lantern Road"),
        line="the funicular",
        streets=("Lantern Road", "Lookout Terrace", "Beacon Rise", "Magnolia Steps", "Upper Beacon"),
        kinds={"studio": 3, "flat": 15, "house": 13, "room": 3},
        views=("sea_view", "roofs_view", "sea_view"),
        scene="hill",
        tag="on the hill",
    ),
    Neighbourhood(
        key="tannery",
        name="Tannery Yard",
        about="Workshops, murals and late music around the old leather works; rents are still kind.",
        rent=0.95,
        quiet=0.2,
        stops=("Tannery", "Gasworks"),
        line="tram 3",
        streets=("Hide Street", "Cooper Street", "Gasworks Road", "Foundry Lane", "Oakbark Yard"),
        kinds={"studio": 8, "flat": 15, "house": 3, "room": 9},
        views=("roofs_view", "courtyard_view"),
        scene="works",
        tag="lively quarter",
    ),
    Neighbourhood(
        key="orchard",
        name="Orchard End",
        about="Family streets laid out over old apple orchards; two schools, a pool, hedges to talk over.",
        rent=1.0,
        quiet=0.75,
        stops=("Orchard Loop", "Pippin Road"),
        line="tram 3",
        streets=("Pippin Road", "Russet Close", "Bramley Avenue", "Quince Street", "Cider Lane"),
        kinds={"studio": 1, "flat": 9, "house": 21, "room": 4},
        views=("park_view", "courtyard_view"),
        scene="orchard",
        tag="family streets",
    ),
    Neighbourhood(
        key="station",
        name="Station Quarter",
        about="New towers and long brick blocks around the railway: lifts, lockers and trains to everywhere.",
        rent=1.04,
        quiet=0.35,
        stops=("Central Station", "Signal Street"),
        line="all three trams",
        streets=("Signal Street", "Platform Road", "Turntable Place", "Junction Street", "Lamplight Row"),
        kinds={"studio": 9, "flat": 20, "room": 6},
        views=("roofs_view", "roofs_view", "river_view"),
        scene="towers",
        tag="near the station",
    ),
    Neighbourhood(
        key="scholars",
        name="Scholars' Green",
        about="The university's edge: shared houses, second-hand books, bicycles chained to every railing.",
        rent=0.92,
        quiet=0.45,
        stops=("Library", "Botanic Garden"),
        line="tram 2",
        streets=("Library Road", "Inkwell Street", "Botany Place", "Fellows Row", "Lamp Street"),
        kinds={"studio": 4, "flat": 5, "house": 4, "room": 12},
        views=("park_view", "courtyard_view", "roofs_view"),
        scene="green",
        tag="near the university",
    ),
    Neighbourhood(
        key="fold",
        name="Upper Fold",
        about="Where the town ends: meadows, sheep, an honest pub, and bus 14 every half hour.",
        rent=0.8,
        quiet=0.95,
        stops=("Fold Gate", "Meadow Cross"),
        line="bus 14",
        streets=("Fold Lane", "Shepherds Track", "Larch Lane", "Meadow End", "Stonewall Road"),
        kinds={"farm house": 20, "house": 3},
        views=("meadow_view", "meadow_view"),
        scene="meadow",
        tag="in the country",
    ),
)

BY_KEY = {hood.key: hood for hood in NEIGHBOURHOODS}
