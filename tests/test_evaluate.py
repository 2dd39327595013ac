"""`brewlite evaluate` as a whole: honest, repeatable, and clear when there is too little to say."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import structs

from brewlite.cli import main
from brewlite.errors import BadRecord, BadSettings, UnknownName
from brewlite.evaluation import EvaluationConfig, evaluate
from brewlite.evaluation.baselines import Method, Rule, by_chance, popularity, simple_methods
from brewlite.evaluation.log import DAY, EventLog, catalog_of, event_log, read_log, to_micros
from brewlite.evaluation.replay import Brewlite
from brewlite.evaluation.report import Difference
from brewlite.evaluation.site import METHODS, evaluate_log
from brewlite.evaluation.splits import Moment, moment_of
from brewlite.evaluation.statistics import FEWEST_USERS, Draws, Estimate
from brewlite.evaluation.verdict import sentence
from brewlite.ranker import Scores
from brewlite.recommender import Recommender
from brewlite.records import Event, Item, RankingPrompt
from brewlite.testing import FakeRanker

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=400)
TASTES = ("garden", "harbour", "studio")


def town(dated: bool = True) -> list[Item]:
    """Homes of three kinds that come in over a year."""
    return [
        Item(
            id=f"h{n}",
            kind="listing",
            title=f"Home {n} with {TASTES[n % 3]}",
            text=f"A home for those who love a {TASTES[n % 3]}.",
            created=START + timedelta(days=5 * n) if dated else None,
        )
        for n in range(60)
    ]


def visits(seed: int = 0, users: int = 160) -> list[Event]:
    """Visitors with one taste each save homes of that kind that are there, mostly young ones."""
    rng = np.random.default_rng(seed)
    events = []
    for user in range(users):
        for when in np.sort(rng.uniform(30, 330, size=1 + int(rng.geometric(0.2)))):
            there = [n for n in range(60) if 5 * n < when and n % 3 == user % 3]
            chosen = there[-1 - min(int(rng.geometric(0.4)) - 1, len(there) - 1)]
            at = START + timedelta(days=float(when))
            events.append(Event(user=f"u{user}", item=f"h{chosen}", action="save", at=at))
    return events


def log_of(items: list[Item], events: list[Event]) -> EventLog:
    times = [to_micros(event.at) for event in events if event.at is not None]
    columns = ([e.user for e in events], [e.item for e in events], [e.action for e in events], times)
    return event_log(catalog_of(items), *columns, {"save": 1.0, "view": 0.0})[0]


def test_the_truth_scores_one_and_a_shuffle_scores_its_mean():
    events = visits()
    log = log_of(town(), events)
    times = {(e.user, to_micros(e.at)): e.item for e in events if e.at is not None}

    def truth(moment: Moment) -> np.ndarray:
        chosen = times[moment.past.user_ids[moment.user], moment.at]
        return np.array([id == chosen for id in moment.past.catalog.ids], dtype=np.float64)

    report = evaluate_log(log, [Rule("truth", "truth", truth), Rule("random", "random", by_chance)], EvaluationConfig())
    assert all(figure.value == 1 for figure in report.figures["truth"]["all"].values())
    assert report.figures["random"]["all"]["auc"].value == pytest.approx(0.5)
    assert report.figures["random"]["all"]["hr@10"].value < 0.35


@pytest.mark.parametrize("dated", [True, False])
def test_a_first_event_gives_nothing_away(dated: bool):
    """The planted leak: a method that bets on what nobody has touched finds no item that came in by its own event."""
    log = log_of(town(dated), visits())

    def untouched_first(moment: Moment) -> np.ndarray:
        return (~np.isin(np.arange(60), moment.past.items)).astype(np.float64)

    report = evaluate_log(log, [Rule("cheat", "cheat", untouched_first)], EvaluationConfig(cases=1000))
    if dated:  # new homes are real targets here: their creation was known
        assert report.figures["cheat"]["all"]["hr@10"].value > 0
    else:
        assert report.refused["first_touches"] > 0
        assert report.figures["cheat"]["all"]["auc"].value < 0.5


def test_the_natural_mix_is_what_all_cases_give():
    """A balanced sample, weighted back, estimates what replaying every case would."""
    log = log_of(town(), visits(users=300))
    full = evaluate_log(log, simple_methods(), EvaluationConfig(cases=100_000))
    part = evaluate_log(log, simple_methods(), EvaluationConfig(cases=250, seed=3))
    assert full.cases == sum(group.natural for group in full.groups)
    assert part.cases == 250
    assert sum(group.share for group in part.groups) == pytest.approx(1)
    assert [g.natural for g in part.groups] == [g.natural for g in full.groups]
    for by_group in part.figures.values():
        mixed = sum(g.share * by_group[g.name]["mrr"].value for g in part.groups if g.cases)
        assert by_group["all"]["mrr"].value == pytest.approx(mixed)
    for method in ("newest", "item-knn"):
        estimate, truth = part.figures[method]["all"]["ndcg@10"], full.figures[method]["all"]["ndcg@10"].value
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= truth <= estimate.high


def test_methods_are_fitted_on_what_lies_before_the_cut():
    log, given = log_of(town(), visits()), []

    class Fitted(Rule):
        def fit(self, past: EventLog) -> Rule:
            given.append(past)
            return super().fit(past)

    report = evaluate_log(log, [Fitted("random", "random", by_chance)], EvaluationConfig(split=0.6))
    assert len(given) == 1
    assert given[0].at.max() < to_micros(report.cut) <= log.at[len(given[0])]
    assert len(given[0]) / len(log) == pytest.approx(0.6, abs=0.01)


# The bootstrap


def test_the_interval_is_that_of_a_mean_over_visitors():
    rng = np.random.default_rng(0)
    per_user = rng.normal(size=400)
    users, values = np.repeat(np.arange(400), 5), np.repeat(per_user, 5)  # five cases that are one
    estimate = Draws(users, np.ones(2000), rng).estimate(values)
    error = per_user.std() / np.sqrt(400)
    assert estimate.value == pytest.approx(per_user.mean())
    assert estimate.low == pytest.approx(per_user.mean() - 1.96 * error, abs=0.2 * error)
    assert estimate.high == pytest.approx(per_user.mean() + 1.96 * error, abs=0.2 * error)


def test_differences_are_paired():
    rng = np.random.default_rng(0)
    hard = rng.normal(size=200)
    draws = Draws(np.arange(200), np.ones(200), rng)
    change = draws.estimate((hard + 0.1) - hard)  # each alone is unsure, their difference is not
    assert (change.low, change.high) == pytest.approx((0.1, 0.1))


def test_weights_count_in_every_round():
    values = np.repeat([1.0, 0.0], 100)
    draws = Draws(np.arange(200), np.repeat([9.0, 1.0], 100), np.random.default_rng(0))
    assert draws.mean(values) == pytest.approx(0.9)
    assert draws.means(values).mean() == pytest.approx(0.9, abs=0.01)


def test_too_few_visitors_get_no_interval():
    users = np.arange(FEWEST_USERS - 1)
    estimate = Draws(users, np.ones(len(users)), np.random.default_rng(0)).estimate(users.astype(float))
    assert estimate == Estimate(value=4.0)
    weights = np.where(users < 2, 100.0, 1.0)  # two visitors carry the mean
    assert Draws(users, weights, np.random.default_rng(0)).estimate(users.astype(float)).low is None
    many = np.arange(FEWEST_USERS)
    assert Draws(many, np.ones(len(many)), np.random.default_rng(0)).estimate(many.astype(float)).low is not None


def test_a_share_of_nothing_is_not_told():
    draws = Draws(np.arange(50), np.ones(50), np.random.default_rng(0))
    ours, theirs = np.ones(50), np.zeros(50)
    assert draws.relative(ours, theirs) is None
    theirs[0] = 1  # many draws miss this one
    assert draws.relative(ours, theirs) is None
    change = draws.relative(ours, np.full(50, 0.8))
    assert change is not None
    assert change.value == pytest.approx(0.25)


# The verdict


def told(ours: float, theirs: float, absolute: tuple[float, float], relative: tuple[float, float] | None) -> str:
    figures = {name: {"1-5": {"hr@10": Estimate(value=v)}} for name, v in (("brewlite", ours), ("newest", theirs))}
    difference = Difference(
        group="1-5",
        ours="brewlite",
        rival="newest",
        metric="hr@10",
        absolute=Estimate(value=ours - theirs, low=absolute[0], high=absolute[1]),
        relative=relative and Estimate(value=ours / theirs - 1, low=relative[0], high=relative[1]),
    )
    return sentence(difference, "brewlite", "newest first", figures)


def test_a_catalog_of_one_item_is_told_in_one_line(tmp_path: Path):
    """Also with enough choices for every method to be fitted."""
    saves = [Event(user=f"v{n}", item="h", action="save", at=START + timedelta(days=n + 1)) for n in range(200)]
    with Recommender.open(tmp_path / "site.db", "realestate", ranker=None, encoder=None) as site:
        site.put_items([Item(id="h", kind="listing", title="the only home", created=START)])
        site.record(*saves)
        with pytest.raises(BadRecord, match="no moment had a second item to choose from; import more items"):
            evaluate(site, EvaluationConfig(use_model=False))


def test_the_verdict_in_words():
    assert told(0.22, 0.25, (-0.05, -0.01), (-0.19, -0.04)) == (
        "On visitors with 1-5 events brewlite finds 12% fewer than newest first: 22 of 100 against 25 "
        "(95% sure: between 4% and 19% fewer)."
    )
    assert told(0.33, 0.25, (0.03, 0.13), (0.12, 0.5)) == (
        "On visitors with 1-5 events brewlite finds 32% more than newest first: 33 of 100 against 25 "
        "(95% sure: between 12% and 50% more)."
    )
    assert told(0.26, 0.25, (-0.02, 0.04), (-0.08, 0.16)) == (
        "On visitors with 1-5 events brewlite and newest first cannot be told apart: 26 of 100 against 25 "
        "(95% sure: between 8% fewer and 16% more)."
    )
    assert told(0.20, 0.0, (0.12, 0.28), None) == (
        "On visitors with 1-5 events brewlite finds more than newest first: 20 of 100 against 0 "
        "(95% sure: between 12 of 100 and 28 of 100 more)."
    )
    assert told(0.015, 0.016, (-0.001, 0.0), None) == (
        "On visitors with 1-5 events brewlite and newest first cannot be told apart: 1.5 of 100 against 1.6 "
        "(95% sure: less than 1 of 100 either way)."
    )


def test_the_verdict_is_silent_on_a_handful():
    report = evaluate_log(log_of(town(), visits()), _as_ours(simple_methods()), EvaluationConfig())
    few = [group for group in report.groups if 0 < group.users < FEWEST_USERS]
    assert [group.name for group in few] == ["0", "21+"]
    assert [s for s in report.verdict if "too few" in s] == [
        "On visitors with no history too few were replayed to say anything.",
        "On visitors with 21+ events too few were replayed to say anything.",
    ]
    assert report.figures["ease"]["0"]["auc"].low is None
    assert report.figures["ease"]["6-20"]["auc"].low is not None


def _as_ours(methods: list[Method]) -> list[Method]:
    """Baselines, with popularity in brewlite's place."""
    return [Rule("brewlite", "brewlite", popularity), *methods]


