"""The wheel works in an environment of its own, from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone; the libraries it needs are lent from this one, brewlite is not."""
    home = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", str(home / "venv")], check=True)
    python = home / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # A folder named in a .pth is searched, but the .pth files in it (our editable install) are not read.
    (Path(site) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def run(home: Path, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "BREWLITE"))}
    done = subprocess.run(
        [str(home / "venv" / "bin" / command[0]), *command[1:]],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_code_types_templates_and_nothing_else(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "brewlite",
        "brewlite_adapters",
        "brewlite_listing_site",
    }
    assert "brewlite/py.typed" in names
    assert any(name.startswith("brewlite/store/migrations/") for name in names)
    assert {f"brewlite/evaluation/suite/pages/page.{kind}" for kind in ("html.jinja", "css", "js")} <= set(names)
    package = ROOT / "brewlite"
    shipped = {f"brewlite/{file.relative_to(package).as_posix()}" for file in package.glob("checkpoints/*/*")}
    assert shipped <= set(names)
    assert wheel.stat().st_size < 25_000_000


@pytest.mark.slow
def test_a_site_from_the_wheel(elsewhere: Path):
    where = run(elsewhere, "python", "-c", "import brewlite, brewlite_listing_site; print(brewlite.__file__)")
    assert where.startswith(str(elsewhere))
    (elsewhere / "homes.csv").write_text("id,title,price\n1,Quiet flat,$900\n2,Loud flat,$700\n")
    run(elsewhere, "brewlite", "init", "--db", "site.db", "--adapter", "realestate")
    run(elsewhere, "brewlite", "import", "items", "homes.csv", "--db", "site.db", "--no-vectors")
    said = run(
        elsewhere,
        "brewlite",
        "recommend",
        "--db",
        "site.db",
        "--ranker",
        "none",
        "--instructions",
        "under 800",
        "--json",
    )
    assert [pick["item"]["id"] for pick in json.loads(said)["picks"]] == ["2"]
