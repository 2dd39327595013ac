"""The suite's paired questions: examples or none, the same in another dress, twins with orders, calibration, cost."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import HashEncoder
from made_up_town import START, homes, town
from sklearn.metrics import brier_score_loss

from brewlite.errors import UnknownName
from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite import agreement, calibration, cost, examples, lists, robust
from brewlite.evaluation.suite.agreement import gain, moved, overlap, rise, risen, tau
from brewlite.evaluation.suite.asking import Desk
from brewlite.evaluation.suite.case import Answer, Case
from brewlite.evaluation.suite.datasets import DATA, open_site
from brewlite.evaluation.suite.derived import KNOWN, OTHER, derived_site, parse_name, twins_of
from brewlite.evaluation.suite.examples import examples_for, with_examples
from brewlite.evaluation.suite.methods import Ours
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.newcomers import NEAR_KEYS, request_for, with_typos, words_of
from brewlite.evaluation.suite.paraphrases import PARAPHRASES, paraphrase
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.harmless import harmless, without_orders
from brewlite.records import Item, Query, User
from brewlite.testing import FakeRanker
from brewlite.wishes import understand

FAMILIES = (examples, robust, calibration, lists, cost)
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with town(tmp_path_factory.mktemp("town") / "site.db") as made:
        yield made


@pytest.fixture(scope="module")
def requests(site: BenchSite, tmp_path_factory: pytest.TempPathFactory):
    made = derived_site(site, tmp_path_factory.mktemp("requests"), "requests")
    yield made
    made.recommender.close()


@pytest.fixture(scope="module")
def orders(site: BenchSite, tmp_path_factory: pytest.TempPathFactory):
    made = derived_site(site, tmp_path_factory.mktemp("orders"), "orders")
    yield made
    made.recommender.close()


def task_of(name: str) -> SuiteTask:
    return next(task for family in FAMILIES for task in family.TASKS if task.name == name)


def answered(scores, ids="abcdefghijklmnopqrst", **more) -> Answer:
    return Answer(ids=tuple(ids[: len(scores)]), scores=np.array(scores, dtype=np.float64), **more)


def asked(answer: Answer, other: Answer | None = None, **case) -> Asked:
    made = Case(key="k", site="s", visitor="v", query=Query(), **case)
    return Asked(made, answer, other, None)  # type: ignore[arg-type]


# Metrics, by hand


def test_gain_is_the_difference_of_ndcg():
    first, third = answered([3, 2, 1]), answered([1, 2, 3])
    assert gain(asked(first, third, good=("a",))) == pytest.approx(1 - 1 / np.log2(4))
    assert gain(asked(third, first, good=("a",))) == pytest.approx(1 / np.log2(4) - 1)
    tied = answered([1, 1, 0])  # first or second, by lot
    assert gain(asked(first, tied, good=("a",))) == pytest.approx(1 - (1 + 1 / np.log2(3)) / 2)
    assert gain(asked(first, None, good=("a",))) is None
    assert gain(asked(first, third, good=("z",))) is None


def test_moved_counts_scores_that_differ():
    first = answered([1.0, 2.0, -np.inf, -np.inf, 0.0])
    other = answered([0.0, -np.inf, 5.0, 2.0005, 1.5], ids="edcba")
    # a: 1 and 1.5, c: -inf and 5 moved; b stays within the tolerance; d and e are the same
    assert moved(asked(first, other)) == pytest.approx(2 / 5)
    assert moved(asked(first, first)) == 0


def test_overlap_counts_ties_at_the_edge_in_part():
    assert overlap(asked(answered(range(15)), answered(range(15)))) == 1
    assert overlap(asked(answered(range(15)), answered(range(15, 0, -1)))) == 0
    edge = [2.0] * 2 + [1.0] * 6 + [0.0] * 7  # two are sure, three of six tied ones
    other = [2.0] * 5 + [0.0] * 10
    assert overlap(asked(answered(edge), answered(other))) == pytest.approx((2 + 3 * 0.5) / 5)


def test_tau_by_hand():
    assert tau(asked(answered([1, 2, 3, 4]), answered([1, 2, 4, 3]))) == pytest.approx((5 - 1) / 6)
    assert tau(asked(answered([1, 2, 3]), answered([3, 2, 1]))) == pytest.approx(-1)
    assert tau(asked(answered([-np.inf, 2, 3]), answered([1, 2, 3]))) == pytest.approx(1)
    # tau-b: of 3 pairs 2 agree and 1 is tied on one side
    assert tau(asked(answered([1, 1, 3]), answered([1, 2, 3]))) == pytest.approx(2 / np.sqrt(2 * 3))
    assert tau(asked(answered([1, 1, 1]), answered([2, 2, 2]))) == 1
    assert tau(asked(answered([1, 1, 1]), answered([1, 2, 3]))) == 0


def test_tau_compares_what_both_hold():
    many = answered([5, 9, 1, 8, 3], ids="xaybz")
    assert tau(asked(many, answered([2, 1], ids="ab"))) == pytest.approx(1)
    assert tau(asked(many, answered([1, 2], ids="ab"))) == pytest.approx(-1)
    assert tau(asked(many, answered([1, 2], ids="ap"))) is None


def test_a_twin_rises_by_its_share_of_the_list():
    pairs = (("b", "d"),)
    assert rise(asked(answered([1, 5, 3, 2, 4]), pairs=pairs)) == pytest.approx((4 - 1) / 4)
    assert rise(asked(answered([1, 2, 3, 5, 4]), pairs=pairs)) == pytest.approx((1 - 4) / 4)
    assert rise(asked(answered([1, 2, 3, 2, 4]), pairs=pairs)) == 0
    assert [risen(asked(answered(s), pairs=pairs)) for s in ([0, 2, 0, 1, 0], [0, 1, 0, 1, 0], [0, 1, 0, 2, 0])] == [
        1,
        0,
        0,
    ]
    assert rise(asked(answered([1, 2, 3]), pairs=pairs)) is None


# Typos, words, paraphrases


@pytest.mark.parametrize("seed", range(20))
def test_typos_slip_at_the_share_that_was_asked_for(seed: int):
    text = "a quiet house near the Harbour, under 300 euros a night"
    slipped = with_typos(text, 0.1, np.random.default_rng(seed))
    assert slipped == with_typos(text, 0.1, np.random.default_rng(seed))
    assert slipped != text
    letters = sum(char.isalpha() for char in text)
    assert abs(len(slipped) - len(text)) <= round(0.1 * letters)
    assert "300" in slipped, "figures are no letters"
    assert _distance(text, slipped) <= 2 * round(0.1 * letters)


def test_a_text_without_letters_has_no_typos():
    assert with_typos("12 + 34", 0.5, np.random.default_rng(0)) == "12 + 34"
    assert with_typos("", 0.5, np.random.default_rng(0)) == ""


def test_near_keys_are_near():
    assert set(NEAR_KEYS["s"]) == set("adwezx")
    assert all(key in NEAR_KEYS[other] for key, others in NEAR_KEYS.items() for other in others)


def _distance(a: str, b: str) -> int:
    """Levenshtein's, the plain way."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        left, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, left + (x != y))
    return row[-1]


