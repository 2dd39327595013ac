"""From the base model to a checkpoint that can be shipped: the recipe, the run, the manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import bench_cache, find_data
from brewlite.ranker.checkpoint import Source, check_place, save_checkpoint
from brewlite.training.fit import Fitting, Look, StepFacts
from brewlite.training.lora import lora_state
from brewlite.training.recipe import SHIPPED, Progress, Recipe, gather
from brewlite.training.recipe import fit as follow
from brewlite.training.report import write_report
from brewlite.training.start import student_from
from brewlite.weights import BASE

LICENCES = {
    "airbnb_barossa": "CC BY 4.0 (Inside Airbnb)",
    "airbnb_singapore": "CC BY 4.0 (Inside Airbnb)",
    "stackexchange_travel": "CC BY-SA (Stack Exchange)",
    "stackexchange_ai_titles": "CC BY-SA (Stack Exchange)",
    "stackexchange_coffee": "CC BY-SA (Stack Exchange)",
    "made_jobs": "Apache-2.0 (made up by brewlite)",
}
"""What the shipped recipe learns from, and under which terms."""
Tell = Callable[[str, StepFacts, Look | None, int], None]
"""Called after each step; the last is how many steps the phase has."""


def fit_checkpoint(
    out: Path,
    data: Path | None,
    name: str,
    start: str | Path | None = None,
    steps: int | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Follow the shipped recipe and write the checkpoint ``out``; its state lies beside it in ``OUT-run``.

    Args:
        out: the checkpoint's folder.
        data: that of the real sites; None: where the suite finds it.
        name: the checkpoint's.
        start: a checkpoint to go on from; the recipe's first phase, which it has been through, is left out.
        steps: of the last phase.
        progress: called while examples are made.
        tell: called after each step.

    Returns:
        Figures of the run.

    Raises:
        BadSettings: ``out`` cannot be written, or ``start`` stands on another base; else as :func:`gather`.
        UnknownName: there is no model ``start``.
        WeightsMissing: the base.
    """
    check_place(out)
    recipe = with_steps(SHIPPED, steps)
    if start is not None:
        recipe = structs.replace(recipe, phases=recipe.phases[1:])
    student, manifest = student_from(BASE if start is None else start, recipe.lora)
    if manifest.base != BASE:
        raise BadSettings(f"{start} stands on {manifest.base}: the recipe is for {BASE}; choose another --start")
    gathered = gather(recipe, find_data(data), bench_cache(), BASE, progress)
    state = out.with_name(f"{out.name}-run")
    totals = {phase.name: phase.fit.steps for phase in recipe.phases}

    def told(phase: str, facts: StepFacts, look: Look | None) -> None:
        if tell is not None:
            tell(phase, facts, look, totals[phase])

    runs = follow(recipe, student, gathered, state, told)
    report = state / "report.html"
    write_report([(phase.name, run) for phase, run in zip(recipe.phases, runs, strict=True)], report)
    figures = _figures(runs)
    manifest = structs.replace(
        manifest,
        name=name,
        licence="Apache-2.0",
        slates=manifest.slates + figures["slates"],
        data=tuple(Source(name=s.site, licence=LICENCES.get(s.site, "")) for s in recipe.sites),
        recipe=msgspec.to_builtins(recipe) | ({"before": manifest.recipe} if start is not None else {}),
        figures={"run": figures} | ({"before": manifest.figures} if start is not None else {}),
        created=datetime.now(UTC).replace(microsecond=0),
    )
    save_checkpoint(out, manifest, lora_state(student.decoder))
    return {**figures, "report": str(report)}


def _figures(runs: Sequence[Fitting]) -> dict[str, Any]:
    """What the phases cost and brought."""
    history = [facts for run in runs for facts in run.history]
    seconds, tokens = sum(f.seconds for f in history), sum(f.tokens for f in history)
    looks = [look for run in runs for look in run.looks]
    kept = runs[-1].kept
    return {
        "hours": round(seconds / 3600, 2),
        "tokens": tokens,
        "slates": sum(run.slates for run in runs),
        "tokens_a_second": round(tokens / max(seconds, 1e-9)),
        "ndcg_before": round(looks[0].ndcg, 4) if looks else None,
        "ndcg_after": round(kept.ndcg, 4) if kept else None,
    }


def with_steps(recipe: Recipe, steps: int | None) -> Recipe:
    """``recipe`` with another number of steps in its last phase."""
    if steps is None:
        return recipe
    last = recipe.phases[-1]
    changed = structs.replace(last, fit=structs.replace(last.fit, steps=steps))
    return structs.replace(recipe, phases=(*recipe.phases[:-1], changed))
