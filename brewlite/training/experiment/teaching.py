"""What distil and prune learn from: the examples, with what teachers say of each list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brewlite.errors import BadSettings
from brewlite.ranker import Tokenizer, load_ranker
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import Inputs, Told
from brewlite.training.experiment.stages.data import LABELLED, Examples
from brewlite.training.fit import Example
from brewlite.training.heard import KeptTeacher
from brewlite.training.teachers import (
    AverageTeacher,
    Lesson,
    RankerTeacher,
    SimilarityTeacher,
    Teacher,
    lessons_of,
    teach,
)

BEFORE, SIMILARITY = "before", "similarity"
"""Teachers that are no model's name: the model that the stage is given, and the sentence encoder."""


def models_among(teachers: Sequence[str]) -> tuple[str, ...]:
    """Those that are names of models."""
    return tuple(name for name in teachers if name not in (BEFORE, SIMILARITY))


def check_teachers(teachers: Sequence[str], weights: Sequence[float]) -> None:
    """Raise BadSettings for weights that do not fit the teachers."""
    if weights and (len(weights) != len(teachers) or min(weights) <= 0):
        raise BadSettings(f"{len(teachers)} teachers with weights {list(weights)}: give each one a weight above 0")


def taught(
    examples: Examples,
    kinds: Sequence[str],
    teachers: Sequence[str],
    weights: Sequence[float],
    tokenizer: Tokenizer,
    inputs: Inputs,
    sites: OpenSites,
    tell: Told,
) -> list[Example]:
    """The examples of ``kinds`` with the mean of the teachers' scores; without teachers as they are.

    What a model has said is kept on disk, so that it is asked about a list once. Likeness takes no time.
    """
    chosen = lessons_of(examples.of(tuple(kind for kind in kinds if kind in LABELLED)), tokenizer)
    lessons: list[Lesson] = [*chosen, *(examples.served if "served" in kinds else ())]
    opened = {site.name: site.recommender for site in map(sites.site, inputs.sites)}
    folder = Path(sites.cache) / "teachers"
    heard: list[Teacher] = []
    for name in teachers:
        if name == SIMILARITY:
            heard.append(SimilarityTeacher(opened))
        else:
            heard.append(KeptTeacher(RankerTeacher(load_ranker(inputs.model if name == BEFORE else name)), folder))
    together = AverageTeacher(heard, list(weights) or [1.0] * len(heard)) if len(heard) > 1 else None
    teacher = together or (heard[0] if heard else None)
    return teach(lessons, teacher, lambda done, total: tell("teacher: lists", done, total))
