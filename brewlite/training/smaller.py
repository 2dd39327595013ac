"""A smaller checkpoint from a larger one, as the commands make it: lists from real sites, teachers by name, folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import DATA, bench_cache
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import load_ranker
from brewlite.ranker.checkpoint import check_place
from brewlite.ranker.structure import Sizes, sizes_of
from brewlite.training.distil import WAYS, Judge, Way, report_of, save_shape, three_ways
from brewlite.training.distil_report import DistilReport, table
from brewlite.training.experiment.student import Given, given
from brewlite.training.heard import KeptTeacher
from brewlite.training.lists import ListConfig, lessons
from brewlite.training.prune import Schedule, Target, plan_target
from brewlite.training.shrinking import Progress, ShrinkConfig, after_cut, base_of, importance_of
from brewlite.training.teachers import AverageTeacher, RankerTeacher, SimilarityTeacher, Teacher, teach
from brewlite.training.whole import write_whole

SIMILARITY = "similarity"
"""The sentence encoder, as a teacher's name."""
TRAINED = tuple(data.name for data in DATA if data.trained)
"""Data sets that may be learned from."""


class LayerFacts(Struct, frozen=True, kw_only=True):
    """One layer before a cut."""

    layer: int
    """Its place in the base."""
    importance: float
    kept: bool


class PruneReport(Struct, frozen=True, kw_only=True):
    """What was dropped, and why."""

    model: str
    checkpoint: str
    by: str
    prompts: int
    layers: tuple[LayerFacts, ...]
    before: Sizes
    after: Sizes
    parameters: int
    parameters_before: int


def prune_model(
    model: str,
    out: Path,
    target: Target,
    sites: Sequence[BenchSite],
    lists: ListConfig,
    config: ShrinkConfig,
    progress: Progress | None = None,
) -> PruneReport:
    """Cut ``model`` to ``target`` by what its parts do on lists of ``sites``, and write the checkpoint ``out``.

    Nothing is learned: what ranks worse for it is to be healed (see :func:`distil_model`).

    Raises:
        BadSettings: the model cannot be cut so, or ``out`` holds something else, or cannot be written.
        WeightsMissing: the model, or its base, is not on this machine.
    """
    check_place(out)
    load, shape, manifest = given(model)
    large, tokenizer = base_of(load, shape)
    prompts = [lesson.prompt for lesson in lessons(sites, tokenizer, lists, None, progress)]
    importance = importance_of(load, shape, prompts, config, progress)
    planned = plan_target(importance, target, sizes_of(load()[0]), config.grain)
    smaller = after_cut(load, shape, planned)
    said = {"from": model, "target": msgspec.to_builtins(target), "by": config.by, "healed": False}
    save_shape(out, manifest, smaller, said, {})
    small, _ = base_of(load, smaller)
    places = shape.structure.layers if shape.structure is not None else range(len(importance.layers))
    return PruneReport(
        model=model,
        checkpoint=str(out),
        by=config.by,
        prompts=min(len(prompts), config.measured),
        layers=tuple(
            LayerFacts(layer=layer, importance=float(value), kept=at in planned.layers)
            for at, (layer, value) in enumerate(zip(places, importance.layers, strict=True))
        ),
        before=sizes_of(large),
        after=sizes_of(small),
        parameters=small.num_parameters(),
        parameters_before=large.num_parameters(),
    )


def distil_model(
    model: str,
    teachers: Sequence[tuple[str, float]],
    schedule: Schedule,
    sites: Sequence[BenchSite],
    lists: ListConfig,
    cases: int,
    config: ShrinkConfig,
    out: Path,
    ways: Sequence[Way] = tuple(WAYS),
    cache: Path | None = None,
    progress: Progress | None = None,
) -> DistilReport:
    """Make ``model`` smaller by each of ``ways``; writes ``out/report.json``, ``report.md`` and a checkpoint a way.

    What is unfinished lies in ``out/run``: the same call goes on where it was killed.

    Args:
        model: a checkpoint, which the ways begin from, or a base model.
        teachers: (name, weight): models, checkpoints, or SIMILARITY; none: ``model`` itself.
        schedule: how small, and by which steps.
        sites: with a log each; what is learned lies before their validation parts, and these decide.
        lists: how many lists of each site.
        cases: validation cases of each site.
        config: how it is cut and healed.
        out: for the report and the checkpoints.
        ways: which.
        cache: where the teachers' scores are kept.
        progress: told about all that takes long.

    Raises:
        BadSettings: the model cannot be cut so, ``out`` cannot be written, or ``out/run`` holds another run.
        WeightsMissing: a model is not on this machine.
    """
    for way in ways:
        check_place(out / way)
    origin = given(model)
    said = [
        model,
        origin.manifest.differences_sha256,
        list(teachers),
        schedule,
        [(site.name, site.digest) for site in sites],
        lists,
        config,
    ]
    _same_run(out / "run", msgspec.json.encode(said))
    judge = Judge(sites, cases, lists.seed)
    teacher = teacher_of(teachers or [(model, 1.0)], sites, cache or bench_cache())
    asked = lessons(sites, origin.load()[1], lists, out / "run" / "lists.msgpack", progress)
    examples = teach(asked, teacher, None if progress is None else lambda d, n: progress("the teacher's scores", d, n))
    made, rounds = three_ways(origin.load, origin.shape, schedule, examples, config, out / "run", ways, progress)
    report = report_of(
        origin.load, origin.shape, made, rounds, judge, schedule, config, examples, teacher.name, progress
    )
    _write(out, origin, report, {WAYS[way]: out / way for way in ways}, made)
    return report


def teacher_of(names: Sequence[tuple[str, float]], sites: Sequence[BenchSite], cache: Path) -> Teacher:
    """The teacher of that name, or the average of several; what models say is kept in ``cache``.

    Raises:
        BadSettings: no name, one twice, or a weight that is not above 0.
    """
    if len({name for name, _ in names}) < len(names):
        raise BadSettings(f"a teacher is named twice: {', '.join(name for name, _ in names)}; give each one once")
    teachers: list[Teacher] = []
    for name, _ in names:
        if name == SIMILARITY:
            teachers.append(SimilarityTeacher({site.name: site.recommender for site in sites}))
        else:
            teachers.append(KeptTeacher(RankerTeacher(load_ranker(name)), cache / "teachers"))
    weights = [weight for _, weight in names]
    return teachers[0] if len(teachers) == 1 else AverageTeacher(teachers, weights)


def _same_run(folder: Path, asked: bytes) -> None:
    """Note what is ``asked`` in ``folder``. Raises BadSettings where something else was asked there before."""
    note = folder / "asked.json"
    if note.exists() and note.read_bytes() != asked:
        raise BadSettings(f"{folder} holds a run with other settings: choose another folder with --out, or empty it")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(note, asked)


def _write(out: Path, origin: Given, report: DistilReport, folders: dict[str, Path], made: dict[str, Any]) -> None:
    for row in report.rows:
        if row.name in folders:
            said = {
                "way": row.name,
                "teacher": report.teacher,
                "schedule": msgspec.to_builtins(report.schedule),
                "config": msgspec.to_builtins(report.config),
            }
            figures = msgspec.to_builtins(structs.replace(row, rounds=()))
            save_shape(folders[row.name], origin.manifest, made[row.name], said, figures)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    (out / "report.md").write_text(table(report), encoding="utf-8")
