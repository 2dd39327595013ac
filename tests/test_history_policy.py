"""Which of a visitor's history the prompt keeps."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from conftest import NOW, HashEncoder, home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from brewlite import Event, Query, Recommender
from brewlite.errors import BadSettings
from brewlite.prompt import HISTORY_POLICIES, PromptConfig
from brewlite.prompt.history import merged
from brewlite.recommender import RecommenderConfig
from brewlite.recommender.pace import Stopwatch
from brewlite.settings import load_settings

POLICIES = sorted(HISTORY_POLICIES)
ACTIONS = ("view", "save", "contact", "dismiss", "hide")
LABEL = "\nWhat the visitor did before, oldest first:"
deeds = st.lists(st.tuples(st.integers(0, 39), st.sampled_from(ACTIONS)), max_size=30)
shared_site = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def section(site: Recommender, query: Query, **prompt: object) -> tuple[list[str], int]:
    """The lines of the history that the model reads, and their tokens."""
    config = structs.replace(site.config, prompt=PromptConfig(**prompt))
    for part in site.with_config(config).preview(query).sections:
        if part.name == "history":
            return part.text.removeprefix(LABEL).split("\n- ")[1:], part.tokens - len(
                site.ranker().tokenizer.encode(LABEL)
            )
    return [], 0


def lines(site: Recommender, query: Query, **prompt: object) -> list[str]:
    return section(site, query, **prompt)[0]


def history(*done: tuple[int, str]) -> Query:
    return Query(history=tuple((str(number), action) for number, action in done), candidates=("30", "31", "32"))


def ids_of(kept: list[str]) -> list[str]:
    """The number of the home in each line."""
    return [line.split(" in ")[0].split()[-1] for line in kept]


@given(done=deeds, tokens=st.integers(0, 400), most=st.integers(0, 12), policy=st.sampled_from(POLICIES))
@shared_site
def test_no_policy_exceeds_its_budget_or_turns_time_around(site: Recommender, done, tokens: int, most: int, policy):
    query = history(*done)
    kept, used = section(site, query, history_policy=policy, history_tokens=tokens, history_events=most)
    assert len(kept) <= most
    assert used <= tokens
    encode = site.ranker().tokenizer.encode
    assert sum(len(encode(line)) for line in kept if line.startswith(("dismissed", "hid"))) <= tokens // 2
    every = lines(site, query, history_tokens=100_000, history_events=1000)
    places = [every.index(line) for line in kept]
    assert places == sorted(places), "oldest first, whatever was kept"


@given(done=deeds)
@shared_site
def test_all_policies_agree_where_everything_fits(site: Recommender, done):
    query = history(*done)
    kept = {policy: lines(site, query, history_policy=policy, history_tokens=100_000) for policy in POLICIES}
    assert len(kept["newest"]) == len({(number, action) for number, action in done})
    assert all(found == kept["newest"] for found in kept.values())


@pytest.mark.parametrize("policy", POLICIES)
def test_no_history_and_none_wanted(site: Recommender, policy: str):
    assert lines(site, Query(user="nobody"), history_policy=policy) == []
    assert lines(site, Query(user="ann"), history_policy=policy, history_events=0) == []
    assert lines(site, Query(user="ann"), history_policy=policy, history_tokens=0) == []
    assert len(lines(site, Query(user="ann"), history_policy=policy)) == 3


def test_newest_keeps_the_end(site: Recommender):
    done = [(number, "save") for number in range(10)]
    assert ids_of(lines(site, history(*done), history_events=3)) == ["7", "8", "9"]


def test_balanced_takes_likes_and_dislikes_by_turns(site: Recommender):
    done = [(0, "save"), (1, "save"), (2, "dismiss"), (3, "save"), (4, "dismiss"), (5, "dismiss"), (6, "dismiss")]
    kept = lines(site, history(*done), history_policy="balanced", history_events=4)
    assert ids_of(kept) == ["1", "3", "5", "6"]
    assert [line.split(":")[0] for line in kept] == ["saved", "saved", "dismissed", "dismissed"]


def test_weighted_prefers_what_says_most_and_lets_it_fade(site: Recommender):
    recent = [(0, "contact"), *((number, "view") for number in range(1, 9))]
    assert ids_of(lines(site, history(*recent), history_policy="weighted", history_events=1)) == ["0"]
    long_ago = [(0, "contact"), *((number, "view") for number in range(1, 30))]
    assert ids_of(lines(site, history(*long_ago), history_policy="weighted", history_events=1)) == ["29"]
    again = [(3, "view"), (5, "view"), (3, "view"), (3, "view"), (7, "view")]
    assert ids_of(lines(site, history(*again), history_policy="weighted", history_events=1)) == ["3"]


def test_relevant_follows_the_words_or_else_the_candidates(site: Recommender):
    done = [(number, "save") for number in (1, 2, 3, 4, 6, 7)]
    alike = {"history_policy": "relevant", "history_events": 1}
    said = structs.replace(history(*done), instructions="a lively studio with a garden in the Harbour")
    houses = structs.replace(history(*done), candidates=("13", "25", "37"))
    studios = structs.replace(history(*done), candidates=("14", "26", "38"))
    assert ids_of(lines(site, said, **alike)) == ["2"]
    assert ids_of(lines(site, houses, **alike)) == ["1"]  # a house in the Old Town, as all three
    assert ids_of(lines(site, studios, **alike)) == ["2"]  # a studio by the Harbour, as all three


def test_the_order_of_the_candidates_changes_nothing(site: Recommender):
    done = [(number, "save") for number in range(12)]
    some = tuple(str(number) for number in range(20, 40))
    asked = [structs.replace(history(*done), candidates=ids) for ids in (some, some[::-1])]
    first, second = (lines(site, query, history_policy="relevant", history_events=4) for query in asked)
    assert first == second


def test_without_vectors_relevant_is_newest(site: Recommender):
    blind = Recommender(site.store, site.adapter, site.ranker(), None, site.config, lambda: NOW)
    done = [(number, "save") for number in range(6)]
    newest = lines(blind, history(*done), history_events=2)
    assert lines(blind, history(*done), history_policy="relevant", history_events=2) == newest


def test_repeats_are_one_line_at_the_place_of_the_newest(site: Recommender):
    for hours in (50, 40, 3):
        site.record(Event(user="dan", item="4", action="view", at=NOW - timedelta(hours=hours)))
    site.record(Event(user="dan", item="8", action="save", at=NOW - timedelta(hours=30)))
    visit = site._reception.visit(Query(user="dan"), Stopwatch())
    found = merged(visit.visitor.history)
    assert [(site._catalog.items[line.deed.row].id, line.times) for line in found] == [("4", 3), ("8", 1)]
    assert found[0].strength == pytest.approx(0.3 * (1 + 0.9**2 + 0.9**3))


def test_the_default_is_newest_with_dislikes_in_check(site: Recommender):
    assert PromptConfig().history_policy == "newest"
    done = [(1, "save"), *((number, "dismiss") for number in range(5, 35))]
    kept = lines(site, history(*done))
    assert kept[0].startswith("saved: house 1 "), "older than every dismissal, and still there"


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({"history_policy": "newset"}, "history_policy is 'newset': did you mean 'newest'.*known: newest, relevant"),
        ({"history_policy": ""}, "history_policy is ''.*known: newest"),
        ({"history_events": -1}, "history_events is -1: give 0"),
    ],
)
def test_mistakes_are_named(prompt: dict[str, object], message: str):
    with pytest.raises(BadSettings, match=f"(?i){message}"):
        PromptConfig(**prompt)


def test_the_settings_file_and_a_variable_choose_it(tmp_path):
    file = tmp_path / "brewlite.toml"
    file.write_text('[prompt]\nhistory_policy = "balanced"\nhistory_events = 5\n', encoding="utf-8")
    assert load_settings(file, {}).recommender.prompt.history_policy == "balanced"
    chosen = load_settings(file, {"BREWLITE_PROMPT__HISTORY_POLICY": "weighted"}).recommender
    assert chosen.prompt == PromptConfig(history_policy="weighted", history_events=5)
    assert chosen != RecommenderConfig()
    with pytest.raises(BadSettings, match="'relevent': did you mean 'relevant'"):
        load_settings(file, {"BREWLITE_PROMPT__HISTORY_POLICY": "relevent"})


def test_the_similarity_that_chooses_is_that_of_the_catalog(site: Recommender):
    """By hand: cosines of three remembered homes to the words."""
    words = "a quiet house with a garden"
    encoder = HashEncoder()
    vectors = encoder.encode([site._catalog.refresh().wording(home(number)) for number in (1, 2, 3)])
    best = int(np.argmax(vectors @ encoder.encode([words])[0]))
    query = structs.replace(history((1, "save"), (2, "save"), (3, "save")), instructions=words)
    assert ids_of(lines(site, query, history_policy="relevant", history_events=1)) == [str((1, 2, 3)[best])]
