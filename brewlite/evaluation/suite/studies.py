"""Scaling studies as data: what is varied, over which settings, and what a setting changes.

A study asks the same cases once for each of its settings, so that what differs between two of them is the setting.
It looks only at the validation part of the logs: what it says may be used to choose a default.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from brewlite.errors import UnknownName
from brewlite.evaluation.suite.preference import CANDIDATES
from brewlite.prompt import HISTORY_POLICIES, PromptConfig
from brewlite.ranker.checkpoint import read_manifest
from brewlite.weights import checkpoint_of

Setting = float | str
"""A point on a study's axis. Whole numbers are ints."""

LONGEST_LINE = 40
"""Tokens that a line of the history takes at most: its item's, and the words for what was done."""

KEPT_EVENTS = 5
"""In the study of policies. Most histories fit the default budget, where all policies are one and the same."""


class Arm(Struct, frozen=True, kw_only=True):
    """What a setting changes; all else is as it is by default."""

    prompt: PromptConfig = PromptConfig()
    candidates: int = CANDIDATES
    """How many of each case's matched candidates are asked about, the target among them."""


class Study(Struct, frozen=True, kw_only=True):
    """One declaration in STUDIES."""

    name: str
    about: str
    """One line: what is asked."""
    axis: str
    """What a setting is: the plot's axis and the table's first column."""
    settings: tuple[Setting, ...] = ()
    """In the order of the axis. Empty: what the models that the caller names stand for."""
    arm: Callable[[Setting], Arm] = lambda _: Arm()
    of_model: Callable[[str], Setting] = str
    """Where a model stands on the axis, in a study of models."""
    reference: Setting | None = None
    """The setting that the others are compared with; None: the first."""
    metric: str = "ndcg@10"
    """The one that is plotted, and that changes are told in."""
    least_history: int = 0
    """Only visitors with at least so many events before the moment."""


def slates_learned(model: str) -> int:
    """How many lists ``model`` has learned from; a base model from none. Raises as ``read_manifest``."""
    checkpoint = checkpoint_of(model)
    return 0 if checkpoint is None else read_manifest(checkpoint).slates


STUDIES = (
    Study(
        name="history-events",
        about="How many of a visitor's past events help the model, with tokens for all of them",
        axis="events in the prompt, at most",
        settings=(0, 1, 2, 5, 10, 20, 50),
        arm=lambda most: Arm(
            prompt=PromptConfig(history_events=int(most), history_tokens=max(1, int(most)) * LONGEST_LINE)
        ),
        least_history=6,
    ),
    Study(
        name="history-tokens",
        about="How many tokens of history pay for themselves",
        axis="tokens of history, at most",
        settings=(0, 64, 128, 256, 512),
        arm=lambda tokens: Arm(prompt=PromptConfig(history_tokens=int(tokens))),
        least_history=6,
    ),
    Study(
        name="candidate-tokens",
        about="How much of each candidate's text the model needs to read",
        axis="tokens of each candidate, at most",
        settings=(16, 24, 32, 48, 64, 96),
        arm=lambda tokens: Arm(prompt=PromptConfig(candidate_tokens=int(tokens))),
        reference=PromptConfig().candidate_tokens,
    ),
    Study(
        name="candidates",
        about="What a longer list costs, and whether the order holds; NDCG falls with length by itself, AUC does not",
        axis="candidates in the list",
        settings=(10, 20, 50, 100, 200),
        arm=lambda count: Arm(candidates=int(count)),
        reference=CANDIDATES,
        metric="auc",
    ),
    Study(
        name="model-size",
        about="What a larger model gives and costs",
        axis="model",
    ),
    Study(
        name="training-data",
        about="What more examples to learn from are worth",
        axis="lists learned from",
        of_model=slates_learned,
    ),
    Study(
        name="history-policy",
        about=f"Which {KEPT_EVENTS} lines of a longer history to keep",
        axis="history policy",
        settings=tuple(HISTORY_POLICIES),
        arm=lambda policy: Arm(prompt=PromptConfig(history_policy=str(policy), history_events=KEPT_EVENTS)),
        reference=PromptConfig().history_policy,
        least_history=6,
    ),
)


def find_study(name: str) -> Study:
    """The study of that name. Raises UnknownName."""
    for study in STUDIES:
        if study.name == name:
            return study
    raise UnknownName("study", name, [study.name for study in STUDIES])
