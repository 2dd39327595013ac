"""Running an experiment: point by point, stage by stage, each stage once for all the points that share it.

A stage's folder is named by a hash of everything its outcome depends on: its section, the code it runs, the sites it
reads, and the keys of the stages before it. So what is equal is shared, and a run that was killed goes on where it was.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock
from msgspec import Struct, structs

from brewlite.errors import BadSettings, BrewliteError, UserError, WeightsCorrupt
from brewlite.evaluation.speed import machine_name
from brewlite.ranker.checkpoint import read_differences
from brewlite.store.runs import RunRow, RunStore, StageRow
from brewlite.training.experiment.file import ExperimentFile, Point
from brewlite.training.experiment.keys import code_digest, code_version, key_of, model_digest, tokenizer_digest
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import DATA, MODEL, TOKENIZER, Inputs, Outcome, Stage, Told
from brewlite.training.experiment.stages.data import read_examples
from brewlite.training.whole import write_whole

DATABASE = "runs.db"
STAGES = "stages"
DONE = "done.json"


class Done(Struct, frozen=True, kw_only=True):
    """What a finished stage leaves in its folder."""

    outcome: Outcome
    seconds: float


class Step(Struct, frozen=True, kw_only=True):
    """One stage of one point, before it is run."""

    stage: Any
    section: Any
    key: str
    digests: dict[str, str]


class Workshop:
    """Where experiments are run.

    Args:
        work: folder for the stages, the database of runs and the tables.
        stages: of the pipeline, in the order in which they run.
        data: folder of the data sets; None: where the suite looks for it.
        cache: folder for imported data sets.
        tell: told about the progress.
        after: called after each run, with all runs of all experiments.
    """

    def __init__(
        self,
        work: Path,
        stages: Sequence[Stage],
        data: Path | None,
        cache: Path,
        tell: Told,
        after: Callable[[list[RunRow]], None],
    ) -> None:
        self.work, self.stages = work, stages
        self._data, self._cache, self._tell, self._after = data, cache, tell, after
        self._sites: dict[str, OpenSites] = {}
        self._place = (0, 0)
        try:
            work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadSettings(
                f"{work} cannot be written ({error.strerror}): name another folder with --work"
            ) from error
        self.store = RunStore(work / DATABASE)

    def run(self, file: ExperimentFile) -> list[RunRow]:
        """Every point of the experiment. A point that fails, by whatever error, is noted, and the next one is begun.

        Ctrl-C ends it: the next call goes on where it was.
        """
        done: list[RunRow] = []
        for number, point in enumerate(file.points):
            self._place = (number, len(file.points))
            self._tell("runs", *self._place)
            done.append(self._point(point))
            self._after(self.store.runs())
        self._tell("runs", len(file.points), len(file.points))
        return done

    def close(self) -> None:
        """Release the databases."""
        for sites in self._sites.values():
            sites.close()
        self.store.close()

    def _point(self, point: Point) -> RunRow:
        """One run, from the first stage that is not done yet."""
        started, clock = datetime.now(UTC), time.monotonic()
        row = RunRow(
            id=key_of(point.top.name, point.parameters),
            experiment=point.top.name,
            state="running",
            parameters=point.parameters,
            code=code_version(),
            data={},
            machine=machine_name(),
            started=started,
        )
        try:
            steps = self._steps(point)
            row = structs.replace(
                row,
                id=key_of(point.top.name, point.parameters, [step.key for step in steps]),
                data={name: digest for step in steps for name, digest in step.digests.items()},
            )
            kept = self.store.run(row.id)
            if kept is not None and kept.state == "done":
                return kept
            self.store.put(row)
            for step, inputs in _with_inputs(steps, point, self.work):
                stage, outcome = self._stage(step, inputs, point)
                row = structs.replace(row, stages=(*row.stages, stage), figures=(*row.figures, *outcome.figures))
                self.store.put(structs.replace(row, seconds=time.monotonic() - clock))
            row = structs.replace(row, state="done")
        except BrewliteError as error:
            row = structs.replace(row, state="failed", why=str(error))
        except Exception as error:  # whatever a model or a file raises: the other points are none the worse
            what, _, _ = str(error).partition("\n")
            row = structs.replace(row, state="failed", why=f"{type(error).__name__}: {what}")
        row = structs.replace(row, seconds=time.monotonic() - clock)
        self.store.put(row)
        return row

    def _steps(self, point: Point) -> list[Step]:
        """The point's stages with their keys, which follow from the file and the data alone."""
        begin = point.top.model
        keys: dict[str, str] = {DATA: "", MODEL: model_digest(begin), TOKENIZER: tokenizer_digest(begin)}
        steps = []
        for stage in self.stages:
            if stage.name not in point.sections:
                continue
            section = point.sections[stage.name]
            digests = {name: self._opened(point).digest(name) for name in stage.sites(section, _sites_of(point))}
            read = {name: keys[name] for name in stage.reads}
            models = {name: model_digest(name) for name in stage.models(section)}
            key = key_of(stage.name, msgspec.to_builtins(section), digests, read, models, code_digest(stage.code))
            steps.append(Step(stage=stage, section=section, key=key, digests=digests))
            if stage.makes is not None:
                keys[stage.makes] = key
        return steps

    def _stage(self, step: Step, inputs: Inputs, point: Point) -> tuple[StageRow, Outcome]:
        """The stage's outcome: read where it is done, else worked out and kept."""
        folder = folder_of(self.work, step)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            kept = read_done(folder)
            if kept is not None and (wrong := damage(step, folder)):
                self._tell("runs", *self._place, f"{step.stage.name} is done anew: {wrong}")
                (folder / DONE).unlink()
                shutil.rmtree(folder / MODEL, ignore_errors=True)
                kept = None
            done = kept or self._work(step, inputs, folder, point)
        row = StageRow(
            stage=step.stage.name,
            key=step.key,
            seconds=done.seconds,
            shared=kept is not None,
            facts=done.outcome.facts,
            curve=done.outcome.curve,
        )
        return row, done.outcome

    def _work(self, step: Step, inputs: Inputs, folder: Path, point: Point) -> Done:
        clock = time.monotonic()
        stage: Stage = step.stage
        outcome = stage.run(step.section, inputs, folder, self._opened(point), self._tell)
        done = Done(outcome=outcome, seconds=time.monotonic() - clock)
        write_whole(folder / DONE, msgspec.json.format(msgspec.json.encode(done)))
        return done

    def _opened(self, point: Point) -> OpenSites:
        encoder = point.top.encoder
        if encoder not in self._sites:
            self._sites[encoder] = OpenSites(self._data, self._cache, encoder, self._tell)
        return self._sites[encoder]


