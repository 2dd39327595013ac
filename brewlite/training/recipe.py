"""From real sites to a fitted student: which examples, in which phases, and the run that learns from them.

Likeness first (:mod:`~brewlite.training.warm`), then choices and requests together with likeness as a second teacher.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import data_set, open_site
from brewlite.evaluation.suite.preference import Part
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Tokenizer
from brewlite.retrieval import SentenceEncoder
from brewlite.training import made_jobs
from brewlite.training.examples import ExampleConfig, log_examples
from brewlite.training.experiment.keys import OF_EXAMPLES, adapter_digest, code_digest, key_of, tokenizer_digest
from brewlite.training.experiment.sites import content
from brewlite.training.experiment.student import tokens_of
from brewlite.training.fit import Example, FitConfig, Fitting, Look, StepFacts
from brewlite.training.lora import LoraConfig
from brewlite.training.model import Student
from brewlite.training.stated import StatedConfig, stated_examples
from brewlite.training.warm import WarmConfig, warm_examples
from brewlite.training.whole import write_whole
from brewlite.weights import BASE, DEFAULT_ENCODER

Progress = Callable[[str, int, int], None]
"""Called with what is made ("airbnb_barossa requests"), how many of it, out of how many."""
Tell = Callable[[str, StepFacts, Look | None], None]
"""Called after each step with the phase's name, the step, and the last look at the held-out examples."""


class SiteShare(Struct, frozen=True, kw_only=True):
    """How many examples one site gives."""

    site: str
    warm: int = 0
    stated: int = 0
    log: int = 0
    held_out: int = 0
    """Of the validation part: nothing is learned from them."""


class Phase(Struct, frozen=True, kw_only=True):
    """A part of the run, with its own steps and rate."""

    name: str
    kinds: tuple[str, ...]
    """Of ``warm``, ``stated`` and ``log``: what is learned from."""
    fit: FitConfig
    share: float = 1.0
    """Of the examples of these kinds; the first ones of each site. The next phases may have them again."""


class Recipe(Struct, frozen=True, kw_only=True):
    """A whole run. Equal recipes make equal examples."""

    sites: tuple[SiteShare, ...]
    phases: tuple[Phase, ...]
    examples: ExampleConfig = ExampleConfig()
    stated: StatedConfig = StatedConfig()
    warm: WarmConfig = WarmConfig()
    lora: LoraConfig = LoraConfig()


class Gathered(Struct, frozen=True, kw_only=True):
    """The examples of a recipe, by kind."""

    warm: list[Example]
    stated: list[Example]
    log: list[Example]
    held_out: list[Example]

    def of(self, phase: Phase) -> list[Example]:
        """What ``phase`` learns from."""
        chosen: list[Example] = []
        for kind in phase.kinds:
            all_of_kind: list[Example] = getattr(self, kind)
            chosen += all_of_kind[: max(1, round(phase.share * len(all_of_kind)))]
        return chosen


SHIPPED = Recipe(
    sites=(
        SiteShare(site="airbnb_singapore", warm=20, stated=60, log=520, held_out=12),
        SiteShare(site="airbnb_barossa", warm=20, stated=60, log=560, held_out=12),
        SiteShare(site="stackexchange_travel", warm=20, stated=80, log=450, held_out=14),
        SiteShare(site="stackexchange_ai_titles", warm=10, stated=50, log=200, held_out=10),
        SiteShare(site="stackexchange_coffee", stated=30, log=60),
        SiteShare(site=made_jobs.NAME, warm=10, stated=100, log=200, held_out=12),
    ),
    phases=(
        Phase(
            name="likeness",
            kinds=("warm", "stated"),
            fit=FitConfig(steps=35, step_tokens=4000, learning_rate=6e-4, warmup=10, validate_every=35),
        ),
        Phase(
            name="choice",
            kinds=("log", "stated", "warm"),
            # The first stage knows likeness too: what the model is taught beside it is what likeness does not tell.
            fit=FitConfig(
                steps=240,
                step_tokens=4000,
                learning_rate=2e-4,
                warmup=10,
                average=0.98,
                validate_every=80,
                teacher=0.05,
                beside=0.75,
            ),
        ),
    ),
    # The lower layers read; they need not learn to rank. Without them a step takes two thirds of the time.
    lora=LoraConfig(first_layer=12),
    examples=ExampleConfig(seed=1),
)
"""The recipe of ``brewlite models fit``, and of the last of the runs that made ``brewlite-135m``."""


