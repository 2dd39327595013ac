"""The gate of quantization: a smaller ranker is only kept when it ranks as well, and the gate shows what it saw.

Both rankers are asked the same questions, from the validation part of each site's log: an item that was chosen, among
items of like age and popularity. What counts is the language model by itself; the blend, which hides what the model
loses, is told beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct, structs
from scipy.stats import kendalltau
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Ranker, load_ranker
from brewlite.ranker.checkpoint import Manifest, check_place, read_differences, read_manifest, save_checkpoint
from brewlite.ranker.quantized import Kind
from brewlite.training.answers import Answered, Progress, answers, draws, validation_cases
from brewlite.weights import checkpoint_of, locate
from brewlite.weights.folder import tensors_sha256

ALL = "all sites"


class GateConfig(Struct, frozen=True, kw_only=True):
    """What is asked, and what is allowed. Raises BadSettings for numbers that ask nothing."""

    cases: int = 100
    """Of each site, at most."""
    allowed: float = 0.005
    """By what share NDCG@10 may fall, over all sites."""
    worst: int = 8
    """Cases that are shown, those that lost most."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cases < 1:
            raise BadSettings(f"cases is {self.cases}: the gate needs at least 1 of each site")
        if not 0 <= self.allowed < 1:
            raise BadSettings(f"allowed is {self.allowed}: give a share between 0 and 1, such as 0.005")


class SiteGate(Struct, frozen=True, kw_only=True):
    """NDCG@10 on one site's cases, or over all sites, each counting alike."""

    site: str
    cases: int
    before: Estimate
    after: Estimate
    change: Estimate
    """``after`` less ``before``, paired."""
    blend_before: float
    """Of the whole product: the model and the simple signals."""
    blend_after: float
    agreement: float
    """Kendall's tau of the two orders, the mean over the cases: 1 is the same order."""
    same_first: float
    """Share of the cases in which both put the same item on top."""

    @property
    def relative(self) -> float:
        """The change as a share of ``before``; 0 where there was nothing to lose."""
        return self.change.value / self.before.value if self.before.value > 0 else 0.0


class WorstCase(Struct, frozen=True, kw_only=True):
    """One question that the smaller ranker answers worse."""

    key: str
    site: str
    chosen: str
    """Title of the item that was chosen."""
    rank_before: int
    rank_after: int
    before: float
    after: float


class GateReport(Struct, frozen=True, kw_only=True):
    """What the gate saw, and what it says."""

    model: str
    kind: str
    allowed: float
    over_all: SiteGate
    sites: tuple[SiteGate, ...]
    worst: tuple[WorstCase, ...]
    passed: bool
    why: str
    """One line for people."""


def gate(
    before: Ranker,
    after: Ranker,
    kind: str,
    sites: Sequence[BenchSite],
    config: GateConfig | None = None,
    progress: Progress | None = None,
) -> GateReport:
    """Compare ``after`` with ``before`` on the validation part of ``sites``.

    Raises:
        BadSettings: no sites, or one without a single case in its validation part.
    """
    config = config or GateConfig()
    if not sites:
        raise BadSettings("the gate needs at least one site with a log: give --db, or --data with the data sets")
    pairs: dict[str, list[_Pair]] = {}
    drawn = [validation_cases(site, config.cases, config.seed) for site in sites]
    for site, cases in zip(sites, drawn, strict=True):
        labels = {before.name: before, f"{before.name} {kind}": after}
        asked = (answers(site, ranker, cases, progress, label) for label, ranker in labels.items())
        pairs[site.name] = [_Pair(site, *both) for both in zip(*map(list, asked), strict=True)]
    by_site = tuple(_judged(name, own, config.seed) for name, own in pairs.items())
    everything = [pair for own in pairs.values() for pair in own]
    over_all = _judged(ALL, everything, config.seed)
    passed = -over_all.relative <= config.allowed
    return GateReport(
        model=before.name,
        kind=kind,
        allowed=config.allowed,
        over_all=over_all,
        sites=by_site,
        worst=_worst(everything, config.worst),
        passed=passed,
        why=_why(over_all, by_site, config.allowed, passed),
    )


class _Pair(NamedTuple):
    """One case, answered by both."""

    site: BenchSite
    before: Answered
    after: Answered


