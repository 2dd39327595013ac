"""The ``brewlite`` command: parsing and printing only. Each subcommand lives in a module of its own."""

from brewlite.cli.main import main

__all__ = ["main"]
