"""A site that learns from its own log: it uses what is better, refuses what is worse, and can go back."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import NOW, PLACES, TYPES, HashEncoder
from msgspec import structs
from tiny_llama import tiny_base, words_of

from brewlite.blend import ModelWeights
from brewlite.cli import main
from brewlite.errors import BadRecord, BadSettings
from brewlite.evaluation.log import DAY, catalog_of, event_log, from_micros, to_micros
from brewlite.evaluation.splits import moment_of
from brewlite.ranker import load_ranker
from brewlite.ranker.checkpoint import LoraShape, Manifest, is_checkpoint, save_checkpoint
from brewlite.recommender import Recommender, RecommenderConfig
from brewlite.recommender.opening import learned_ranker, models_folder
from brewlite.records import Event, Item, Query
from brewlite.store import Store
from brewlite.training.answers import Answered
from brewlite.training.choices import nearest
from brewlite.training.lora import LoraConfig, lora_state
from brewlite.training.own_site import OwnSite, learn
from brewlite.training.plan import OwnSiteConfig, read_plan, write_plan
from brewlite.training.promotion import compare, verdict, wins
from brewlite.training.start import student_from
from brewlite.training.versions import Comparison, Version, Versions
from brewlite.weights import DEFAULT_RANKER

HOMES, VISITORS, CHOICES = 1600, 50, 8
WANTED, SPURNED = "Hill", "Riverside"
CONFIG = OwnSiteConfig(
    minutes=5, steps=40, examples=200, held_out=0, cases=45, learning_rate=1e-2, step_tokens=2500, teacher=0.0, rank=8
)
"""Quick, and hot: for two random layers, not for a language model."""


def homes() -> list[Item]:
    """So many that each is chosen once or never: what is chosen cannot be told by popularity."""
    return [
        Item(
            id=str(number),
            kind="listing",
            title=f"{TYPES[number % 3]} in {PLACES[number % 4]}",
            place=PLACES[number % 4],
            created=NOW - timedelta(days=400 + 0.1 * (number * 37 % HOMES)),
        )
        for number in range(HOMES)
    ]


def choices(early: str, late: str) -> list[Event]:
    """Every visitor chooses homes in one place: in ``early`` for the first four fifths of the log, then in ``late``."""
    rng = np.random.default_rng(0)
    order = rng.permutation(HOMES)
    left = {place: [int(n) for n in order if PLACES[n % 4] == place] for place in PLACES}
    events = []
    for step in range(VISITORS * CHOICES):
        place = early if step < 0.8 * VISITORS * CHOICES else late
        visitor = f"v{step % VISITORS if step < VISITORS else rng.integers(VISITORS)}"
        at = NOW - timedelta(days=300 * (1 - step / (VISITORS * CHOICES)) + 1)
        events.append(Event(user=visitor, item=str(left[place].pop()), action="save", at=at))
    return events


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that has learned nothing yet, on a tiny base: what the sites below begin with."""
    folder = tmp_path_factory.mktemp("start")
    texts = [*(f"{home.title} {home.text}" for home in homes()), "What the visitor did before saved Will this visitor"]
    base = tiny_base(folder / "tiny", words_of(texts))
    student, manifest = student_from(base, LoraConfig(rank=CONFIG.rank, alpha=16.0))
    # The simple signals see at once what everybody wants here: the model must be loud to count beside them.
    loud = structs.replace(manifest, blend={"model": structs.asdict(ModelWeights(base=3.0))})
    save_checkpoint(folder / "begin", loud, lora_state(student.decoder))
    return folder / "begin"


def opened(folder: Path, start: Path, events: Sequence[Event]) -> Recommender:
    """A site whose ranker in use is ``start``."""
    site = Recommender.open(folder / "site.db", "realestate", ranker="none", encoder=HashEncoder(), clock=lambda: NOW)
    site.put_items(homes())
    site.record(*events)
    site.store.set_meta("ranker", str(start))
    return site


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, start: Path) -> tuple[Path, Version]:
    """The folder of a site that has learned once, with a lesson that holds."""
    folder = tmp_path_factory.mktemp("taught")
    with opened(folder, start, choices(WANTED, WANTED)) as site:
        return folder, learn(site, CONFIG)


