"""From scores and an order to the slate that the caller gets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from brewlite.blend import Blended
from brewlite.recommender.visit import Visit
from brewlite.records import Candidate, Pick, Slate


def assemble(
    visit: Visit,
    candidates: Sequence[Candidate],
    blended: Blended,
    order: Sequence[int],
    reasons: Sequence[str],
    timing: dict[str, float],
    model: str | None,
) -> Slate:
    """The slate of the candidates at positions ``order``, best first, each with its reason.

    ``model`` is the name of the one that was due.
    Scores are rounded: digits beyond the sixth are noise of the arithmetic, and would differ between machines.
    """
    probability = blended.probability()
    picks = tuple(
        Pick(
            item=visit.moment.catalog.items[visit.moment.catalog.index[candidates[position].item]],
            rank=rank,
            score=round(float(blended.score[position]), 6),
            probability=round(float(probability[position]), 6),
            sources=_sources(visit, candidates[position], blended, position),
            reason=reason,
        )
        for rank, (position, reason) in enumerate(zip(order, reasons, strict=True), start=1)
    )
    return Slate(
        id=uuid.uuid4().hex,
        picks=picks,
        task=visit.task.name,
        model=model if model is not None and blended.used_model else "none",
        understood=visit.visitor.constraints,
        notes=visit.visitor.notes + _notes(visit, blended, len(picks)),
        timing=timing,
        degraded=bool(model is not None and candidates and not blended.used_model and not blended.unheard),
    )


def _sources(visit: Visit, candidate: Candidate, blended: Blended, position: int) -> dict[str, float]:
    """The parts that the score is the sum of."""
    row = visit.moment.catalog.index[candidate.item]
    sources = {name: round(float(part[row]), 4) for name, part in visit.weighing.parts.items()}
    if blended.used_model:
        sources["model"] = round(float(blended.model[position]), 4)
    return sources


def _notes(visit: Visit, blended: Blended, shown: int) -> tuple[str, ...]:
    notes: list[str] = []
    count = len(visit.moment.catalog.items)
    if not count:
        notes.append("the catalog is empty: import items first")
    elif visit.query.candidates == ():
        notes.append("candidates are empty: leave them out to choose from the whole catalog")
    elif visit.query.candidates is None and shown < visit.query.k:
        limits = " within the limits" if visit.visitor.constraints else ""
        notes.append(f"only {shown} of {count} items may be shown{limits}: fewer than the {visit.query.k} asked for")
    return tuple(notes)
