"""The small configs of all stages, as one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from brewlite.blend import BlendConfig
from brewlite.policy import PolicyConfig
from brewlite.prompt import PromptConfig
from brewlite.records import Task
from brewlite.retrieval import EncoderConfig, RetrievalConfig
from brewlite.weights import DEFAULT_ENCODER


class RecommenderConfig(Struct, frozen=True, kw_only=True):
    """Which models, and each stage's config."""

    ranker: str = "default"
    """A model's name, a folder, or ``none`` for the first stage alone; ``default``: what the site has learned from its
    own log, or else the shipped model."""
    encoder: str = DEFAULT_ENCODER
    """A sentence encoder's name, a folder, or ``none`` for no text similarity."""
    device: str = "auto"
    dtype: str = "auto"
    threads: Annotated[int, Meta(ge=1)] | None = None
    """Of the model; None: torch's choice."""
    max_model_candidates: Annotated[int, Meta(ge=1)] = 500
    """Of a pinned list; the rest stands behind, in the first stage's order."""
    encoding: EncoderConfig = EncoderConfig()
    retrieval: RetrievalConfig = RetrievalConfig()
    prompt: PromptConfig = PromptConfig()
    blend: BlendConfig = BlendConfig()
    policy: PolicyConfig = PolicyConfig()
    tasks: tuple[Task, ...] = ()
    """Surfaces beside the adapter's own; one of the same name replaces it."""