def test_requests_set_no_hard_limits(site: BenchSite):
    recommender = site.recommender
    known = {"place": ["Hill", "Quay"], "amenities": ["Kitchen", "garden view"], "type": ["garden flat"]}
    for item in homes(12):
        said = understand(request_for(item), recommender.adapter.fields, at=START, known=known)
        assert not said.constraints, request_for(item)
        assert item.place in request_for(item)


def test_requests_of_other_kinds():
    post = Item(id="1", kind="post", title="What is that?", fields={"tags": ["ale", "yeast", "hops", "malt"]})
    job = Item(id="2", kind="job", title="A cook for the school of the old town", place="Hill")
    assert request_for(post) == "something about ale, yeast, hops"
    assert request_for(msgspec.structs.replace(post, fields={})) == ""
    assert request_for(job) == "work like A cook for the school of near Hill"


def test_words_come_from_before_the_moment_and_never_from_the_target(site: BenchSite):
    cases = matched_cases(site, 200)
    spoken = [case for case in cases if words_of(site, case)]
    assert spoken
    for case in cases:
        at = to_micros(case.query.at)
        own = site.log.before(at).of_user(site.user_row[case.query.user])
        if not len(own):
            assert words_of(site, case) == ""
            continue
        first = site.log.catalog.ids[own.items[0]]
        assert first not in case.good
        assert words_of(site, case) == request_for(site.recommender.store.item(first))


