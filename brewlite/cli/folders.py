"""Where a long command will write: looked at before its work, not after."""

from __future__ import annotations

import os
from pathlib import Path

from brewlite.errors import BadSettings


def check_folder(option: str, folder: Path) -> None:
    """Whether ``folder`` is there to be written to, or can be made; nothing is made yet.

    Raises BadSettings, which names ``option``, where it cannot.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise BadSettings(f"{option} {folder}: {there} is a file; give a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadSettings(f"{option} {folder}: nothing can be written in {there}; give another folder")
