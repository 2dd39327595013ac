"""What visitors of one site chose, as cases: matched ones first, and on a small site the others too.

On a site with a few hundred events most choices have no like: the newest post of all, the home that everybody wants.
Leaving them out would leave too few to learn from and to decide by. They stand among the items nearest to them in age
and popularity, on whichever side these are. A ranker may gain on such a case by what is new or sought after alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from msgspec import structs

from brewlite.evaluation.baselines import newest, popularity_lately
from brewlite.evaluation.log import EventLog, Floats, Ints, to_micros
from brewlite.evaluation.splits import Moment, candidates, moment_of
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.preference import CANDIDATES, Part, full_cases, matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Tokenizer
from brewlite.training.examples import ExampleConfig, examples_of
from brewlite.training.fit import Example

UNMATCHED = "unmatched"
"""The facet of a case without a like."""
FEWEST_BESIDE = 9
"""Items that must stand beside the one chosen: among fewer there is little to get right."""


def choice_cases(site: BenchSite, count: int, seed: int, part: Part, size: int) -> list[Case]:
    """At most ``count`` cases of ``part``, each among ``size`` items; those without a like come last."""
    found = matched_cases(site, count, seed=seed, part=part, candidates=size)
    if len(found) < count:
        taken = {case.key for case in found}
        every = full_cases(site, len(site.log), seed=seed, part=part)
        others = _among_the_nearest(site, [case for case in every if case.key not in taken], seed, size)
        found += islice(others, count - len(found))
    return found


def _among_the_nearest(site: BenchSite, cases: Sequence[Case], seed: int, size: int) -> Iterator[Case]:
    for case in cases:
        assert case.query.at is not None
        moment = moment_of(site.log, site.user_row.get(case.query.user or "", -1), to_micros(case.query.at))
        rng = np.random.default_rng([seed, zlib.crc32(case.key.encode())])
        rows = nearest(site.log, moment, site.row[case.good[0]], site.first_touch, rng, size)
        if len(rows) > FEWEST_BESIDE:
            ids = tuple(site.log.catalog.ids[row] for row in rows)
            query = structs.replace(case.query, candidates=ids)
            yield structs.replace(case, query=query, facets={**case.facets, UNMATCHED: 1.0})


def nearest(
    log: EventLog, moment: Moment, target: int, first_touch: Ints, rng: np.random.Generator, count: int
) -> Ints:
    """(count,) the catalog rows of ``target`` and of what stands nearest to it in age and popularity, shuffled.

    Fewer where there is less that could be shown at ``moment``.
    """
    shown = candidates(log, moment, first_touch)
    shown[target] = False
    rows = rng.permutation(np.flatnonzero(shown))  # equally near: any of them
    distance = np.zeros(len(rows))
    for rule in (popularity_lately, newest):
        values = rule(moment)
        ranked = np.sort(values[rows])
        distance += np.square(_middle(ranked, values[rows]) - _middle(ranked, values[[target]]))
    return rng.permutation(np.append(rows[np.argsort(distance, kind="stable")[: count - 1]], target))


def _middle(ranked: Floats, values: Floats) -> Floats:
    """Where each of ``values`` stands among ``ranked``: the middle of its equals."""
    return np.asarray(np.searchsorted(ranked, values, "left") + np.searchsorted(ranked, values, "right")) / 2


def choice_examples(
    site: BenchSite, tokenizer: Tokenizer, count: int, part: Part, config: ExampleConfig
) -> list[Example]:
    """As :func:`brewlite.training.examples.log_examples`, also from choices without a like."""
    if count < 1:
        return []
    cases = choice_cases(site, count, config.seed + (part == "train"), part, CANDIDATES)
    return examples_of(site, tokenizer, cases, part, config)
