"""Printing shared by the commands."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.console import Console

console = Console()
"""Tables and words for people, on standard output."""
progress_console = Console(stderr=True)
"""Progress bars: standard error, so that ``--json`` output stays clean."""


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())
