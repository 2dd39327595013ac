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
