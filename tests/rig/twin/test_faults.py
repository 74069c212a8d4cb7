"""A schedule of faults: what may be written, and when what is due."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.fault_kinds import KINDS
from rig.twin.faults import Fault, FaultSchedule, parse_fault

NAMES = sorted({kind.name for kind in KINDS})
ROLES = sorted({role for kind in KINDS for role in kind.roles})


class Schedule:
    """A schedule and a clock to go with it."""

    def __init__(self, *entries: str) -> None:
        self.time_s = 0.0
        self.faults = FaultSchedule(map(parse_fault, entries), lambda: self.time_s)

    def taken_at(self, moments_s: Sequence[float], role: str, *names: str) -> list[str]:
        """Return the names of what is taken at these moments, empty for nothing."""
        taken = []
        for self.time_s in moments_s:
            fault = self.faults.take(role, *names)
            taken.append(fault.kind.name if fault else "")
        return taken


def test_an_entry_says_what_with_whom_when_how_long_and_how_much() -> None:
    fault = parse_fault(" force_gauge.drift@3s+20.5s=-1.5e-2 ")
    assert (fault.role, fault.kind.name) == ("force_gauge", "drift")
    assert (fault.at_s, fault.for_s, fault.ends_s, fault.value) == (3.0, 20.5, 23.5, -0.015)


def test_what_is_not_said_is_the_default() -> None:
    fault = parse_fault("stage.slip@0.5s")
    assert (fault.for_s, fault.ends_s, fault.value) == (None, math.inf, 0.05)
    assert parse_fault("stage.slip@0.5s=0").value == 0.0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "ROLE.NAME@SECONDSs"),
        ("counter.mute", "such as counter.late_reply@12s; 'counter.mute' is not"),
        ("counter.mute@3", "'counter.mute@3' is not"),
        ("counter.mute@-3s", "'counter.mute@-3s' is not"),
        ("counter.mute@3s 4s", "is not"),
        ("counter.mute@٣s", "is not"),
        ("camera.mute@3s", "one of these roles: bench, counter, force_gauge, leak_tester, pen,"),
        ("counter.late@3s", "a fault of counter: disconnect, duplicated,"),
        ("counter.wrong_id@3s", "a fault of counter"),
        ("counter.crc_error@3s", "a fault of counter"),
        ("pen.wrong_unit@3s", "a fault of pen"),
        ("bench.mute@3s", "a fault of bench: contact_bounce"),
        ("stage.contact_open@3s", "a fault of stage"),
        ("counter.mute@3s=4", "no value with counter.mute"),
        ("counter.mute@3s+0s", "'counter.mute@3s+0s' would never happen"),
        ("stage.slip@3s=1e999", "too large"),
        (f"stage.slip@{'9' * 400}s", "too large"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(entry: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_fault(entry)
    assert words in str(refused.value)


def read(entry: str) -> Fault | str:
    """Return the fault, or why it is refused."""
    try:
        return parse_fault(entry)
    except ValueError as refusal:
        return str(refusal)


@given(st.text())
def test_any_text_is_a_fault_or_refused(text: str) -> None:
    found = read(text)
    assert isinstance(found, Fault) or repr(text) in found


# Numbers as people write them, and some that nobody should.
NUMBERS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{0,3})?|[0-9]{300,400}|-1|inf|nan|1e5", fullmatch=True)


@given(
    st.sampled_from([*ROLES, "camera"]),
    st.sampled_from([*NAMES, "sleep"]),
    NUMBERS,
    st.none() | NUMBERS,
    st.none() | NUMBERS,
)
def test_what_looks_like_a_fault_is_one_or_refused(
    role: str, name: str, at: str, lasts: str | None, value: str | None
) -> None:
    entry = f"{role}.{name}@{at}s"
    entry += f"+{lasts}s" if lasts is not None else ""
    entry += f"={value}" if value is not None else ""
    fault = read(entry)
    if isinstance(fault, str):
        assert repr(entry) in fault
        return
    assert role in fault.kind.roles
    assert (fault.role, fault.kind.name, fault.at_s) == (role, name, float(at))
    assert 0.0 <= fault.at_s < fault.ends_s
    assert math.isfinite(fault.value)


def test_one_that_happens_once_is_taken_once_when_there_is_occasion() -> None:
    schedule = Schedule("counter.no_reply@2s")
    assert schedule.taken_at((0.0, 1.9, 50.0, 51.0), "counter", "no_reply") == ["", "", "no_reply", ""]


def test_each_of_two_happens() -> None:
    schedule = Schedule("counter.no_reply@2s", "counter.no_reply@2s")
    assert schedule.taken_at((3.0, 3.0, 3.0), "counter", "no_reply") == ["no_reply", "no_reply", ""]


def test_a_lasting_one_stands_for_ever() -> None:
    schedule = Schedule("counter.mute@2s")
    assert schedule.taken_at((1.0, 2.0, 1e6), "counter", "mute") == ["", "mute", "mute"]


@pytest.mark.parametrize("name", ["mute", "no_reply"])
def test_one_with_a_duration_stands_until_it_is_over(name: str) -> None:
    schedule = Schedule(f"counter.{name}@2s+3s")
    assert schedule.taken_at((1.9, 2.0, 4.9, 5.0), "counter", name) == ["", name, name, ""]


def test_only_the_role_and_the_names_that_were_asked_for_are_taken() -> None:
    schedule = Schedule("counter.no_reply@0s", "supply.truncated@0s", "counter.garbled@0s")
    assert schedule.taken_at((1.0,), "counter", "truncated", "duplicated") == [""]
    assert schedule.taken_at((1.0, 1.0), "counter", "garbled", "truncated") == ["garbled", ""]


def test_what_is_due_first_comes_first() -> None:
    schedule = Schedule("pen.garbled@5s", "pen.truncated@1s")
    taken = schedule.taken_at((0.5, 9.0, 9.0, 9.0), "pen", "garbled", "truncated")
    assert taken == ["", "truncated", "garbled", ""]


def test_asking_whether_one_stands_takes_nothing() -> None:
    schedule = Schedule("stage.slip@1s")
    assert schedule.faults.stands("stage", "slip") is None
    schedule.time_s = 1.0
    assert schedule.faults.stands("stage", "slip")
    assert schedule.faults.stands("stage", "slip")
    assert schedule.faults.take("stage", "slip")
    assert schedule.faults.stands("stage", "slip") is None


def test_past_and_future_ones_are_told_for_what_is_computed_over_a_time() -> None:
    schedule = Schedule("stage.slip@9s=0.2", "stage.slip@1s", "stage.stall@1s")
    assert [fault.value for fault in schedule.faults.of("stage", "slip")] == [0.05, 0.2]
    assert schedule.faults.of("pen", "slip") == []
