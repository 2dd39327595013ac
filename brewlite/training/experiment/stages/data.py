"""The data stage: examples of the sites, of every kind, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import data_set
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.training.examples import ExampleConfig, log_examples
from brewlite.training.experiment.keys import OF_EXAMPLES
from brewlite.training.experiment.sites import OpenSites, is_database
from brewlite.training.experiment.stage import DATA, TOKENIZER, Inputs, Made, Outcome, Read, Told
from brewlite.training.experiment.student import tokens_of
from brewlite.training.fit import Example
from brewlite.training.lists import ListConfig, served_lessons
from brewlite.training.stated import StatedConfig, stated_examples
from brewlite.training.teachers import Lesson
from brewlite.training.warm import WarmConfig, warm_examples
from brewlite.training.whole import write_whole

LABELLED = ("warm", "stated", "log")
"""Kinds of examples that can be learned from by themselves: with labels, or with the encoder's likeness."""
KINDS = (*LABELLED, "served")
FILE = "examples.msgpack"


class Examples(Struct, frozen=True, kw_only=True):
    """What the stage leaves for the others."""

    warm: list[Example]
    """Lists with a relevance teacher and no labels."""
    stated: list[Example]
    """Requests in words, with exact labels."""
    log: list[Example]
    """What visitors chose, before the validation part."""
    served: list[Lesson]
    """Lists as the site would show them, without labels: for teachers."""
    held_out: list[Example]
    """Of the validation part: nothing is learned from them."""

    def of(self, kinds: Sequence[str]) -> list[Example]:
        """Those of ``kinds``, all of which are LABELLED."""
        return [example for kind in kinds for example in getattr(self, kind)]


class DataSection(Struct, frozen=True, kw_only=True):
    """How many examples of each site, and how they are drawn."""

    sites: tuple[str, ...]
    """Data sets of the suite that may be learned from, or databases: ``my/site.db``."""
    log: int = 400
    stated: int = 0
    warm: int = 0
    served: int = 0
    held_out: int = 16
    examples: ExampleConfig = ExampleConfig()
    """Of the kind ``log``."""
    requests: StatedConfig = StatedConfig()
    """Of the kind ``stated``."""
    likeness: WarmConfig = WarmConfig()
    """Of the kind ``warm``."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.sites:
            raise BadSettings("sites is empty: name at least one data set or database")
        for name in self.sites:
            if not is_database(name) and not data_set(name).trained:
                raise BadSettings(f"site {name!r} is kept out of training: choose one that is marked as trained")
        if min(self.log, self.stated, self.warm, self.served, self.held_out) < 0:
            raise BadSettings("log, stated, warm, served and held_out are numbers of examples: give 0 or more")


class DataStage:
    """Makes the examples."""

    name = "data"
    section = DataSection
    reads: tuple[Read, ...] = (TOKENIZER,)
    makes: Made | None = DATA
    code = (*OF_EXAMPLES, "training/experiment/stages/data.py")

    def sites(self, section: DataSection, of_data: tuple[str, ...]) -> tuple[str, ...]:
        """Its own."""
        return section.sites

    def models(self, section: DataSection) -> tuple[str, ...]:
        """None beside the one that it is given."""
        return ()

    def run(self, section: DataSection, inputs: Inputs, folder: Path, sites: OpenSites, tell: Told) -> Outcome:
        """Site by site; the file appears when all are there."""
        tokenizer = tokens_of(inputs.model)
        made = Examples(warm=[], stated=[], log=[], served=[], held_out=[])
        for done, name in enumerate(section.sites):
            tell("data: sites", done, len(section.sites))
            for kind, examples in _of_site(section, name, tokenizer, sites).items():
                getattr(made, kind).extend(examples)
        tell("data: sites", len(section.sites), len(section.sites))
        write_whole(folder / FILE, msgspec.msgpack.encode(made))
        everything = made.of(LABELLED)
        counts = {f"{kind} examples": len(getattr(made, kind)) for kind in (*KINDS, "held_out")}
        return Outcome(facts={**counts, "tokens": sum(example.tokens for example in everything)})


def _of_site(section: DataSection, name: str, tokenizer: PlainTokenizer, sites: OpenSites) -> dict[str, list[Any]]:
    site = sites.site(name)
    drawn = structs.replace(section.examples, seed=section.examples.seed + section.seed)
    requests = structs.replace(section.requests, seed=section.requests.seed + section.seed)
    likeness = structs.replace(section.likeness, seed=section.likeness.seed + section.seed)
    return {
        "warm": warm_examples(site, tokenizer, section.warm, likeness) if section.warm else [],
        "stated": stated_examples(site, tokenizer, section.stated, requests) if section.stated else [],
        "log": log_examples(site, tokenizer, section.log, "train", drawn) if section.log else [],
        "served": served_lessons(site, tokenizer, ListConfig(served=section.served, seed=section.seed + 1)),
        "held_out": log_examples(site, tokenizer, section.held_out, "validation", drawn) if section.held_out else [],
    }


def read_examples(inputs: Inputs, stage: str) -> Examples:
    """What the data stage has left. Raises BadSettings where there was none, or it is damaged."""
    if inputs.data is None:
        raise BadSettings(f"section [{stage}] learns from examples: add a section [data]")
    try:
        return msgspec.msgpack.decode((inputs.data / FILE).read_bytes(), type=Examples)
    except (OSError, msgspec.DecodeError) as error:
        mend = f"remove the folder {inputs.data}, and they are made anew"
        raise BadSettings(f"the examples in {inputs.data / FILE} cannot be read ({error}): {mend}") from error


def check_kinds(kinds: Sequence[str], known: Sequence[str] = KINDS) -> None:
    """Raise BadSettings for a kind of example that does not exist."""
    if unknown := [kind for kind in kinds if kind not in known] or ([] if kinds else ["none"]):
        raise BadSettings(f"kinds names {unknown[0]!r}: give one or more of {', '.join(known)}")
