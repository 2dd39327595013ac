"""The fit stage: differences to the model, learned from the examples."""

from __future__ import annotations

from pathlib import Path

import msgspec

from brewlite.training.experiment.keys import OF_STUDENTS
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import DATA, MODEL, Inputs, Made, Outcome, Read, Told
from brewlite.training.experiment.stages.data import LABELLED, check_kinds, read_examples
from brewlite.training.experiment.student import begun, curve_of, looks_of, run_fitting, save_student
from brewlite.training.fit import FitConfig, Fitting
from brewlite.training.lora import LoraConfig


class FitSection(FitConfig, frozen=True, kw_only=True):
    """See :class:`brewlite.training.fit.FitConfig`; and what is learned, from what."""

    kinds: tuple[str, ...] = ("log",)
    """Of ``log``, ``stated`` and ``warm``: what is learned from."""
    lora: LoraConfig = LoraConfig()
    """Of a model that has no differences yet; those of a checkpoint are learned on in their own shape."""

    def __post_init__(self) -> None:
        check_kinds(self.kinds, LABELLED)


class FitStage:
    """Fits the model that it is given."""

    name = "fit"
    section = FitSection
    reads: tuple[Read, ...] = (DATA, MODEL)
    makes: Made | None = MODEL
    code = (*OF_STUDENTS, "training/experiment/stages/fit.py")

    def sites(self, section: FitSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """None: the examples are all that it reads."""
        return ()

    def models(self, section: FitSection) -> tuple[str, ...]:
        """None beside the one that it is given."""
        return ()

    def run(self, section: FitSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Go on from the state in ``folder``, if there is one."""
        examples = read_examples(inputs, self.name)
        student, manifest = begun(inputs.model, section.lora)
        fitting = Fitting(student, examples.of(section.kinds), section, folder / "state", examples.held_out)
        run_fitting(fitting, "fit: steps", tell)
        save_student(folder, fitting, manifest, {"fit": msgspec.to_builtins(section)})
        tokens = sum(facts.tokens for facts in fitting.history)
        facts = {"steps": fitting.step, "tokens read": tokens, **looks_of(fitting)}
        return Outcome(facts=facts, curve=curve_of(fitting.history))
