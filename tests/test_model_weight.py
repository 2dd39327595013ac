"""What the language model counts for is learned from what both stages said, and what it adds is told honestly."""

from __future__ import annotations

import numpy as np
import pytest

from brewlite.errors import BadRecord
from brewlite.training.model_weight import Heard, learn_model_weight


def heard(
    rng: np.random.Generator, count: int, model: float, by_asked: float = 0.0, by_alike: float = 0.0
) -> list[Heard]:
    """Choices by a truth of which the first stage knows one part and the model another, worth ``model``."""
    made = []
    for number in range(count):
        first, truth, history = rng.normal(size=20), rng.normal(size=20), int(rng.integers(0, 30))
        alike, asked = float(number % 2), number % 4 > 1
        counts = model + by_asked * asked + by_alike * alike
        chosen = int(np.argmax(first + counts * truth + rng.gumbel(size=20)))
        made.append(
            Heard(
                first=first,
                shipped=first,
                log_odds=truth - 7,
                chosen=chosen,
                history=history,
                visitor=f"v{number // 2}",
                site=f"s{number % 2}",
                asked=asked,
                alike=alike,
                kind="alike" if alike else "whole",
            )
        )
    return made


def test_a_model_that_knows_something_counts_for_it():
    learned = learn_model_weight(heard(np.random.default_rng(0), 800, model=1.0))
    assert learned.weights.base == pytest.approx(1.0, abs=0.25)
    assert learned.together > learned.without
    assert learned.adds.value == pytest.approx(learned.together - learned.without)
    assert learned.adds.low is not None
    assert learned.adds.low > 0
    assert set(learned.by_site) == {"s0", "s1"}


def test_a_model_that_knows_nothing_counts_for_nothing_and_adds_nothing():
    learned = learn_model_weight(heard(np.random.default_rng(1), 800, model=0.0))
    assert abs(learned.weights.at(10, False)) < 0.15
    assert learned.adds.low is not None
    assert learned.adds.high is not None
    assert learned.adds.low < 0.01
    assert learned.adds.high > -0.01


def test_a_model_that_knows_more_where_something_is_asked_counts_for_more_there():
    learned = learn_model_weight(heard(np.random.default_rng(2), 1200, model=0.0, by_asked=1.0))
    assert learned.weights.at(5, True) == pytest.approx(1.0, abs=0.25)
    assert learned.weights.at(5, False) < 0.15


def test_a_model_that_knows_more_in_lists_of_like_items_counts_for_more_there():
    learned = learn_model_weight(heard(np.random.default_rng(3), 1200, model=0.0, by_alike=1.0))
    assert learned.weights.at(5, False, alike=1.0) == pytest.approx(1.0, abs=0.25)
    assert learned.weights.at(5, False) < 0.15
    assert learned.by_kind["alike"].value > 0.03 > abs(learned.by_kind["whole"].value)


def test_too_few_cases_are_refused():
    with pytest.raises(BadRecord, match="12 cases"):
        learn_model_weight(heard(np.random.default_rng(0), 12, model=1.0))
