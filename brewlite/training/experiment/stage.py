"""What a stage of the pipeline is, and what passes between two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from brewlite.store.runs import CurvePoint, Figure, Value
from brewlite.training.experiment.sites import OpenSites

Made = Literal["data", "model"]
DATA: Made = "data"
"""Examples, in the folder of the data stage."""
MODEL: Made = "model"
"""A checkpoint, in the folder ``model`` inside that of the stage which saved it."""
Read = Literal["data", "model", "tokenizer"]
TOKENIZER: Read = "tokenizer"
"""Of the model that the point begins with: those that stand on one base share it."""


class Inputs(Struct, frozen=True, kw_only=True):
    """What the stages before have made."""

    model: str
    """A model's name, a folder of weights, or a checkpoint that an earlier stage has saved."""
    data: Path | None = None
    """The data stage's folder; None: there was no data stage."""
    sites: tuple[str, ...] = ()
    """Names of the sites in the data section."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What one stage came to, beside the files in its folder."""

    facts: dict[str, Value] = {}
    """Figures and words for the tables: how many slates, what validation said before and after."""
    curve: tuple[CurvePoint, ...] = ()
    figures: tuple[Figure, ...] = ()


class Told(Protocol):
    """Called with what is done, how much of it, out of how much, and perhaps a few words about it."""

    def __call__(self, name: str, done: int, total: int, note: str = "", /) -> None:
        """Show it."""


class Stage(Protocol):
    """One step of the pipeline. It writes into its own folder, and may find there what a killed run has left."""

    @property
    def name(self) -> str:
        """Of the section in the file, too."""
        ...

    @property
    def section(self) -> type[Any]:
        """What can be said in the file: a Struct."""
        ...

    @property
    def reads(self) -> tuple[Read, ...]:
        """What of the earlier stages' work, and of the model they begin with, its outcome depends on."""
        ...

    @property
    def makes(self) -> Made | None:
        """What it hands on."""
        ...

    @property
    def code(self) -> tuple[str, ...]:
        """Files and folders of the package that its outcome depends on: when they change, it is done anew."""
        ...

    def sites(self, section: Any, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the sites that it opens itself; ``of_data`` are those in the data section."""
        ...

    def models(self, section: Any) -> tuple[str, ...]:
        """Names of models that it reads beside the one that it is given: teachers."""
        ...

    def run(self, section: Any, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Do it. Raises UserError when it cannot be done, or must not be (a gate): the run ends there."""
        ...
