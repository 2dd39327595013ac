"""Where experiments are written down: every run with its parameters, stages, curves and figures, in one SQLite file.

A stage's curve is kept once, under the stage's key, however many runs share the stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Connection, Float, Integer, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.sqlite import insert

from brewlite.errors import StoreError
from brewlite.store import connect
from brewlite.store.rows import from_micros, to_micros
from brewlite.store.store import REFUSALS

Value = str | float | int | bool | None | list[Any] | dict[str, Any]
State = Literal["running", "done", "failed"]
LAYOUT = 1
"""Of the tables below."""

metadata = MetaData()
_layout = Table("layout", metadata, Column("number", Integer, primary_key=True))
_runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("experiment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
)
_stages = Table(
    "stages",
    metadata,
    Column("run", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("facts", Text, nullable=False),
)
_figures = Table(
    "figures",
    metadata,
    Column("run", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("site", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("cases", Integer, nullable=False),
)
_curves = Table(
    "curves",
    metadata,
    Column("key", Text, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("loss", Float, nullable=False),
    Column("tokens_per_s", Float, nullable=False),
)


class Figure(Struct, frozen=True, kw_only=True):
    """One number of a run, with its 95% interval where there is one."""

    site: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    cases: int = 0


class CurvePoint(Struct, frozen=True, kw_only=True):
    """One step of learning."""

    step: int
    loss: float
    tokens_per_s: float


class StageRow(Struct, frozen=True, kw_only=True):
    """What one stage of a run came to."""

    stage: str
    key: str
    """Of all that its outcome depends on: runs with the same key share it."""
    seconds: float
    """Of its work, whenever that was done."""
    shared: bool
    """Whether the work was already done when this run came to it."""
    facts: dict[str, Value] = {}
    curve: tuple[CurvePoint, ...] = ()


class RunRow(Struct, frozen=True, kw_only=True):
    """One run of a pipeline: one point of an experiment's grid."""

    id: str
    experiment: str
    state: State
    why: str = ""
    """Of a failed run."""
    parameters: dict[str, Value]
    """By dotted name, defaults too."""
    code: dict[str, str]
    """``version``, and in a checkout ``commit``."""
    data: dict[str, str]
    """Site -> digest of what was read."""
    machine: str
    started: datetime
    seconds: float = 0.0
    stages: tuple[StageRow, ...] = ()
    figures: tuple[Figure, ...] = ()


class RunStore:
    """The file. Every write is one transaction. Raises StoreError, or BadSettings where it cannot be a database."""

    def __init__(self, path: Path) -> None:
        self._url = connect.read_url(path)
        self._engine = connect.make_engine(self._url, create=True)
        self._writer = self._engine.execution_options(writing=True)
        with self._told():
            connect.prepare(self._engine)
            with self._writer.begin() as connection:
                metadata.create_all(connection)
                self._check_layout(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, run: RunRow) -> None:
        """Write ``run``, instead of what was written about it before."""
        with self._told(), self._writer.begin() as connection:
            for table, column in ((_runs, _runs.c.id), (_stages, _stages.c.run), (_figures, _figures.c.run)):
                connection.execute(delete(table).where(column == run.id))
            connection.execute(insert(_runs), _run_row(run))
            for place, stage in enumerate(run.stages):
                connection.execute(insert(_stages), _stage_row(run.id, place, stage))
                points = [{"key": stage.key, **msgspec.structs.asdict(point)} for point in stage.curve]
                if points:
                    connection.execute(insert(_curves).on_conflict_do_nothing(), points)
            figures = [
                {"run": run.id, "place": n, **msgspec.structs.asdict(figure)} for n, figure in enumerate(run.figures)
            ]
            if figures:
                connection.execute(insert(_figures), figures)

    def runs(self, experiment: str | None = None) -> list[RunRow]:
        """All runs, or those of one experiment; oldest first."""
        statement = select(_runs).order_by(_runs.c.started, _runs.c.id)
        if experiment is not None:
            statement = statement.where(_runs.c.experiment == experiment)
        with self._told(), self._engine.connect() as connection:
            return [self._read(connection, dict(row._mapping)) for row in connection.execute(statement)]

    def run(self, id_: str) -> RunRow | None:
        """The run ``id_``, or None."""
        with self._told(), self._engine.connect() as connection:
            row = connection.execute(select(_runs).where(_runs.c.id == id_)).first()
            return self._read(connection, dict(row._mapping)) if row is not None else None

    def _read(self, connection: Connection, row: dict[str, Any]) -> RunRow:
        stages = select(_stages).where(_stages.c.run == row["id"]).order_by(_stages.c.place)
        figures = select(_figures).where(_figures.c.run == row["id"]).order_by(_figures.c.place)
        row["started"] = from_micros(row["started"])
        for name in ("parameters", "code", "data"):
            row[name] = msgspec.json.decode(row[name])
        return RunRow(
            **row,
            stages=tuple(_stage(connection, dict(found._mapping)) for found in connection.execute(stages)),
            figures=tuple(_figure(dict(found._mapping)) for found in connection.execute(figures)),
        )

    def _check_layout(self, connection: Connection) -> None:
        number = connection.scalar(select(_layout.c.number))
        if number is None:
            connection.execute(insert(_layout), {"number": LAYOUT})
        elif number != LAYOUT:
            raise StoreError(
                f"{connect.shown(self._url)} holds experiments in layout {number}, and this brewlite writes {LAYOUT}: "
                f"choose another --work folder, or the brewlite that wrote it"
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except REFUSALS as error:
            raise connect.refusal(error, self._url) from error


def _run_row(run: RunRow) -> dict[str, Any]:
    texts = {name: _json(getattr(run, name)) for name in ("parameters", "code", "data")}
    plain = {name: getattr(run, name) for name in ("id", "experiment", "state", "why", "machine", "seconds")}
    return {**plain, **texts, "started": to_micros(run.started)}


def _stage_row(run: str, place: int, stage: StageRow) -> dict[str, Any]:
    plain = {name: getattr(stage, name) for name in ("stage", "key", "seconds", "shared")}
    return {"run": run, "place": place, **plain, "facts": _json(stage.facts)}


def _stage(connection: Connection, row: dict[str, Any]) -> StageRow:
    points = select(_curves).where(_curves.c.key == row["key"]).order_by(_curves.c.step)
    curve = [
        CurvePoint(step=point.step, loss=point.loss, tokens_per_s=point.tokens_per_s)
        for point in connection.execute(points)
    ]
    kept = {name: row[name] for name in ("stage", "key", "seconds", "shared")}
    return StageRow(**kept, facts=msgspec.json.decode(row["facts"]), curve=tuple(curve))


def _figure(row: dict[str, Any]) -> Figure:
    return Figure(**{name: value for name, value in row.items() if name not in ("run", "place")})


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
