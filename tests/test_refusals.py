"""What is wanted and what is refused, parted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewlite.wishes import part

CASES = [
    ("a quiet house by the river", "a quiet house by the river", ""),
    ("a cabin without a pool", "a cabin", "a pool"),
    ("a cabin, no pool", "a cabin", "pool"),
    ("I don't want to work in retail", "", "retail"),
    ("I'm not interested in visa questions", "", "visa questions"),
    ("anything but apartments", "", "apartments"),
    ("nothing but apartments", "only apartments", ""),
    ("night trains but no cruises", "night trains", "cruises"),
    ("sales jobs. Please skip telemarketing!", "sales jobs", "telemarketing"),
    ("Bed bunks are not for me", "", "Bed bunks"),
    ("I hate night shifts and weekend work", "", "night shifts and weekend work"),
    ("no dogs, or cats", "", "dogs, or cats"),
    ("not far from the beach", "not far from the beach", ""),
    ("I don't mind a shared kitchen", "I don't mind a shared kitchen", ""),
    ("no problem with stairs", "no problem with stairs", ""),
    ("eine Hütte ohne Pool", "eine Hütte", "Pool"),
    ("Bitte keine Hotels", "", "Hotels"),
    ("une cabane sans piscine", "une cabane", "piscine"),
    ("una casa, nada de piscinas", "una casa", "piscinas"),
    ("no", "no", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("words", "wanted", "unwanted"), CASES)
def test_a_request_is_parted(words, wanted, unwanted):
    assert part(words) == (wanted, unwanted)


@given(st.text(max_size=200))
def test_no_word_is_invented(words):
    parted = part(words)
    letters = set(words.casefold().replace("’", "'")) | set(", exceptonly")
    assert set((parted.wanted + parted.unwanted).casefold()) <= letters


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        ("I never get enough of cottages", "I never get enough of cottages", ""),
        ("I can't get enough of saunas, but without a bar", "I can't get enough of saunas", "a bar"),
        ("Old mills leave me cold", "", "Old mills"),
        ("None of the shared rooms, please", "", "shared rooms"),
        ("The last thing I need is a night shift", "", "a night shift"),
        ("I've seen enough basements", "", "basements"),
        ("I've had my fill of festivals", "", "festivals"),
        ("Somewhere else than the harbour", "", "the harbour"),
        ("We have no use for a gym", "", "a gym"),
    ],
)
def test_more_ways_to_refuse(words: str, wanted: str, unwanted: str):
    assert part(words) == (wanted, unwanted)


@pytest.mark.parametrize(
    "words",
    [
        # whatever verb is negated
        "I won't consider pools", "we would never choose pools", "it must not include pools",
        "one that isn't near pools",
        # what names nothing behind the refusal: what stands before it is meant
        "Pools do not appeal to me", "pools are not my cup of tea", "Pools? No.", "Pools? Please don't.",
        "if there's pools, forget it", "pools are not acceptable", "Not wanted: pools",
        # orders
        "please exclude pools", "could you filter out pools", "stop showing me pools", "keep pools off my list",
        "leave pools out",
        # verdicts
        "pools are a hard no", "pools drive me mad", "pools would spoil it", "pools need not apply",
        "pools are ruled out",
        # ways around
        "I can do without pools", "I'm done with pools", "a hard pass on pools", "zero interest in pools",
        "fewer pools",
        "all but pools", "with the exception of pools", "I worry about pools",
    ],
)  # fmt: skip
def test_refusals_need_no_set_words(words: str):
    parted = part(words)
    assert "pools" in parted.unwanted.casefold()
    assert "pools" not in parted.wanted.casefold()


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        ("gardens instead of pools", "gardens", "pools"),
        ("gardens rather than pools", "gardens", "pools"),
        ("not pools but gardens", "gardens", "pools"),
        ("no pool and a garden", "a garden", "pool"),
        ("no pool because we have a toddler", "we have a toddler", "pool"),
        ("Pools? Never again. Gardens, please", "Gardens", "Pools"),
    ],
)
def test_what_is_wanted_beside_it_stays_wanted(words: str, wanted: str, unwanted: str):
    assert part(words) == (wanted, unwanted)


@pytest.mark.parametrize(
    "words",
    [
        "I can't live without a garden", "we could not do without parking", "I have nothing against dogs",
        "no objection to cats", "don't forget the garden", "dogs don't bother me", "a balcony wouldn't hurt",
        "not a must, a pool", "nothing beats a sauna", "no later than Friday", "not more than 900",
        "not too far from the sea", "an apartment block with a lift", "a drop-off point for parcels",
        "remote work, so that I can stay home", "I cannot decide between a cabin and an old mill",
    ],
)  # fmt: skip
def test_what_only_sounds_like_a_refusal_is_none(words: str):
    assert part(words).unwanted == ""