def test_stated_words_count_only_once_they_were_said(tmp_path: Path):
    late = User(id="u1", interests="a castle", updated=START + timedelta(days=399))
    early = User(id="u4", interests="a boat", updated=START)
    with town(tmp_path / "site.db", (late, early)) as site:
        said = {case.query.user: words_of(site, case) for case in matched_cases(site, 1000)}
    assert said["u4"] == "a boat"
    assert "castle" not in said["u1"]


def test_every_first_task_has_six_other_wordings():
    from brewlite.adapter import load_adapter

    for name in ("realestate", "jobs", "posts"):
        task = load_adapter(name).tasks[0]
        others = [paraphrase(task, number) for number in range(6)]
        assert len({other.question for other in others}) == 6
        assert task.question not in {other.question for other in others}
        assert {(other.name, other.action) for other in others} == {(task.name, task.action)}
        assert paraphrase(task, 6) == others[0]
    assert paraphrase(msgspec.structs.replace(task, name="else"), 0) is None
    for wordings in PARAPHRASES.values():
        assert all(question.endswith("?") and instruction for question, instruction in wordings)


# Makers


def asks(site: BenchSite, case: Case, part="all") -> Asked:
    made = Desk().ask(Ours(part, part, part), case, site)
    assert made is not None
    return made


def test_shuffled_candidates_score_the_same(site: BenchSite):
    cases = robust.shuffled(task_of("robust/shuffled"), site, 6, RNG)
    assert len(cases) == 6
    for case in cases:
        assert case.query.candidates != case.other.candidates
        assert sorted(case.query.candidates) == sorted(case.other.candidates)
        assert set(case.good) <= set(case.query.candidates)
        assert len(case.query.candidates) == robust.CANDIDATES
        for part in ("all", "llm", "first"):
            assert moved(asks(site, case, part)) == 0


def test_a_method_that_looks_at_the_order_is_caught(site: BenchSite):
    class ByPlace(Ours):
        def answer(self, query, site, prompt=None):
            return Answer(ids=query.candidates, scores=np.arange(len(query.candidates), dtype=np.float64))

    case = robust.shuffled(task_of("robust/shuffled"), site, 1, RNG)[0]
    assert moved(Desk().ask(ByPlace("p", "p", "all"), case, site)) > 0.5


def test_paraphrases_ask_the_same_of_the_same(site: BenchSite):
    cases = robust.paraphrased(task_of("robust/paraphrase-tau"), site, 8, RNG)
    assert len({case.query.task.question for case in cases}) == 6
    for case in cases:
        assert case.other == msgspec.structs.replace(case.query, task=None)
    taus = [tau(asks(site, case, "llm")) for case in cases]
    assert all(-1 <= value <= 1 for value in taus)
    assert all(tau(asks(site, case, "first")) == pytest.approx(1) for case in cases), "the first stage reads no task"


def test_typos_change_the_words_and_nothing_else(site: BenchSite):
    cases = robust.misspelt(task_of("robust/typos-tau"), site, 8, RNG)
    assert len(cases) == 8
    for case in cases:
        assert case.query.instructions != case.other.instructions
        assert msgspec.structs.replace(case.query, instructions="") == msgspec.structs.replace(
            case.other, instructions=""
        )
        assert (case.query.user, case.query.history) == (None, ())
        assert set(case.good) <= set(case.query.candidates)
    assert np.mean([tau(asks(site, case)) for case in cases]) < 1
    assert cases[:4] == robust.misspelt(task_of("robust/typos-tau"), site, 4, np.random.default_rng(9))


def test_truncated_candidates_are_shorter(site: BenchSite):
    for case in robust.truncated(task_of("robust/truncated-tau"), site, 3, RNG):
        both = asks(site, case, "llm")
        assert both.answer.candidate_tokens <= 24 * robust.CANDIDATES
        assert both.answer.candidate_tokens < both.other.candidate_tokens


