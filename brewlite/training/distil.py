"""A small ranker from a large one, three ways at one price: step by step, in one jump, and without the large one.

Each way learns from as many tokens. The first two begin from what the large one has learned and hear what it says of
every list; the third is cut from the base as it came, and has only the labels (Hinton, Vinyals and Dean, "Distilling
the Knowledge in a Neural Network", 2015; the gradual way as in Muralidharan et al. 2024, arXiv 2407.14679).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from msgspec import structs

from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker.checkpoint import LoraShape, Manifest, save_checkpoint
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt
from brewlite.training.answers import answers, draws, validation_cases
from brewlite.training.distil_report import Difference, DistilReport, Row
from brewlite.training.fit import Example
from brewlite.training.prune import Schedule
from brewlite.training.shrinking import Load, Progress, Round, Shape, ShrinkConfig, cut_to, ranker_of, shrink, under

Way = Literal["steps", "jump", "direct"]
WAYS: dict[Way, str] = {"steps": "step by step", "jump": "one jump", "direct": "directly from labels"}
WHOLE, UNHEALED = "whole", "cut, not healed"
TIMED_CANDIDATES, TIMED_PREFIX, TIMED_TOKENS = 60, 400, 40
"""Of the timed prompts: candidates, tokens of the prefix, tokens of each candidate."""
REPETITIONS = 7


class Judge:
    """What rankers are compared by: the same cases of the validation part of each site's log.

    Args:
        sites: each with a log.
        count: cases of each site, at most.
        seed: chooses the cases, and the bootstrap's draws.
    """

    def __init__(self, sites: Sequence[BenchSite], count: int, seed: int = 0) -> None:
        self._asked = [(site, validation_cases(site, count, seed)) for site in sites]
        self.cases: list[Case] = [case for _, cases in self._asked for case in cases]
        self.draws = draws(self.cases, seed)

    def values(self, ranker: TorchRanker, progress: Progress | None = None) -> Floats:
        """(N,) NDCG@10 of the model by itself, one a case."""
        return np.array([a.model for site, cases in self._asked for a in answers(site, ranker, cases, progress)])


def three_ways(
    load: Load,
    shape: Shape,
    schedule: Schedule,
    examples: Sequence[Example],
    config: ShrinkConfig,
    folder: Path,
    ways: Sequence[Way] = tuple(WAYS),
    progress: Progress | None = None,
) -> tuple[dict[str, Shape], dict[str, list[Round]]]:
    """Way -> what it has made; way -> its rounds. Also the cut ranker before it heals, which has none.

    Args:
        load: gives the base.
        shape: the large ranker, which the ways begin from; ``direct`` takes only its base.
        schedule: how small it becomes, and by which steps.
        examples: lists with the teacher's scores, with labels, or with both; ``direct`` sees the labels alone.
        config: how.
        folder: where every way keeps its state; a killed run goes on where it was.
        ways: which.
        progress: told about all that takes long.

    Raises:
        BadSettings: no examples, none with labels for ``direct``, or a folder with another run.
    """
    labelled = only_labels(examples)
    if "direct" in ways and not labelled:
        raise BadSettings("the direct way learns from labels, and no list has any: leave it out, or give a log")
    prompts, (small,) = [example.prompt for example in examples], schedule.jump.steps
    unhealed, _ = cut_to(load, shape, small, prompts, config, folder / "jump" / "round-1", under(UNHEALED, progress))
    made, rounds = {UNHEALED: unhealed}, {}
    for way in ways:
        name = WAYS[way]
        begin = Shape(lora=shape.lora) if way == "direct" else shape
        steps = schedule if way == "steps" else schedule.jump
        lists = labelled if way == "direct" else examples
        made[name], rounds[name] = shrink(load, begin, steps, lists, config, folder / way, under(name, progress))
    return made, rounds


def report_of(
    load: Load,
    whole: Shape,
    made: Mapping[str, Shape],
    rounds: Mapping[str, Sequence[Round]],
    judge: Judge,
    schedule: Schedule,
    config: ShrinkConfig,
    examples: Sequence[Example],
    teacher: str = "",
    progress: Progress | None = None,
) -> DistilReport:
    """Judge and time the ``whole`` ranker and all that was ``made`` of it; see :func:`three_ways`."""
    rankers = {name: ranker_of(load, shape, name) for name, shape in {WHOLE: whole, **made}.items()}
    values = {name: judge.values(ranker, progress) for name, ranker in rankers.items()}
    seconds = time_by_turns(rankers, np.random.default_rng(0))
    rows = [
        Row(
            name=name,
            layers=ranker.model.config.get_text_config().num_hidden_layers,
            parameters=_count(ranker.model),
            layer_parameters=_count(ranker.model.get_decoder().layers),
            ndcg=judge.draws.estimate(values[name]),
            less=judge.draws.estimate(values[name] - values[WHOLE]),
            seconds=seconds[name],
            ratio=seconds[name] / seconds[WHOLE],
            rounds=tuple(rounds.get(name, ())),
        )
        for name, ranker in rankers.items()
    ]
    differences = [
        Difference(way=one, other=other, ndcg=judge.draws.estimate(values[one] - values[other]))
        for one, other in combinations(rounds, 2)
    ]
    return DistilReport(
        rows=tuple(rows),
        differences=tuple(differences),
        teacher=teacher,
        sites=tuple(sorted({case.site for case in judge.cases})),
        cases=len(judge.cases),
        lists=len(examples),
        labelled=len(only_labels(examples)),
        schedule=schedule,
        config=config,
        threads=torch.get_num_threads(),
        dtype=str(rankers[WHOLE].dtype).removeprefix("torch."),
    )


def only_labels(examples: Sequence[Example]) -> list[Example]:
    """Those of ``examples`` that have labels, without what a teacher said of them."""
    return [structs.replace(example, teacher=(), chances=False) for example in examples if example.gains]


def time_by_turns(
    rankers: Mapping[str, TorchRanker], rng: np.random.Generator, repetitions: int = REPETITIONS
) -> dict[str, float]:
    """Name -> median seconds for 60 candidates; one of each in turn, so that a busy machine slows all alike."""
    taken: dict[str, list[float]] = {name: [] for name in rankers}
    for repetition in range(repetitions + 1):
        for name, ranker in rankers.items():
            prompt = _random_prompt(ranker, rng)
            start = time.perf_counter()
            ranker.score(prompt)
            if repetition:  # the first sets kernels up
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _random_prompt(ranker: TorchRanker, rng: np.random.Generator) -> RankingPrompt:
    """Random ids: the time does not depend on what they say. Shorter where the model reads no more."""
    room = ranker.max_length - len(ranker.tokenizer.lead)
    each = min(TIMED_TOKENS, room // 4)
    prefix = min(TIMED_PREFIX, room - each)
    ids = rng.integers(ranker.model.config.get_text_config().vocab_size, size=prefix + TIMED_CANDIDATES * each).tolist()
    starts = range(prefix, len(ids), each)
    return RankingPrompt(prefix=tuple(ids[:prefix]), candidates=tuple(tuple(ids[at : at + each]) for at in starts))


def _count(module: torch.nn.Module) -> int:
    """Parameters; those that are shared count once."""
    return sum(parameter.numel() for parameter in module.parameters())


def save_shape(
    folder: Path, manifest: Manifest, shape: Shape, recipe: Mapping[str, Any], figures: Mapping[str, Any]
) -> Manifest:
    """Write what a way has made as a checkpoint of the base that ``manifest`` names.

    What the blend was advised with the large one is not the small one's: it is left out.
    """
    fresh = structs.replace(
        manifest,
        name=folder.name,
        structure=shape.structure,
        lora=LoraShape(rank=shape.lora.rank, alpha=shape.lora.alpha) if shape.differences else None,
        blend={},
        recipe={**manifest.recipe, "smaller": dict(recipe)},
        figures=dict(figures),
        created=datetime.now(UTC).replace(microsecond=0),
    )
    return save_checkpoint(folder, fresh, shape.differences)