# A site


@contextmanager
def opened(folder: Path, encoder: Any, ranker: FakeRanker) -> Iterator[Recommender]:
    """A year of a small site."""
    with Recommender.open(folder / "homes.db", "realestate", ranker=ranker, encoder=encoder, clock=lambda: NOW) as rec:
        rec.put_items(town())
        rec.store.add_events(visits())
        yield rec


@pytest.fixture
def homes(tmp_path: Path, encoder: Any) -> Iterator[Recommender]:
    """With a ranker that reads words."""
    with opened(tmp_path, encoder, FakeRanker()) as rec:
        yield rec


def test_all_methods_stand_beside_brewlite(homes: Recommender):
    shown: list[tuple[str, int, int]] = []
    report = evaluate(homes, EvaluationConfig(cases=90), lambda *step: shown.append(step))
    assert tuple(report.figures) == METHODS == tuple(report.labels)
    assert (report.cases, report.partial) == (90, False)
    assert {"all", "0", "1-5", "6-20"} <= report.figures["brewlite"].keys()
    assert list(report.figures["brewlite"]["all"]) == ["ndcg@10", "hr@10", "mrr", "auc"]
    assert shown[-1] == ("brewlite", 90, 90)
    assert ("baselines", 90, 90) in shown
    for method in ("brewlite", "brewlite-no-model", "newest", "minilm-mean"):
        assert report.figures[method]["all"]["ndcg@10"].value > report.figures["random"]["all"]["ndcg@10"].value
    assert any("than newest first" in s or "and newest first cannot" in s for s in report.verdict)
    assert any("itself without the language model" in s for s in report.verdict)


