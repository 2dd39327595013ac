"""Stated interests: visitors that say what they want, and whether the ranking obeys.

Attributes (``homes``, ``work``, ``topics``) are what real items hold in typed fields; wordings are our own templates;
twins are real items that lack just the attribute. Values and templates that training may use are kept apart from
those of the suite by ``held_out``.
"""

from __future__ import annotations

from brewlite.evaluation.suite.stated.split import held_out
from brewlite.evaluation.suite.stated.tasks import MAKERS, METRICS, TASKS

__all__ = ["MAKERS", "METRICS", "TASKS", "held_out"]
