"""A site of jobs of our own writing, for training: no open log of a jobs site may be learned from.

Openings are put together from a seeded table of trades, towns and employers. Visitors are drawn as programs: a trade
or two, places they can reach, terms they accept, how far each binds them; what they look at follows from it, with some
chance, and with a liking for what is new.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender
from brewlite.records import Event, FieldValue, Item, User
from brewlite.retrieval import Encoder
from brewlite.training.experiment.keys import code_digest, key_of

NAME = "made_jobs"
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 240


class Trade(Struct, frozen=True, kw_only=True):
    """One kind of work."""

    industry: str
    titles: tuple[str, ...]
    duties: tuple[str, ...]
    skills: tuple[str, ...]
    pay: int
    """A year, in the middle of its range."""


TRADES = (
    Trade(industry="Healthcare", pay=52_000,
          titles=("Registered nurse", "Care assistant", "Physiotherapist", "Medical receptionist", "Dental hygienist"),
          duties=("You look after patients on a ward of twenty beds.", "You keep the notes of each visit up to date.",
                  "You help residents with washing, dressing and meals.", "You plan treatments with the doctors."),
          skills=("first aid", "wound care", "patient records", "night duty", "hoists")),
    Trade(industry="Hospitality", pay=29_000,
          titles=("Line cook", "Barista", "Hotel receptionist", "Waiter", "Kitchen porter", "Sous chef"),
          duties=("You prepare breakfast for up to sixty guests.", "You run the bar on weekend evenings.",
                  "You check guests in and answer the telephone.", "You keep the kitchen clean and the stores full."),
          skills=("food hygiene", "espresso", "table service", "bookings", "stock taking")),
    Trade(industry="Office administration", pay=36_000,
          titles=("Office assistant", "Payroll clerk", "Executive assistant", "Data entry clerk", "Office manager"),
          duties=("You file what comes in and see that bills go out.", "You keep three diaries free of clashes.",
                  "You type up minutes and order supplies.", "You enter time sheets and check them."),
          skills=("spreadsheets", "typing", "invoices", "minutes", "filing")),
    Trade(industry="Retail", pay=28_000,
          titles=("Shop assistant", "Store manager", "Cashier", "Visual merchandiser", "Buyer for homeware"),
          duties=("You advise customers and work the till.", "You dress the windows every other week.",
                  "You count stock and order what runs out.", "You lead a team of eight on two floors."),
          skills=("till work", "stock control", "window dressing", "returns", "rotas")),
    Trade(industry="Education", pay=41_000,
          titles=("Primary school teacher", "Maths tutor", "Teaching assistant", "Nursery worker", "Music teacher"),
          duties=("You teach a class of eight-year-olds.", "You help pupils who fall behind in small groups.",
                  "You plan lessons and talk with parents.", "You lead the children's choir."),
          skills=("lesson planning", "safeguarding", "phonics", "marking", "piano")),
    Trade(industry="Customer service", pay=31_000,
          titles=("Customer support agent", "Call centre team leader", "Complaints handler", "Help desk assistant"),
          duties=("You answer questions by telephone and chat.", "You sort out what went wrong with orders.",
                  "You coach a team of twelve.", "You write answers that others can reuse."),
          skills=("telephone manner", "ticket systems", "complaints", "chat", "patience")),
    Trade(industry="Logistics", pay=35_000,
          titles=("Delivery driver", "Warehouse operative", "Forklift driver", "Route planner", "Truck driver"),
          duties=("You deliver parcels in the town and around it.", "You pick and pack orders in the cold store.",
                  "You plan the tours of fifteen vans.", "You load and unload by forklift."),
          skills=("driving licence", "forklift licence", "route planning", "lifting", "scanners")),
    Trade(industry="Information technology", pay=62_000,
          titles=("Web developer", "Systems administrator", "Data analyst", "Test engineer", "Backend developer"),
          duties=("You build the pages that our customers see.", "You keep servers patched and backed up.",
                  "You answer questions with data and draw the charts.", "You write tests before users find bugs."),
          skills=("Python", "SQL", "Linux", "JavaScript", "dashboards", "networks")),
    Trade(industry="Construction", pay=42_000,
          titles=("Carpenter", "Electrician", "Site manager", "Bricklayer", "Plumber", "Roofer"),
          duties=("You fit kitchens and staircases.", "You wire new homes and test the circuits.",
                  "You run a site of thirty people.", "You lay pipes and fit bathrooms."),
          skills=("scaffolding", "wiring", "blueprints", "joinery", "soldering")),
    Trade(industry="Sales", pay=45_000,
          titles=("Sales representative", "Account manager", "Field sales agent", "Telephone sales agent"),
          duties=("You visit customers in the region.", "You look after forty accounts.",
                  "You find new customers by telephone.", "You show our machines at fairs."),
          skills=("cold calling", "negotiation", "presentations", "forecasts")),
    Trade(industry="Gardening and farming", pay=27_000,
          titles=("Gardener", "Farm hand", "Nursery gardener", "Tree surgeon", "Vineyard worker"),
          duties=("You look after parks and flower beds.", "You milk, feed and muck out.",
                  "You prune and fell trees by rope.", "You pick grapes in the autumn and prune in winter."),
          skills=("pruning", "tractor licence", "planting", "chainsaw", "animals")),
    Trade(industry="Finance", pay=58_000,
          titles=("Bookkeeper", "Accountant", "Credit analyst", "Tax adviser", "Bank clerk"),
          duties=("You keep the books of small firms.", "You close the accounts every month.",
                  "You judge who may borrow how much.", "You prepare tax returns and explain them."),
          skills=("ledgers", "tax law", "audits", "spreadsheets", "credit files")),
)  # fmt: skip
TOWNS = (
    ("Millbrook", "Northshire"), ("Ashton Quay", "Northshire"), ("Fernley", "Northshire"), ("Saltmouth", "Northshire"),
    ("Harrow Bridge", "Westmark"), ("Lindale", "Westmark"), ("Coldwater", "Westmark"), ("Stonefield", "Westmark"),
    ("Port Ellery", "Southvale"), ("Marsh End", "Southvale"), ("Greenhithe", "Southvale"), ("Oldcastle", "Southvale"),
)  # fmt: skip
EMPLOYERS = (
    "Bright Harbour", "Oak & Sons", "Riverside Group", "Nimbus Works", "Halden Partners", "Corner House", "Two Rivers",
    "Meridian Services", "Pinewood", "Alder Trust", "Fairweather", "Lantern", "Kestrel", "Broadfield", "Summit Row",
)  # fmt: skip
TERMS = ("full-time", "full-time", "full-time", "part-time", "part-time", "temporary", "contract", "internship")
LEVELS = ("entry level", "experienced", "experienced", "senior")
_EXTRAS = (
    "Free parking behind the house.", "Lunch is on us on Fridays.", "Thirty days of leave.", "We pay for courses.",
    "Shifts are known six weeks ahead.", "You can start at once.", "Some evenings and weekends.",
    "A small team that has been together for years.", "Work clothes are provided.", "Bus stop at the door.",
)  # fmt: skip


def made_jobs(folder: Path, encoder: Encoder | None, items: int = 700, visitors: int = 900, seed: int = 0) -> BenchSite:
    """The site, written into ``folder`` at the first call."""
    mark = key_of(code_digest(("store", "training/made_jobs.py")), encoder.name if encoder is not None else "")
    path = folder / f"{NAME}-{items}-{visitors}-{seed}-{mark}.db"
    data = DataSet(name=NAME, kind="jobs", adapter="jobs", items="", events="made up", label="made jobs", trained=True)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        rng = np.random.default_rng(seed)
        openings = [_opening(number, rng) for number in range(items)]
        with Recommender.open(unfinished, "jobs", ranker=None, encoder=encoder) as site:
            site.put_items([item for item, _ in openings])
            people = [_visitor(f"v{number}", openings, rng) for number in range(visitors)]
            site.put_users([user for user, _ in people])
            site.record(*(event for _, events in people for event in events))
        unfinished.replace(path)
    return BenchSite(data, Recommender.open(path, "jobs", ranker=None, encoder=encoder), f"{items}-{visitors}-{seed}")


def _opening(number: int, rng: np.random.Generator) -> tuple[Item, int]:
    """One opening, and the place of its trade in TRADES."""
    which = int(rng.integers(len(TRADES)))
    trade, (town, county) = TRADES[which], TOWNS[rng.integers(len(TOWNS))]
    level, terms = str(rng.choice(LEVELS)), str(rng.choice(TERMS))
    duties = rng.permutation(trade.duties)[:2].tolist()
    extras = rng.permutation(_EXTRAS)[: int(rng.integers(1, 4))].tolist()
    pay = trade.pay * {"entry level": 0.8, "experienced": 1.0, "senior": 1.4}[level] * rng.uniform(0.85, 1.2)
    fields: dict[str, FieldValue] = {
        "company": str(rng.choice(EMPLOYERS)),
        "employment": terms,
        "industry": trade.industry,
        "level": level,
        "skills": rng.permutation(trade.skills)[: int(rng.integers(1, 4))].tolist(),
    }
    if rng.random() < 0.6:
        fields["salary"] = float(round(pay / 500) * 500)
    if rng.random() < 0.15:
        fields["remote"] = True
    title = str(rng.choice(trade.titles))
    title = f"Senior {title[0].lower()}{title[1:]}" if level == "senior" and rng.random() < 0.5 else title
    item = Item(
        id=f"job{number}",
        kind="job",
        title=title + (f" ({terms})" if rng.random() < 0.3 else ""),
        text=" ".join([*duties, *extras]),
        fields=fields,
        place=f"{town}, {county}",
        created=START + timedelta(days=float(rng.uniform(0, DAYS))),
    )
    return item, which


def _visitor(name: str, openings: list[tuple[Item, int]], rng: np.random.Generator) -> tuple[User, list[Event]]:
    """A visitor and what they looked at, some weeks long."""
    trades = rng.permutation(len(TRADES))[: 1 + int(rng.random() < 0.3)]
    town, county = TOWNS[rng.integers(len(TOWNS))]
    terms = str(rng.choice(TERMS))
    binds = rng.uniform(0.0, 3.0, 3)
    """How much town or county, terms, and the same title matter."""
    worth = np.zeros(len(openings))
    for place, (item, trade) in enumerate(openings):
        worth[place] += 3.5 * (trade in trades)
        worth[place] += binds[0] * ((item.place or "").startswith(town) + 0.5 * (item.place or "").endswith(county))
        worth[place] += binds[1] * (item.fields["employment"] == terms) + rng.normal(0, 0.4)
    created = np.array([(item.created or START).timestamp() for item, _ in openings])
    moment = START + timedelta(days=float(rng.uniform(20, DAYS)))
    words = f"{TRADES[trades[0]].titles[rng.integers(len(TRADES[trades[0]].titles))]}"
    interests = words + (f" in {town}" if binds[0] > 1.5 else "") + (f", {terms}" if binds[1] > 1.5 else "")
    user = User(id=name, interests=interests if rng.random() < 0.5 else "", updated=moment - timedelta(days=1))
    events: list[Event] = []
    for _ in range(int(rng.geometric(0.14))):
        chosen = _looked_at(openings, worth, created, moment, {event.item for event in events}, rng)
        if chosen is None:
            break
        action = "apply" if rng.random() < 0.25 else "view"
        events.append(Event(user=name, item=chosen.id, action=action, at=moment))
        for place, (other, _) in enumerate(openings):
            worth[place] += 0.3 * binds[2] * (other.title == chosen.title)
        moment += timedelta(hours=float(rng.exponential(20)))
    return user, events


def _looked_at(
    openings: list[tuple[Item, int]],
    worth: Floats,
    created: Floats,
    moment: datetime,
    seen: set[str],
    rng: np.random.Generator,
) -> Item | None:
    """One of the openings that are there, drawn by what it is worth and how new it is; None where there are few."""
    at = moment.timestamp()
    there = np.flatnonzero(created < at)
    if len(there) < 30:
        return None
    fresh = np.exp(-(at - created[there]) / (40 * 86400))
    odds = worth[there] + 1.5 * fresh
    odds[[place for place, row in enumerate(there) if openings[row][0].id in seen]] = -np.inf
    chances = np.exp(odds - odds.max())
    return openings[int(rng.choice(there, p=chances / chances.sum()))][0]