def test_two_runs_give_the_same_figures(homes: Recommender):
    first, again = (evaluate(homes, EvaluationConfig(cases=30, seed=7)) for _ in range(2))
    assert first == again
    other = evaluate(homes, EvaluationConfig(cases=30, seed=8))
    assert other.figures != first.figures


def test_brewlite_is_blind_to_the_future(tmp_path: Path, encoder: Any):
    """The planted leak: from some day on everybody saves h1; replays of earlier moments must not notice."""
    orders = []
    end = START + timedelta(days=250)
    for name, flood in (("calm", []), ("flood", [f"u{n}" for n in range(80)])):
        with Recommender.open(
            tmp_path / f"{name}.db", "realestate", ranker=FakeRanker(), encoder=encoder, clock=lambda: NOW
        ) as rec:
            rec.put_items(town())
            rec.store.add_events([e for e in visits() if e.at is not None and e.at < end])
            rec.store.add_events([Event(user=user, item="h1", action="save", at=end) for user in flood])
            log, _ = read_log(rec.store, rec.adapter)
            asked = [moment_of(log, user, to_micros(end) - back * DAY) for user in range(3) for back in (0, 20, 90)]
            scorers = [Brewlite(rec, use_model=use).fit(log) for use in (True, False)]
            orders.append([scorer.scores(moment).tolist() for scorer in scorers for moment in asked])
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]  # moments do differ


