"""Building a transformers decoder from a folder of whole weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from brewlite.ranker.attention import NAME
from brewlite.weights import LOADING


def load_model(folder: Path, dtype: torch.dtype) -> Any:
    """The causal language model in ``folder``, on the CPU, with shared-prefix attention."""
    from transformers import AutoModelForCausalLM

    with LOADING, _no_bars():
        return AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, attn_implementation=NAME, local_files_only=True
        )


@contextmanager
def _no_bars() -> Iterator[None]:
    """Without transformers' progress bars: a model of this size is there in a second."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
