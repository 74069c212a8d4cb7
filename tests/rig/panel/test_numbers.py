"""Numbers as the engineer's pages show them."""

import doctest

import pytest

from calibration.capability import Index
from reports.dashboard.capability_table import CapabilityLine
from reports.dashboard.shares import share
from rig.panel import numbers


def test_the_examples_are_true() -> None:
    done = doctest.testmod(numbers)
    assert done.attempted > 3
    assert done.failed == 0


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.33, 2.0, "good"),
        (1.32, 2.0, "open"),
        (0.5, 1.33, "open"),
        (0.5, 1.32, "low"),
    ],
)
def test_the_word_of_an_index_is_what_its_whole_interval_shows(low: float, high: float, word: str) -> None:
    line = CapabilityLine("x", None, None, "mm", 30, 0, cpk=Index((low + high) / 2, low, high))
    assert numbers.capability_word(line) == word
    without = CapabilityLine("x", None, None, "mm", 30, 0, ppk=line.cpk)
    assert numbers.capability_word(without) == word


def test_what_has_no_index_has_no_word_and_no_runs_have_no_share() -> None:
    assert numbers.capability_word(CapabilityLine("x", None, None, "mm", 1, 0)) == ""
    assert numbers.percent_interval(share(0, 0)) == numbers.percent(share(0, 0).share) == "–"
    assert numbers.percent_interval(share(0, 10)) == "0.0 … 30.8 %"