def test_what_a_visitor_has_touched_takes_no_place_among_the_proposed(homes: Recommender):
    """It is no candidate, though the site would show what was only saved again."""
    log, _ = read_log(homes.store, homes.adapter)
    users = np.flatnonzero(np.bincount(log.users) > 3)[:5]
    for user in users.tolist():
        moment = moment_of(log, user, to_micros(NOW))
        scores = Brewlite(homes, use_model=False).fit(log).scores(moment)
        assert np.isneginf(scores[moment.seen]).all()
        assert np.isfinite(scores).sum() == len(log.catalog) - len(np.unique(moment.seen))


def test_nothing_is_written(homes: Recommender):
    before = (homes.store.revision(), homes.store.counts())
    evaluate(homes, EvaluationConfig(cases=5))
    assert (homes.store.revision(), homes.store.counts()) == before


class Pressed(FakeRanker):
    """Somebody presses Ctrl-C while the model reads its ``last`` prompt."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.left = last

    def score(self, prompt: RankingPrompt) -> Scores:
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt
        return super().score(prompt)


def test_an_interrupt_reports_what_was_finished(tmp_path: Path, encoder: Any):
    with opened(tmp_path, encoder, Pressed(last=13)) as homes:
        report = evaluate(homes, EvaluationConfig(cases=40))
    assert report.partial
    assert report.cases == 12
    assert tuple(report.figures) == METHODS
    assert any("interrupted: the figures rest on the 12 cases" in note for note in report.notes)


def test_an_interrupt_before_the_models_first_answer_leaves_the_baselines(tmp_path: Path, encoder: Any):
    with opened(tmp_path, encoder, Pressed(last=1)) as homes:
        report = evaluate(homes, EvaluationConfig(cases=40))
    assert report.partial
    assert report.cases == 40
    assert "brewlite" not in report.figures
    assert any("not reached: brewlite" in note for note in report.notes)


def test_a_model_that_does_not_understand_is_told_of(tmp_path: Path, encoder: Any):
    with opened(tmp_path, encoder, FakeRanker(label_mass=0.0)) as homes:
        report = evaluate(homes, EvaluationConfig(cases=10))
    assert any("the language model could not be used in 10 cases" in note for note in report.notes)
    assert report.figures["brewlite"] == report.figures["brewlite-no-model"]


def test_a_site_without_a_model_is_told_of(homes: Recommender):
    report = evaluate(homes.without_model(), EvaluationConfig(cases=10))
    assert "brewlite" not in report.figures
    assert "brewlite was left out: the site was opened without a language model" in report.notes
    with pytest.raises(BadRecord, match="none of the methods can be run: brewlite: the site was opened without"):
        evaluate(homes.without_model(), EvaluationConfig(methods=("brewlite",)))


def test_methods_can_be_chosen(homes: Recommender):
    chosen = EvaluationConfig(cases=10, methods=("newest", "ease", "brewlite-no-model"), use_model=False)
    assert tuple(evaluate(homes, chosen).figures) == ("brewlite-no-model", "newest", "ease")
    with pytest.raises(UnknownName, match="unknown method 'svd'; known: brewlite"):
        evaluate(homes, structs.replace(chosen, methods=("newest", "svd")))


@pytest.mark.parametrize("config", [{"cases": 0}, {"split": 1.5}])
def test_options_out_of_range_are_refused(homes: Recommender, config: dict[str, Any]):
    with pytest.raises(BadSettings):
        evaluate(homes, EvaluationConfig(**config))


def test_too_little_data_says_what_to_do(tmp_path: Path, encoder: Any):
    with Recommender.open(tmp_path / "new.db", "realestate", ranker=None, encoder=encoder, clock=lambda: NOW) as rec:
        with pytest.raises(BadRecord, match="no items to evaluate on: run `brewlite import items` first"):
            evaluate(rec)
        rec.put_items(town(dated=False))
        with pytest.raises(BadRecord, match="no events to evaluate on"):
            evaluate(rec)
        day = [START + timedelta(days=n) for n in range(5)]
        rec.store.add_events([Event(user="u", item=f"h{n}", action="dismiss", at=day[n]) for n in range(5)])
        with pytest.raises(BadRecord, match=r"no event says that a visitor liked something: the actions are dismiss"):
            evaluate(rec)
        rec.store.add_events([Event(user="u", item=f"h{n + 5}", action="save", at=day[n]) for n in range(5)])
        with pytest.raises(BadRecord, match=r"nothing to replay: .* 1 are the first sign of their item"):
            evaluate(rec)


# The command


@pytest.fixture
def db(tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same site in a file, its vectors kept under the default encoder's name."""
    monkeypatch.chdir(tmp_path)
    encoder.name = "minilm-l6"
    with Recommender.open("homes.db", "realestate", ranker=None, encoder=encoder, clock=lambda: NOW) as rec:
        rec.put_items(town())
        rec.store.add_events(visits())
    return "homes.db"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["evaluate", *arguments])


