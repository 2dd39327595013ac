"""Which words of a request are looked up: told by what the site's items are near to without each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import NOW, HashEncoder, home
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from brewlite import Query, weights
from brewlite.errors import WeightsMissing
from brewlite.recommender import Recommender
from brewlite.retrieval import Catalog, Encoder, SentenceEncoder
from brewlite.retrieval.lexicon import Lexicon, said_words
from brewlite.retrieval.meant import MOST, MeantWords
from brewlite.testing import FakeRanker


class Weighing(HashEncoder):
    """Words turn its vectors by what ``by`` gives them, else by 1."""

    def __init__(self, **by: float) -> None:
        self._by, self.asked = by, 0

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        self.asked += 1
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w{3,}", text.casefold()):
                row += self._by.get(word, 1.0) * super().encode([word])[0]
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def homes(path: Path, encoder: Encoder) -> Iterator[Recommender]:
    with Recommender.open(path, "realestate", ranker=FakeRanker(), encoder=encoder, clock=lambda: NOW) as rec:
        rec.put_items([home(number) for number in range(40)])
        yield rec


def told_by(rec: Recommender, encoder: Encoder) -> tuple[MeantWords, Catalog]:
    catalog = Catalog(rec.store, rec.adapter, encoder.name).refresh()
    meant = MeantWords(encoder)
    meant.refresh(catalog)
    return meant, catalog


@pytest.fixture
def weighing() -> Weighing:
    """To which ``pondering`` and ``riverside`` are next to nothing."""
    return Weighing(pondering=0.01, riverside=0.15)


@pytest.fixture
def weighed(tmp_path: Path, weighing: Weighing) -> Iterator[Recommender]:
    yield from homes(tmp_path / "weighed.db", weighing)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeantWords]:
    try:
        weights.locate("minilm-l6")
    except WeightsMissing as error:
        pytest.skip(str(error))
    encoder = SentenceEncoder("minilm-l6")
    for rec in homes(tmp_path_factory.mktemp("real") / "site.db", encoder):
        yield told_by(rec, encoder)[0]


@pytest.fixture(scope="module")
def by_overlap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeantWords]:
    encoder = HashEncoder()
    for rec in homes(tmp_path_factory.mktemp("overlap") / "site.db", encoder):
        yield told_by(rec, encoder)[0]


def test_words_that_hardly_move_the_items_are_not_looked_up(weighed: Recommender, weighing: Weighing):
    asked = "Pondering quiet garden"
    assert said_words(asked) == ["pondering", "quiet", "garden"]
    assert told_by(weighed, weighing)[0](asked) == ["quiet", "garden"]


def test_what_items_are_told_apart_by_is_meant_where_another_word_would_not_be(tmp_path: Path):
    for word, kept in (("riverside", True), ("pondering", False)):
        encoder = Weighing(**{word: 0.35})
        for rec in homes(tmp_path / f"{word}.db", encoder):
            meant, _ = told_by(rec, encoder)
            assert (word in meant(f"{word} quiet studio")) is kept, "a place, and no place"


@pytest.mark.weights
@pytest.mark.parametrize(
    ("asked", "meant", "framing"),
    [
        ("These days my head is full of quiet studios", ["quiet", "studio"], ["day", "head"]),
        ("My heart is set on somewhere by the harbour", ["harbour"], ["set"]),
        ("A house with a garden and a balcony", ["house", "garden", "balcony"], []),
    ],
)
def test_a_real_encoder_knows_ways_of_asking_that_no_list_has(
    real: MeantWords, asked: str, meant: list[str], framing: list[str]
):
    assert [word for word in said_words(asked) if word in framing] == framing, "the list has them not"
    assert [word for word in real(asked) if word in meant] == meant
    assert not set(real(asked)) & set(framing)


def test_an_item_that_lacks_a_framing_word_alone_holds_all_that_is_asked_for(weighed: Recommender, weighing: Weighing):
    meant, catalog = told_by(weighed, weighing)
    items = [*catalog.items, home(41)]
    plain = Lexicon().refresh(items, lambda item: "pondering" if item.id == "41" else catalog.said(item))
    told = Lexicon(said=meant).refresh(items, lambda item: "pondering" if item.id == "41" else catalog.said(item))
    asked = "pondering quiet garden"
    assert plain.coverage(asked)[1] < 0.6
    assert told.coverage(asked)[1] == pytest.approx(1.0)
    assert plain.telling(asked)[0] == "pondering"
    assert "pondering" not in told.telling(asked)
    assert set(told.telling("studio", asked)) == {"studio", "quiet", *told.telling("garden")}


def test_what_the_recommender_looks_up_is_what_is_meant(weighed: Recommender):
    ids = [str(number) for number in range(40)]
    weighed.put_items([home(41), structs.replace(home(42), text="For pondering.")])
    framed, plain, other = (
        weighed.rank(Query(instructions=asked, candidates=ids, k=40))
        for asked in ("pondering a quiet studio", "a quiet studio", "a balcony")
    )
    order = [[pick.item for pick in slate.picks] for slate in (framed, plain, other)]
    assert order[0] == order[1] != order[2]


@given(text=st.text(alphabet="abcdefg hi.,ßéI1", max_size=120))
def test_they_are_some_of_what_is_said_in_its_order_and_none_only_where_nothing_is(by_overlap: MeantWords, text: str):
    said = list(dict.fromkeys(said_words(text)))
    meant = by_overlap(text)
    assert [word for word in said if word in meant] == meant
    assert bool(meant) == bool(said)


def test_a_text_is_read_once_and_one_of_a_word_or_of_a_letters_length_not_at_all(
    weighed: Recommender, weighing: Weighing
):
    meant, catalog = told_by(weighed, weighing)
    before = weighing.asked
    for _ in range(2):
        meant("pondering quiet garden")
    assert weighing.asked == before + 1
    letter = " ".join(f"word{number}" for number in range(MOST + 1))
    assert meant("visas") == ["visa"]
    assert meant(letter) == said_words(letter)
    assert weighing.asked == before + 1
    weighed.put_items([home(number) for number in range(50)])
    catalog.refresh()
    meant("pondering quiet garden")
    assert weighing.asked > before + 2, "other items: asked anew"


def test_without_items_or_their_vectors_all_that_is_said_counts(tmp_path: Path, weighing: Weighing):
    with Recommender.open(tmp_path / "none.db", "realestate", ranker=FakeRanker(), encoder=weighing) as rec:
        meant, _ = told_by(rec, weighing)
        assert meant("pondering quiet garden") == MeantWords(weighing)("pondering quiet garden")
        assert "pondering" in meant("pondering quiet garden")
