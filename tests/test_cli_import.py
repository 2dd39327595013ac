"""``brewlite init`` and ``brewlite import``: what a person types, sees, and gets back as exit code."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from brewlite.cli import main
from brewlite.recommender import RecommenderConfig
from brewlite.settings import load_settings
from brewlite.store import Store

HOMES = "id,name,price\n1,Mill house,250000\n2,Flat,POA\n3,Cottage,99000\n"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("homes.csv").write_text(HOMES)
    return tmp_path


def brewlite(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


def test_init_makes_a_site_and_says_what_is_there() -> None:
    first = brewlite("init", "--db", "site.db", "--adapter", "realestate")
    assert first.stdout.splitlines() == [
        "site.db: adapter realestate, 0 items, 0 users, 0 events",
        "next: brewlite import items FILE --db site.db",
    ]
    brewlite("import", "items", "homes.csv", "--db", "site.db", "--no-vectors")
    again = json.loads(brewlite("init", "--db", "site.db", "--json").stdout)
    assert (again["adapter"], again["counts"]["items"]) == ("realestate", 2)
    brewlite("init", "--db", "site.db", "--adapter", "realestate")
    refused = brewlite("init", "--db", "site.db", "--adapter", "jobs", code=2)
    assert refused.stderr == "brewlite: site.db holds items of adapter 'realestate': use another database for 'jobs'\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--db", "site.db"), "no database at site.db: brewlite init --db site.db --adapter NAME makes one"),
        (("--db", "site.db", "--adapter", "realestat"), "did you mean 'realestate'?"),
        (("--db", "no/site.db", "--adapter", "jobs"), "no folder 'no'"),
    ],
)
def test_init_that_cannot_be_leaves_nothing(words: tuple[str, ...], says: str) -> None:
    result = brewlite("init", *words, code=2)
    assert says in result.stderr
    assert not Path("site.db").exists()


def test_an_empty_database_of_sqlite_becomes_a_site() -> None:
    Path("site.db").touch()
    assert "no adapter yet: add --adapter jobs|posts|realestate" in brewlite("init", "--db", "site.db", code=2).stderr
    brewlite("init", "--db", "site.db", "--adapter", "jobs")


def test_the_settings_file_names_every_setting_and_its_default() -> None:
    brewlite("init", "--db", "site.db", "--adapter", "realestate", "--config")
    path = Path("brewlite.toml")
    settings = load_settings(path, {})
    assert (settings.db, settings.adapter, settings.recommender) == ("site.db", "realestate", RecommenderConfig())
    uncommented = re.sub(r"(?m)^# (\w+ = |\[\[tasks\]\])", r"\1", path.read_text())
    Path("all.toml").write_text(uncommented)
    everything = load_settings("all.toml", {})
    assert everything.serving == settings.serving
    assert [task.name for task in everything.recommender.tasks] == ["save"]
    path.write_text("db = 'mine.db'\n")
    assert "left as it was" in brewlite("init", "--db", "site.db", "--config").stdout
    assert path.read_text() == "db = 'mine.db'\n"


def test_import_tells_what_was_rejected_and_why() -> None:
    brewlite("init", "--db", "site.db", "--adapter", "realestate")
    result = brewlite("import", "items", "homes.csv", "--db", "site.db", "--no-vectors", "--rejects", "bad.jsonl")
    assert "3 rows of items in" in result.stdout
    assert "2 added, 0 updated, 0 unchanged, 1 rejected" in result.stdout
    assert "1 of 3 rows rejected" in result.stdout
    assert "POA" in result.stdout
    (rejected,) = map(json.loads, Path("bad.jsonl").read_text().splitlines())
    assert rejected["row"] == 2
    assert "'POA'" in rejected["reason"]


def test_import_makes_a_database_when_the_adapter_is_named() -> None:
    words = ("import", "items", "homes.csv", "--db", "site.db", "--no-vectors", "--json")
    assert "no database at site.db" in brewlite(*words, code=2).stderr
    report = json.loads(brewlite(*words, "--adapter", "realestate").stdout)
    assert (report["rows"], report["added"], report["rejected_count"]) == (3, 2, 1)
    again = json.loads(brewlite(*words).stdout)
    assert (again["added"], again["unchanged"]) == (0, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing.csv", "--adapter", "realestate", "--no-vectors"), "no file nothing.csv"),
        (("homes.csv", "--adapter", "realestat", "--no-vectors"), "did you mean 'realestate'?"),
        (("homes.csv", "--adapter", "realestate", "--no-vectors", "--map", "prise=price"), "'prise'"),
        (("bad.csv", "--adapter", "realestate", "--no-vectors"), "No row could be used"),
        (("homes.csv", "--adapter", "realestate"), "brewlite models pull"),
    ],
)
def test_import_that_cannot_be_leaves_nothing(
    words: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "nowhere"))
    Path("bad.csv").write_text("number,name\n1,Mill house\n")
    result = brewlite("import", "items", *words, "--db", "site.db", code=2)
    assert says in result.output
    assert list(Path().glob("site.db*")) == []


def test_columns_can_be_mapped() -> None:
    Path("odd.csv").write_text("no;what;asking\n7;Mill house;250.000 €\n")
    words = ("import", "items", "odd.csv", "--db", "site.db", "--adapter", "realestate", "--no-vectors")
    refused = brewlite(*words, "--rejects", "bad.jsonl", code=2)
    assert "No row could be used: 1 of 1 rows rejected" in refused.stdout
    assert "--map id=COLUMN" in refused.stdout
    assert "--map id=COLUMN" in Path("bad.jsonl").read_text()
    assert "--map id=COLUMN" in json.loads(brewlite(*words, "--json", code=2).stdout)["rejected"][0]["reason"]
    brewlite(*words, "--map", "id=no", "--map", "title=what", "--map", "price=asking")
    with Store.open("site.db") as store:
        assert [(item.id, item.title, item.fields["price"]) for item in store.items()] == [("7", "Mill house", 250000)]
    assert "--map 'price' is not FIELD=COLUMN" in brewlite(*words, "--map", "price", code=2).stderr
    assert "unknown field in the mapping 'prise'" in brewlite(*words, "--map", "prise=asking", code=2).stderr


def test_users_and_events_follow() -> None:
    brewlite("import", "items", "homes.csv", "--db", "site.db", "--adapter", "realestate", "--no-vectors")
    Path("wishes.csv").write_text("id,interests\nann,quiet\nann,river\n")
    result = brewlite("import", "users", "wishes.csv", "--db", "site.db", "--no-vectors")
    assert "1 rows have an id that came before in the same source: all its rows are joined" in result.stdout
    Path("stays.csv").write_text("who,item,date\nann,1,2024-01-01\nann,9,2024-01-02\nann,3,\n")
    words = ("import", "events", "stays.csv", "--db", "site.db", "--map", "user=who", "--action", "stay")
    result = brewlite(*words)
    assert "2 added, 0 updated, 0 unchanged, 1 rejected" in result.stdout
    assert "unknown item '9': import items first" in result.stdout
    assert "1 events name no time" in result.stdout
    with Store.open("site.db") as store:
        assert (store.counts().users, store.counts().events) == (1, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing.csv",), "no file nothing.csv: check the path"),
        (("https://homes.example/a.csv",), "download it first"),
        (("empty.csv",), "empty.csv is empty"),
        (("latin.csv",), "try --encoding latin-1"),
        (("homes.csv", "--format", "excel"), "unknown source format 'excel'"),
        (("homes.csv", "--rejects", "no/bad.jsonl"), "--rejects no/bad.jsonl cannot be written"),
        (("site.db", "--table", "homes"), "no table 'homes' in site.db; tables: "),
    ],
)
def test_a_mistake_is_one_clear_line(words: tuple[str, ...], says: str) -> None:
    brewlite("init", "--db", "site.db", "--adapter", "realestate")
    Path("empty.csv").touch()
    Path("latin.csv").write_bytes("id,name\n1,Café\n".encode("latin-1"))
    result = brewlite("import", "items", *words, "--db", "site.db", "--no-vectors", code=2)
    assert says in result.stderr
    assert result.stderr.startswith("brewlite: ")
    assert result.stderr.count("\n") == 1


def test_missing_weights_are_told_before_anything_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "nowhere"))
    brewlite("init", "--db", "site.db", "--adapter", "realestate")
    refused = brewlite("import", "items", "homes.csv", "--db", "site.db", code=2)
    assert "brewlite models pull minilm-l6" in refused.stderr
    assert "--no-vectors" in refused.stderr
    with Store.open("site.db") as store:
        assert store.counts().items == 0


@pytest.mark.weights
def test_texts_are_encoded_by_the_real_encoder() -> None:
    from brewlite import weights
    from brewlite.errors import WeightsMissing

    try:
        weights.locate("minilm-l6")
    except WeightsMissing as error:
        pytest.skip(str(error))
    words = ("import", "items", "homes.csv", "--db", "site.db", "--adapter", "realestate")
    assert "2 texts encoded" in brewlite(*words).stdout
    assert "encoded" not in brewlite(*words).stdout
    with Store.open("site.db") as store:
        ids, matrix = store.vectors("item", "minilm-l6")
    assert (ids, matrix.shape) == (["1", "3"], (2, 384))


def test_ctrl_c_keeps_the_finished_batches() -> None:
    brewlite("init", "--db", "site.db", "--adapter", "realestate")
    Path("many.csv").write_text("id,name\n" + "".join(f"{n},Home {n}\n" for n in range(20_000)))
    words = ("import", "items", "many.csv", "--db", "site.db", "--no-vectors")
    code = "from brewlite.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore the interrupt, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as child:
        with Store.open("site.db") as store:
            while store.counts().items == 0 and child.poll() is None:
                pass
        child.send_signal(signal.SIGINT)
        _, said = child.communicate()
    assert child.returncode == 130, said
    interrupted = re.fullmatch(
        r"brewlite: interrupted after (\d+) rows, which are kept: run the command again to finish\n", said
    )
    assert interrupted, said
    with Store.open("site.db") as store:
        assert int(interrupted[1]) <= store.counts().items < 20_000
    report = json.loads(brewlite(*words, "--json").stdout)
    assert report["added"] + report["unchanged"] == 20_000
    assert report["unchanged"] > 0


@pytest.mark.parametrize("command", ["init", "import", "import items", "import users", "import events"])
def test_help_has_an_example(command: str) -> None:
    assert re.search(rf"Example:\n +brewlite {command.split()[0]} ", brewlite(*command.split(), "--help").stdout)
