"""Writing a table back: whole and confirmed, or the message says which table the pen is on."""

from __future__ import annotations

from typing import Any

import pytest

from rig.errors import StoreError, WriteBackFailed
from rig.procedures.write_back import write_table
from tests.support.fake_pen import NEW, OLD, FakePen


def write(pen: FakePen, *, journal_fails_at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Write the new table; the journal is kept in ``pen.done`` and returned, or found in ``pen.journal``."""

    def note(step: str, more: dict[str, Any]) -> None:
        if step == journal_fails_at:
            raise StoreError("the disk is full")
        pen.journal.append((step, more))
        pen.done.append(f"journal {step}")

    write_table(pen, NEW, note)  # type: ignore[arg-type]
    return pen.journal


def test_the_intent_is_kept_before_anything_is_written_and_closed_after_the_restart() -> None:
    pen = FakePen()
    journal = write(pen)
    assert pen.done == [
        "journal intent",
        "unlock",
        "write",
        "read shadow",
        "journal commit",
        "commit",
        "restart",
        "journal done",
    ]
    intent = journal[0][1]
    assert intent["before_words"] == OLD.words(), "the old table can be written back from the record"
    assert (intent["before_crc"], intent["crc"]) == (OLD.crc, NEW.crc)
    assert intent["serial"] == "NP000417"


@pytest.mark.parametrize("step", ["unlock", "write", "commit"])
def test_a_refusal_leaves_the_pen_on_its_old_table_and_says_so(step: str) -> None:
    pen = FakePen(step)
    with pytest.raises(
        WriteBackFailed, match=rf"on its old table, whole \(generation 1, CRC {OLD.crc:08X}\)"
    ):
        write(pen)
    assert pen.in_use() == OLD
    assert pen.done[-1] == "journal failed"
    assert (pen.journal[-1][1]["step"], pen.journal[-1][1]["on"]) in [
        ("unlock", "old"),
        ("write the shadow bank", "old"),
        ("commit", "old"),
    ]


@pytest.mark.parametrize("step", ["write", "read shadow", "commit", "restart"])
def test_on_every_way_out_the_service_is_locked_and_the_shadow_bank_clear(step: str) -> None:
    pen = FakePen(step)
    with pytest.raises(WriteBackFailed):
        write(pen)
    assert not pen.unlocked
    assert pen.shadow == [0] * 100


def test_a_lock_that_cannot_be_closed_is_told() -> None:
    with pytest.raises(WriteBackFailed, match="service lock could not be closed"):
        write(FakePen("commit", "lock"))


def test_a_shadow_bank_that_reads_back_otherwise_is_never_committed() -> None:
    pen = FakePen("damaged")
    with pytest.raises(WriteBackFailed, match="reads back otherwise"):
        write(pen)
    assert "commit" not in pen.done


def test_a_commit_without_an_answer_is_not_repeated_and_what_it_did_is_looked_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pen = FakePen("commit unanswered")
    write(pen)
    assert pen.done.count("commit") == 1
    assert pen.in_use() == NEW
    assert "had carried the commit out" in caplog.text


def test_a_restart_that_fails_leaves_the_new_table_and_says_so() -> None:
    with pytest.raises(
        WriteBackFailed, match=rf"on the new table, whole \(generation 2, CRC {NEW.crc:08X}\)"
    ):
        write(FakePen("restart"))


def test_a_restart_that_did_not_happen_is_not_taken_for_one() -> None:
    with pytest.raises(WriteBackFailed, match=r"has not restarted.*on the new table"):
        write(FakePen("stays up"))


def test_a_table_that_does_not_survive_the_restart_is_found_out() -> None:
    with pytest.raises(WriteBackFailed, match=r"after the restart.*on its old table"):
        write(FakePen("forgets"))


def test_a_pen_on_a_third_table_is_set_aside() -> None:
    with pytest.raises(WriteBackFailed, match=r"neither old nor new.*set it aside"):
        write(FakePen("swaps wrongly"))


def test_a_pen_that_falls_silent_is_in_an_unknown_state_and_said_to_be() -> None:
    pen = FakePen("commit", "silent")
    with pytest.raises(WriteBackFailed, match="table is unknown"):
        write(pen)
    assert pen.journal[-1][1]["on"] == "unknown"


def test_a_pen_that_boots_is_given_the_time_to() -> None:
    pen = FakePen("commit", "boots")
    with pytest.raises(WriteBackFailed, match="on its old table, whole"):
        write(pen)


def test_a_pen_without_a_whole_table_is_set_aside() -> None:
    pen = FakePen()
    pen.active[9] ^= 1
    with pytest.raises(WriteBackFailed, match="not whole"):
        write(pen)
    assert pen.done == []


# The journal, and people


@pytest.mark.parametrize(
    ("entry", "on", "untouched"),
    [
        ("intent", "on its old table", True),
        ("commit", "on its old table", False),
        ("done", "on the new", False),
    ],
)
def test_a_record_that_cannot_be_kept_stops_it_and_says_where_the_pen_is(
    entry: str, on: str, untouched: bool
) -> None:
    pen = FakePen()
    with pytest.raises(StoreError, match=f"the disk is full.*{on}"):
        write(pen, journal_fails_at=entry)
    assert ("unlock" not in pen.done) == untouched
    assert ("commit" in pen.done) == (entry == "done")
    assert not pen.unlocked


def test_a_failure_whose_record_cannot_be_kept_either_says_both() -> None:
    with pytest.raises(WriteBackFailed, match=r"on its old table.*record of this could not be kept"):
        write(FakePen("commit"), journal_fails_at="failed")


@pytest.mark.parametrize(
    ("step", "on"), [("unlock", "old"), ("write", "old"), ("commit", "old"), ("restart", "new")]
)
def test_whoever_interrupts_gets_a_pen_whose_table_is_known(step: str, on: str) -> None:
    pen = FakePen(step, "interrupt")
    with pytest.raises(KeyboardInterrupt):
        write(pen)
    assert (pen.journal[-1][0], pen.journal[-1][1]["on"]) == ("failed", on)
    assert "KeyboardInterrupt" in pen.journal[-1][1]["cause"]
    assert not pen.unlocked
