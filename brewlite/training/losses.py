"""What is asked of a student: put what was chosen on top, and say how likely it is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def listwise(log_odds: Tensor, gains: Tensor) -> Tensor:
    """Softmax cross-entropy over one slate: (C,) log-odds and (C,) gains of at least 0, some above.

    The distribution that is asked for is the gains' share (ListNet's top-one; Cao et al., ICML 2007).
    """
    return -(gains / gains.sum() * functional.log_softmax(log_odds, dim=0)).sum()


def pointwise(log_odds: Tensor, gains: Tensor) -> Tensor:
    """Mean binary cross-entropy over one slate: for log-odds that mean a chance."""
    return functional.binary_cross_entropy_with_logits(log_odds, (gains > 0).float())


def to_teacher(log_odds: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL from the teacher's distribution over a slate to the student's: (C,) and (C,) scores.

    Hinton, Vinyals and Dean 2015; the square of the temperature keeps the gradients' size.
    """
    target = torch.softmax(teacher / temperature, dim=0)
    said = functional.log_softmax(log_odds / temperature, dim=0)
    return temperature**2 * functional.kl_div(said, target, reduction="sum")


def to_chances(log_odds: Tensor, teacher: Tensor) -> Tensor:
    """Mean binary cross-entropy to the chances that a teacher gives each candidate: (C,) and (C,) log-odds.

    A list's distribution does not change when all its scores move together; this one does, and so carries the
    teacher's calibration over.
    """
    return functional.binary_cross_entropy_with_logits(log_odds, torch.sigmoid(teacher))
