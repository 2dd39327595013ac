"""Options that several commands take alike."""

from __future__ import annotations

from pathlib import Path

import click

threads = click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: torch's choice]")
data = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the data sets.  [default: ../shared/data]"
)
cache = click.option("--cache", type=click.Path(path_type=Path), help="For imported sites and kept scores.")
seed = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Chooses the cases and the bootstrap's draws."
)
