"""The prune stage: the model becomes smaller in one step or several, and is healed after each."""

from __future__ import annotations

from pathlib import Path

import msgspec

from brewlite.store.runs import CurvePoint, Value
from brewlite.training.experiment.keys import OF_STUDENTS
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import DATA, MODEL, Inputs, Made, Outcome, Read, Told
from brewlite.training.experiment.stages.data import check_kinds, read_examples
from brewlite.training.experiment.student import given, save_shape, tokens_of
from brewlite.training.experiment.teaching import BEFORE, check_teachers, models_among, taught
from brewlite.training.prune import Schedule
from brewlite.training.shrinking import Round, ShrinkConfig, shrink


class PruneSection(ShrinkConfig, frozen=True, kw_only=True):
    """See :class:`brewlite.training.shrinking.ShrinkConfig`; and how small, taught by whom, on what."""

    layers: tuple[int, ...] = (24,)
    """Left after each round: ``[24, 18]`` are two rounds."""
    neurons: float = 1.0
    """Share of the base's neurons in each layer that is left at the end."""
    heads: int | None = None
    """Key/value groups of each layer that are left at the end; left out: all."""
    teachers: tuple[str, ...] = (BEFORE,)
    """As in the section of distil; empty: labels alone."""
    weights: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ("log",)
    """Of ``log``, ``stated``, ``warm`` and ``served``: the lists."""

    def __post_init__(self) -> None:
        check_kinds(self.kinds)
        check_teachers(self.teachers, self.weights)
        Schedule.even(self.layers, self.neurons, self.heads)


class PruneStage:
    """Cuts and heals."""

    name = "prune"
    section = PruneSection
    reads: tuple[Read, ...] = (DATA, MODEL)
    makes: Made | None = MODEL
    code = (
        *OF_STUDENTS,
        *(f"training/{name}.py" for name in ("heard", "importance", "prune", "shrinking")),
        *("training/experiment/teaching.py", "training/experiment/stages/prune.py"),
    )

    def sites(self, section: PruneSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """The data section's, for the sentence encoder."""
        return of_data

    def models(self, section: PruneSection) -> tuple[str, ...]:
        """The teachers."""
        return models_among(section.teachers)

    def run(self, section: PruneSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Round by round; go on from the state in ``folder``, if there is one."""
        examples = read_examples(inputs, self.name)
        begin, tokenizer = given(inputs.model), tokens_of(inputs.model)
        heard = taught(examples, section.kinds, section.teachers, section.weights, tokenizer, inputs, sites, tell)
        schedule = Schedule.even(section.layers, section.neurons, section.heads)

        def told(name: str, done: int, total: int) -> None:
            tell(f"prune: {name}", done, total)

        smaller, rounds = shrink(begin.load, begin.shape, schedule, heard, section, folder / "state", told)
        save_shape(folder, smaller, begin.manifest, {"prune": msgspec.to_builtins(section)})
        facts: dict[str, Value] = {
            "layers": rounds[-1].layers,
            "neurons a layer": round(rounds[-1].neurons),
            "key/value groups a layer": round(rounds[-1].heads, 2),
            "layers dropped": [list(one.dropped) for one in rounds],
            "tokens read": sum(one.tokens for one in rounds),
        }
        return Outcome(facts=facts, curve=_curve(rounds))


def _curve(rounds: list[Round]) -> tuple[CurvePoint, ...]:
    """The losses of all rounds in one row, at each round's mean speed."""
    losses = [(loss, one.tokens / max(one.seconds, 1e-9)) for one in rounds for loss in one.losses]
    return tuple(
        CurvePoint(step=step, loss=loss, tokens_per_s=rate) for step, (loss, rate) in enumerate(losses, start=1)
    )
