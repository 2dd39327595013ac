"""What a run of a site's own training has set out to do: kept, so that a killed run is gone on with."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.training.whole import write_whole

FILE = "plan.json"
CONTINUED_WITHIN = timedelta(hours=48)
"""A run that was killed longer ago is begun anew: the log has moved on."""


class OwnSiteConfig(Struct, frozen=True, kw_only=True):
    """How a site learns from its own log. Raises BadSettings for numbers that ask for nothing."""

    minutes: float = 20.0
    """For everything: asking the ranker in use, learning, asking the new one."""
    steps: int | None = None
    """Of learning; None: as many as the minutes allow, and no more than ``epochs``."""
    epochs: float = 3.0
    """How often each example is learned from at most."""
    examples: int = 1500
    """At most."""
    held_out: int = 40
    """Examples that say when to stop."""
    cases: int = 200
    """That decide, at most."""
    candidates: int = 20
    """Of each of these."""
    doubt: float = 0.1
    """The chance of being wrong that is allowed when a new ranker is taken for better."""
    learning_rate: float = 3e-4
    step_tokens: int = 6000
    teacher: float = 0.3
    """Weight of likeness (the sentence encoder's opinion) beside what was chosen."""
    rank: int = 16
    """Of the differences, where the ranker in use has none yet."""
    save_seconds: float = 60.0
    """Between two states that a killed run goes on from."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("minutes", "epochs", "examples", "cases", "step_tokens", "rank"):
            if not getattr(self, name) > 0:
                raise BadSettings(f"{name} is {getattr(self, name)}: give more than 0")
        if self.steps is not None and self.steps < 1:
            raise BadSettings(f"steps is {self.steps}: give at least 1")
        if not 0 < self.doubt < 0.5:
            raise BadSettings(f"doubt is {self.doubt}: give a chance between 0 and 0.5, such as 0.1")


class Plan(Struct, frozen=True, kw_only=True):
    """One run."""

    config: OwnSiteConfig
    number: int
    """Of the version that it makes."""
    current: str
    """The ranker in use: a name, or a folder."""
    replaced: str
    """How the store's note spells it; empty: the shipped one."""
    until: int
    """Time of the last event that counts, in microseconds."""
    created: datetime
    cases: int = 0
    """How many decide; 0: not settled yet."""
    judging: float = 0.0
    """Seconds that asking the ranker in use took, and so will asking the new one."""
    steps: int = 0
    """0: not settled yet."""
    spent: float = 0.0
    """Seconds that the run had taken when this was written; learning came after."""

    def continues(self, asked: Plan) -> bool:
        """Whether going on with this does what ``asked`` asks for. Events may have come in since."""
        same = (self.config, self.current, self.replaced) == (asked.config, asked.current, asked.replaced)
        return same and self.until <= asked.until and asked.created - self.created < CONTINUED_WITHIN


def read_plan(folder: Path) -> Plan | None:
    """The plan in ``folder``; None where there is none, or another version of brewlite wrote it."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Plan)
    except (OSError, msgspec.DecodeError):
        return None


def write_plan(folder: Path, plan: Plan) -> None:
    """Keep ``plan``; it is there whole or not at all."""
    write_whole(folder / FILE, msgspec.json.encode(plan))
