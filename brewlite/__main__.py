"""``python -m brewlite``: the command line."""

from brewlite.cli import main

main()
