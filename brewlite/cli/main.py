"""The command group. A subcommand's module is imported when it is called, so that ``--help`` stays quick."""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

from brewlite.errors import BrewliteError, UserError
from brewlite.memory import keep_freed_memory

# Threads of the model that wait spin for some microseconds and then sleep. On a server that shares its cores with a
# site and its database, spinning on made a request four times as long; not to spin at all costs a short request on idle
# cores a third, as a pass has some thousand parallel parts. Read by the OpenMP runtime (the second by GNU's, which is
# torch's on Linux) when torch is loaded, which is later than this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

COMMANDS = {
    "init": "brewlite.cli.init:init",
    "import": "brewlite.cli.imports:import_",
    "recommend": "brewlite.cli.recommend:recommend",
    "rank": "brewlite.cli.recommend:rank",
    "similar": "brewlite.cli.recommend:similar",
    "prompt": "brewlite.cli.recommend:prompt",
    "models": "brewlite.cli.models:models",
    "serve": "brewlite.cli.serve:serve",
    "demo": "brewlite.cli.demo:demo",
    "bench": "brewlite.cli.bench:bench",
    "evaluate": "brewlite.cli.evaluate:evaluate",
    "train": "brewlite.cli.train:train",
    "experiment": "brewlite.cli.experiment:experiment",
    "doctor": "brewlite.cli.doctor:doctor",
}


class BrewliteGroup(click.Group):
    """A group that loads its commands late and turns brewlite's errors into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds ``cmd_name``."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a mistake of the user's ends with exit code 2 and one clear line."""
        keep_freed_memory(256)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal without UTF-8 shows a question mark, and the rest
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except BrewliteError as error:
            click.echo(f"brewlite: {error}", err=True)
            sys.exit(2 if isinstance(error, UserError) else 1)


@click.group(cls=BrewliteGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="brewlite")
def main() -> None:
    """Rank a small site's whole catalog with one compact language model.

    \b
    Example:
      brewlite init --db site.db --adapter realestate
      brewlite import items listings.csv.gz --db site.db
      brewlite recommend --db site.db --instructions "quiet, by the river"
    """