def test_many_candidates_hold_the_few(site: BenchSite):
    cases = robust.many(task_of("robust/500-tau"), site, 3, RNG)
    for case in cases:
        assert set(case.other.candidates) < set(case.query.candidates)
        assert len(case.query.candidates) == len(set(case.query.candidates)) > 100
        seen = site.log.before(to_micros(case.query.at)).of_user(site.user_row[case.query.user]).items
        assert not {site.row[id_] for id_ in case.query.candidates} & set(seen.tolist())
        assert tau(asks(site, case, "llm")) == pytest.approx(1)
        # The few are of like age and demand, the many are not: the first stage weighs them otherwise.
        assert 0.3 < tau(asks(site, case, "first")) <= 1


def test_sizes_are_what_was_asked_for(site: BenchSite):
    for size in cost.QUICK:
        cases = cost.sized(task_of(f"cost/tokens-{size}"), site, 2, RNG)
        assert [len(case.query.candidates) for case in cases] == [size, size]
        assert all(set(case.good) <= set(case.query.candidates) for case in cases)


# Derived sites


def test_names_of_derived_sites():
    assert parse_name("jobs_views") == ("jobs_views", None)
    assert parse_name("jobs_views+orders") == ("jobs_views", "orders")


def test_an_unknown_kind_is_named(site: BenchSite, tmp_path: Path):
    with pytest.raises(UnknownName, match="castles"):
        derived_site(site, tmp_path, "castles")


def test_known_orders_are_taken_out_and_others_stay():
    item = Item(id="1", kind="listing", title="A home", text="By the lake.")
    twins = {twin.id: twin for twin in twins_of([item], np.random.default_rng(0))}
    assert harmless(twins["1~known"]).text == twins["1~plain"].text == "By the lake."
    assert twins["1~other"].text.startswith(OTHER[0])
    assert all(without_orders(f"{order} By the lake.") == "By the lake." for order in KNOWN)
    assert all(without_orders(order) == order for order in OTHER)


def test_twins_are_alike_but_for_the_order(site: BenchSite, orders: BenchSite):
    items = {item.id: item for item in orders.recommender.store.items()}
    assert len(items) == 150 + 3 * 60
    assert orders.name == "town+orders"
    assert len(orders.log) == len(site.log)
    np.testing.assert_array_equal(orders.log.at, site.log.at)
    for id_, item in items.items():
        original, _, kind = id_.partition("~")
        if kind:
            same = msgspec.structs.replace(item, id=original, title="", text="")
            assert same == msgspec.structs.replace(items[original], title="", text="")
            words = f"{item.title} {item.text}"
            assert any(order in words for order in {"known": KNOWN, "other": OTHER, "plain": ("",)}[kind])
    in_title = [id_ for id_, item in items.items() if id_.endswith("~other") and any(o in item.title for o in OTHER)]
    assert 10 < len(in_title) < 50


def test_known_orders_lift_nothing_and_the_vectors_are_the_same(orders: BenchSite):
    cases = robust.ordered(task_of("robust/orders-known-rank"), orders, 12, RNG)
    assert len(cases) == 12
    for case in cases:
        (order, clean), *_ = case.pairs
        assert {order, clean} < set(case.query.candidates)
        np.testing.assert_allclose(orders.vectors[orders.row[order]], orders.vectors[orders.row[clean]], atol=1e-6)
        for part in ("all", "llm", "first"):
            assert rise(asks(orders, case, part)) == 0


def test_other_orders_can_be_seen_to_work(orders: BenchSite):
    """The fake model counts shared words, so a text with more other words in it sinks: something moves at all."""
    cases = robust.ordered(task_of("robust/orders-other-rank"), orders, 20, RNG)
    lifts = [rise(asks(orders, case, "llm")) for case in cases]
    assert any(lift != 0 for lift in lifts)
    assert all(-1 <= lift <= 1 for lift in lifts)


def test_a_derived_site_is_made_once(site: BenchSite, tmp_path: Path):
    first = derived_site(site, tmp_path, "orders")
    first.recommender.close()
    (path,) = tmp_path.glob("*.db")
    made = os.stat(path).st_mtime_ns
    second = derived_site(site, tmp_path, "orders")
    second.recommender.close()
    assert [*tmp_path.glob("*.db")] == [path]
    assert os.stat(path).st_mtime_ns == made
    assert not [*tmp_path.glob("*.unfinished*")]


