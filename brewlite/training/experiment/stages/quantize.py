"""The quantize stage: fewer bits a weight, behind the gate."""

from __future__ import annotations

from pathlib import Path

from brewlite.errors import BadSettings
from brewlite.ranker.quantized import Kind
from brewlite.store.runs import Value
from brewlite.training.experiment.keys import OF_SITES
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import MODEL, Inputs, Made, Outcome, Read, Told
from brewlite.training.quantize import GateConfig, GateReport, quantize_model


class QuantizeSection(GateConfig, frozen=True, kw_only=True):
    """See :class:`brewlite.training.quantize.GateConfig`."""

    kind: Kind = "int8"
    sites: tuple[str, ...] = ()
    """That the gate asks about; empty: those of the data section."""


class QuantizeStage:
    """Quantizes, or refuses to."""

    name = "quantize"
    section = QuantizeSection
    reads: tuple[Read, ...] = (MODEL,)
    makes: Made | None = MODEL
    code = (
        *(*OF_SITES, "ranker", "evaluation/metrics.py", "evaluation/statistics.py"),
        *("training/quantize.py", "training/answers.py", "training/experiment/stages/quantize.py"),
    )

    def sites(self, section: QuantizeSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """The section's, or the data section's."""
        if not (named := section.sites or of_data):
            raise BadSettings("section [quantize] needs sites for its gate: name them there, or add a section [data]")
        return named

    def models(self, section: QuantizeSection) -> tuple[str, ...]:
        """None beside the one that it is given."""
        return ()

    def run(self, section: QuantizeSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Raises BadSettings where the gate refuses."""
        opened = [sites.site(name) for name in self.sites(section, inputs.sites)]
        report = quantize_model(
            inputs.model, section.kind, folder / MODEL, opened, section, folder / "scores", tell, name=folder.name
        )
        if not report.passed:
            raise BadSettings(f"refused by the gate: {report.why}")
        return Outcome(facts=_facts(report))


def _facts(report: GateReport) -> dict[str, Value]:
    over_all = report.over_all
    return {
        "NDCG@10 before": round(over_all.before.value, 4),
        "NDCG@10 after": round(over_all.after.value, 4),
        "change": f"{over_all.relative:+.2%}",
        "agreement": round(over_all.agreement, 3),
        "cases": over_all.cases,
    }
