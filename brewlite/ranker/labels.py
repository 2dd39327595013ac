"""Reading yes and no off the hidden states: only the rows and columns of the head that are needed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

VOCABULARY_ROWS = 64
"""Candidates whose full rows of logits are held at a time."""


class LabelHead:
    """The log-odds of two words at given hidden states.

    Args:
        head: the model's output embedding, a linear layer (V, W).
        config: the model's text config; its soft cap or scale of the logits is applied.
        yes: token id.
        no: token id.
    """

    def __init__(self, head: Any, config: Any, yes: int, no: int) -> None:
        self._head = head
        self._labels = torch.tensor([yes, no], device=head.weight.device)
        self._cap: float | None = getattr(config, "final_logit_softcapping", None)
        scale = getattr(config, "logit_scale", None) or 1.0
        self._scale = float(scale / (getattr(config, "logits_scaling", None) or 1.0))

    def read(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states (C, W) behind the last norm -> log-odds (C,) and label mass (C,), float32.

        The two words' logits are computed in float32. All other words only count together, so that the model's
        own precision is enough for them.
        """
        weight = self._head.weight[self._labels].float()
        bias = self._head.bias[self._labels].float() if self._head.bias is not None else None
        pair = self._shaped(torch.nn.functional.linear(hidden.float(), weight, bias))  # (C, 2)
        rest = torch.cat([self._log_sum_of_rest(rows) for rows in torch.split(hidden, VOCABULARY_ROWS)])
        both = torch.logsumexp(pair, dim=-1)
        return pair[:, 0] - pair[:, 1], torch.sigmoid(both - rest)

    def _log_sum_of_rest(self, hidden: Tensor) -> Tensor:
        logits = self._shaped(self._head(hidden)).float()  # (C, V)
        logits[:, self._labels] = -torch.inf
        return torch.logsumexp(logits, dim=-1)

    def _shaped(self, logits: Tensor) -> Tensor:
        if self._scale != 1.0:
            logits = logits * self._scale
        return logits if self._cap is None else self._cap * torch.tanh(logits / self._cap)
