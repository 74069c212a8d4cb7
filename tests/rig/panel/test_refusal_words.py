"""The catalogue's refusals are the rig's own sentences: each is raised here, and found there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.errors import RefusedToStart
from rig.fixtures.run import _counted
from rig.interlocks import latch_stop, refuse_stopped
from rig.labels import read_label
from rig.panel.message import Message
from rig.panel.scanning import Scanned, read_scan
from rig.panel.words import DEFAULT, table
from rig.procedures.tip_check import check_tip
from rig.records.store import Store
from tests.support.interlocks import NOW, begins, checked, station

NOTHING, PEN = Scanned(), Scanned("NP000042", "office-pen")
WORDS = table(DEFAULT, "refusals")


@dataclass(frozen=True)
class TippedPen:
    """A pen that is asked for its tip, and for nothing else."""

    tip_present: bool = True
    tip_lot: str = "T2611A"
    tip_use_count: int = 0

    def status(self) -> TippedPen:
        return self


def scanned(text: str, *products: str, pen: Scanned = NOTHING) -> Callable[[Path], object]:
    return lambda runs: read_scan(text, products, pen=pen)


def tip(**pen: object) -> Callable[[Path], object]:
    return lambda runs: check_tip(TippedPen(**pen), "T2611A")  # type: ignore[arg-type]


def begun(verdict: str = "PASS", hours_ago: float = 1.0, *, at: str = "") -> Callable[[Path], object]:
    def begin(runs: Path) -> object:
        checked(runs, verdict, hours_ago=hours_ago)
        return begins(runs, at=station(at) if at else None)

    return begin


def begun_after_a_check_that_was_cut_off(runs: Path) -> object:
    checked(runs, hours_ago=2.0)
    with Store(runs) as store:
        store.append("killed", "run.started", {"plan": "station", "station": "twin-1"}, NOW)
    return begins(runs)


def begun_after_a_stop(runs: Path) -> None:
    latch_stop("twin-1", runs, "the emergency stop was pressed")
    refuse_stopped("twin-1", runs)


REFUSED: dict[str, Callable[[Path], object]] = {
    "too long": scanned("N" * 300),
    "no lot": scanned("T26", pen=PEN),
    "no serial number": scanned("(10)T2611A"),
    "not made here": scanned("NP000042", "compact-pen"),
    "empty": lambda runs: read_label(" "),
    "control characters": lambda runs: read_label("NP\x0100"),
    "unknown model": scanned("QX1"),
    "no tip": tip(tip_present=False),
    "other tip": tip(tip_lot="T2610C"),
    "used tip": tip(tip_use_count=2),
    "never checked": begins,
    "check overdue": begun(hours_ago=25.0),
    "check failed": begun("FAIL"),
    "check cut off": begun_after_a_check_that_was_cut_off,
    "certificate overdue": begun(at="instruments.counter.certificate.due=2026-11-01"),
    "stopped": begun_after_a_stop,
}


def fitting(text: str) -> set[str]:
    """Return the keys of the words that say a text, whatever stands in their places."""
    patterns = {key: re.sub(r"\\\{\d\\\}", r"[^;\\n]+?", re.escape(words)) for key, words in WORDS.items()}
    return {key for key, pattern in patterns.items() if re.fullmatch(pattern, text)}


def refusal(name: str, runs: Path) -> RefusedToStart:
    with pytest.raises(RefusedToStart) as caught:
        REFUSED[name](runs)
    return caught.value


@pytest.mark.parametrize("name", REFUSED)
def test_every_part_of_a_refusal_is_in_the_catalogue_once(tmp_path: Path, name: str) -> None:
    error = refusal(name, tmp_path)
    for part in filter(None, (error.what, error.expected, error.do)):
        assert len(fitting(part)) == 1, part
    told = Message.of_sentence(str(error))
    assert (told.what, told.expected, told.do) == (error.what, error.expected, error.do), "as a run says it"


def test_no_words_are_there_that_the_rig_does_not_say(tmp_path: Path) -> None:
    said = set()
    for name in REFUSED:
        error = refusal(name, tmp_path / name)
        said |= {key for part in (error.what, error.expected, error.do) for key in fitting(part)}
    said |= {key for line in _counted(["a result", "another"]) for key in fitting(line)}
    assert said == WORDS.keys()