def test_a_site_that_differs_in_its_items_alone_is_derived_anew(tmp_path: Path):
    """Its own database has no digest of files, and another import of the same files gives other items."""
    plain = []
    for name in ("one", "two"):
        with town(tmp_path / f"{name}.db") as site:
            if name == "two":
                site.recommender.put_items([msgspec.structs.replace(home, text="") for home in homes()])
            made = derived_site(site, tmp_path / "derived", "orders")
            plain.append([item for item in made.recommender.store.items() if item.id.endswith("~plain")])
            made.recommender.close()
    assert [item.text != "" for items in plain for item in items[:1]] == [True, False]
    assert len([*(tmp_path / "derived").glob("*.db")]) == 2


# Examples


def test_where_nobody_states_anything_there_are_no_examples(site: BenchSite):
    cases = matched_cases(site, 20)
    assert [examples_for(site, msgspec.structs.replace(case.query, instructions="garden flat")) for case in cases] == (
        [0] * 20
    )
    assert with_examples(task_of("examples/k3"), site, 5, RNG) == []


def test_requests_are_of_the_first_choice_and_known_since(site: BenchSite, requests: BenchSite):
    users = requests.recommender.store.users()
    assert len(users) > 50
    for user in users:
        own = site.log.liked().of_user(site.user_row[user.id])
        assert len(own) >= 2
        item = site.recommender.store.item(site.log.catalog.ids[own.items[0]])
        assert user.interests == request_for(item)
        assert to_micros(user.updated) == own.at[0] + 1


def test_examples_are_in_the_prompt_and_the_history_is_not(requests: BenchSite):
    made = {k: with_examples(task_of(f"examples/k{k}"), requests, 6, RNG) for k in (0, 1, 3)}
    assert [case.query for case in made[0]] == [case.query for case in made[3]]
    assert [case.key for case in made[0]] == [case.key for case in made[1]]
    for k, cases in made.items():
        assert len(cases) == 6
        for case in cases:
            assert case.query.history == ()
            assert set(case.good) <= set(case.query.candidates)
            prefix = prefix_of(requests, case)
            assert prefix.count("\n- wanted") == min(k, int(case.facets["examples"]))
            assert "did before" not in prefix
            assert "The visitor says: ideally something like" in prefix
    assert any(gain(asks(requests, case, "llm")) is not None for case in made[3])


def prefix_of(site: BenchSite, case: Case) -> str:
    preview = site.asked_with(case.prompt).preview(case.query)
    return "".join(section.text for section in preview.sections)


# Calibration


def said(probability, chosen: int) -> Asked:
    answer = answered([0.0] * len(probability), probability=np.array(probability))
    return asked(answer, good=(answer.ids[chosen],))


def test_ece_by_hand():
    # Ties are never parted: two bins, 0.2 (4 candidates, 1 chosen) and 0.7 (4 candidates, 1 chosen).
    parts = [calibration.stated(said([0.2, 0.2, 0.7, 0.7], 0)), calibration.stated(said([0.2, 0.2, 0.7, 0.7], 2))]
    assert calibration.ece(parts) == pytest.approx(0.5 * abs(0.2 - 0.25) + 0.5 * abs(0.7 - 0.25))
    assert [(b.predicted, b.observed, b.count) for b in calibration.curve(parts)] == [
        (pytest.approx(0.2), pytest.approx(0.25), 4),
        (pytest.approx(0.7), pytest.approx(0.25), 4),
    ]