def gather(
    recipe: Recipe, data_folder: Path, cache_folder: Path, model: str = BASE, progress: Progress | None = None
) -> Gathered:
    """The examples of ``recipe``, in the tokens of ``model``.

    They are made from the sites in ``data_folder`` at the first call and kept in the cache.

    Raises:
        BadSettings: a site is kept out of training, or its files are missing.
        UnknownName: there is no such site.
        WeightsMissing: ``model`` is not on this machine.
    """
    made = Gathered(warm=[], stated=[], log=[], held_out=[])
    for share in recipe.sites:
        site = opened(share.site, data_folder, cache_folder)
        try:
            for kind in ("warm", "stated", "log", "held_out"):
                count = getattr(share, kind)
                examples = _kept(recipe, site, kind, count, model, cache_folder / "examples") if count else []
                getattr(made, kind).extend(examples)
                if progress is not None and count:
                    progress(f"{share.site}: {kind.replace('_', ' ')}", len(examples), count)
        finally:
            site.recommender.close()
    for kind in ("warm", "stated", "log"):
        # A phase that takes the first part of a kind takes it of every site.
        examples = getattr(made, kind)
        order = np.random.default_rng(len(examples)).permutation(len(examples))
        examples[:] = [examples[place] for place in order]
    return made


def opened(name: str, data_folder: Path, cache_folder: Path) -> BenchSite:
    """A site that may be learned from: the made-up one, or a data set. Raises as :func:`gather`."""
    if name == made_jobs.NAME:
        return made_jobs.made_jobs(cache_folder / "sites", SentenceEncoder(DEFAULT_ENCODER))
    if not data_set(name).trained:
        raise BadSettings(f"site {name!r} is kept out of training: choose one that is marked as trained")
    return open_site(name, data_folder, cache_folder)


def _kept(recipe: Recipe, site: BenchSite, kind: str, count: int, model: str, folder: Path) -> list[Example]:
    """The site's examples of ``kind``, from the cache where they are there."""
    config = {"warm": recipe.warm, "stated": recipe.stated}.get(kind, recipe.examples)
    told = (content(site), adapter_digest(site.recommender.adapter), tokenizer_digest(model), making_code())
    path = folder / f"{site.name}-{kind}-{key_of(site.name, kind, count, config, told)}.msgpack"
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.msgpack.decode(path.read_bytes(), type=list[Example])
    made = _made(recipe, site, kind, count, tokens_of(model))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.msgpack.encode(made))
    return made


def _made(recipe: Recipe, site: BenchSite, kind: str, count: int, tokenizer: Tokenizer) -> list[Example]:
    if kind == "warm":
        return warm_examples(site, tokenizer, count, recipe.warm)
    if kind == "stated":
        return stated_examples(site, tokenizer, count, recipe.stated)
    part: Part = "validation" if kind == "held_out" else "train"
    return log_examples(site, tokenizer, count, part, recipe.examples)


def making_code() -> str:
    """A hash of the code that examples come from: what was made by other code is made anew.

    That is the code that makes them and their prompts, and that of the first stage, whose scores they hold.
    """
    return code_digest(OF_EXAMPLES)


def fit(recipe: Recipe, student: Student, gathered: Gathered, folder: Path, tell: Tell | None = None) -> list[Fitting]:
    """All phases in turn, each in a folder of its own; a killed run goes on where it was.

    The student must have something to learn. It keeps what it had learned at the end of the last phase.
    """
    runs = []
    for number, phase in enumerate(recipe.phases):
        run = Fitting(student, gathered.of(phase), phase.fit, folder / f"{number}-{phase.name}", gathered.held_out)
        run.run(None if tell is None else _named(tell, phase.name))
        runs.append(run)
    return runs


def _named(tell: Tell, phase: str) -> Callable[[StepFacts, Look | None], None]:
    return lambda facts, look: tell(phase, facts, look)
