"""The distil stage: the model learns what teachers say of each list, mixed with the labels."""

from __future__ import annotations

from pathlib import Path

import msgspec

from brewlite.training.experiment.keys import OF_STUDENTS
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import DATA, MODEL, Inputs, Made, Outcome, Read, Told
from brewlite.training.experiment.stages.data import check_kinds, read_examples
from brewlite.training.experiment.student import begun, curve_of, looks_of, run_fitting, save_student
from brewlite.training.experiment.teaching import SIMILARITY, check_teachers, models_among, taught
from brewlite.training.fit import FitConfig, Fitting
from brewlite.training.lora import LoraConfig


class DistilSection(FitConfig, frozen=True, kw_only=True):
    """See :class:`brewlite.training.fit.FitConfig`, whose ``teacher`` is alpha; and who teaches, on what."""

    teachers: tuple[str, ...] = (SIMILARITY,)
    """``similarity``, ``before`` (the model as the stage is given it), or models' names and folders."""
    weights: tuple[float, ...] = ()
    """One a teacher; empty: all alike."""
    kinds: tuple[str, ...] = ("log",)
    """Of ``log``, ``stated``, ``warm`` and ``served``: the lists."""
    lora: LoraConfig = LoraConfig()
    """Of a model that has no differences yet."""

    def __post_init__(self) -> None:
        check_kinds(self.kinds)
        check_teachers(self.teachers, self.weights)


class DistilStage:
    """Learns from teachers."""

    name = "distil"
    section = DistilSection
    reads: tuple[Read, ...] = (DATA, MODEL)
    makes: Made | None = MODEL
    code = (
        *OF_STUDENTS,
        "training/heard.py",
        "training/experiment/teaching.py",
        "training/experiment/stages/distil.py",
    )

    def sites(self, section: DistilSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """The data section's, for the sentence encoder."""
        return of_data

    def models(self, section: DistilSection) -> tuple[str, ...]:
        """The teachers."""
        return models_among(section.teachers)

    def run(self, section: DistilSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Go on from the state in ``folder``, if there is one."""
        examples = read_examples(inputs, self.name)
        student, manifest = begun(inputs.model, section.lora)
        heard = taught(
            examples, section.kinds, section.teachers, section.weights, student.tokenizer, inputs, sites, tell
        )
        fitting = Fitting(student, heard, section, folder / "state", examples.held_out)
        run_fitting(fitting, "distil: steps", tell)
        save_student(folder, fitting, manifest, {"distil": msgspec.to_builtins(section)})
        facts = {"lists": len(heard), "steps": fitting.step, **looks_of(fitting)}
        return Outcome(facts=facts, curve=curve_of(fitting.history))