def folder_of(work: Path, step: Step) -> Path:
    """Where the stage's files lie."""
    return work / STAGES / f"{step.stage.name}-{step.key}"


def read_done(folder: Path) -> Done | None:
    """What a finished stage left; None where none is finished, or its note is damaged: it is done anew."""
    try:
        return msgspec.json.decode((folder / DONE).read_bytes(), type=Done)
    except (OSError, msgspec.DecodeError):
        return None


def damage(step: Step, folder: Path) -> str:
    """Why what the finished stage hands on cannot be read; empty where it can."""
    try:
        if step.stage.makes == MODEL:
            read_differences(folder / MODEL)
        elif step.stage.makes == DATA:
            read_examples(Inputs(model="", data=folder), step.stage.name)
    except (UserError, WeightsCorrupt) as error:
        return str(error)
    return ""


def _with_inputs(steps: Sequence[Step], point: Point, work: Path) -> Iterator[tuple[Step, Inputs]]:
    """Each step with what the ones before it have made by the time that it is asked for."""
    inputs = Inputs(model=point.top.model, sites=_sites_of(point))
    for step in steps:
        yield step, inputs
        folder = folder_of(work, step)
        if step.stage.makes == DATA:
            inputs = structs.replace(inputs, data=folder)
        elif step.stage.makes == MODEL:
            inputs = structs.replace(inputs, model=str(folder / MODEL))


def _sites_of(point: Point) -> tuple[str, ...]:
    """The sites that the data section names."""
    data: Any = point.sections.get(DATA)
    return tuple(data.sites) if data is not None else ()
