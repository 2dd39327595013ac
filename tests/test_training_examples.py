"""Examples: drawn from the past alone, varied, exact in their labels, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import HashEncoder

from brewlite.adapter import load_adapter
from brewlite.errors import BadSettings
from brewlite.evaluation.log import from_micros, to_micros
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.split import held_out
from brewlite.evaluation.suite.stated.stock import stock_of
from brewlite.evaluation.suite.stated.wish import wishes
from brewlite.prompt.asked import asked_words, mentions
from brewlite.records import Event, Item, Query
from brewlite.testing import WordTokenizer
from brewlite.training.dress import Wardrobe, reordered
from brewlite.training.examples import ExampleConfig, log_examples, shown_examples
from brewlite.training.made_jobs import made_jobs
from brewlite.training.recipe import Recipe, SiteShare, gather
from brewlite.training.stated import StatedConfig, _programs, _slate, stated_examples
from brewlite.training.warm import warm_examples


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchSite]:
    site = made_jobs(tmp_path_factory.mktemp("jobs"), HashEncoder(), items=260, visitors=160)
    yield site
    site.recommender.close()


def test_the_made_jobs_are_the_same_every_time(jobs: BenchSite, tmp_path: Path):
    again = made_jobs(tmp_path, HashEncoder(), items=260, visitors=160)
    assert again.recommender.store.items() == jobs.recommender.store.items()
    assert again.columns.items == jobs.columns.items
    assert again.columns.at.tolist() == jobs.columns.at.tolist()
    again.recommender.close()


def test_what_its_visitors_look_at_follows_from_what_they_looked_at(jobs: BenchSite):
    trade = {item.id: item.fields["industry"] for item in jobs.recommender.store.items()}
    cases = matched_cases(jobs, 80, part="validation", where={"history": (2, np.inf)})
    alike, other = [], []
    for case in cases:
        past = [jobs.columns.items[row] for row, user in enumerate(jobs.columns.users) if user == case.query.user
                and jobs.columns.at[row] < to_micros(case.query.at)]  # fmt: skip
        seen = {trade[item] for item in past}
        alike.append(trade[case.good[0]] in seen)
        other += [trade[id_] in seen for id_ in case.query.candidates if id_ not in case.good]
    assert np.mean(alike) > np.mean(other) + 0.3


def test_examples_of_the_log_lie_before_the_validation_part(jobs: BenchSite):
    cases = matched_cases(jobs, 60, part="train")
    assert cases
    assert all(to_micros(case.query.at) < jobs.validation_cut for case in cases)
    validation = {case.key for case in matched_cases(jobs, 500, part="validation")}
    assert not validation & {case.key for case in matched_cases(jobs, 500, part="train")}


def test_an_example_of_the_log_has_one_choice_among_what_was_there(jobs: BenchSite):
    made = log_examples(jobs, WordTokenizer(), 40)
    assert len(made) == 40
    for example in made:
        assert sum(gain > 0 for gain in example.gains) == 1
        assert 5 <= len(example.prompt.candidates) <= 16
    assert {len(example.prompt.candidates) for example in made} != {16}, "the number of candidates varies"
    with_teacher = [example for example in made if example.teacher]
    assert with_teacher
    assert all(np.std(example.teacher) == pytest.approx(2.5, rel=1e-3) for example in with_teacher)


def test_an_example_of_the_log_says_what_the_first_stage_gives(jobs: BenchSite):
    made = log_examples(jobs, WordTokenizer(), 40)
    assert all(len(example.first) == len(example.prompt.candidates) for example in made)
    assert all(np.isfinite(example.first).all() for example in made)
    chosen = [np.argsort(np.argsort(e.first))[int(np.argmax(e.gains))] / (len(e.gains) - 1) for e in made]
    assert np.mean(chosen) > 0.55, "it puts what was chosen above the middle of the list"


def test_none_asked_for_are_none(jobs: BenchSite):
    assert matched_cases(jobs, 0, part="train") == []


def test_most_examples_of_the_log_have_a_history(jobs: BenchSite):
    """A list without one teaches only which items are liked."""
    tokenizer = WordTokenizer()
    config = ExampleConfig(unknown=0.25, cut_history=0.0)
    made = [tokenizer.decode(e.prompt.prefix) for e in log_examples(jobs, tokenizer, 40, config=config)]
    assert sum("did before" in text for text in made) == 30


def test_histories_are_cut_and_questions_worded_otherwise(jobs: BenchSite):
    tokenizer = WordTokenizer()
    plain = [tokenizer.decode(e.prompt.prefix) for e in log_examples(jobs, tokenizer, 40, "validation")]
    varied = [tokenizer.decode(e.prompt.prefix) for e in log_examples(jobs, tokenizer, 40)]
    assert len({text.rsplit("\n", 1)[-1] for text in plain}) == 1
    assert len({text.rsplit("\n", 1)[-1] for text in varied}) > 3
    assert any("did before" not in text for text in varied)
    assert any("did before" in text for text in varied)


def test_the_same_seed_makes_the_same_examples(jobs: BenchSite):
    tokenizer = WordTokenizer()
    for make in (log_examples, stated_examples, warm_examples):
        assert make(jobs, tokenizer, 12) == make(jobs, tokenizer, 12)
    other = log_examples(jobs, tokenizer, 12, config=ExampleConfig(seed=1))
    assert other != log_examples(jobs, tokenizer, 12)


def test_stated_examples_keep_to_trainings_half(jobs: BenchSite):
    stock = stock_of(jobs)
    for kind in ("want", "refusal", "both"):
        for number, wish in enumerate(wishes(stock, kind, np.random.default_rng(0), 0.005, 0.7, kept_out=False)):
            assert not any(held_out(attribute.key) for attribute in (*wish.wanted, *wish.refused))
            if number == 30:
                break


def test_stated_labels_say_what_the_fields_say(jobs: BenchSite):
    stock, rng = stock_of(jobs), np.random.default_rng(0)
    config = StatedConfig()
    kinds = set()
    for wish in islice(_programs(stock, config, rng), 120):
        there = rng.random(len(stock.items)) < 0.9
        rows, gains = _slate(wish, stock, there, config, rng)
        assert there[rows].all()
        kinds.add(wish.kind)
        for row, gain in zip(rows.tolist(), gains, strict=True):
            wanted = [stock.states(attribute)[row] for attribute in wish.wanted]
            refused = [stock.states(attribute)[row] for attribute in wish.refused]
            kept = [state == 1 for state in wanted] + [state == -1 for state in refused]
            assert all(kept) == (gain > 0), "what has a gain keeps all, what has none breaks something"
            assert 0 not in wanted + refused, "nothing that is not sure is asked about"
    assert kinds == {"want", "refusal", "both", "but not", "hope"}


def test_a_stated_example_has_something_to_choose(jobs: BenchSite):
    for example in stated_examples(jobs, WordTokenizer(), 60):
        assert 0 < sum(gain > 0 for gain in example.gains) < len(example.gains)


def test_a_warm_list_has_a_teacher_and_no_labels(jobs: BenchSite):
    made = warm_examples(jobs, WordTokenizer(), 30)
    assert len(made) == 30
    assert all(not example.gains and example.teacher for example in made)


def test_shown_slates_teach_what_was_passed_over(site):
    """``site`` is the small site of the fixtures: a slate is shown, one item is liked, the others are not."""
    from brewlite.evaluation.suite.site import DataSet

    slate = site.recommend(Query(user="anna", k=5), use_model=False)
    query = Query(user="anna", k=5)
    site.log(slate, query)
    liked = max(site.adapter.actions, key=lambda action: action.weight).name
    chosen = slate.picks[2].item.id
    site.record(Event(user="anna", item=chosen, action=liked, slate=slate.id))
    bench = BenchSite(DataSet(name="s", kind="listings", adapter="realestate", items=""), site, "")
    (example,) = shown_examples(bench, WordTokenizer(), 10, before=2**62)
    assert example.gains == tuple(float(pick.item.id == chosen) for pick in slate.picks)
    assert shown_examples(bench, WordTokenizer(), 10, before=0) == []


def test_a_dress_reorders_facts_and_leaves_the_text(jobs: BenchSite):
    adapter = jobs.recommender.adapter
    item = jobs.recommender.store.items()[0]
    told = {reordered(adapter, np.random.default_rng(seed)).describe(item) for seed in range(8)}
    assert len(told) > 1
    assert all(text.startswith(item.title) for text in told)
    wardrobe = Wardrobe(adapter, WordTokenizer(), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    builders = [wardrobe.builder(rng) for _ in range(200)]
    assert 0.25 < np.mean([builder is wardrobe.plain for builder in builders]) < 0.6
    assert len({wardrobe.task(rng).question for _ in range(60)}) > 2


def test_what_an_item_mentions_of_the_words():
    item = Item(
        id="1", kind="listing", title="Cottage by the mill", text="A hammock hangs under the trees.",
        fields={"amenities": ["Wifi", "Private pool", "Hot tub"]},
    )  # fmt: skip
    assert mentions(item, ["pool"]) == ["Private pool"]
    assert mentions(item, ["hammock", "pool"]) == ["Private pool", "hammock"]
    assert mentions(item, ["sauna"]) == []
    assert mentions(item, []) == []
    assert asked_words(item, ["hammock"], ["pool"]) == "wanted: hammock; unwanted: Private pool"
    assert asked_words(item, ["sauna"], []) == "wanted: nothing"
    assert asked_words(item, [], ["sauna"]) == "unwanted: nothing"
    assert asked_words(item, [], []) == ""


def test_gathering_refuses_what_is_kept_out_of_training(tmp_path: Path):
    recipe = Recipe(sites=(SiteShare(site="jobs_views", log=3),), phases=())
    with pytest.raises(BadSettings, match="jobs_views"):
        gather(recipe, tmp_path, tmp_path, WordTokenizer())


def test_the_made_jobs_adapter_is_the_jobs_adapter(jobs: BenchSite):
    assert jobs.recommender.adapter == load_adapter("jobs")
    assert from_micros(jobs.cut) > from_micros(jobs.validation_cut)