def test_what_wins_is_used(taught: tuple[Path, Version], start: Path):
    folder, version = taught
    assert version.promoted, version.verdict
    found = version.comparison
    assert found.new > found.old + 0.15
    assert found.least_gain is not None
    assert 0 < found.least_gain < found.gain
    assert version.losses[1] < version.losses[0]
    assert version.replaced == str(start)
    assert version.share is not None
    assert (version.share.ranker, version.share.share >= 1.0) == ("tiny+site-1", True), version.share.words()
    with Recommender.open(folder / "site.db", encoder=None) as site:
        assert site._blend.shares()["tiny+site-1"].until == version.until
        assert learned_ranker(site.store) == folder / "site.db.models" / "0001"
        assert site.ranker().name == "tiny+site-1"
        assert Versions(site.store).in_use(version)
    with Recommender.open(folder / "site.db", encoder=None, ranker=str(start)) as site:
        assert site.ranker().name == "tiny", "a ranker that is named is the one that is used"
    assert not (folder / "site.db.models" / "unfinished").exists()


def test_a_database_moves_with_its_models(taught: tuple[Path, Version], tmp_path: Path):
    shutil.copytree(taught[0], tmp_path / "moved")
    with Recommender.open(tmp_path / "moved" / "site.db", encoder=None) as site:
        assert site.model_name == str(tmp_path / "moved" / "site.db.models" / "0001")


