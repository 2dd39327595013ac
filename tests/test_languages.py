"""Limits on numbers in German, French and Spanish; and that English is not taken for one of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewlite.adapter import load_adapter
from brewlite.wishes import understand
from brewlite.wishes.language import ENGLISH
from brewlite.wishes.languages import FRENCH, GERMAN, SPANISH, language_of

HOMES = load_adapter("realestate").fields
JOBS = load_adapter("jobs").fields
AT = datetime(2026, 11, 23, tzinfo=UTC)


def limits(words: str, fields=HOMES) -> list[tuple[str, str, object]]:
    return [(one.field, one.op, one.value) for one in understand(words, fields, at=AT).constraints]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("höchstens 900 €", [("price", "<=", 900)]),
        ("Unter 900 Euro im Monat", [("price", "<=", 900)]),
        ("unter 1'250 Franken", [("price", "<=", 1250)]),
        ("nicht mehr als 900 Euro pro Monat", [("price", "<=", 900)]),
        ("über 2.000 Euro ist mir zu teuer", [("price", "<=", 2000)]),
        (
            "Wohnung mit mindestens 3 Zimmern, maximal 1.200 € warm",
            [("rooms", ">=", 3), ("price", "<=", 1200)],
        ),
        (
            "Suche eine Wohnung mit zwei Schlafzimmern bis 950 Euro",
            [("bedrooms", ">=", 2), ("price", "<=", 950)],
        ),
        ("zwei Zimmer bis 950", [("rooms", ">=", 2), ("price", "<=", 950)]),
        ("2 bis 3 Zimmer", [("rooms", ">=", 2), ("rooms", "<=", 3)]),
        ("zwischen 800 und 1200 Euro", [("price", ">=", 800), ("price", "<=", 1200)]),
        ("ab 60 m²", [("area", ">=", 60)]),
        ("3 Zimmer für 4 Personen", [("rooms", ">=", 3), ("guests", ">=", 4)]),
        ("Unser Budget liegt bei 900 Euro", [("price", "<=", 900)]),
        ("notre budget est de 900 euros", [("price", "<=", 900)]),
        ("nuestro presupuesto es de 900 euros", [("price", "<=", 900)]),
        ("au plus 900 euros", [("price", "<=", 900)]),
        ("moins de 900 € par mois", [("price", "<=", 900)]),
        ("jusqu’à 900 euros", [("price", "<=", 900)]),
        (
            "Je cherche un appartement avec au moins 2 chambres, 1200 € maximum",
            [("bedrooms", ">=", 2), ("price", "<=", 1200)],
        ),
        ("entre 800 et 1200 euros", [("price", ">=", 800), ("price", "<=", 1200)]),
        ("une maison à partir de 80 m²", [("area", ">=", 80)]),
        ("menos de 900 euros", [("price", "<=", 900)]),
        ("como máximo 900 €", [("price", "<=", 900)]),
        ("un piso con al menos 2 dormitorios, hasta 1200 euros", [("bedrooms", ">=", 2), ("price", "<=", 1200)]),
        ("entre 800 y 1200 euros al mes", [("price", ">=", 800), ("price", "<=", 1200)]),
        ("más de 80 m2", [("area", ">=", 80)]),
        ("por lo menos 3 habitaciones", [("bedrooms", ">=", 3)]),
    ],
)
def test_a_limit_is_a_limit_in_any_of_them(words: str, expected: list[tuple[str, str, object]]):
    assert limits(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "etwa 900 Euro",
        "am liebsten unter 900 Euro",
        "wenn möglich mindestens 3 Zimmer",
        "Ich habe 3 Kinder und 2 Hunde",
        "900 Euro Kaution",
        "environ 900 euros",
        "idéalement moins de 900 euros",
        "unos 900 euros",
        "a ser posible menos de 900 euros",
        "ruhig, in der Nähe vom Fluss",
        "calme, près de la rivière",
        "tranquilo, cerca del río",
    ],
)
def test_a_wish_or_what_is_about_so_much_is_none(words: str):
    assert limits(words) == []
    assert understand(words, HOMES, at=AT).rest == words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Gehalt ab 60.000 Euro", [("salary", ">=", 60_000)]),
        ("salaire d'au moins 40.000 euros par année", [("salary", ">=", 40_000)]),
        ("sueldo desde 3.000 euros al mes", [("salary", ">=", 36_000)]),
    ],
)
def test_pay_is_read_by_the_year(words: str, expected: list[tuple[str, str, object]]):
    assert limits(words, JOBS) == expected


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("quiet, at least 2 bedrooms, under 900 euros", ENGLISH),
        ("a flat de luxe under 900", ENGLISH),
        ("max 900 Euro", ENGLISH),
        ("", ENGLISH),
        ("un appartement sans vis-à-vis", FRENCH),
        ("ich suche eine ruhige Wohnung", GERMAN),
        ("busco un piso con terraza", SPANISH),
    ],
)
def test_the_language_is_told_by_its_small_words(words: str, language: object):
    assert language_of(words) is language


@given(st.text(max_size=120))
def test_no_text_is_too_odd(words: str):
    assert understand(words, HOMES, at=AT).rest is not None
