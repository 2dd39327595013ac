"""The evaluate stage: NDCG@10 on the validation part of each site, of the model, of the blend, and what it adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.ranker import load_ranker
from brewlite.store.runs import Figure
from brewlite.training.answers import Answered, answers, draws, validation_cases
from brewlite.training.experiment.keys import OF_SITES
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import MODEL, Inputs, Made, Outcome, Read, Told
from brewlite.training.experiment.table import ADDED, ALL, BLEND
from brewlite.training.experiment.table import MODEL as ALONE

_METRICS: dict[str, Callable[[Answered], float]] = {
    ALONE: lambda each: each.model,
    BLEND: lambda each: each.blend,
    ADDED: lambda each: each.blend - each.signals,
}


class EvaluateSection(Struct, frozen=True, kw_only=True):
    """What is asked. Only the validation part of the logs: what is chosen by it must not have seen the test part."""

    sites: tuple[str, ...] = ()
    """Empty: those of the data section."""
    cases: int = 60
    """Of each site, at most."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cases < 1:
            raise BadSettings(f"cases is {self.cases}: at least 1 of each site is needed")


class EvaluateStage:
    """Judges the model that it is given."""

    name = "evaluate"
    section = EvaluateSection
    reads: tuple[Read, ...] = (MODEL,)
    makes: Made | None = None
    code = (
        *(*OF_SITES, "ranker", "evaluation/metrics.py", "evaluation/statistics.py"),
        *("training/answers.py", "training/experiment/stages/evaluate.py"),
    )

    def sites(self, section: EvaluateSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """The section's, or the data section's."""
        if not (named := section.sites or of_data):
            raise BadSettings("section [evaluate] needs sites: name them there, or add a section [data]")
        return named

    def models(self, section: EvaluateSection) -> tuple[str, ...]:
        """None beside the one that it is given."""
        return ()

    def run(self, section: EvaluateSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Site by site; what the model has said is kept, so that a killed run goes on where it was."""
        ranker = KeptScores(load_ranker(inputs.model), folder / "scores")
        clock = time.perf_counter()
        answered: dict[str, list[Answered]] = {}
        for name in self.sites(section, inputs.sites):
            site = sites.site(name)
            cases = validation_cases(site, section.cases, section.seed)
            answered[site.name] = list(answers(site, ranker, cases, tell, "evaluate"))
        seconds = time.perf_counter() - clock
        everything = [each for own in answered.values() for each in own]
        figures = [figure for name, own in answered.items() for figure in _figures(name, own, section.seed)]
        facts = {"cases": len(everything)}
        if ranker.read_tokens:
            facts["scored tokens a second"] = round(ranker.read_tokens / seconds)
        return Outcome(facts=dict(facts), figures=(*_figures(ALL, everything, section.seed), *figures))


def _figures(site: str, answered: Sequence[Answered], seed: int) -> list[Figure]:
    drawn = draws([each.case for each in answered], seed)
    made = []
    for metric, value in _METRICS.items():
        found: Estimate = drawn.estimate(np.array([value(each) for each in answered], dtype=np.float64))
        made.append(
            Figure(site=site, metric=metric, value=found.value, low=found.low, high=found.high, cases=len(answered))
        )
    return made