def _judged(name: str, pairs: Sequence[_Pair], seed: int) -> SiteGate:
    drawn = draws([pair.before.case for pair in pairs], seed)

    def column(value: Callable[[_Pair], float]) -> Floats:
        return np.array([value(pair) for pair in pairs], dtype=np.float64)

    before, after = column(lambda pair: pair.before.model), column(lambda pair: pair.after.model)
    return SiteGate(
        site=name,
        cases=len(pairs),
        before=drawn.estimate(before),
        after=drawn.estimate(after),
        change=drawn.estimate(after - before),
        blend_before=drawn.mean(column(lambda pair: pair.before.blend)),
        blend_after=drawn.mean(column(lambda pair: pair.after.blend)),
        agreement=drawn.mean(column(_agreement)),
        same_first=drawn.mean(column(lambda pair: pair.before.first == pair.after.first)),
    )


def _agreement(pair: _Pair) -> float:
    """Kendall's tau-b; of two orders of which one ranks nothing it is 0."""
    tau = float(kendalltau(pair.before.log_odds, pair.after.log_odds).statistic)
    return tau if np.isfinite(tau) else 0.0


def _worst(pairs: Sequence[_Pair], count: int) -> tuple[WorstCase, ...]:
    lost = sorted(pairs, key=lambda pair: pair.after.model - pair.before.model)
    return tuple(_worst_case(pair) for pair in lost[:count] if pair.after.model < pair.before.model)


def _worst_case(pair: _Pair) -> WorstCase:
    case = pair.before.case
    return WorstCase(
        key=case.key,
        site=case.site,
        chosen=pair.site.recommender.item(case.good[0]).title,
        rank_before=pair.before.rank,
        rank_after=pair.after.rank,
        before=pair.before.model,
        after=pair.after.model,
    )


def _why(over_all: SiteGate, sites: Sequence[SiteGate], allowed: float, passed: bool) -> str:
    """What decided, and where most was lost."""
    moved = "rises" if over_all.relative > 0 else "falls"
    said = (
        f"NDCG@10 {moved} by {abs(over_all.relative):.2%}, from {over_all.before.value:.4f} to "
        f"{over_all.after.value:.4f} over {over_all.cases} cases; a fall of {allowed:.2%} is allowed"
    )
    if passed:
        return said
    least = min(sites, key=lambda site: site.relative)
    return f"{said}. Most is lost on {least.site}: {least.relative:+.2%}, with {least.agreement:.2f} of agreement"


def quantize_model(
    model: str,
    kind: Kind,
    out: Path,
    sites: Sequence[BenchSite],
    config: GateConfig,
    kept: Path,
    progress: Progress | None = None,
    name: str = "",
    quantized: Ranker | None = None,
) -> GateReport:
    """Quantize ``model``, and save it in ``out`` if the gate lets it pass.

    What is saved is a checkpoint: the differences as they were, and the word to quantize them at load. So it is no
    larger than the one it comes from, and the same on every machine.

    Args:
        model: a model's name, a folder of weights, or a checkpoint.
        kind: ``int8`` or ``nf4``.
        out: folder for the checkpoint.
        sites: whose validation parts are asked about.
        config: of the gate.
        kept: folder in which what the two rankers have said is kept: a killed run goes on where it was.
        progress: told about the cases.
        name: of the checkpoint; empty: the model's, and the kind.
        quantized: judged as what will be loaded; None: it is loaded.

    Raises:
        BadSettings: the model is quantized already, or ``out`` holds something else, or cannot be written.
        ExtraMissing: bitsandbytes is not installed.
    """
    manifest, tensors = _checkpoint(model)
    check_place(out)
    before, after = load_ranker(model), quantized or load_ranker(model, dtype=kind)
    report = gate(KeptScores(before, kept), KeptScores(after, kept), kind, sites, config, progress)
    if report.passed:
        figures = {**manifest.figures, "gate": msgspec.to_builtins(structs.replace(report, worst=()))}
        called = name or f"{manifest.name}-{kind}"
        save_checkpoint(out, structs.replace(manifest, name=called, quantization=kind, figures=figures), tensors)
    return report


def _checkpoint(model: str) -> tuple[Manifest, dict[str, Tensor]]:
    """What the checkpoint ``model`` holds; of a plain model, a checkpoint in which nothing was learned."""
    checkpoint = checkpoint_of(model)
    if checkpoint is None:
        folder = locate(model)
        base = str(folder.resolve()) if Path(model).is_dir() else model
        return Manifest(name=Path(model).name, base=base, base_sha256=tensors_sha256(folder)), {}
    manifest = read_manifest(checkpoint)
    if manifest.quantization:
        raise BadSettings(f"checkpoint {model} is quantized to {manifest.quantization} already: take the one before it")
    if (checkpoint / manifest.base).is_dir():
        manifest = structs.replace(manifest, base=str((checkpoint / manifest.base).resolve()))
    return manifest, read_differences(checkpoint)
