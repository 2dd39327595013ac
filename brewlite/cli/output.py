"""Printing shared by the commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click
import msgspec
from rich.console import Console

console = Console()
"""Tables and words for people, on standard output."""
progress_console = Console(stderr=True)
"""Progress bars: standard error, so that ``--json`` output stays clean."""
QUIET_SECONDS = 30.0
"""How long a job may say nothing where there is no terminal for its bars."""


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


class Told(Protocol):
    """Called with what is done, how much of it, out of how much, and perhaps a few words about it."""

    def __call__(self, name: str, done: int, total: int, note: str = "") -> None:
        """See the class."""


@contextmanager
def progress_bars(lines: str = "") -> Iterator[Told]:
    """A bar on standard error for whatever is told, with the time that is left.

    Where that is no terminal, what is called ``lines`` is printed line by line instead, and of all else how far it is
    every half minute: a long job in a log file shall not look dead.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with Bars(*columns, *times, console=progress_console) as bars:
        tasks: dict[str, Any] = {}
        told = time.monotonic()

        def show(name: str, done: int, total: int, note: str = "") -> None:
            nonlocal told
            late = time.monotonic() - told > QUIET_SECONDS
            if not progress_console.is_terminal and (name == lines or late):
                told = time.monotonic()
                progress_console.print(f"{name}: {done} of {total}{note and f', {note}'}", soft_wrap=True)
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total, note=note)
            if done < bars.tasks[tasks[name]].completed:  # the next of its kind: its time begins anew
                bars.reset(tasks[name])
            bars.update(tasks[name], completed=done, total=total, note=note)

        yield show
