"""How good it is: replays of a site's own log, against simple rules and the classic models."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brewlite.evaluation.report import Evaluation as Evaluation
    from brewlite.evaluation.site import EvaluationConfig as EvaluationConfig
    from brewlite.evaluation.site import evaluate as evaluate

__all__ = ["Evaluation", "EvaluationConfig", "evaluate"]

# Loaded at first use: `brewlite bench speed` lives here too and needs no baselines.
_LATE = {
    "Evaluation": "brewlite.evaluation.report",
    "EvaluationConfig": "brewlite.evaluation.site",
    "evaluate": "brewlite.evaluation.site",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'brewlite.evaluation' has no attribute {name!r}")
