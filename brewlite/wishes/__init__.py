"""A visitor's words -> hard limits on typed fields, and what is left for the model."""

from __future__ import annotations

from brewlite.wishes.language import ENGLISH, Language
from brewlite.wishes.limits import allows, parse_filters, rule_of
from brewlite.wishes.reading import Wishes, understand
from brewlite.wishes.refusals import Parted, part

__all__ = ["ENGLISH", "Language", "Parted", "Wishes", "allows", "parse_filters", "part", "rule_of", "understand"]
