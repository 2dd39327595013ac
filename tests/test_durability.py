"""kill -9 in the middle of writing: what was acknowledged is there, the file is sound, the next run finishes."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from brewlite.store import Store

pytestmark = pytest.mark.slow

# Writes for ever, and prints each id only after the write has come back.
WRITER = """if True:
    import sys
    from datetime import UTC, datetime
    from brewlite.records import Event, Item, User
    from brewlite.store import Store

    where, name = sys.argv[1:]
    at = datetime(2024, 1, 1, tzinfo=UTC)
    with Store.open(where) as store:
        for n in range(10**9):
            ids = [f"{name}-{n}-{k}" for k in range(3)]
            store.put_items([Item(id=id, kind="home", title="Cottage", text="quiet " * 200) for id in ids])
            print("items", *ids, flush=True)
            store.add_events([Event(user=id, item=id, action="view", at=at) for id in ids])
            print("events", *ids, flush=True)
            store.put_users([User(id=ids[0])])
            print("users", ids[0], flush=True)
"""

# Imports a file with vectors, and prints how far it is after each finished batch.
IMPORTER = """if True:
    import sys
    import time
    import numpy as np
    from brewlite import intake
    from brewlite.adapter import FieldAdapter
    from brewlite.sources import read_rows
    from brewlite.store import Store

    class Encoder:
        name, dimension = "lengths", 4

        def encode(self, texts, progress=None):
            time.sleep(0.02)  # a real one is slower still; without it the import ends before it is killed
            return np.array([[len(text), 1, 0, 0] for text in texts], dtype=np.float32)

    adapter = FieldAdapter(name="homes", kind="home", noun="home")
    with Store.open(sys.argv[1]) as store:
        report = intake.import_items(
            store, adapter, read_rows(sys.argv[2]), encoder=Encoder(),
            progress=lambda p: print(p.stage, p.done, flush=True),
        )
    print("done", report.rows, report.added, report.unchanged, report.rejected_count)
"""


def killed_after(seconds: float, code: str, *arguments: str | Path, said: str = "") -> list[list[str]]:
    """The words of each whole line that the program printed until it was killed.

    That is ``seconds`` after its first line that starts with ``said``.
    """
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed = line = child.stdout.readline()
        while line and not line.startswith(said):
            line = child.stdout.readline()
            printed += line
        time.sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        printed += child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    return [line.split() for line in printed.split("\n")[:-1]]


def check_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def stored(store: Store, kind: str, ids: Sequence[str]) -> set[str]:
    if kind == "items":
        return store.known_items(ids)
    if kind == "users":
        return {user.id for user in store.users()}
    return set(store.events_after(0).users)


def test_every_acknowledged_write_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    random = np.random.default_rng(7)
    acknowledged: dict[str, list[str]] = {"items": [], "events": [], "users": []}
    for attempt in range(8):
        lines = killed_after(float(random.uniform(0, 0.2)), WRITER, path, f"run{attempt}")
        for kind, *ids in lines:
            acknowledged[kind] += ids
        # First the reader that a site would start, which recovers the log; then the whole file.
        with Store.open(path) as store:
            for kind, ids in acknowledged.items():
                assert set(ids) <= stored(store, kind, ids)
        check_file(path)
    assert len(acknowledged["items"]) > 100


def test_a_transaction_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    random = np.random.default_rng(8)
    for attempt in range(4):
        killed_after(float(random.uniform(0, 0.1)), WRITER, path, f"run{attempt}")
    with Store.open(path) as store:
        items = [item.id for item in store.items()]
        users = store.events_after(0).users
    for written in (items, users):
        groups = {id.rpartition("-")[0] for id in written}
        assert len(written) == 3 * len(groups)


def test_a_killed_import_is_finished_by_the_next(tmp_path: Path) -> None:
    path, source = tmp_path / "site.db", tmp_path / "homes.csv"
    count = 15_000
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "text"))
        writer.writerows((n, f"Home {n}", "quiet " * (n % 50)) for n in range(count))
    random = np.random.default_rng(9)
    for stage in ("rows", "rows", "vectors", "vectors"):
        with Store.open(path) as store:
            before = store.counts()
        lines = killed_after(float(random.uniform(0.02, 0.2)), IMPORTER, path, source, said=stage)
        done = {stage: int(number) for stage, number in lines}
        with Store.open(path) as store:
            counts = store.counts()
        assert counts.items >= done["rows"]
        assert counts.vectors >= before.vectors + done.get("vectors", 0)
        assert counts.vectors < count
        check_file(path)
    ran = subprocess.run([sys.executable, "-c", IMPORTER, path, source], capture_output=True, text=True, check=True)
    last = ran.stdout.splitlines()[-1].split()
    assert last[0] == "done"
    rows, added, unchanged, rejected = map(int, last[1:])
    assert (rows, added + unchanged, rejected) == (count, count, 0)
    assert unchanged > 0
    with Store.open(path) as store:
        assert (store.counts().items, store.counts().vectors) == (count, count)
        ids, _ = store.vectors("item", "lengths")
        assert set(ids) == {str(n) for n in range(count)}
