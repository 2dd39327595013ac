"""Sentence encoders: text -> one vector of length 1, so that a dot product is the cosine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from brewlite import weights


class Encoder(Protocol):
    """What retrieval and intake need of a sentence encoder."""

    @property
    def name(self) -> str:
        """Names the vector space: vectors of two encoders are never mixed."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Vectors of ``texts``, (N, D) float32 with rows of length 1. ``progress`` gets the count done so far."""
        ...


class EncoderConfig(Struct, frozen=True, kw_only=True):
    """How texts become vectors."""

    max_tokens: int = 128
    """Longer texts are cut: a description's head says what it is, and cost grows with every token."""
    batch_size: int = 32
    chunk: int = 128
    """Texts between two progress reports; on a CPU, a ranking that is asked for meanwhile waits for as many."""


class SentenceEncoder:
    """A sentence-transformers model from the cache or a folder, loaded at the first text."""

    def __init__(self, name: str = "minilm-l6", config: EncoderConfig | None = None) -> None:
        self.name = Path(name).name if "/" in name else name
        self.config = config or EncoderConfig()
        self._source = name
        self._model: Any = None

    @property
    def dimension(self) -> int:
        """Numbers in a vector; loads the model."""
        return int(self._load().get_embedding_dimension())

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Vectors of ``texts``, (N, D) float32 with rows of length 1.

        Raises:
            WeightsMissing: the encoder is not on this machine yet.
        """
        model, chunks = self._load(), []
        for start in range(0, len(texts), self.config.chunk):
            part = list(texts[start : start + self.config.chunk])
            chunks.append(self._encode(model, part))
            if progress is not None:
                progress(start + len(part))
        if not chunks:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.concatenate(chunks)

    def _encode(self, model: Any, texts: list[str]) -> NDArray[np.float32]:
        import torch

        from brewlite.crew import crew_of

        crew = crew_of(torch.get_num_threads()) if len(texts) > self.config.batch_size else None
        if crew is None:
            vectors = self._vectors(model, texts)
        else:  # dealt out by length: each thread has as many long texts as the others
            order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
            shares = [order[member :: crew.members] for member in range(crew.members)]
            found = crew.run(lambda share: self._vectors(model, [texts[place] for place in share]), shares)
            vectors = np.empty((len(texts), found[0].shape[1]), dtype=np.float32)
            vectors[np.concatenate(shares)] = np.concatenate(found)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit

    def _vectors(self, model: Any, texts: list[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = model.encode(
            texts, batch_size=self.config.batch_size, convert_to_numpy=True, show_progress_bar=False
        ).astype(np.float32)
        return vectors

    def _load(self) -> Any:
        if self._model is None:
            folder = weights.locate(self._source)
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()
            with weights.LOADING:
                model = SentenceTransformer(
                    str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": _fastest_dtype()}
                )
            model.max_seq_length = self.config.max_tokens
            model.encode([""])  # sets the tokenizer's cut and padding: threads that set them at once would fail
            self._model = model
        return self._model


def _fastest_dtype() -> Any:
    """bfloat16 where the CPU multiplies it in hardware (four times the speed here), float32 elsewhere."""
    import torch

    # Not every torch build exposes the probe; without it float32 is the safe answer.
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return torch.bfloat16 if supported is not None and supported() else torch.float32
