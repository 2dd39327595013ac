"""The share of a wish's words that an item holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from brewlite import Item
from brewlite.retrieval.lexicon import Lexicon, words_of
from brewlite.wishes.asking import ASKING


def item(number: int, text: str) -> Item:
    return Item(id=str(number), kind="listing", title=f"Home {number}", text=text)


ITEMS = [item(1, "By the river, quiet."), item(2, "Quiet, by the trains."), item(3, "Rivers of traffic."), item(4, "")]


def wording(item: Item) -> str:
    return f"{item.title}. {item.text}"


def test_rare_words_count_more_and_stop_words_not():
    share = Lexicon().refresh(ITEMS, wording).coverage("quiet, by the river")
    assert share[0] == pytest.approx(1.0)
    assert share[1] == pytest.approx(share[2])
    assert share[3] == 0
    rare = Lexicon().refresh([*ITEMS, item(5, "quiet")], wording).coverage("quiet river")
    assert rare[2] > rare[1], "fewer hold river"


def test_changed_new_and_gone_items_are_noticed():
    lexicon = Lexicon().refresh(ITEMS, wording)
    changed = [ITEMS[2], structs.replace(ITEMS[1], text="By the sea."), item(9, "river")]
    np.testing.assert_allclose(
        lexicon.refresh(changed, wording).coverage("river sea"),
        Lexicon().refresh(changed, wording).coverage("river sea"),
    )


def test_only_what_changed_is_read_again():
    read: list[str] = []

    def noted(item: Item) -> str:
        read.append(item.id)
        return wording(item)

    lexicon = Lexicon().refresh(ITEMS, noted)
    lexicon.refresh([*ITEMS, item(9, "river")], noted)
    assert read == ["1", "2", "3", "4", "9"]


@given(st.text(max_size=200))
def test_a_share_is_a_share(wish: str):
    share = Lexicon().refresh(ITEMS, wording).coverage(wish)
    assert share.shape == (4,)
    assert ((share >= 0) & (share <= 1 + 1e-6)).all()


def test_an_empty_catalog_holds_nothing():
    assert Lexicon().refresh([], wording).coverage("river").shape == (0,)


def test_words_lose_case_plural_and_the_commonest():
    assert words_of("The Rivers and a GARDEN by 12 us") == ["river", "garden"]


def test_words_that_people_ask_with_do_not_count():
    plain = Lexicon().refresh([*ITEMS, item(5, "browse the shelves")], wording)
    asked = "Let me browse places by the river, bitte"
    assert plain.coverage(asked).tolist() == plain.coverage("river").tolist()
    assert plain.telling(asked) == ["river"]
    assert plain.telling("show me something nice, please") == []
    assert plain.telling("browse") == ["browse"], "where nothing else is said, they do"


def test_words_of_talking_and_time_do_not_count_beside_what_they_are_said_of():
    plain = Lexicon().refresh([*ITEMS, item(5, "exactly today, curious, didn't finally discuss")], wording)
    for asked in ("Today I'm curious about a river", "A river is exactly what I discuss", "It finally didn't, a river"):
        assert plain.coverage(asked).tolist() == plain.coverage("river").tolist()


def test_words_on_a_double_s_are_found():
    plain = Lexicon().refresh([*ITEMS, item(5, "Business class")], wording)
    assert plain.coverage("business").tolist() == [0, 0, 0, 0, 1]
    assert plain.telling("classes in business") == ["busines"]


def test_one_rare_word_does_not_outweigh_all_the_others():
    homes = (
        [item(n, "pool garden") for n in range(20)] + [item(90 + n, "none") for n in range(60)] + [item(99, "zebra")]
    )
    share = Lexicon().refresh(homes, wording).coverage("pool garden zebra")
    assert share[0] == pytest.approx(0.42, abs=0.02)


def test_the_asking_words_are_in_the_form_that_words_are_read_in():
    assert words_of("Places, questions and jobs") == [w for w in ("place", "question", "job") if w in ASKING]
