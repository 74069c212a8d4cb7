"""A supply in the place of the pen's cell, driven along the cell's curve by a slow loop.

The loop reads the current and sets the voltage that the cell would have, some fifteen times a second: right
for the sag under a running motor, too slow for its inrush and ripple, which see the supply's own stiffness.
The supply is limited before it is switched on, and off again on every way out; the pen then runs on its own
cell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from calibration.cell import Cell
from rig.errors import InstrumentError
from rig.instruments.roles import SupplyReading
from rig.procedures.bench import Bench
from rig.product_measurements import Battery
from rig.records.trace import Trace

PERIOD_S = 0.065
"""Of the loop: two measurements of the supply, and the time to set a voltage."""

SETTLED_V = 0.001
MOST_ROUNDS = 60
REST_S = 0.3
SEEN_SHARE = 0.1
"""The pen must report the supply's voltage within this share, or it runs on something else."""


def cell_of(battery: Battery) -> Cell:
    """Return the cell that a product file describes."""
    return Cell(
        tuple(battery.socs),
        tuple(millivolts / 1000.0 for millivolts in battery.open_circuit_mv),
        battery.resistance_ohm,
        battery.capacity_mah,
    )


@dataclass
class EmulatedCell:
    """A supply that behaves as a cell, a step at a time.

    Attributes:
        soc: state of charge; set it to jump along the discharge.
        set_v: the voltage the supply was told last.
    """

    bench: Bench
    cell: Cell
    soc: float
    set_v: float = 0.0

    def follow(self, current_a: float) -> None:
        """Set the voltage that the cell has at a current."""
        self.set_v = self.cell.voltage_v(self.soc, current_a)
        self.bench.supply.set_voltage(self.set_v)

    def step(self) -> tuple[float, float, SupplyReading]:
        """Do one round: read, set, count the charge, let the rest of the period pass.

        Returns:
            Moment of the reading, s; state of charge at it; the reading.
        """
        clock = self.bench.clock
        before_s = clock.now()
        reading = self.bench.supply.measure()
        at_s, soc = (before_s + clock.now()) / 2, self.soc
        self.follow(reading.current_a)
        clock.sleep(PERIOD_S - (clock.now() - before_s))
        self.soc = self.cell.soc_after(soc, reading.current_a, clock.now() - before_s)
        return at_s, soc, reading

    def settle(self) -> SupplyReading:
        """Do rounds until the voltage stands still; return the last reading.

        Raises:
            InstrumentError: it does not.
        """
        before_v = self.set_v
        for _ in range(MOST_ROUNDS):
            soc = self.soc
            _, _, reading = self.step()
            self.soc = soc  # a point is measured at its own state of charge
            if abs(self.set_v - before_v) <= SETTLED_V:
                return reading
            before_v = self.set_v
        raise InstrumentError(
            self.bench.supply.role,
            f"the cell's voltage still changes after {MOST_ROUNDS * PERIOD_S:.1f} s ({self.set_v:.3f} V)",
            expected=f"changes below {1000 * SETTLED_V:g} mV",
            do="Check the leads to the pen, and the cell's resistance in the product file",
        )


@contextlib.contextmanager
def cell_in_place(bench: Bench, soc: float) -> Iterator[EmulatedCell]:
    """Put a supply in the place of the pen's cell while the block runs.

    The stage is retracted; the pen starts and ends stopped.

    Args:
        soc: state of charge to begin with, 0 to 1.

    Raises:
        RefusedToStart: the station has no supply; nothing has moved.
        EstimateError: a state of charge that no cell has; nothing has moved.
        InstrumentRejected: the supply does not hold its limits.
    """
    supply, battery = bench.supply, bench.product.battery
    emulated = EmulatedCell(bench, cell_of(battery), soc)
    start_v = emulated.cell.voltage_v(soc, 0.0)
    bench.pen.stop()
    bench.retract()
    with contextlib.ExitStack() as stack:
        stack.callback(supply.switch_off)
        stack.callback(bench.pen.stop)
        supply.switch_off()
        supply.limit(voltage_v=battery.over_voltage_mv / 1e3, current_a=battery.current_limit_ma / 1e3)
        emulated.follow(0.0)
        supply.switch_on()
        bench.clock.sleep(REST_S)
        _check_voltage(bench, start_v)
        yield emulated


def record(emulated: EmulatedCell, name: str, seconds: float) -> Trace:
    """Do rounds for a time.

    Returns:
        Trace with columns ``time_s`` (of the bench's clock), ``soc``, ``voltage_v`` and ``current_a``, a
        row for each round.
    """
    rows, clock = [], emulated.bench.clock
    start_s = clock.now()
    watch = emulated.bench.watch
    watch.begins(f"Current of the pen, {name}", x="time_s", y="current_a")
    while clock.now() < start_s + seconds:
        at_s, soc, reading = emulated.step()
        rows.append((at_s, soc, reading.voltage_v, reading.current_a))
        watch.point(at_s - start_s, reading.current_a)
    watch.ends()
    columns = dict(zip(("time_s", "soc", "voltage_v", "current_a"), np.array(rows).T, strict=True))
    return Trace(name, columns, {"x": "time_s", "y": "current_a"})


def _check_voltage(bench: Bench, expected_v: float) -> None:
    """Refuse to go on where the pen does not see the supply: it would be tested on its own cell."""
    seen_v = bench.pen.status().battery_mv / 1000.0
    if abs(seen_v - expected_v) > SEEN_SHARE * expected_v:
        raise InstrumentError(
            bench.supply.role,
            f"the pen reports {seen_v:.3f} V at its battery contacts",
            expected=f"{expected_v:.3f} V from the supply",
            do="Put the battery adapter into the pen, and check its leads",
        )
