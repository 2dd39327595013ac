"""SDK, command line and HTTP give the same slate, byte for byte in the picks, with the real model."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from conftest import NOW, home
from litestar.testing import TestClient

from brewlite import Event, Query, Recommender
from brewlite.cli.main import main
from brewlite.serving import create_app
from brewlite.settings import Settings


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize(
    "query",
    [
        Query(user="ann", instructions="quiet, under $1,500, no studio", k=10, at=NOW),
        Query(user="nobody", k=5, at=NOW),
    ],
    ids=["words and history", "newcomer"],
)
def test_three_doors_one_answer(tmp_path: Path, query: Query):
    db = tmp_path / "site.db"
    with Recommender.open(db, "realestate") as rec:
        rec.put_items([home(number) for number in range(40)])
        rec.record(Event(user="ann", item="3", action="save", at=NOW.replace(day=20)))
        expected = msgspec.json.encode(rec.recommend(query).picks)

    assert query.user is not None
    args = ["--db", str(db), "--user", query.user, "--instructions", query.instructions, "--k", str(query.k)]
    done = CliRunner().invoke(main, ["recommend", *args, "--at", NOW.isoformat(), "--json"])
    assert done.exit_code == 0, done.output
    assert _picks(done.stdout) == expected

    with TestClient(create_app(db, settings=Settings())) as client:
        while client.get("/health/ready").status_code != 200:
            pass
        body = {"user": query.user, "instructions": query.instructions, "k": query.k, "at": NOW.isoformat()}
        assert _picks(client.post("/v1/recommendations", json=body).text) == expected


def _picks(text: str) -> bytes:
    """The picks of a slate as they came, without white space between tokens."""
    raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw])["picks"]
    assert json.loads(bytes(raw))
    return msgspec.json.format(bytes(raw), indent=-1)
