"""Stated interests: wordings and attributes that are split for good, twins that are twins, answers judged right."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import HashEncoder
from msgspec import structs

from brewlite.evaluation.suite.case import Answer, Case
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.evaluation.suite.stated import MAKERS, METRICS, TASKS, abroad, held_out, wordings
from brewlite.evaluation.suite.stated.attribute import LANGUAGES, Attribute, joined, may_join
from brewlite.evaluation.suite.stated.homes import HOMES
from brewlite.evaluation.suite.stated.limits import drawn
from brewlite.evaluation.suite.stated.obeying import is_understood
from brewlite.evaluation.suite.stated.stock import Stock, stock_of
from brewlite.evaluation.suite.stated.topics import TOPICS
from brewlite.evaluation.suite.stated.wish import wishes
from brewlite.evaluation.suite.stated.words import filled, stories, templates
from brewlite.evaluation.suite.stated.work import TERMS, WORK
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.recommender import Recommender
from brewlite.records import Item, Query
from brewlite.testing import FakeRanker

AT = datetime(2024, 6, 30, 12, tzinfo=UTC)
TABLES = (*HOMES, *WORK, *TERMS, *TOPICS)
ROLES = sorted({attribute.role for attribute in TABLES} | {"place", "employer"})
JUDGE = {metric.name: metric.measure for metric in METRICS}
BY_NAME = {task.name: task for task in TASKS}


def opened(path: Path, kind: str, adapter: str, items: list[Item]) -> BenchSite:
    recommender = Recommender.open(path, adapter, ranker=FakeRanker(), encoder=HashEncoder(), clock=lambda: AT)
    recommender.put_items(items)
    return BenchSite(DataSet(name="made-up", kind=kind, adapter=adapter, items=""), recommender, "")


def home(number: int) -> Item:
    """Every other one has a piano, every third a gym, every fifth speaks of music without having any."""
    amenities = ["Wifi", *(["Piano"] if number % 2 else []), *(["Gym"] if number % 3 == 0 else [])]
    return Item(
        id=f"h{number}",
        kind="listing",
        title=f"House {number}",
        text="Near the piano shop." if number % 5 == 0 else "Quiet.",
        fields={"amenities": amenities, "price": 80.0 + number, "guests": float(1 + number % 6), "building": "house"},
        place=("Hill", "Harbour")[number % 2],
        created=AT,
    )


@pytest.fixture
def made_up(tmp_path: Path):
    site = opened(tmp_path / "homes.db", "listings", "realestate", [home(number) for number in range(60)])
    yield site
    site.recommender.close()


# What is kept out of training


def test_which_side_a_value_is_on_never_changes():
    assert [held_out(value) for value in ("pool", "washer", "air travel", "part-time")] == [True, False, True, True]


def test_case_punctuation_and_plural_do_not_change_the_side():
    for attribute in TABLES:
        assert held_out(attribute.key) == held_out(attribute.key.upper()) == held_out(attribute.key.replace(" ", "-"))
    assert held_out("hot tub") == held_out("Hot-Tubs")


@pytest.mark.parametrize("table", [HOMES, WORK, TOPICS], ids=["homes", "work", "topics"])
def test_both_halves_of_a_table_are_large(table: tuple[Attribute, ...]):
    share = np.mean([held_out(attribute.key) for attribute in table])
    assert 0.3 < share < 0.7


def test_requests_for_training_share_neither_attribute_nor_wording_with_the_suite(made_up: BenchSite):
    stock = stock_of(made_up)
    rng = np.random.default_rng(0)
    ours = list(islice(wishes(stock, "want", rng, 0.0, 1.0), 30))
    theirs = list(islice(wishes(stock, "want", rng, 0.0, 1.0, kept_out=False), 30))
    assert ours
    assert theirs
    assert not {wish.name for wish in ours} & {wish.name for wish in theirs}
    assert all(held_out(wish.name) for wish in ours)
    assert not any(held_out(wish.name) for wish in theirs)


@pytest.mark.parametrize("role", ROLES)
def test_templates_are_parted_without_a_rest(role):
    for polarity in ("want", "refusal"):
        ours, theirs = set(templates(role, polarity)), set(templates(role, polarity, kept_out=False))
        assert not ours & theirs
        assert min(len(ours), len(theirs)) >= 8


@pytest.mark.parametrize("polarity", ["want", "refusal"])
def test_there_are_25_wordings_kept_out_in_english(polarity):
    found = {text for role in ROLES for text in templates(role, polarity)}
    assert len(found) >= 25


# Wordings


def every_wording():
    for language in LANGUAGES:
        for attribute in TABLES:
            if language not in attribute.words:
                continue
            for polarity in ("want", "refusal") if language != "en" else ("want", "refusal", "hope"):
                for kept_out in (True, False):
                    for template in templates(attribute.role, polarity, language, kept_out):
                        yield language, template, filled(template, attribute.phrase(language), language)


def test_every_template_takes_every_attribute_of_its_role():
    for _, template, words in every_wording():
        assert not re.search(r"[{}]|  |\.\.", words), (template, words)
        assert words == words.strip()


def test_french_is_elided():
    words = filled("Pas de {many}.", next(a for a in HOMES if a.key == "apartment").phrase("fr"), "fr")
    assert words == "Pas d'appartements."


MARKS = {
    "en": r"\b(?:the|of|for|with|in|at|i|i'm|please|any|me|my|no|not|about|is|are|to|that|do|you|just|only|show)\b",
    "de": r"\b(?:ich|bitte|und|die|der|mit|zum|thema|für|keine|nichts|wir|eine?|suche|gibt|haben|bereich|es|stellen?|"
    r"bei|mir|unterkünfte|nur|auf|zeig(?:en)?|wo|liebsten|brauche|in)\b",
    "fr": r"\b(?:je|j'|des|les|pas|avec|s'il|sur|d'|de|une?|il|cherche|autre|dans|chez|au|à|bonjour|logements?)",
    "es": r"\b(?:busco|con|por|favor|quiero|sobre|me|no|una?|unas|hay|en|de|es|solo|primero|necesito|prefiero|sería|"
    r"preguntas|tiene[ns]?|lo|sin|algo|nada)\b",
}


def test_languages_are_what_they_claim():
    right = {language: [0, 0] for language in LANGUAGES}
    for language, _, words in every_wording():
        counts = {name: len(re.findall(marks, words.casefold())) for name, marks in MARKS.items()}
        right[language][0] += counts[language] == max(counts.values()) and counts[language] > 0
        right[language][1] += 1
    assert {name: hits / total > 0.9 for name, (hits, total) in right.items()} == dict.fromkeys(LANGUAGES, True)


def test_templates_of_other_languages_are_not_english():
    english = {text for _, texts in (*wordings.WANTS, *wordings.REFUSALS) for text in texts}
    tables = (abroad.WANTS, abroad.REFUSALS)
    foreign = {text for table in tables for rows in table.values() for _, texts in rows for text in texts}
    assert not english & foreign - {"{many}"}


def test_stories_stand_beside_templates_and_name_no_slot():
    told = [text for attribute in HOMES for text in (*attribute.stories, *attribute.refusals)]
    assert len(told) > 40
    assert not any("{" in text for text in told)
    pool = next(a for a in HOMES if a.key == "pool")
    assert not set(stories(pool, "want")) & set(stories(pool, "want", kept_out=False))


def test_two_wants_read_as_one_phrase():
    by_key = {attribute.key: attribute for attribute in TABLES}
    assert joined(by_key["house"], by_key["pool"]).many == "houses with a pool"
    assert joined(by_key["pool"], by_key["gym"], refused=True).x == "a pool, but without a gym"
    assert joined(by_key["visas"], by_key["japan"]).many == "questions about both visas and Japan"
    assert not may_join(by_key["pool"], by_key["house"])


def test_a_few_cases_are_already_of_every_language(made_up: BenchSite):
    found = list(islice(wishes(stock_of(made_up), "want", np.random.default_rng(0), 0.0, 1.0, ("de", "fr", "es")), 6))
    assert {wish.language for wish in found} == {"de", "fr", "es"}


def test_every_attribute_has_four_languages_and_counts_its_own_name_as_a_mention():
    for attribute in TABLES:
        assert set(attribute.words) == set(LANGUAGES)
        assert attribute.has.pattern in attribute.mentions.pattern


# Items that have it, lack it, or leave it open


def test_an_item_that_only_speaks_of_it_is_neither(made_up: BenchSite):
    piano = next(a for a in HOMES if a.key == "piano")
    stock = stock_of(made_up)
    states = dict(zip([item.id for item in stock.items], stock.states(piano).tolist(), strict=True))
    assert [states[f"h{n}"] for n in (1, 2, 5, 10)] == [1, -1, 1, 0]


def test_a_synonym_makes_no_twin(tmp_path: Path):
    rows = [["Private pool"], ["Shared outdoor pool - available all year"], ["Pool table"], ["Pool view"], ["Wifi"]]
    items = [Item(id=str(n), kind="listing", title="A", fields={"amenities": tags}) for n, tags in enumerate(rows)]
    site = opened(tmp_path / "pools.db", "listings", "realestate", items)
    stock = Stock(site)
    pool = next(a for a in HOMES if a.key == "pool")
    assert stock.states(pool).tolist() == [1, 1, 0, 0, -1]
    site.recommender.close()


def test_a_job_without_a_branch_is_no_twin_and_a_careless_one_does_not_fit(tmp_path: Path):
    rows = [
        ("Nurse", "Healthcare"),
        ("Cashier", "Healthcare"),
        ("Nurse", None),
        ("Cashier", None),
        ("Cashier", "Retail"),
    ]
    items = [
        Item(id=str(n), kind="job", title=title, fields={"industry": branch} if branch else {})
        for n, (title, branch) in enumerate(rows)
    ]
    site = opened(tmp_path / "jobs.db", "jobs", "jobs", items)
    healthcare = next(a for a in WORK if a.key == "healthcare")
    assert Stock(site).states(healthcare).tolist() == [1, 0, 0, 0, -1]
    site.recommender.close()


def test_figures_in_the_words_are_the_figures_of_the_limit(made_up: BenchSite):
    for limit in islice(drawn(stock_of(made_up), np.random.default_rng(0)), 20):
        said = [float(figure.replace(",", "")) for figure in re.findall(r"\d[\d,]*", limit.words)]
        assert sorted(said) == sorted(float(c.value) for c in limit.constraints if c.field in ("price", "guests"))


def test_a_limit_read_the_wrong_way_is_not_understood(made_up: BenchSite):
    stock = stock_of(made_up)
    limit = next(one for one in drawn(stock, np.random.default_rng(0)) if one.name == "price at most")
    plain = structs.replace(limit, words=f"at most ${limit.constraints[0].value:.0f} a night")
    turned = structs.replace(limit, words=f"at least ${limit.constraints[0].value:.0f} a night")
    assert is_understood(plain, stock)
    assert not is_understood(turned, stock)


# Metrics

TASK = SuiteTask(name="t", family="f", about="", data=("d",), maker="m", metric="pairs", quick=1, full=1)


def asked(scores: dict[str, float], other: dict[str, float] | None = None, **case) -> Asked:
    ids = tuple(scores)
    made = Case(key="k", site="s", visitor="v", query=Query(candidates=ids, at=AT), **case)
    answers = [
        Answer(ids=tuple(row), scores=np.array(list(row.values()), dtype=np.float64))
        for row in (scores, other or scores)
    ]
    return Asked(made, answers[0], answers[1] if other is not None else None, None)  # type: ignore[arg-type]


def test_pairs_count_ties_half_and_hidden_items_last():
    pairs = (("a", "b"), ("c", "d"), ("a", "d"))
    assert JUDGE["pairs"](asked({"a": 1, "b": 0, "c": 2, "d": 2}, pairs=pairs)) == pytest.approx(0.5)
    assert JUDGE["pairs"](asked({"a": 1, "b": -np.inf, "c": 2, "d": 0}, pairs=pairs)) == 1


def test_violations_are_counted_among_the_ten_best_that_are_shown():
    scores = {str(n): float(-n) for n in range(12)}
    assert JUDGE["violations@10"](asked(scores, bad=("0", "9", "10", "11"))) == pytest.approx(0.2)
    hidden = {**scores, "0": -np.inf, "9": -np.inf}
    assert JUDGE["violations@10"](asked(hidden, bad=("0", "9", "10"))) == pytest.approx(0.1)
    assert JUDGE["violations@10"](asked(dict.fromkeys("abc", -np.inf), bad=("a",))) == 0


def test_understood_wants_exactly_the_broken_ones_refused():
    scores = {"a": 1.0, "b": -np.inf, "c": -np.inf}
    assert JUDGE["understood"](asked(scores, bad=("b", "c"))) == 1
    assert JUDGE["understood"](asked(scores, bad=("b",))) == 0
    assert JUDGE["understood"](asked({"a": 1.0, "b": 0.5}, bad=("b",))) == 0


def test_moved_is_the_share_of_pairs_that_changed_places():
    first = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 0.0}
    assert JUDGE["moved"](asked(first, first)) == 0
    assert JUDGE["moved"](asked(first, {"d": 3.0, "c": 2.0, "b": 1.0, "a": 0.0})) == 1
    swapped = {"b": 3.0, "a": 2.0, "c": 1.0, "d": 0.0}
    assert JUDGE["moved"](asked(first, swapped)) == pytest.approx(1 / 6)
    assert JUDGE["moved"](asked(first, dict.fromkeys(first, 0.0))) == 0.5
    assert JUDGE["moved"](asked(dict.fromkeys(first, 1.0), dict.fromkeys(first, -np.inf))) == 0
    assert JUDGE["moved"](asked({**first, "d": -np.inf}, first)) == 0


def test_there_are_seven_kinds_of_request_for_each_kind_of_site():
    for kind in ("listings", "jobs", "posts"):
        assert sum(task.name.startswith(f"{kind}/asks-") for task in TASKS) == 7
    assert {task.maker for task in TASKS} == set(MAKERS)
    assert {task.metric for task in TASKS} - {"ndcg@10"} == set(JUDGE)
