"""What a person sees of a run, on a terminal of any width and in a pipe."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from rig.records.kinds import TRACEBACK
from rig.records.store import Store
from rig.records.view import RunView, fold, headlines
from rig.show import (
    limits_text,
    probability_text,
    ratio_text,
    render_list,
    render_run,
    with_uncertainty,
)
from tests.support.records import RUN_ID, begin_run, complete_run, measure


@pytest.mark.parametrize(
    ("value", "U", "text"),
    [
        (0.25137, 0.00416, "0.2514 ± 0.0042"),
        (0.25137, 0.0996, "0.25 ± 0.10"),
        (0.25137, 0.00996, "0.251 ± 0.010"),
        (5003.2149, 0.0612, "5003.215 ± 0.061"),
        (5003.2149, 61.2, "5003 ± 61"),
        (5003.2149, 612.0, "5000 ± 610"),
        (1.2345e-5, 1.2e-6, "(1.23 ± 0.12)e-5"),
        (-2.0e-7, 3.14e-5, "(0.0 ± 3.1)e-5"),
        (0.0, 0.0042, "0.0000 ± 0.0042"),
        (1, 0.0, "1"),
        (0, 0, "0"),
    ],
)
def test_a_value_has_the_digits_its_uncertainty_allows(value: float, U: float, text: str) -> None:
    assert with_uncertainty(value, U) == text


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [(0.1, 0.4, "0.1 … 0.4"), (None, 0.0, "≤ 0"), (1, None, "≥ 1"), (1, 1, "= 1"), (None, None, "none")],
)
def test_limits_read_as_a_person_writes_them(lower: float | None, upper: float | None, text: str) -> None:
    assert limits_text(lower, upper) == text


def view_of_a_broken_run(runs: Path) -> RunView:
    with Store(runs) as store:
        recorder = begin_run(store)
        measure(recorder)
        measure(recorder, verdict="FAIL", value=0.5)
        recorder.fault("pen", "no answer [within] 0.5 s")
        recorder.wire_log(["> 0d"])
        recorder.ended("ERROR", takt_s=12.3, wall_s=1.0, reasons=["pen: no answer"])
        return fold(store.events(RUN_ID))


def shown(view: RunView, *, width: int, terminal: bool = True, runs: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    render_run(view, console, runs=runs)
    assert console.width == width
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def passed(tmp_path: Path) -> RunView:
    with Store(tmp_path) as store:
        complete_run(store)
        return fold(store.events(RUN_ID))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_nothing_wraps_or_is_cut_at_common_widths(passed: RunView, width: int) -> None:
    text = shown(passed, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "tip.present 1 = 1 simple ✔ PASS" in rows
    assert "0.25 mm @ 5000 /min 0.2514 ± 0.0042 mm 0.1 … 0.4 36 guard 1·U >0.999 ✔ PASS" in rows
    assert "0.25 mm 0.262 mm" in rows
    assert f"run {RUN_ID}  ✔ PASS" in text
    assert "CRC 1234ABCD before, DEADBEEF after, generation 3" in text
    assert "43.2 s" in text


def test_a_pipe_has_room_enough(passed: RunView) -> None:
    assert shown(passed, width=80, terminal=False) == shown(passed, width=100)


def test_a_broken_run_shows_what_broke_and_where_to_look(tmp_path: Path) -> None:
    text = shown(view_of_a_broken_run(tmp_path), width=1000, runs=Path("runs"))
    assert "⚠ ERROR  2 measurements, 1 not passed" in text
    assert "✘ FAIL" in text
    assert "pen: no answer [within] 0.5 s" in text
    assert f"wire log   {Path('runs', RUN_ID, 'wire.log')}" in text


def test_a_fault_is_told_once_and_without_its_traceback(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        recorder = begin_run(store)
        for where in ("test_rate", "test_depth"):
            recorder.fault(where, "pen: no answer")
            recorder.note(TRACEBACK, text_of="Traceback (most recent call last): …")
        recorder.ended("ERROR", takt_s=None, wall_s=1.0, reasons=["pen: no answer", "59 results"])
        view = fold(store.events(RUN_ID))
    text = shown(view, width=100)
    assert text.count("pen: no answer") == 1
    assert "fault      test_rate: pen: no answer" in text
    assert "reason     59 results" in text
    assert "traceback" not in text.lower()
    assert "Traceback" in str(view.to_json()["notes"])


@pytest.mark.parametrize("verdict", ["PASS", "INDETERMINATE"])
@pytest.mark.parametrize("width", [70, 80, 92, 100, 120])
def test_columns_give_way_before_anything_is_cut(tmp_path: Path, width: int, verdict: str) -> None:
    with Store(tmp_path) as store:
        measure(begin_run(store), verdict=verdict)
        text = shown(fold(store.events(RUN_ID)), width=width)
    line = next(line for line in text.splitlines() if "@ 5000" in line)
    assert len(line.rstrip()) <= width
    for words in ("0.25 mm @ 5000 /min", "0.2514 ± 0.0042", "0.1 … 0.4", verdict):
        assert words in line


def test_what_the_plan_accepted_is_counted_apart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        recorder = begin_run(store)
        measure(recorder, verdict="INDETERMINATE", accepted=True)
        text = shown(fold(store.events(RUN_ID)), width=100)
    assert "1 measurements, 0 not passed, 1 indeterminate and accepted by the plan" in text


@pytest.mark.parametrize(
    ("tur", "text"), [(None, ""), (1.46, "1.5"), (9.949, "9.9"), (9.95, "10"), (1642.0, "1642"), (0.0, "0.0")]
)
def test_a_ratio_reads_as_short_as_it_may(tur: float | None, text: str) -> None:
    assert ratio_text(tur) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, ">0.999"),
        (0.9995, ">0.999"),
        (0.9994, "0.999"),
        (0.5, "0.500"),
        (0.0004, "<0.001"),
        (0.0, "<0.001"),
    ],
)
def test_a_probability_is_never_called_certain(p: float, text: str) -> None:
    assert probability_text(p) == text


def test_a_command_shows_its_uncertainty_where_it_is_known(passed: RunView) -> None:
    assert passed.calibration is not None
    passed.calibration["nodes"][0]["U_mm"] = 0.0031
    text = shown(passed, width=80)
    assert "0.262 ± 0.003 mm" in text
    assert "2.581 mm" in text


def test_a_run_that_hardly_began_can_be_shown() -> None:
    assert "⚠ UNFINISHED" in shown(RunView(run_id="x"), width=80)


def test_nodes_of_another_shape_are_counted(passed: RunView) -> None:
    assert passed.calibration is not None
    passed.calibration["nodes"] = [1, 2, 3]
    assert "nodes      3" in shown(passed, width=80)


def test_a_console_without_symbols_gets_plain_words(passed: RunView) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="replace")
    render_run(passed, Console(file=file, width=100))
    file.seek(0)
    assert "+ PASS" in file.read()


def test_a_list_has_a_line_a_run(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        complete_run(store)
        begin_run(store, "20261122T104000Z-NP000002-0001")
        views = headlines(store)
    console = Console(file=io.StringIO(), width=80, color_system=None)
    render_list(views, console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].split() == [RUN_ID, "eol", "NP000001", "office-pen", "43.2", "s", "✔", "PASS"]
    assert lines[2].split()[-2:] == ["⚠", "UNFINISHED"]


def test_a_list_of_nothing_says_so() -> None:
    console = Console(file=io.StringIO())
    render_list([], console)
    assert "No runs" in console.file.getvalue()  # type: ignore[attr-defined]


def test_importing_the_record_loads_nothing_heavy() -> None:
    check = "import sys, rig.records, rig.records.run, rig.records.trace, rig.show; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pandas", "pyarrow", "sqlalchemy", "numpy"} & set(loaded)
