"""The stages of the pipeline, in the order in which they run."""

from __future__ import annotations

from brewlite.training.experiment.stage import Stage
from brewlite.training.experiment.stages.data import DataStage
from brewlite.training.experiment.stages.distil import DistilStage
from brewlite.training.experiment.stages.evaluate import EvaluateStage
from brewlite.training.experiment.stages.fit import FitStage
from brewlite.training.experiment.stages.prune import PruneStage
from brewlite.training.experiment.stages.quantize import QuantizeStage

STAGES: tuple[Stage, ...] = (
    DataStage(),
    FitStage(),
    DistilStage(),
    PruneStage(),
    QuantizeStage(),
    EvaluateStage(),
)
"""A stage without its section in the file is passed over."""
