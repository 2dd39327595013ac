"""What a language model counts for on one site: learned from its choices, kept by the ranker's name, and obeyed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import NOW, HashEncoder, home
from msgspec import structs

from brewlite import Query
from brewlite.blend import ModelShare, ModelWeights
from brewlite.errors import BadSettings
from brewlite.evaluation.suite.case import Case
from brewlite.ranker import Scores
from brewlite.recommender import Recommender
from brewlite.recommender.site_blend import SHARES
from brewlite.records import RankingPrompt
from brewlite.testing import FakeRanker
from brewlite.training.answers import Answered
from brewlite.training.own_share import learn_share

ADVISED = ModelWeights(base=0.5, asked=0.7, alike=0.25, taught=True)


def answers(count: int, helps: float, seed: int = 0) -> list[Answered]:
    """Choices by utilities of which the first stage sees one half, and the model ``helps`` of the other."""
    rng, size = np.random.default_rng(seed), 12
    ids = tuple("abcdefghijkl")
    found = []
    for number in range(count):
        seen, unseen = rng.standard_normal((2, size))
        chosen = int(np.argmax(seen + unseen + rng.gumbel(size=size)))
        found.append(
            Answered(
                case=Case(
                    key=str(number), site="s", visitor=f"v{number // 2}", query=Query(candidates=ids),
                    good=(ids[chosen],), facets={"history": 2.0},
                ),
                log_odds=2 * helps * unseen + 0.3 * rng.standard_normal(size),
                prior=seen, alike=0.0, model=0.0, signals=0.0, blend=0.0,
            )
        )  # fmt: skip
    return found


def test_a_model_that_helps_keeps_its_weight_and_one_that_harms_gets_none():
    helps, harms = (learn_share(answers(200, by), "tiny", ADVISED) for by in (1.0, -1.0))
    assert helps.share >= 1.0
    assert helps.adds.low is not None
    assert helps.adds.low > 0
    assert "counts for" in helps.words()
    assert harms.share == 0.0
    assert harms.adds.value == pytest.approx(0.0, abs=1e-6), "what is not counted adds nothing"
    assert "not asked where a visitor says nothing" in harms.words()


def test_little_evidence_changes_little():
    assert learn_share(answers(3, -0.3), "tiny", ADVISED).share >= 0.5
    assert learn_share(answers(300, 0.0), "tiny", ADVISED).share < 1.0, "much of noise does"
    with pytest.raises(BadSettings, match="no choices"):
        learn_share([], "tiny", ADVISED)


class Advised(FakeRanker):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__("tiny")
        self.advice, self.asked = {"model": structs.asdict(ADVISED)}, 0

    def score(self, prompt: RankingPrompt) -> Scores:
        self.asked += 1
        return super().score(prompt)


@pytest.fixture
def ranker() -> Advised:
    return Advised()


@pytest.fixture
def shared(tmp_path: Path, ranker: Advised) -> Recommender:
    rec = Recommender.open(tmp_path / "site.db", "realestate", ranker=ranker, encoder=HashEncoder(), clock=lambda: NOW)
    rec.put_items([home(number) for number in range(40)])
    return rec


HISTORY = (("1", "save"), ("5", "save"))


def parts(rec: Recommender, query: Query) -> dict[str, float]:
    return {pick.item.id: pick.sources.get("model", 0.0) for pick in rec.recommend(query).picks}


def test_half_the_share_is_half_the_part_but_where_something_is_asked_for(shared: Recommender):
    silent, asking = Query(history=HISTORY, k=40), Query(history=HISTORY, k=40, instructions="quiet, or a garden")
    whole, whole_asked = parts(shared, silent), parts(shared, asking)
    assert any(whole.values())
    shared.keep_share("another", ModelShare(share=0.0, until=NOW, cases=50))
    assert parts(shared, silent) == whole, "another ranker's"
    shared.keep_share("tiny", ModelShare(share=0.5, until=NOW, cases=50))
    half, half_asked = parts(shared, silent), parts(shared, asking)
    assert half == pytest.approx({id_: part / 2 for id_, part in whole.items()}, abs=1e-3)
    weight = (0.5 * ADVISED.base + ADVISED.asked) / (ADVISED.base + ADVISED.asked)
    assert half_asked == pytest.approx({id_: weight * part for id_, part in whole_asked.items()}, abs=1e-3)


def test_a_model_that_counts_for_nothing_is_not_asked_and_nothing_is_amiss(shared: Recommender, ranker: Advised):
    shared.keep_share("tiny", ModelShare(share=0.0, until=NOW, cases=50))
    slate = shared.recommend(Query(history=HISTORY))
    assert (ranker.asked, slate.model, slate.degraded) == (0, "none", False)
    assert [pick.item.id for pick in slate.picks] == [
        pick.item.id for pick in shared.recommend(Query(history=HISTORY), use_model=False).picks
    ]
    asked = shared.recommend(Query(history=HISTORY, instructions="quiet, or a garden"))
    assert (ranker.asked, asked.model, asked.degraded) == (1, "tiny", False)
    assert shared.weigh(Query(history=HISTORY)).scores is not None, "who weighs wants to know"


def test_what_was_learned_later_is_not_used_for_a_question_about_then(shared: Recommender):
    then = Query(history=HISTORY, k=40, at=NOW - timedelta(days=2))
    before = parts(shared, then)
    assert any(before.values())
    shared.keep_share("tiny", ModelShare(share=0.0, until=NOW - timedelta(days=1), cases=50))
    assert parts(shared, then) == before
    assert not any(parts(shared, Query(history=HISTORY, k=40)).values())


def test_shares_of_several_rankers_are_kept_and_what_cannot_be_read_is_as_none(shared: Recommender):
    for name, share in (("tiny", 0.25), ("another", 0.5)):
        shared.keep_share(name, ModelShare(share=share, until=NOW, cases=50))
    again = Recommender(shared.store, shared.adapter, None, shared.encoder, shared.config, lambda: NOW)
    assert {name: one.share for name, one in again._blend.shares().items()} == {"tiny": 0.25, "another": 0.5}
    shared.store.set_meta(SHARES, '{"tiny": 3}')
    silent = Query(history=HISTORY, k=40)
    assert any(parts(shared, silent).values())
    shared.keep_share("tiny", ModelShare(share=0.0, until=NOW, cases=50))
    assert not any(parts(shared, silent).values())
