"""The pen on an emulated cell: rate and strokes against state of charge, cut-off, current at the start.

The emulated cell stands still while strokes are measured, when the load is steady.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from calibration.errors import EstimateError
from rig.errors import ContactNotFound, InstrumentError, InstrumentRejected
from rig.instruments.roles import PenStatus, SupplyReading
from rig.procedures.bench import Bench
from rig.procedures.emulated_cell import REST_S, EmulatedCell, cell_in_place, cell_of, record
from rig.procedures.strokes import StrokeCapture, capture_strokes, run_at
from rig.product import Setting
from rig.records.trace import Trace

RUN_S = 1.5
CUT_OFF_STEP_V, RECOVERY_STEP_V = 0.010, 0.025
CUT_OFF_SEARCH_V = 0.25
"""How far above the cut-off the search begins, and how far below it ends."""

CUT_OFF_WAIT_S = 0.25
"""Longer than the firmware hesitates and the motor coasts."""

CUT_OFF_COLUMNS = (
    "soc", "set_v", "voltage_v", "current_a", "battery_mv", "speed_per_min", "error_flags", "running",
)  # fmt: skip


def emulate_cell(bench: Bench, setting: Setting, soc: float, *, seconds: float) -> Trace:
    """Let the pen run on the emulated cell, which is discharged by what the pen draws.

    Returns:
        Trace with columns ``time_s``, ``soc``, ``voltage_v`` and ``current_a``, a row for each round.
    """
    with cell_in_place(bench, soc) as emulated:
        run_at(bench, setting)
        return record(emulated, f"cell {_slug(setting)}", seconds)


def current_profile(bench: Bench, setting: Setting, soc: float) -> Trace:
    """Record the current at rest, through the start of the motor and while it runs.

    Returns:
        Trace with columns ``time_s`` (0 where the motor was told to start), ``soc``, ``voltage_v`` and
        ``current_a``, each reading a mean over the supply's measuring time.
    """
    with cell_in_place(bench, soc) as emulated:
        bench.pen.set_depth(setting.depth_mm)
        bench.pen.set_rate(setting.rate_per_min)
        rest = record(emulated, "rest", REST_S)
        start_s = bench.clock.now()
        bench.pen.start()
        run = record(emulated, "run", RUN_S)
    columns = {name: np.concatenate([rest.columns[name], run.columns[name]]) for name in rest.columns}
    columns["time_s"] = columns["time_s"] - start_s
    return Trace(f"current {_slug(setting)}", columns, {**_about(setting), "x": "time_s", "y": "current_a"})


@dataclass(frozen=True)
class Discharge:
    """The pen at falling states of charge.

    ``states`` has columns ``soc``, ``voltage_v``, ``current_a`` (the means of a reading before the strokes
    and one after), ``battery_mv``, ``reported_per_min`` and ``running``, a row for each state of charge;
    ``captures`` has the strokes of every row in which the pen still ran to its end.
    """

    setting: Setting
    states: Trace
    captures: tuple[StrokeCapture, ...]


def discharge(
    bench: Bench,
    setting: Setting,
    rim_mm: float,
    socs: Sequence[float],
    *,
    expected_mm: float | None,
    strokes: int,
    stamps: int,
) -> Discharge:
    """Measure the pen's strokes at one setting while its cell gets emptier, until the pen gives up.

    Args:
        rim_mm, expected_mm, strokes, stamps: as :func:`~rig.procedures.strokes.capture_strokes`.
        socs: states of charge, strictly falling, within 0 to 1.

    Raises:
        EstimateError: states of charge that do not fall; nothing has moved.
        RefusedToStart: the station has no supply; nothing has moved.
        ContactNotFound: a running pen's needles never reached the plate.
    """
    falling = all(1.0 >= sooner > later >= 0.0 for sooner, later in pairwise(socs))
    if not socs or not falling:
        raise EstimateError(f"states of charge {list(socs)}, expected one or more, falling, within 0 to 1")
    rows, captures = [], []
    with cell_in_place(bench, socs[0]) as emulated:
        bench.present("datum")
        run_at(bench, setting)
        for soc in socs:
            emulated.soc = soc
            _stand_off(bench, setting, rim_mm)
            before, status = emulated.settle(), bench.pen.status()
            capture = (
                _capture(bench, setting, rim_mm, expected_mm, strokes, stamps) if status.running else None
            )
            _stand_off(bench, setting, rim_mm)
            after, ended = bench.supply.measure(), bench.pen.status()
            rows.append(_state(soc, before, after, status, running=capture is not None and ended.running))
            if capture is None or not ended.running:
                break
            captures.append(capture)
        bench.retract()
    names = ("soc", "voltage_v", "current_a", "battery_mv", "reported_per_min", "running")
    columns = dict(zip(names, np.array(rows).T, strict=True))
    about = {**_about(setting), "x": "soc", "y": "reported_per_min"}
    return Discharge(setting, Trace(f"discharge {_slug(setting)}", columns, about), tuple(captures))


def find_cut_off(bench: Bench, setting: Setting) -> Trace:
    """Empty the cell under the running pen until it stops, then fill it until the pen starts again.

    Returns:
        Trace with columns ``soc``, ``set_v`` (told to the supply), ``voltage_v`` and ``current_a`` (read
        back), ``battery_mv``, ``speed_per_min``, ``error_flags`` and ``running``, a row for each step:
        down first, then up. A pen that never stops has no row in which it does not run.
    """
    cut_off_v = bench.product.battery.cut_off_mv / 1000.0
    cell = cell_of(bench.product.battery)
    rows: list[tuple[float, ...]] = []
    highest_v = min(cut_off_v + CUT_OFF_SEARCH_V, cell.open_circuit_v[-1])
    lowest_v = max(cut_off_v - CUT_OFF_SEARCH_V, cell.open_circuit_v[0])
    with cell_in_place(bench, cell.soc_at(highest_v)) as emulated:
        run_at(bench, setting)
        running_a = emulated.settle().current_a
        bench.watch.begins(f"Cut-off at {setting}", x="voltage_v", y="speed_per_min")
        for falling_v in np.arange(highest_v, lowest_v, -CUT_OFF_STEP_V):
            emulated.soc = cell.soc_at(float(falling_v))
            emulated.follow(running_a)
            rows.append(_cut_off_row(emulated))
            if not rows[-1][-1]:
                break
        for rising_v in np.arange(float(falling_v), cell.open_circuit_v[-1], RECOVERY_STEP_V):
            if rows[-1][-1]:
                break
            emulated.soc = cell.soc_at(float(rising_v))
            emulated.follow(0.0)
            bench.clock.sleep(CUT_OFF_WAIT_S)
            with contextlib.suppress(InstrumentRejected):
                bench.pen.start()
            rows.append(_cut_off_row(emulated))
        bench.watch.ends()
    columns = dict(zip(CUT_OFF_COLUMNS, np.array(rows).T, strict=True))
    return Trace(
        f"cut-off {_slug(setting)}", columns, {**_about(setting), "x": "voltage_v", "y": "speed_per_min"}
    )


def _cut_off_row(emulated: EmulatedCell) -> tuple[float, ...]:
    """Wait, and see what the pen does."""
    bench = emulated.bench
    bench.clock.sleep(CUT_OFF_WAIT_S)
    reading, status = bench.supply.measure(), bench.pen.status()
    bench.watch.point(reading.voltage_v, status.motor_speed_per_min)
    return (
        emulated.soc,
        emulated.set_v,
        reading.voltage_v,
        reading.current_a,
        status.battery_mv,
        status.motor_speed_per_min,
        status.error_flags,
        status.running,
    )


def _stand_off(bench: Bench, setting: Setting, rim_mm: float) -> None:
    """Move the plate to where the needles surely do not reach it: state of cell and pen are taken free."""
    bench.stage.move_to("z", rim_mm - setting.depth_mm - bench.product.mechanics.maximum_extension_error_mm)


def _capture(
    bench: Bench, setting: Setting, rim_mm: float, expected_mm: float | None, strokes: int, stamps: int
) -> StrokeCapture | None:
    """Capture strokes; None when the pen gave up meanwhile."""
    try:
        return capture_strokes(
            bench, setting, rim_mm, expected_mm=expected_mm, strokes=strokes, stamps=stamps
        )
    except (ContactNotFound, InstrumentError):
        if bench.pen.status().running:
            raise
        return None


def _state(
    soc: float, before: SupplyReading, after: SupplyReading, status: PenStatus, *, running: bool
) -> tuple[float, ...]:
    return (
        soc,
        (before.voltage_v + after.voltage_v) / 2,
        (before.current_a + after.current_a) / 2,
        status.battery_mv,
        status.motor_speed_per_min,
        running,
    )


def _slug(setting: Setting) -> str:
    return f"{setting.depth_mm:.2f} mm {setting.rate_per_min:.0f} per min"


def _about(setting: Setting) -> dict[str, str | float | int]:
    return {"depth_mm": setting.depth_mm, "rate_per_min": setting.rate_per_min}