def test_ece_agrees_with_a_plain_loop():
    rng = np.random.default_rng(0)
    parts = [np.column_stack([rng.random(50), rng.random(50) < 0.3]) for _ in range(30)]
    rows = sorted(np.concatenate(parts).tolist())
    bins = [rows[len(rows) * b // 15 + (b > 0) : len(rows) * (b + 1) // 15 + (b < 14)] for b in range(15)]
    plain = sum(abs(sum(p for p, _ in b) / len(b) - sum(y for _, y in b) / len(b)) * len(b) for b in bins) / len(rows)
    assert calibration.ece(parts) == pytest.approx(plain, abs=1e-12)
    counts = [b.count for b in calibration.curve(parts)]
    assert len(counts) == 15
    assert max(counts) - min(counts) <= 2


def test_brier_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    for _ in range(20):
        one = said(rng.random(20), int(rng.integers(20)))
        pairs = calibration.stated(one)
        assert calibration.brier(one) == pytest.approx(brier_score_loss(pairs[:, 1], pairs[:, 0]))


def test_skill_and_bias_against_the_base_rate():
    base = [calibration.stated(said([0.25] * 4, 1))]
    assert calibration.skill(base) == pytest.approx(0)
    assert calibration.overstated(base) == pytest.approx(0)
    truth = [calibration.stated(said([0.0, 1.0, 0.0, 0.0], 1))]
    assert calibration.skill(truth) == pytest.approx(1)
    half = [calibration.stated(said([0.5] * 4, 1))]
    assert calibration.skill(half) == pytest.approx(1 - 0.25 / (0.25 * 0.75))
    assert calibration.overstated(half) == pytest.approx(0.25)


def test_only_methods_that_state_chances_take_part(site: BenchSite):
    assert calibration.stated(asked(answered([1, 2]), good=("a",))) is None
    odds = answered([0, 0], log_odds=np.array([0.0, np.log(3)]))
    np.testing.assert_allclose(calibration.stated(asked(odds, good=("b",))), [[0.5, 0], [0.75, 1]])
    case = matched_cases(site, 1)[0]
    for part in ("all", "llm", "first"):
        pairs = calibration.stated(asks(site, case, part))
        assert pairs.shape == (50, 2)
        assert pairs[:, 1].sum() == 1


# Cost


def test_costs_by_hand():
    parts = [cost.seconds(asked(answered([1], seconds=s))) for s in (1.0, 2.0, 10.0)]
    assert cost.median(parts) == 2
    assert cost.slow(parts) == pytest.approx(2 + 0.9 * 8)
    assert cost.seconds(asked(answered([1], seconds=1.0, kept=True))) is None
    assert cost.seconds(asked(answered([1]))) is None
    read = asked(answered([1], prefix_tokens=120, candidate_tokens=900))
    assert (cost.prefix_tokens(read), cost.candidate_tokens(read)) == (120, 900)
    assert cost.prefix_tokens(asked(answered([1]))) is None


# Real data


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jobs_views", "stackexchange_beer+orders", "stackexchange_beer+requests"])
def test_cases_of_real_sites(shared_data: Path, tmp_path: Path, name: str):
    site = open_site(name, shared_data, tmp_path, FakeRanker(), encoder=HashEncoder())
    kind = parse_name(name)[1]
    if kind == "orders":
        case = robust.ordered(task_of("robust/orders-known-rank"), site, 1, RNG)[0]
        assert rise(asks(site, case)) == 0
    else:
        cases = with_examples(task_of("examples/k3-gain"), site, 5, RNG)
        assert cases
        assert all("similar words" in prefix_of(site, case) for case in cases)
        assert all(gain(asks(site, case, "llm")) is not None for case in cases)
    if kind is None:
        cases = robust.many(task_of("robust/500-tau"), site, 1, RNG)
        assert [len(case.query.candidates) for case in cases] == [500]
        assert tau(asks(site, cases[0], "llm")) == pytest.approx(1)
    site.recommender.close()


# Declarations


def test_every_task_names_a_known_set_maker_and_metric():
    from brewlite.evaluation.suite import next_item

    makers = {name for family in (*FAMILIES, next_item) for name in family.MAKERS}
    metrics = [metric.name for family in (*FAMILIES, next_item) for metric in family.METRICS]
    assert len(metrics) == len(set(metrics))
    tasks = [task for family in FAMILIES for task in family.TASKS]
    assert len({task.name for task in tasks}) == len(tasks)
    for task in tasks:
        assert task.maker in makers, task
        assert task.metric in metrics, task
        assert {parse_name(name)[0] for name in task.data} <= {data.name for data in DATA}, task
        assert 0 < task.quick <= task.full
    assert agreement.METRICS
