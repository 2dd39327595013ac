"""The table of the three ways: what each costs, and how well what it makes ranks."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from brewlite.evaluation.statistics import Estimate
from brewlite.training.prune import Schedule
from brewlite.training.shrinking import Round, ShrinkConfig


class Row(Struct, frozen=True, kw_only=True):
    """One ranker of the table."""

    name: str
    layers: int
    parameters: int
    """Of the whole model."""
    layer_parameters: int
    """Without the embedding, which no cut makes smaller."""
    ndcg: Estimate
    """NDCG@10 of the model by itself on the validation cases, each site counting alike."""
    less: Estimate
    """``ndcg`` less that of the whole model, paired."""
    seconds: float
    """For 60 candidates, the median."""
    ratio: float
    """Over those of the whole model."""
    rounds: tuple[Round, ...] = ()

    @property
    def tokens(self) -> int:
        """Learned from."""
        return sum(one.tokens for one in self.rounds)

    @property
    def hours(self) -> float:
        """Of learning."""
        return sum(one.seconds for one in self.rounds) / 3600


class Difference(Struct, frozen=True, kw_only=True):
    """How much more one way gives than another: NDCG@10, paired."""

    way: str
    other: str
    ndcg: Estimate


class DistilReport(Struct, frozen=True, kw_only=True):
    """The whole ranker, the cut one before it heals, and what each way made of it."""

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    teacher: str
    sites: tuple[str, ...]
    cases: int
    lists: int
    """That were learned from."""
    labelled: int
    """Of the lists."""
    schedule: Schedule
    config: ShrinkConfig
    threads: int
    dtype: str


def table(report: DistilReport) -> str:
    """The report in Markdown."""
    return "\n".join(_lines(report)) + "\n"


def cells(row: Row) -> tuple[str, ...]:
    """What :data:`COLUMNS` name."""
    return (
        row.name,
        str(row.layers),
        f"{row.parameters / 1e6:.1f}M",
        f"{row.layer_parameters / 1e6:.1f}M",
        row.ndcg.words(),
        row.less.words(signed=True),
        f"{row.ratio:.2f}",
        f"{row.tokens / 1e6:.2f}M" if row.rounds else "",
        f"{row.hours:.1f}" if row.rounds else "",
    )


COLUMNS = (
    "way", "layers", "parameters", "of the layers", "NDCG@10", "less the whole", "seconds ratio", "tokens", "hours",
)  # fmt: skip


def _lines(report: DistilReport) -> Iterator[str]:
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * len(COLUMNS)
    for row in report.rows:
        yield "| " + " | ".join(cells(row)) + " |"
    yield ""
    for pair in report.differences:
        yield f"{pair.way} less {pair.other}: {pair.ndcg.words(signed=True)}  "
    steps = ", ".join(f"{s.layers} layers with {s.neurons:.0%} of the neurons" for s in report.schedule.steps)
    yield (
        f"Teacher: {report.teacher or 'none'}. Step by step: {steps}. {report.lists} lists, {report.labelled} of them "
        f"labelled; {report.cases} validation cases of {', '.join(report.sites)}; 95% intervals over visitors. "
        f"Seconds for 60 candidates, {report.dtype}, {report.threads} threads."
    )