def test_lists_stand_beside_what_the_log_has_taught(taught: tuple[Path, Version]):
    with Recommender.open(taught[0] / "site.db", ranker=None, encoder=None) as site:
        own = OwnSite(site)
        weighing = own.in_hindsight.weigh
        assert weighing is not site.weigh
        early = Query(at=from_micros(int(own.log.at[len(own.log.at) // 2])), candidates=tuple(own.log.catalog.ids[:8]))
        assert not np.allclose(weighing(early, use_model=False).prior, site.weigh(early, use_model=False).prior)
        assert own.learned(from_micros(own.cut)) is not site


def test_what_is_worse_is_refused(taught: tuple[Path, Version], start: Path, tmp_path: Path):
    """The log before the cut teaches the opposite of what the later part asks for, so what is learned is worse."""
    good = taught[0] / "site.db.models" / "0001"
    with opened(tmp_path, good, choices(SPURNED, WANTED)) as site:
        version = learn(site, CONFIG)
        assert not version.promoted
        assert version.comparison.new < version.comparison.old - 0.1, "it is a worse model, by far"
        assert "no better" in version.verdict
        assert learned_ranker(site.store) == good
        assert version.losses[1] < version.losses[0], "and yet it has learned what it was taught"
        versions = Versions(site.store)
        assert [kept.number for kept in versions.all()] == [1], "it is kept all the same"
        assert version.share is not None
        assert version.share.ranker == "tiny+site-1", "that of the one that stays in use"
        assert is_checkpoint(versions.folder / "0001")
    with Recommender.open(tmp_path / "site.db", encoder=None) as site:
        assert site.ranker().name == "tiny+site-1"
        assert site.model_name == "tiny+site-1"


def test_back_and_back_again(taught: tuple[Path, Version], start: Path, tmp_path: Path):
    shutil.copytree(taught[0], tmp_path / "site")
    where = str(tmp_path / "site" / "site.db")
    run = lambda *arguments: CliRunner().invoke(main, ["train", "--db", where, *arguments])  # noqa: E731
    listed = json.loads(run("--list", "--json").stdout)
    assert [(row["number"], row["promoted"], row["in_use"]) for row in listed] == [(1, True, True)]
    assert "in use" in run("--list").stdout
    assert json.loads(run("--rollback", "--json").stdout) == {"in_use": str(start)}
    with Recommender.open(where, encoder=None) as site:
        assert site.ranker().name == "tiny"
    assert "was used" in run("--list").stdout
    assert "the shipped ranker" in run("--rollback").stdout
    with Recommender.open(where, encoder=None) as site:
        assert site.model_name == DEFAULT_RANKER
    refused = run("--rollback")
    assert refused.exit_code == 2
    assert "no version to go back from" in refused.stderr


def made(number: int, replaced: str, promoted: bool = True) -> Version:
    figures = Comparison(
        cases=50, visitors=40, old=0.3, new=0.4, least_gain=0.02, confidence=0.9, old_whole=0.4, new_whole=0.4
    )
    return Version(
        number=number, created=NOW, promoted=promoted, replaced=replaced, verdict="", comparison=figures, cut=NOW,
        until=NOW, examples=1, steps=1, losses=(1.0, 0.5), seconds=1.0,
    )  # fmt: skip


def fresh(versions: Versions) -> Path:
    """A checkpoint that waits for its place."""
    folder = versions.unfinished / "candidate"
    save_checkpoint(
        folder, Manifest(name="x", base="smollm2-135m", base_sha256="", lora=LoraShape(rank=1, alpha=1)), {}
    )
    return folder


def test_back_passes_over_folders_that_were_removed(tmp_path: Path):
    with Store.open(tmp_path / "site.db") as store:
        versions = Versions(store)
        for number, replaced in ((1, ""), (2, "0001"), (3, "0002")):
            versions.keep(fresh(versions), made(number, replaced))
        assert versions.pointer == "0003"
        shutil.rmtree(versions.folder / "0002")
        assert versions.next_number() == 4
        assert versions.rollback() == ""
        versions.keep(fresh(versions), made(4, ""))
        versions.keep(fresh(versions), made(5, "0004", promoted=False))
        assert (versions.pointer, versions.next_number()) == ("0004", 6)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from brewlite.store import Store
from brewlite.training.versions import Versions
from test_own_site import fresh, made

class Doomed(Store):
    def set_meta(self, key, value):
        os.kill(os.getpid(), signal.SIGKILL)

with Doomed.open({db!r}) as store:
    versions = Versions(store)
    versions.keep(fresh(versions), made(2, "0001"))
"""


def test_killed_in_the_middle_of_a_promotion_the_old_one_stays(tmp_path: Path):
    db = tmp_path / "site.db"
    with Store.open(db) as store:
        versions = Versions(store)
        versions.keep(fresh(versions), made(1, ""))
    code = KILLED.format(tests=str(Path(__file__).parent), db=str(db))
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    with Store.open(db) as store:
        versions = Versions(store)
        assert versions.pointer == "0001"
        assert is_checkpoint(versions.folder / "0001")
        assert [kept.number for kept in versions.all()] == [1, 2]
        versions.keep(versions.unfinished, versions.all()[1])
        assert versions.pointer == "0002", "the run that goes on with it has only this left to do"


def test_a_killed_run_goes_on_and_ends_the_same(taught: tuple[Path, Version], start: Path, tmp_path: Path):
    class Killed(BaseException):
        pass

    seen: list[tuple[str, int]] = []

    def until(step: int):
        def tell(name: str, done: int, total: int, note: str = "") -> None:
            seen.append((name, done))
            if (name, done) == ("learning", step):
                raise Killed

        return tell

    config = structs.replace(CONFIG, save_seconds=0.0)
    with opened(tmp_path, start, choices(WANTED, WANTED)) as site:
        with pytest.raises(Killed):
            learn(site, config, tell=until(20))
        assert learned_ranker(site.store) == start
        site.record(Event(user="late", item="3", action="save", at=NOW))  # the site goes on living
        seen.clear()
        version = learn(site, config, tell=until(-1))
        assert next(done for name, done in seen if name == "learning") == 20, "after the last step that was saved"
        assert version.promoted
        assert version.until < NOW
    ours, theirs = (folder / "site.db.models" / "0001" / "differences.safetensors" for folder in (tmp_path, taught[0]))
    assert ours.read_bytes() == theirs.read_bytes()


def test_deciding_again_by_the_same_events_asks_for_more(taught: tuple[Path, Version], tmp_path: Path):
    shutil.copytree(taught[0], tmp_path / "site")
    with Recommender.open(tmp_path / "site" / "site.db", ranker="none", encoder=HashEncoder()) as site:
        version = learn(site, structs.replace(CONFIG, steps=2, seed=1))
        assert version.number == 2
        assert version.comparison.confidence == pytest.approx(0.95)
        assert any("decided 1 times before" in note for note in version.notes)
        assert version.replaced == "0001"


def test_old_events_that_come_in_later_do_not_make_what_was_learned_decide(
    taught: tuple[Path, Version], tmp_path: Path
):
    shutil.copytree(taught[0], tmp_path / "site")
    with Recommender.open(tmp_path / "site" / "site.db", "realestate", ranker="none", encoder=HashEncoder()) as site:
        others = [home.id for home in homes() if home.place != WANTED][:400]
        moments = [NOW - timedelta(days=390, minutes=-n) for n in range(400)]
        pairs = zip(others, moments, strict=True)
        site.record(*(Event(user=f"old {id_}", item=id_, action="save", at=at) for id_, at in pairs))
        assert OwnSite(site).cut < to_micros(taught[1].cut)
        assert learn(site, structs.replace(CONFIG, steps=1)).cut == taught[1].cut


def test_a_run_without_time_to_learn_is_no_try(start: Path, tmp_path: Path):
    with opened(tmp_path, start, choices(WANTED, WANTED)) as site:
        with pytest.raises(BadSettings, match=r"leave no time to learn.*give more --minutes"):
            learn(site, structs.replace(CONFIG, steps=None, minutes=1e-4))
        assert Versions(site.store).all() == []


def test_a_killed_run_has_the_minutes_that_are_left(start: Path, tmp_path: Path):
    class Killed(BaseException):
        pass

    def tell(name: str, done: int, total: int, note: str = "") -> None:
        if (name, done) == ("learning", 3):
            raise Killed

    config = structs.replace(CONFIG, steps=None, save_seconds=0.0)
    with opened(tmp_path, start, choices(WANTED, WANTED)) as site:
        with pytest.raises(Killed):
            learn(site, config, tell=tell)
        folder = Versions(site.store).unfinished
        plan = read_plan(folder)
        assert plan is not None
        assert 0 < plan.judging < plan.spent
        write_plan(folder, structs.replace(plan, spent=60 * config.minutes))
        version = learn(site, config)
    assert version.steps == 2, "those that were saved"
    assert version.seconds > 60 * config.minutes


# Too little


def test_a_short_log_is_told_what_it_lacks(start: Path, tmp_path: Path):
    with opened(tmp_path, start, choices(WANTED, WANTED)[::10]) as site, pytest.raises(BadRecord) as refused:
        learn(site, CONFIG)
    assert "the log has 40 liking events; train when it has about" in str(refused.value)


def test_too_few_visitors_are_told_before_the_work(start: Path, tmp_path: Path):
    few = [structs.replace(event, user=f"v{n % 6}") for n, event in enumerate(choices(WANTED, WANTED))]
    told: list[str] = []
    with opened(tmp_path, start, few) as site, pytest.raises(BadRecord, match="too few visitors to decide"):
        learn(site, CONFIG, tell=lambda name, done, total, note="": told.append(name))
    assert told == []


def test_a_named_ranker_is_no_place_for_a_learned_one(start: Path, tmp_path: Path):
    config = RecommenderConfig(ranker=str(start))
    opened(tmp_path, start, []).close()
    with Recommender.open(tmp_path / "site.db", ranker="none", encoder=None, config=config) as site:
        assert site.model_name is None
        with pytest.raises(BadSettings, match=r"take `ranker` out of brewlite\.toml"):
            learn(site, CONFIG)


def test_two_runs_at_once_are_refused(start: Path, tmp_path: Path):
    with Store.open(tmp_path / "site.db") as store:
        first, second = Versions(store), Versions(store)
        with first.alone(), pytest.raises(BadSettings, match="another training of this site"), second.alone():
            pass


def test_a_folder_of_versions_is_one_sites(tmp_path: Path):
    with Store.open(tmp_path / "one.db") as one, Store.open(tmp_path / "other.db") as other:
        for _ in range(2):
            with Versions(one, tmp_path / "models").alone():
                pass
        with Versions(one).alone(), Versions(other).alone():
            pass
        for folder in (tmp_path / "models", Versions(one).folder):
            for ask in (Versions(other, folder).all, Versions(other, folder).alone().__enter__):
                with pytest.raises(BadSettings, match="holds the versions of another site"):
                    ask()


def test_a_damaged_record_is_named_and_does_not_keep_anybody_from_going_back(
    taught: tuple[Path, Version], tmp_path: Path
):
    shutil.copytree(taught[0], tmp_path / "site")
    record = tmp_path / "site" / "site.db.models" / "0001" / "version.json"
    record.write_bytes(record.read_bytes()[:40])
    ask = ["train", "--db", str(tmp_path / "site" / "site.db")]
    for more in ([], ["--list"]):
        done = CliRunner().invoke(main, [*ask, *more])
        assert done.exit_code == 2
        assert f"{record} cannot be read" in done.stderr
    assert "the shipped ranker" in CliRunner().invoke(main, [*ask, "--rollback"]).stdout


def test_a_choice_without_a_like_stands_among_what_is_nearest_to_it():
    """Of ten items, one came last: what stands beside it came just before."""
    catalog = catalog_of([Item(id=str(n), kind="post", title="", created=NOW + timedelta(days=n)) for n in range(10)])
    at = to_micros(NOW)
    log, _ = event_log(catalog, ["a"], ["3"], ["save"], [at + 4 * DAY], {"save": 1.0})
    moment = structs.replace(moment_of(log, -1, at + 20 * DAY), seen=np.array([8]))
    for count, beside in ((4, {5, 6, 7}), (40, {0, 1, 2, 3, 4, 5, 6, 7})):
        rows = nearest(log, moment, 9, log.first_touch(), np.random.default_rng(0), count)
        assert sorted(rows.tolist()) == sorted({*beside, 9})


# The decision


def answered(values: Sequence[float], blend: Sequence[float] | None = None) -> list[Answered]:
    from brewlite.evaluation.suite.case import Case
    from brewlite.records import Query

    return [
        Answered(
            case=Case(key=str(n), site="s", visitor=f"v{n // 2}", query=Query(candidates=("a", "b")), good=("a",)),
            log_odds=np.zeros(2),
            prior=np.zeros(2),
            alike=0.0,
            model=value,
            signals=0.5,
            blend=0.5 if blend is None else blend[n],
        )
        for n, value in enumerate(values)
    ]


def test_only_what_is_better_beyond_doubt_wins():
    rng = np.random.default_rng(0)
    old = rng.random(80) * 0.5
    for shift, noise, won, said in (
        (0.2, 0.05, True, "is used"),
        (0.02, 0.5, False, "not 90% sure"),
        (-0.1, 0.05, False, "no better"),
    ):
        swings = rng.standard_normal(80)
        new = old + shift + noise * (swings - swings.mean())
        found = compare(answered(old), answered(new), 0.1, seed=0)
        assert (wins(found), found.visitors) == (won, 40), said
        assert said in verdict(found)
    whole = compare(answered(old), answered(old + 0.2, blend=[0.49] * 80), 0.1, seed=0)
    assert not wins(whole)
    assert "with the simple signals" in verdict(whole)
    few = compare(answered(old[:6]), answered(old[:6] + 0.3), 0.1, seed=0)
    assert not wins(few)
    assert "too few visitors" in verdict(few)


def test_by_luck_alone_hardly_anything_is_promoted():
    """Rankers that are equally good: how often is the new one taken for better? No more than the doubt allows."""
    rng = np.random.default_rng(1)
    won = 0
    for trial in range(60):
        old, new = rng.random(60), rng.random(60)
        won += wins(compare(answered(old), answered(new), 0.1, seed=trial))
    assert won <= 12, "6 are expected"


# The command


def test_the_command(taught: tuple[Path, Version], start: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BREWLITE_ENCODER", "none")
    monkeypatch.chdir(tmp_path)
    opened(tmp_path, start, choices(WANTED, WANTED)).close()
    arguments = ["train", "--db", "site.db", "--steps", "2", "--examples", "30", "--cases", "30"]
    result = CliRunner().invoke(main, [*arguments, "--models-dir", "elsewhere", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["number"], told["steps"], told["comparison"]["cases"]) == (1, 2, 30)
    assert told["blend"]["choices"] > 30, "the first stage has learned, whatever became of the ranker"
    assert (tmp_path / "elsewhere" / "0001" / "version.json").is_file()
    listed = CliRunner().invoke(main, ["train", "--db", "site.db", "--models-dir", "elsewhere", "--list"])
    assert "0001" in listed.stdout


def test_a_log_too_short_for_a_ranker_may_teach_the_blend(start: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BREWLITE_ENCODER", "none")
    monkeypatch.chdir(tmp_path)
    opened(tmp_path, start, choices(WANTED, WANTED)[::3]).close()
    result = CliRunner().invoke(main, ["train", "--db", "site.db"])
    assert result.exit_code == 2
    assert "and 30 are needed" in result.stderr
    assert "blend learned from" in result.stderr
    with Recommender.open(tmp_path / "site.db", ranker=None, encoder=None) as site:
        assert site.learned_blend is not None


def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("BREWLITE_ENCODER", "none")
    monkeypatch.chdir(tmp_path)
    opened(tmp_path, start, choices(WANTED, WANTED)).close()
    arguments = ["train", "--db", "site.db", "--steps", "2", "--examples", "30", "--cases", "30"]
    for writer in ("training.fit.save_file", "ranker.checkpoint.save_file", "training.versions.make_durable"):
        with monkeypatch.context() as patched:
            patched.setattr(f"brewlite.{writer}", full)
            result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, result.output
        assert "cannot be written: No space left on device; make room there" in result.stderr
        assert "Traceback" not in result.output
        assert not (tmp_path / "site.db.models" / "0001").exists()
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert is_checkpoint(tmp_path / "site.db.models" / "0001")


def test_a_learned_ranker_elsewhere_is_found(tmp_path: Path):
    with Store.open(tmp_path / "site.db") as store:
        versions = Versions(store, tmp_path / "elsewhere")
        versions.keep(fresh(versions), made(1, ""))
        assert learned_ranker(store) == tmp_path / "elsewhere" / "0001"
        assert Versions(store, tmp_path / "elsewhere").in_use(made(1, ""))
        assert versions.rollback() == ""
        assert models_folder(store) == tmp_path / "site.db.models"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--db", "gone.db"], "no database at gone.db"),
        (["--db", "site.db", "--rollback", "--list"], "give one of them"),
        (["--db", "site.db"], "no items to evaluate on"),
        (["--db", "site.db", "--models-dir", "site.db/models"], "versions cannot be kept in"),
    ],
)
def test_mistakes_end_with_2_and_one_line(arguments: list[str], said: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Recommender.open(tmp_path / "site.db", "realestate", ranker=None, encoder=None).close()
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_database_that_is_no_file_has_its_versions_in_the_cache(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "home"))

    class Served(Store):
        file = None

    with Served.open(tmp_path / "site.db") as store, Served.open(tmp_path / "other.db") as other:
        assert models_folder(store).parent == tmp_path / "home" / "sites"
        assert models_folder(store) != models_folder(other)
        versions = Versions(store)
        versions.keep(fresh(versions), made(1, ""))
        assert learned_ranker(store) == models_folder(store) / "0001"


def test_the_doctor_looks_at_what_the_site_learned(taught: tuple[Path, Version], tmp_path: Path):
    shutil.copytree(taught[0], tmp_path / "site")
    ask = ["doctor", "--db", str(tmp_path / "site" / "site.db"), "--json"]
    told = {row["what"]: row for row in json.loads(CliRunner().invoke(main, ask).stdout)}
    assert told["site's model"]["ok"]
    assert told["site's model"]["detail"].endswith("0001")
    shutil.rmtree(tmp_path / "site" / "site.db.models" / "0001")
    told = {row["what"]: row for row in json.loads(CliRunner().invoke(main, ask).stdout)}
    assert not told["site's model"]["ok"]
    assert "brewlite train --rollback" in told["site's model"]["detail"]


def test_a_checkpoint_ranks_for_the_site(taught: tuple[Path, Version]):
    """What it has learned shows in what it says, not only in the figures."""
    ranker = load_ranker(taught[0] / "site.db.models" / "0001")
    wanted, spurned = ranker.score_texts("visitor", [f"flat in {WANTED}", f"flat in {SPURNED}"])
    assert wanted > spurned + 1