def test_command_prints_json_and_writes_it(db: str):
    result = run("--db", db, "--no-model", "--cases", "30", "--json", "--out", "report.json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report == json.loads(Path("report.json").read_text())
    assert report["cases"] == 30
    assert "brewlite" not in report["figures"]
    figure = report["figures"]["ease"]["all"]["ndcg@10"]
    assert figure["low"] <= figure["value"] <= figure["high"]


@pytest.mark.parametrize("how", [["--json"], []])
def test_the_result_is_printed_also_where_its_file_cannot_be_written(
    db: str, how: list[str], monkeypatch: pytest.MonkeyPatch
):
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run("--db", db, "--no-model", "--cases", "30", "--methods", "newest", "--out", "report.json", *how)
    assert result.exit_code == 2
    assert "--out report.json: No space left on device; choose a file that can be written" in result.stderr
    assert "newest first" in result.stdout


def test_command_prints_tables_and_words(db: str):
    result = run("--db", db, "--no-model", "--cases", "30", "--methods", "newest, brewlite-no-model")
    assert result.exit_code == 0, result.output
    for expected in ("natural mix", "newest first", "NDCG@10", "HR@10", "MRR", "AUC", "In words", "1-5 events before"):
        assert expected in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--db", "nowhere.db"], "no database at nowhere.db"),
        (["--db", "homes.db", "--split", "2"], "split is 2.0: give a share between 0 and 1"),
        (["--db", "homes.db", "--cases", "0"], "cases is 0"),
        (["--db", "homes.db", "--candidates", "0"], "--candidates is 0"),
        (["--db", "homes.db", "--methods", "magic"], "unknown method 'magic'"),
        (["--db", "homes.db", "--out", "no/such/folder.json"], "there is no folder no/such"),
    ],
)
def test_command_refuses_in_one_line(db: str, arguments: list[str], message: str):
    result = run("--no-model", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_an_action_stored_under_another_name_weighs_as_what_it_is(homes: Recommender):
    """As rows that were stored as they came: the recommender takes them for it too."""
    item = homes.store.items()[0].id
    homes.store.add_events([Event(user="u", item=item, action="dislike", at=datetime(2020, 1, 1, tzinfo=UTC))])
    log, notes = read_log(homes.store, homes.adapter)
    weights = {action.name: action.weight for action in homes.adapter.actions}
    assert log.weights[0] == pytest.approx(weights["hide"])
    assert not any("dislike" in note for note in notes)
