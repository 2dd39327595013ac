"""The blend: the simple signals and the language model's log-odds, weighed and added up."""

from brewlite.blend.blend import WITHOUT_LOG, Blend, BlendConfig, Blended, ModelWeights, Weighing, advised
from brewlite.blend.share import ModelShare
from brewlite.blend.stated import StatedConfig, settled
from brewlite.blend.weights import (
    COLUMNS,
    BlendWeights,
    Column,
    LearnedBlend,
    LearnedFrom,
    Weights,
    knowledge,
    shipped_for,
)

__all__ = [
    "COLUMNS",
    "WITHOUT_LOG",
    "Blend",
    "BlendConfig",
    "BlendWeights",
    "Blended",
    "Column",
    "LearnedBlend",
    "LearnedFrom",
    "ModelShare",
    "ModelWeights",
    "StatedConfig",
    "Weighing",
    "Weights",
    "advised",
    "knowledge",
    "settled",
    "shipped_for",
]
