"""Lists to teach with: of the past alone, as the site would show them, and drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import HashEncoder
from made_up_data import write_coffee
from msgspec import structs
from test_attention import byte_tokenizer

from brewlite.errors import BadSettings
from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.site import BenchSite
from brewlite.training.lists import ListConfig, lessons

LISTS = ListConfig(chosen=16, stated=6, served=16)


@pytest.fixture(scope="module")
def coffee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchSite]:
    data, cache_folder = (tmp_path_factory.mktemp(name) for name in ("data", "cache"))
    site = open_site("stackexchange_coffee", write_coffee(data), cache_folder, encoder=HashEncoder())
    yield site
    site.recommender.close()


def test_lists_lie_before_the_validation_part_and_say_where_they_are_from(coffee: BenchSite):
    made = lessons([coffee], byte_tokenizer(), LISTS)
    served = [one for one in made if one.query is not None]
    assert len(served) == LISTS.served
    assert len([one for one in made if one.gains]) >= LISTS.chosen
    for one in served:
        assert one.site == "stackexchange_coffee"
        assert not one.gains
        assert one.query.at is not None
        assert to_micros(one.query.at) < coffee.validation_cut
        assert len(one.query.candidates) == len(one.candidates) == len(set(one.query.candidates)) <= LISTS.most
        again = coffee.recommender.weigh(one.query, use_model=False)
        assert len(again.ids) == len(one.candidates)


def test_lists_are_drawn_once(coffee: BenchSite, tmp_path: Path):
    kept = tmp_path / "lists.msgpack"
    first = lessons([coffee], byte_tokenizer(), LISTS, kept)
    written = kept.read_bytes()
    assert lessons([coffee], byte_tokenizer(), LISTS, kept) == first
    assert kept.read_bytes() == written
    fewer = lessons([coffee], byte_tokenizer(), structs.replace(LISTS, served=3), kept)
    assert len(fewer) < len(first), "lists that are asked for otherwise are drawn anew"
    with pytest.raises(BadSettings, match="no list"):
        ListConfig(chosen=0, stated=0, served=0)
