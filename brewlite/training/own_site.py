"""A site learns from its own log, and uses what it has learned only where that is better than what it had.

The later part of the log decides: nothing of it is learned from. Both rankers are asked what visitors chose then, among
items of like age and popularity, and the new one is used if it is better beyond doubt. Each time that the same events
decide again, more is asked of it: of many tries, one would win by luck.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import torch
from msgspec import structs
from torch import Tensor

from brewlite.blend import ModelShare, advised
from brewlite.errors import BadRecord, BadSettings
from brewlite.evaluation.log import EventLog, from_micros, read_log, to_micros
from brewlite.evaluation.splits import cut_time
from brewlite.evaluation.statistics import FEWEST_USERS
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.site import SPLIT, BenchSite, DataSet
from brewlite.ranker import Ranker, Tokenizer, load_ranker
from brewlite.ranker.checkpoint import Manifest, Source, save_checkpoint
from brewlite.recommender import Recommender
from brewlite.recommender.opening import learned_ranker
from brewlite.training.answers import Answered, answers, draws
from brewlite.training.choices import UNMATCHED, choice_cases, choice_examples
from brewlite.training.examples import ExampleConfig, shown_examples
from brewlite.training.experiment.student import tokens_of
from brewlite.training.fit import Example, FitConfig, Fitting, Look, StepFacts
from brewlite.training.gradients import gradients, in_passes
from brewlite.training.lora import LoraConfig, lora_state
from brewlite.training.model import Student
from brewlite.training.own_share import LearnedShare, learn_share
from brewlite.training.plan import OwnSiteConfig, Plan, read_plan, write_plan
from brewlite.training.promotion import compare, verdict, wins
from brewlite.training.start import student_from
from brewlite.training.versions import Version, Versions
from brewlite.weights import DEFAULT_RANKER

FEW_EVENTS = 300
"""Liking events below which a site is told that this may be too little to learn from."""
FEWEST_EXAMPLES = 20
FEWEST_CASES = 30
FEWEST_STEPS = 20
HELD_OUT_FROM = 0.9
"""Between this share of the liking events before the cut and the cut lie those that say when to stop learning."""
LOOKS = 8
"""How often a run looks at what is held out, beside the look before its first step."""
JUDGING = 0.2
"""Share of the time that asking one of the two rankers may take."""


class Tell(Protocol):
    """Called as work goes on: what is done, how much of it, out of how much, and a few words."""

    def __call__(self, name: str, done: int, total: int, note: str = "") -> None:
        """See the class."""


class OwnSite(BenchSite):
    """A site as the suite reads one: its log up to a moment, cut where the later part begins.

    Args:
        recommender: the site's.
        until: the moment, in microseconds; None: all of the log.
        known: microseconds before which the ranker in use may have learned. The later part begins no earlier, also
            where old events came in since and moved the share of the log that lies before it.
    """

    def __init__(self, recommender: Recommender, until: int | None = None, known: int = 0) -> None:
        data = DataSet(name="the site", kind="site", adapter=recommender.adapter.name, items="", events="its own")
        super().__init__(data, recommender, "")
        self._until, self._known = until, known

    @cached_property
    def log(self) -> EventLog:
        """Events up to the moment; those that come in while a run is on would change what it is doing."""
        log, _ = read_log(self.recommender.store, self.recommender.adapter)
        return log if self._until is None else log.before(self._until + 1)

    @cached_property
    def cut(self) -> int:
        """Microseconds: what decides lies at or after it."""
        return max(cut_time(self.log, SPLIT), self._known)

    @cached_property
    def validation_cut(self) -> int:
        """Microseconds: nothing at or after it is learned from."""
        return cut_time(self.log.before(self.cut), HELD_OUT_FROM)


def learn(
    site: Recommender, config: OwnSiteConfig | None = None, folder: Path | None = None, tell: Tell | None = None
) -> Version:
    """Learn from the site's log, judge, and use what was learned if it is better. A killed run is gone on with.

    Args:
        site: opened without a language model.
        config: how long, and with which seed.
        folder: where versions lie; see :class:`Versions`.
        tell: called as work goes on.

    Raises:
        BadSettings: the settings name a ranker of their own; another run is on; no time is left to learn; the folder
            cannot be used, or holds what is damaged; the disk is full.
        BadRecord: the log is too short to learn from or to decide by.
        WeightsMissing: the ranker that is in use, or its base, is not on this machine.
    """
    config = config or OwnSiteConfig()
    if site.config.ranker != "default":
        raise BadSettings(
            f"the settings name the ranker {site.config.ranker!r}, so that what the site learns would not be used: "
            f"take `ranker` out of brewlite.toml and of the BREWLITE_* variables"
        )
    versions = Versions(site.store, folder)
    with versions.alone():
        plan = _plan(site, versions, config)
        decided = next((version for version in versions.all() if version.number == plan.number), None)
        if decided is not None:  # killed between the last two steps
            versions.keep(versions.unfinished, decided)
        else:
            current = versions.current()
            known = to_micros(current.cut) if current is not None else 0
            decided = _Run(OwnSite(site, plan.until, known), versions, plan, tell).version()
        if decided.share is not None:
            share = ModelShare(share=decided.share.share, until=decided.until, cases=decided.comparison.cases)
            site.keep_share(decided.share.ranker, share)
        return decided


def _plan(site: Recommender, versions: Versions, config: OwnSiteConfig) -> Plan:
    """That of the run that was killed, where it was the same and not long ago; else a new one."""
    current = learned_ranker(site.store)
    own = OwnSite(site)
    plan = Plan(
        config=config,
        number=versions.next_number(),
        current=str(current or DEFAULT_RANKER),
        replaced=versions.pointer,
        until=int(own.log.at[-1]),
        created=datetime.now(UTC),
    )
    left = read_plan(versions.unfinished)
    if left is not None and left.continues(plan):
        return left
    shutil.rmtree(versions.unfinished, ignore_errors=True)
    versions.unfinished.mkdir()
    write_plan(versions.unfinished, plan)
    return plan


class _Run:
    """One run, from the log to the decision."""

    def __init__(self, site: OwnSite, versions: Versions, plan: Plan, tell: Tell | None) -> None:
        self.site, self.versions, self.plan, self.config = site, versions, plan, plan.config
        self.tell: Tell = tell or (lambda name, done, total, note="": None)
        self.begun = time.monotonic() - plan.spent
        """When the run would have begun, had it not been killed."""
        self.advice: list[tuple[str, dict[str, Any]]] = []
        """The name of each ranker that was judged, and what it should count for."""

    def version(self) -> Version:
        """Learn, judge, decide."""
        cases = self._cases()
        examples, held_out = self._examples(tokens_of(self.plan.current))
        old = self._judge(self.plan.current, cases[: self.plan.cases or None], "the ranker in use")
        cases = [answer.case for answer in old]
        student, manifest = student_from(self.plan.current, LoraConfig(rank=self.config.rank, seed=self.config.seed))
        self._settle(student, examples, held_out)
        fitting = self._fitting(student, examples, held_out)
        self.begun -= sum(facts.seconds for facts in fitting.history)
        fitting.run(partial(self._told, fitting), self._out_of_time)
        if not fitting.step:
            raise BadSettings(
                f"{self.config.minutes:g} minutes leave no time to learn beside asking both rankers about {len(cases)} "
                f"choices: give more --minutes, or fewer --cases"
            )
        candidate = self.versions.unfinished / "candidate"
        save_checkpoint(candidate, self._manifest(manifest, fitting), lora_state(student.decoder))
        history = fitting.history
        del student, fitting  # the next model needs their memory
        new = self._judge(str(candidate), cases, "the new ranker")
        decided = self._decided(old, new, len(examples), history)
        if decided.promoted and self.versions.pointer != decided.replaced:
            # A rollback says that what this run began from is not wanted: nor is what came of it.
            verdict = "better, but another ranker was put in use meanwhile: that one stays"
            decided = structs.replace(decided, promoted=False, verdict=verdict)
        decided = structs.replace(decided, share=self._share(new, 1) if decided.promoted else self._share(old, 0))
        self.versions.keep(candidate, decided)
        return decided

    def _cases(self) -> list[Case]:
        """What the later part of the log asks."""
        cases = choice_cases(self.site, self.config.cases, self.config.seed, "test", self.config.candidates)
        liked = len(self.site.log.liked())
        if len(cases) < FEWEST_CASES:
            needed = math.ceil(liked * FEWEST_CASES / max(len(cases), 1) / 100) * 100
            raise BadRecord(
                f"{len(cases)} choices since {from_micros(self.site.cut):%Y-%m-%d} could decide which ranker is "
                f"better, and {FEWEST_CASES} are needed: the log has {liked} liking events; train when it has about "
                f"{needed}"
            )
        visitors = draws(cases[: self.plan.cases or None], self.config.seed).effective_users
        if visitors < FEWEST_USERS:
            raise BadRecord(
                f"the {len(cases)} choices since {from_micros(self.site.cut):%Y-%m-%d} are of too few visitors to "
                f"decide which ranker is better (in effect {visitors:.1f}, and {FEWEST_USERS} are needed): train when "
                f"more have come"
            )
        return cases

    def _judge(self, name: str, cases: Sequence[Case], label: str) -> list[Answered]:
        """What a ranker answers; all cases, or as many of the first as there is time for when they are asked first."""
        config = self.site.recommender.config
        ranker: Ranker = load_ranker(name, device=config.device, dtype=config.dtype, threads=config.threads)
        kept = KeptScores(ranker, self.versions.unfinished / "scores")
        self.advice.append((kept.name, kept.advice))
        begun, found = time.monotonic(), []
        for answer in answers(self.site, kept, cases, self.tell, label):
            found.append(answer)
            spent = time.monotonic() - begun
            first = not self.plan.cases
            if first and len(found) >= 2 * FEWEST_CASES and spent > JUDGING * 60 * self.config.minutes:
                break
        if not self.plan.cases:
            taken = time.monotonic() - begun
            self._write(cases=len(found), judging=taken)
        return found

    def _examples(self, tokenizer: Tokenizer) -> tuple[list[Example], list[Example]]:
        """What is learned from, and what says when to stop."""
        config, how = self.config, ExampleConfig(seed=self.config.seed)
        self.tell("examples", 0, 1)
        shown = shown_examples(self.site, tokenizer, config.examples // 2, self.site.validation_cut, how)
        examples = shown + choice_examples(self.site, tokenizer, config.examples - len(shown), "train", how)
        held_out = choice_examples(self.site, tokenizer, config.held_out, "validation", how)
        self.tell("examples", 1, 1)
        if len(examples) < FEWEST_EXAMPLES:
            raise BadRecord(
                f"{len(examples)} choices before the later part of the log can be learned from, and {FEWEST_EXAMPLES} "
                f"are needed: train when the log is longer (it has {len(self.site.log.liked())} liking events)"
            )
        return examples, held_out

    def _settle(self, student: Student, examples: Sequence[Example], held_out: Sequence[Example]) -> None:
        """Write down how many steps there are, unless the killed run did."""
        if self.plan.steps:
            return
        config, steps = self.config, self.config.steps
        if steps is None:
            pace = _pace(student, examples, config.step_tokens)
            left = 60 * config.minutes - self._spent() - self.plan.judging
            # Looking is reading alone, but by transformers' layers: about as slow.
            room = left * pace - (LOOKS + 1) * sum(map(_tokens, held_out))
            most = math.ceil(config.epochs * sum(map(_tokens, examples)) / config.step_tokens)
            steps = max(min(most, int(room / config.step_tokens)), FEWEST_STEPS)
        self._write(steps=steps)

    def _write(self, **settled: Any) -> None:
        """Write down what was ``settled``, and how long it took to come so far."""
        self.plan = structs.replace(self.plan, **settled, spent=self._spent())
        write_plan(self.versions.unfinished, self.plan)

    def _spent(self) -> float:
        """Seconds that the run has taken, also before it was killed."""
        return time.monotonic() - self.begun

    def _fitting(self, student: Any, examples: Sequence[Example], held_out: Sequence[Example]) -> Fitting:
        """The run as far as it had come; from the start where items or events have changed what it learns from."""
        config, steps, folder = self.config, self.plan.steps, self.versions.unfinished / "fit"
        fit = FitConfig(
            steps=steps, step_tokens=config.step_tokens, learning_rate=config.learning_rate,
            warmup=min(10, steps // 5), teacher=config.teacher, validate_every=max(steps // LOOKS, 5), patience=3,
            save_seconds=config.save_seconds, seed=config.seed,
        )  # fmt: skip
        try:
            return Fitting(student, examples, fit, folder, held_out)
        except BadSettings:
            shutil.rmtree(folder)
            return Fitting(student, examples, fit, folder, held_out)

    def _out_of_time(self) -> bool:
        return self.config.steps is None and self._spent() + self.plan.judging > 60 * self.config.minutes

    def _told(self, fitting: Fitting, facts: StepFacts, look: Look | None) -> None:
        late = fitting.history[-10:]
        loss = sum(one.loss for one in late) / len(late)
        pace = sum(one.tokens for one in late) / sum(one.seconds for one in late)
        note = f"loss {loss:.3f}, {pace:,.0f} tokens/s"
        self.tell(
            "learning", facts.step, self.plan.steps, note if look is None else f"{note}, held out {look.ndcg:.3f}"
        )

    def _manifest(self, start: Manifest, fitting: Fitting) -> Manifest:
        own = Source(name="the site's own log", licence="the site's own")
        return structs.replace(
            start,
            name=f"{start.name.partition('+site-')[0]}+site-{self.plan.number}",
            data=(*(source for source in start.data if source != own), own),
            slates=start.slates + fitting.slates,
            recipe={"own site": structs.asdict(self.config), "steps": fitting.step, "started from": self.plan.current},
            figures={},
            created=datetime.now(UTC),
        )

    def _share(self, answers: Sequence[Answered], judged: int) -> LearnedShare | None:
        """What the ranker counts for that gave ``answers``, the first or the second that was judged."""
        name, advice = self.advice[judged]
        learned = self.site.learned(answers[0].case.query.at).learned_blend
        weights = advised(advice, learned is not None)
        config = self.site.recommender.config.blend
        return learn_share(answers, name, weights, self.config.seed, config) if weights is not None else None

    def _decided(
        self, old: Sequence[Answered], new: Sequence[Answered], examples: int, history: Sequence[StepFacts]
    ) -> Version:
        tries = sum(to_micros(earlier.until) > self.site.cut for earlier in self.versions.all())
        found = compare(old, new, self.config.doubt / (1 + tries), self.config.seed)
        tenth = max(len(history) // 10, 1)
        liked = len(self.site.log.liked())
        notes = []
        if liked < FEW_EVENTS:
            notes.append(f"the log has {liked} liking events: with {FEW_EVENTS} or more there is more to learn")
        if unmatched := sum(UNMATCHED in answer.case.facets for answer in old):
            notes.append(f"{unmatched} of the choices that decided had nothing of like age and popularity beside them")
        if tries:
            notes.append(f"events of the later part have decided {tries} times before: more certainty was asked for")
        return Version(
            number=self.plan.number,
            created=datetime.now(UTC),
            promoted=wins(found),
            replaced=self.plan.replaced,
            verdict=verdict(found),
            comparison=found,
            cut=from_micros(self.site.cut),
            until=from_micros(self.plan.until),
            examples=examples,
            steps=len(history),
            losses=(_mean_loss(history[:tenth]), _mean_loss(history[-tenth:])),
            seconds=self._spent(),
            notes=tuple(notes),
        )


def _mean_loss(steps: Sequence[StepFacts]) -> float:
    return sum(step.loss for step in steps) / max(len(steps), 1)


def _pace(student: Student, examples: Sequence[Example], step_tokens: int) -> float:
    """Tokens a second that ``student`` can learn from here: a step's gradients, asked for twice and thrown away.

    The first time, loops are compiled and memory is taken.
    """
    learned = [parameter for parameter in student.decoder.parameters() if parameter.requires_grad]
    batch = in_passes(examples, _tokens, step_tokens)[0]

    def loss(part: Sequence[Example]) -> Tensor:
        return torch.cat(student.log_odds([example.prompt for example in part])).square().sum()

    for _ in range(2):
        begun = time.monotonic()
        gradients(batch, _tokens, loss, learned)
    return sum(map(_tokens, batch)) / (time.monotonic() - begun)


def _tokens(example: Example) -> int:
    return example.tokens
