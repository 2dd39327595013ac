"""The flow, on a small site with real parts: store, retrieval, prompt, blend, policy; the ranker counts words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import NOW, home
from msgspec import structs

from brewlite import Event, Query, Recommender, Slate, Task, User
from brewlite.cli import main
from brewlite.errors import BadRecord, BadSettings, UnknownName, UserError
from brewlite.recommender import RecommenderConfig
from brewlite.testing import FakeRanker


def ids(slate):
    return [pick.item.id for pick in slate.picks]


def test_a_slate_has_k_different_items_best_first(site: Recommender):
    slate = site.recommend(Query(user="ann", k=7))
    assert len(set(ids(slate))) == 7
    assert [pick.rank for pick in slate.picks] == list(range(1, 8))
    assert slate.model == "fake"
    assert not slate.degraded


def test_more_are_shown_than_retrieval_proposes_where_more_are_asked_for(site: Recommender):
    few = structs.replace(site.config.retrieval, candidates=5)
    narrow = site.with_config(structs.replace(site.config, retrieval=few))
    slate = narrow.recommend(Query(k=25))
    assert len({pick.item.id for pick in slate.picks}) == 25
    assert not any("may be shown" in note for note in slate.notes)


def test_a_score_is_the_sum_of_its_sources(site: Recommender):
    for pick in site.recommend(Query(user="ann", instructions="quiet house")).picks:
        assert pick.score == pytest.approx(sum(pick.sources.values()), abs=1e-3)
        assert 0 < pick.probability < 1


def reason_of(slate: Slate, id_: str) -> str:
    return next(pick.reason for pick in slate.picks if pick.item.id == id_)


def test_a_reason_is_what_sets_an_item_apart(site: Recommender):
    asked = site.recommend(Query(instructions="quiet house", k=40))
    assert reason_of(asked, "19") == "mentions what you asked for: house, quiet"
    refused = site.recommend(Query(instructions="not lively", k=40))
    assert reason_of(refused, "17") == "does not mention what you do not want"
    newcomer = site.recommend(Query(k=40))
    assert (reason_of(newcomer, "1"), reason_of(newcomer, "0")) == ("popular lately", "new")
    assert reason_of(newcomer, "38") == "", "old, and nobody wants it"
    known = site.recommend(Query(user="ann", k=40))
    assert reason_of(known, "21") == "like what you saved"
    seen = Query(history=(("1", "save"), ("5", "view")), k=40)
    assert "like what you saved or looked at" in {pick.reason for pick in site.recommend(seen).picks}


def test_no_reason_is_given_that_is_not_true(site: Recommender):
    for query in (Query(user="ann", k=40), Query(k=40, instructions="quiet, no garden"), Query(user="cat", k=40)):
        for pick in site.recommend(query).picks:
            number = int(pick.item.id)
            assert pick.reason != "popular lately" or number in (1, 5, 9, 13, 2, 6)
            assert pick.reason != "new" or 3 * number + 1 < 14
            assert "mentions what" not in pick.reason or "quiet" in pick.item.text
            assert "does not mention" not in pick.reason or "garden" not in pick.item.text
    assert site.recommend(Query(filters={"price": {"max": 1}})).picks == ()


def test_the_same_query_gives_the_same_picks(site: Recommender):
    query = Query(user="ann", instructions="a garden", k=10, seed=3)
    assert site.recommend(query).picks == site.recommend(query).picks


def test_an_event_that_arrives_while_the_log_is_read_counts_once(site: Recommender, monkeypatch):
    """It lands between asking the store for its revision and reading what is new."""
    site.recommend(Query(user="ann"))
    known = len(site._catalog.events.at)
    site.record(Event(user="bob", item="1", action="save"))
    ask = site.store.revision
    late = iter([Event(user="bob", item="2", action="save", at=NOW)])

    def asked():
        revision = ask()
        site.store.add_events(list(late))
        return revision

    monkeypatch.setattr(site.store, "revision", asked)
    site.recommend(Query(user="ann"))
    monkeypatch.undo()
    site.recommend(Query(user="ann"))
    assert len(site._catalog.events.at) == known + 2


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"k": "3"}, "k is '3'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"instructions": None}, "instructions are None"),
        ({"user": "ann\ud800"}, "half a character"),
        ({"at": "2024-01-01"}, "give a datetime"),
        ({"filters": {"price": 10**400}}, "not a number"),
    ],
)
def test_what_is_no_query_is_refused_in_words(site: Recommender, query, says):
    with pytest.raises(BadRecord, match=says):
        site.recommend(Query(**query))


def test_numbers_of_numpy_and_an_empty_name_are_no_mistakes(site: Recommender):
    assert len(site.recommend(Query(user="", k=np.int64(3), seed=np.int64(3))).picks) == 3


def test_items_that_are_put_are_found_by_the_names_of_an_import(site: Recommender):
    item = home(77)
    site.put_items([structs.replace(item, fields={**item.fields, "amenities": ["Swimming pool"]})])
    assert item.id in ids(site.recommend(Query(k=60, instructions="with a pool")))
    assert item.id not in ids(site.recommend(Query(k=60, instructions="no pool")))


def test_recommend_writes_nothing(site: Recommender):
    before = site.store.revision(), site.store.counts()
    site.recommend(Query(user="somebody new", instructions="a garden"))
    assert (site.store.revision(), site.store.counts()) == before


def test_words_move_fitting_items_up(site: Recommender):
    plain = ids(site.recommend(Query(user="new", k=40)))
    wished = ids(site.recommend(Query(user="new", k=40, instructions="lively studio, garden")))
    fitting = [str(n) for n in range(40) if n % 3 == 2 and n % 2 == 0]
    assert np.mean([wished.index(i) for i in fitting]) < np.mean([plain.index(i) for i in fitting])


def test_hard_limits_are_never_broken_and_are_told(site: Recommender):
    slate = site.recommend(Query(k=40, instructions="under $1,500, at least 2 bedrooms"))
    assert {c.field for c in slate.understood} == {"price", "bedrooms"}
    assert slate.picks
    for pick in slate.picks:
        assert pick.item.fields["price"] <= 1500
        assert pick.item.fields["bedrooms"] >= 2
    assert any("within the limits" in note for note in slate.notes)


def test_filters_hold(site: Recommender):
    slate = site.recommend(Query(k=40, filters={"price": {"min": 1000, "max": 1200}}))
    assert {pick.item.id for pick in slate.picks} == {str(n) for n in range(8, 13)}
    with pytest.raises(BadRecord, match="prise"):
        site.recommend(Query(filters={"prise": 3}))


def test_hidden_expired_excluded_and_done_items_are_not_shown(site: Recommender):
    site.put_items([structs.replace(home(3), hidden=True), structs.replace(home(4), expires=NOW - timedelta(days=1))])
    hour_ago = NOW - timedelta(hours=1)
    site.record(
        Event(user="ann", item="7", action="dismiss", at=hour_ago),
        Event(user="ann", item="8", action="contact", at=hour_ago),
    )
    shown = ids(site.recommend(Query(user="ann", k=40, exclude=("11",), task="contact")))
    assert {"3", "4", "7", "8", "11"} & set(shown) == set()


def test_a_replay_knows_only_what_was_known(site: Recommender):
    early = NOW - timedelta(days=30)
    shown = ids(site.recommend(Query(k=40, at=early)))
    assert set(shown) == {str(n) for n in range(40) if home(n).created <= early}
    before = site.recommend(Query(user="ann", k=40, at=early)).picks
    site.record(Event(user="ann", item="39", action="save", at=NOW - timedelta(days=20)))
    assert site.recommend(Query(user="ann", k=40, at=early)).picks == before


def test_a_profile_stated_later_is_unknown_earlier(site: Recommender):
    site.put_users([User(id="dan", interests="studio in the harbour", updated=NOW - timedelta(days=1))])
    sections = {s.name for s in site.preview(Query(user="dan")).sections}
    earlier = {s.name for s in site.preview(Query(user="dan", at=NOW - timedelta(days=2))).sections}
    assert "words" in sections
    assert "words" not in earlier


def test_rank_returns_all_and_puts_misfits_last(site: Recommender):
    candidates = tuple(str(n) for n in (30, 2, 17, 9, 25))
    slate = site.rank(Query(user="ann", candidates=candidates, instructions="under 1,300"))
    assert set(ids(slate)) == set(candidates)
    cheap = [home(int(i)).fields["price"] <= 1300 for i in ids(slate)]
    assert cheap == sorted(cheap, reverse=True)


def test_the_order_of_candidates_does_not_matter(site: Recommender):
    candidates = [str(n) for n in range(20)]
    forward = site.rank(Query(user="ann", candidates=tuple(candidates))).picks
    backward = site.rank(Query(user="ann", candidates=tuple(reversed(candidates)))).picks
    assert forward == backward


def test_unknown_candidates_are_listed(site: Recommender):
    with pytest.raises(UnknownName, match="'98', '99'"):
        site.rank(Query(candidates=("1", "98", "99")))


def test_given_history_profile_and_task_replace_the_stored(site: Recommender):
    task = Task(name="swap", action="contact", question="Would this visitor swap homes?")
    query = Query(user="ann", history=(("2", "save"),), profile={"about": "two cats"}, task=task, candidates=("1", "2"))
    slate = site.rank(query)
    assert slate.task == "swap"
    text = "".join(section.text for section in site.preview(structs.replace(query, candidates=None)).sections)
    assert "two cats" in text
    assert "swap homes" in text
    assert "studio 2" in text
    assert "house 1 " not in text


def test_similar_items_resemble_and_leave_out_the_item(site: Recommender):
    slate = site.similar("5", k=5)
    assert "5" not in ids(slate)
    assert "1" in ids(slate), "ann and ben saved both"
    for pick in slate.picks:
        assert pick.score == pytest.approx(sum(pick.sources.values()), abs=1e-3)
        assert set(pick.sources) == {"similarity", "covisit"}
        most = max(pick.sources, key=lambda name: pick.sources[name])
        assert pick.reason == {"similarity": "alike by its text", "covisit": "visited by the same people"}[most]
    with pytest.raises(UnknownName, match="'nope'"):
        site.similar("nope")


def test_order_covers_everything_that_may_be_shown(site: Recommender):
    ordering = site.order(Query(user="new"))
    assert sorted(ordering.ids) == sorted(str(n) for n in range(40))
    assert ordering.model_candidates == len(ordering.ids)
    plain = site.order(Query(user="new"), use_model=False)
    assert plain.model_candidates == 0
    assert plain.scores == sorted(plain.scores, reverse=True)


def test_a_deadline_too_short_for_the_model_gives_the_first_stage_order(site: Recommender):
    slate = site.recommend(Query(user="ann", deadline_ms=0.5))
    assert slate.degraded
    assert slate.model == "none"
    assert ids(slate) == ids(site.recommend(Query(user="ann"), use_model=False))


def test_a_model_that_did_not_understand_is_not_believed(site: Recommender, tmp_path, encoder):
    mute = Recommender(site.store, site.adapter, FakeRanker(label_mass=0.0001), encoder, site.config, lambda: NOW)
    slate = mute.recommend(Query(user="ann"))
    assert slate.degraded
    assert all("model" not in pick.sources for pick in slate.picks)


def test_without_a_ranker_nothing_is_degraded(site: Recommender, encoder):
    bare = Recommender(site.store, site.adapter, None, encoder, site.config, lambda: NOW)
    slate = bare.recommend(Query(user="ann"))
    assert slate.model == "none"
    assert not slate.degraded
    with pytest.raises(BadSettings, match="without a language model"):
        bare.preview(Query())


def test_an_event_on_an_unknown_item_stores_nothing(site: Recommender):
    before = site.store.counts().events
    with pytest.raises(UnknownName, match="'77'"):
        site.record(Event(user="ann", item="1", action="view"), Event(user="ann", item="77", action="view"))
    assert site.store.counts().events == before


def test_an_empty_site_answers_and_says_so(tmp_path, encoder):
    with Recommender.open(tmp_path / "empty.db", "jobs", ranker=FakeRanker(), encoder=encoder) as rec:
        slate = rec.recommend(Query(user="a", instructions="remote only"))
        assert slate.picks == ()
        assert any("import items" in note for note in slate.notes)


def test_the_adapter_is_remembered(tmp_path):
    Recommender.open(tmp_path / "a.db", "jobs", ranker=None).close()
    with Recommender.open(tmp_path / "a.db", ranker=None) as rec:
        assert rec.adapter.name == "jobs"


@pytest.mark.parametrize("url", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_a_refused_open_leaves_no_database_behind(tmp_path, url):
    where, wordy = url.format(tmp_path / "new.db"), Task(name="save", question="Will they? " * 500, action="save")
    for adapter, config in (("misspelt", None), ("no/such.toml", None), (None, None), ("jobs", [wordy])):
        with pytest.raises(UserError):
            Recommender.open(where, adapter, config=RecommenderConfig(tasks=tuple(config or ())))
    asked = CliRunner().invoke(main, ["recommend", "--db", where, "--adapter", "jobs"])
    assert (asked.exit_code, "no database at" in asked.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_another_process_is_noticed(site: Recommender, tmp_path):
    other = Recommender.open(tmp_path / "site.db", ranker=None, encoder=site.encoder, clock=lambda: NOW)
    site.recommend(Query())
    other.put_items([structs.replace(home(41), created=NOW - timedelta(hours=1))])
    other.record(Event(user="eve", item="41", action="save", at=NOW - timedelta(minutes=5)))
    other.close()
    assert "41" in ids(site.recommend(Query(k=41)))
    assert "41" not in ids(site.recommend(Query(user="eve", k=41, task="save")))


def test_newcomers_get_examples_of_visitors_with_similar_words(site: Recommender):
    site.put_users([User(id="cat", interests="lively studio near the harbour")])
    query = Query(user="new", instructions="studio near the harbour")
    sections = {section.name: section.text for section in site.preview(query).sections}
    assert "lively studio near the harbour" in sections["examples"]
    assert "6 in Harbour" in sections["examples"], "what cat chose last"
    assert "examples" not in {s.name for s in site.preview(structs.replace(query, user="ann")).sections}


def test_limits_of_many_values_and_places(site: Recommender):
    site.put_items(
        [
            structs.replace(home(n), fields={**home(n).fields, "amenities": ["Pool"] if n % 2 else ["Gym", "Wifi"]})
            for n in range(10)
        ]
    )
    pool = ids(site.recommend(Query(k=40, filters={"amenities": {"in": ["Pool", "Sauna"]}})))
    assert set(pool) == {"1", "3", "5", "7", "9"}
    there = site.recommend(Query(k=40, instructions="in Old Town"))
    assert {pick.item.place for pick in there.picks} == {"Old Town"}


def test_a_field_that_no_item_fills_is_no_limit(site: Recommender):
    slate = site.recommend(Query(instructions="for 2 guests"))
    assert slate.understood == ()
    assert len(slate.picks) == 10


def test_threads_take_turns(site: Recommender):
    def ask(number: int) -> int:
        if number % 5 == 0:
            site.put_items([structs.replace(home(number), title=f"Renamed {number}")])
        return len(site.recommend(Query(user="ann", k=5)).picks)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(40))) == {5}


def test_what_is_refused_sinks(site: Recommender):
    def ranks(words: str) -> dict[str, int]:
        ids = tuple(str(number) for number in range(40))
        return {p.item.id: p.rank for p in site.rank(Query(candidates=ids, instructions=words), use_model=False).picks}

    wanted, refused, neither = ranks("a balcony"), ranks("I hate a balcony"), ranks("")
    balconies = [str(number) for number in range(40) if number % 5 == 0]
    mean = {name: np.mean([each[s] for s in balconies]) for name, each in
            (("wanted", wanted), ("refused", refused), ("neither", neither))}  # fmt: skip
    assert mean["wanted"] < mean["neither"] < mean["refused"]


def model_parts(slate) -> dict[str, float]:
    return {pick.item.id: pick.sources["model"] for pick in slate.picks}


def test_the_model_does_not_read_words_that_put_no_two_candidates_apart(site: Recommender):
    """All of these have a balcony, or none has: then words would only stir up equals."""
    with_balcony, without = [[str(n) for n in range(40) if (n % 5 == 0) is has] for has in (True, False)]
    for listed in (with_balcony, without):
        query = Query(user="ann", candidates=tuple(listed), instructions="a balcony")
        silent = structs.replace(query, instructions="")
        assert model_parts(site.rank(query)) == model_parts(site.rank(silent))
        assert site.prompt(query) == site.prompt(silent) != site.prompt(query, all_words=True)
    mixed = Query(user="ann", candidates=("4", "5", "6"), instructions="a balcony")
    assert site.prompt(mixed) != site.prompt(structs.replace(mixed, instructions=""))
    abroad = structs.replace(mixed, instructions="mit Schwimmbad")
    assert site.prompt(abroad) != site.prompt(structs.replace(mixed, instructions=""))


def test_what_became_a_limit_is_not_read_twice(site: Recommender):
    query = Query(user="ann", instructions="under $1,500", candidates=("2", "3", "4"))
    assert site.prompt(query) == site.prompt(structs.replace(query, instructions=""))
    preview = site.preview(query)
    assert preview.unread == "under $1,500"
    assert "words" not in {section.name for section in preview.sections}
    assert site.preview(structs.replace(query, instructions="a quiet garden")).unread == ""


def test_without_a_list_what_the_first_stage_proposes_is_weighed(site: Recommender):
    query = Query(user="ann", instructions="a quiet garden", k=40)
    weighed = site.weigh(query)
    assert weighed.alike == 0.0
    assert weighed.scores is not None
    best = [weighed.ids[place] for place in np.argsort(-weighed.blended.score, kind="stable")]
    assert best == site.order(query).ids[: len(best)]


def test_a_day_that_is_none_is_refused(site: Recommender):
    site.put_items([structs.replace(home(1), fields={"available": "2026-05-01"})])
    with pytest.raises(BadRecord, match="not a date"):
        site.put_items([structs.replace(home(1), fields={"available": "tomorrow"})])
