"""How much a checkpoint should count for beside the simple signals: asked of it, learned, and written into it.

Choices of the validation part say what the model adds where nothing was said, in lists of like items and in the whole
catalog; requests, in training's half of attributes and wordings, say how much more it should count where something
was. Only sites that may be learned from are asked, so that those which are kept out stay a test of whether the weights
carry over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from msgspec import Struct, structs

from brewlite.blend import WITHOUT_LOG
from brewlite.errors import BadSettings
from brewlite.evaluation.log import Mask, from_micros
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.preference import full_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.stock import Stock, rows_of, stock_of
from brewlite.evaluation.suite.stated.twins import nearest_pairs
from brewlite.evaluation.suite.stated.wish import Kind, wishes
from brewlite.ranker import load_ranker
from brewlite.ranker.checkpoint import check_place, read_differences, read_manifest, save_checkpoint
from brewlite.records import Query
from brewlite.training.answers import answers, validation_cases
from brewlite.training.model_weight import Heard, LearnedModelWeight, learn_model_weight, without_log
from brewlite.weights.checkpoints import is_checkpoint, shipped

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, out of how much."""
KINDS: tuple[Kind, ...] = ("want", "refusal")
PAIRS = 4
"""Most items that answer a request, each with its twin."""


class WeighingConfig(Struct, frozen=True, kw_only=True):
    """What a checkpoint is asked, of each site."""

    cases: int = 100
    """Choices among like items, at most."""
    whole: int = 60
    """Choices from the whole catalog, at most."""
    requests: int = 20
    seed: int = 0


class Weighed(Struct, frozen=True, kw_only=True):
    """What was learned of one checkpoint."""

    learned: LearnedModelWeight
    """Beside a first stage that has learned from the site's log."""
    unlearned: LearnedModelWeight
    """Beside the shipped weights, as on a site without a log."""


def weigh_checkpoint(
    name: str,
    sites: Sequence[BenchSite],
    kept: Path,
    config: WeighingConfig | None = None,
    progress: Progress | None = None,
) -> Weighed:
    """Learn what the checkpoint ``name`` should count for, and write it into its manifest.

    Args:
        name: a checkpoint's folder, not the name of one that ships.
        sites: whose validation parts are asked; all may be learned from.
        kept: folder of scores that were given before.
        config: how much is asked.
        progress: called while it is asked.

    Raises:
        BadSettings: as :func:`own_checkpoint`, or a site is kept out of training.
        BadRecord: too few cases.
    """
    config = config or WeighingConfig()
    folder = own_checkpoint(name)
    for site in sites:
        if not site.data.trained:
            raise BadSettings(f"site {site.name!r} is kept out of training: choose one that is marked as trained")
    ranker = KeptScores(load_ranker(name), kept)
    heard = [
        each
        for site in sites
        for asked in (heard_choices, heard_whole, heard_requests)
        for each in asked(site, ranker, config, progress)
    ]
    found = Weighed(
        learned=learn_model_weight(heard, config.seed), unlearned=learn_model_weight(without_log(heard), config.seed)
    )
    manifest = read_manifest(folder)
    figures = {
        **manifest.figures,
        "beside the simple signals": told(found.learned),
        "the same on a site without a log": told(found.unlearned),
    }
    advice = {"model": found.learned, WITHOUT_LOG: found.unlearned}
    blend = {**manifest.blend, **{name: structs.asdict(one.weights) for name, one in advice.items()}}
    save_checkpoint(folder, structs.replace(manifest, blend=blend, figures=figures), read_differences(folder))
    return found


def own_checkpoint(name: str) -> Path:
    """The folder of the checkpoint ``name``.

    Raises BadSettings where it is none, comes with brewlite, or cannot be written.
    """
    folder = Path(name)
    if name in shipped() or not is_checkpoint(folder):  # one that came with brewlite is not ours to write into
        raise BadSettings(f"{name!r} is no checkpoint's folder: name the one that `brewlite models fit --out` wrote")
    check_place(folder)
    return folder


def told(learned: LearnedModelWeight) -> dict[str, object]:
    """The figures of what was learned, for a manifest."""
    return {
        "cases": learned.cases,
        "ndcg without the model": round(learned.without, 4),
        "ndcg with it": round(learned.together, 4),
        "adds": _numbers(learned.adds),
        "adds by kind": {kind: _numbers(adds) for kind, adds in learned.by_kind.items()},
    }


