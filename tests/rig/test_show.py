"""What a person sees of a run, on a terminal of any width and in a pipe."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from rig.records.store import Store
from rig.records.view import RunView, fold, headlines
from rig.show import limits_text, render_list, render_run, with_uncertainty
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
    assert "0.25 mm @ 5000 /min 0.2514 ± 0.0042 mm 0.1 … 0.4 guard band ✔ PASS" in rows
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