def _numbers(estimate: Estimate) -> list[float]:
    return [round(v, 4) for v in (estimate.value, estimate.low, estimate.high) if v is not None]


def heard_choices(
    site: BenchSite, ranker: KeptScores, config: WeighingConfig, progress: Progress | None = None
) -> Iterator[Heard]:
    """What model and first stage say where visitors of the validation part chose."""
    for answer in answers(site, ranker, validation_cases(site, config.cases, config.seed), progress, "choices"):
        case = answer.case
        yield Heard(
            first=answer.prior,
            shipped=site.recommender.weigh(case.query, use_model=False).prior.astype(np.float64),
            log_odds=answer.log_odds,
            chosen=(case.query.candidates or ()).index(case.good[0]),
            history=int(case.facets["history"]),
            visitor=case.visitor,
            site=site.name,
            alike=answer.alike,
            kind="choices among like items",
        )


def heard_whole(
    site: BenchSite, ranker: KeptScores, config: WeighingConfig, progress: Progress | None = None
) -> Iterator[Heard]:
    """What they say where visitors chose from the whole catalog, of what the first stage proposes.

    Only where the chosen item is among that: elsewhere the model changes nothing.
    """
    cases = full_cases(site, config.whole, config.seed, "validation")
    weighing = site.learned(cases[0].query.at if cases else None)
    recommender = weighing.with_config(weighing.config, ranker)
    for done, case in enumerate(cases, start=1):
        proposed = weighing.weigh(case.query, use_model=False).ids
        if progress is not None:
            progress(f"{site.name}: whole catalog", done, len(cases))
        if case.good[0] not in proposed:
            continue
        said = recommender.weigh(case.query)
        if said.scores is None:
            continue
        unlearned = site.recommender.order(case.query, use_model=False)
        shipped_scores = dict(zip(unlearned.ids, unlearned.scores, strict=True))
        yield Heard(
            first=said.prior.astype(np.float64),
            shipped=np.array([shipped_scores[id_] for id_ in said.ids]),
            log_odds=said.scores.log_odds.astype(np.float64),
            chosen=said.ids.index(case.good[0]),
            history=int(case.facets["history"]),
            visitor=case.visitor,
            site=site.name,
            kind="choices from the whole catalog",
        )


def heard_requests(
    site: BenchSite, ranker: KeptScores, config: WeighingConfig, progress: Progress | None = None
) -> Iterator[Heard]:
    """What they say of items that answer a request, each among all those that do not."""
    stock, rng = stock_of(site), np.random.default_rng([config.seed, 23])
    at = from_micros(site.cut - 1)
    weighing = site.learned(at)
    recommender = weighing.with_config(weighing.config, ranker)
    drawn = (wishes(stock, kind, rng, 0.01, 0.6, kept_out=False) for kind in KINDS)
    asked = [wish for each in drawn for wish in islice(each, config.requests // len(KINDS))]
    for done, wish in enumerate(asked, start=1):
        pairs = _pairs(stock, wish.fitting(stock), wish.failing(stock), rng)
        if progress is not None:
            progress(f"{site.name}: requests", done, len(asked))
        if not pairs:
            continue
        ids = tuple(stock.items[row].id for pair in pairs for row in pair)
        query = Query(instructions=wish.words, at=at, candidates=ids, history=())
        said = recommender.weigh(query)
        if said.scores is None:
            continue
        shown = [0, *range(1, len(ids), 2)]  # one that answers, and all that do not
        unlearned = site.recommender.weigh(query, use_model=False)
        yield Heard(
            first=said.prior[shown].astype(np.float64),
            shipped=unlearned.prior[shown].astype(np.float64),
            log_odds=said.scores.log_odds[shown].astype(np.float64),
            chosen=0,
            history=0,
            visitor=f"{site.name}: {wish.words}",
            site=site.name,
            asked=said.asked,
            alike=said.alike,
            kind="requests",
        )


def _pairs(stock: Stock, fitting: Mask, failing: Mask, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(row that answers, its twin), a few."""
    pairs = nearest_pairs(stock, rows_of(fitting), rows_of(failing), PAIRS, rng)
    return [(int(fits), int(twin)) for fits, twin in pairs]
