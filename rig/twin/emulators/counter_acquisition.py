"""One INITiate of the counter: how its readings come about as simulated time passes.

Assumption: readings of width, duty and single period are taken on consecutive cycles, without dead
time between them, which the manual neither promises nor denies for signals this slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rig.twin.emulators.counter_input import CounterInput, Floats
from rig.twin.emulators.scpi_values import INFINITY, NOT_A_NUMBER, Value

# Where a real counter would wait for ever, the emulated one gives a reading up after this long.
LONGEST_WAIT_S = 100.0

EVERY_EDGE = 1_000_000  # more cycles than any gate holds
GATE_ROUNDING = 1e-9  # so that rounding adds no period to a gate of whole periods
PRESCALE = 1  # no stroke is so fast that the counter would skip edges

Way = Literal["gate", "cycle", "stamp", "total"]


@dataclass(frozen=True)
class Function:
    """A measuring function: header, how it is measured, unit of its readings, bit of its time-out.

    The questionable-data bits are those that SCPI gives to time (4) and frequency (32).
    """

    header: str
    way: Way
    unit: str
    timeout_bit: int = 4


FUNCTIONS = {
    "FREQ": Function("FREQuency", "gate", "HZ", timeout_bit=32),
    "PER": Function("PERiod", "gate", "S"),
    "SPER": Function("SPERiod", "cycle", "S"),
    "PWID": Function("PWIDth", "cycle", "S"),
    "NWID": Function("NWIDth", "cycle", "S"),
    "PDUT": Function("PDUTycycle", "cycle", ""),
    "NDUT": Function("NDUTycycle", "cycle", ""),
    "TST": Function("TSTamp", "stamp", "S"),
    "TOT": Function("TOTalize:TIMed", "total", ""),
}


@dataclass(frozen=True)
class Plan:
    """What one INITiate measures, frozen from the settings at its moment."""

    function: str
    channel: int
    falling: bool
    gate_s: float
    gap_free: bool
    timeout_s: float
    delay_s: float
    readings_per_trigger: int
    triggers: int
    self_triggered: bool

    @classmethod
    def from_settings(cls, function: str, channel: int, values: Mapping[str, Value]) -> Plan:
        """Read the plan out of the counter's settings."""
        prefix = "INP" if channel == 1 else f"INP{channel}"
        gate_s = float(values["TOT:GATE:TIME" if function == "TOT" else "FREQ:GATE:TIME"])
        timeout_s = float(values["SYST:TIM"])
        if timeout_s == INFINITY:
            timeout_s = LONGEST_WAIT_S + 2 * gate_s
        elif FUNCTIONS[function].way in ("gate", "total") and timeout_s < gate_s:
            timeout_s = 2 * gate_s  # as the manual says of SYSTem:TIMeout
        return cls(
            function=function,
            channel=channel,
            falling=values.get(f"{prefix}:SLOP", "POS") == "NEG",
            gate_s=gate_s,
            gap_free=values["FREQ:MODE"] == "CONT",
            timeout_s=timeout_s,
            delay_s=float(values["TRIG:DEL"]),
            readings_per_trigger=int(values["SAMP:COUN"]),
            triggers=1 if function == "TST" else int(values["TRIG:COUN"]),
            self_triggered=values["TRIG:SOUR"] == "IMM",
        )


class Acquisition:
    """The readings of one INITiate, brought forward on demand by :meth:`advance`.

    Args:
        plan: what to measure.
        source: where edges come from.
        start_s: the moment of INITiate.
        store: takes readings as they are complete.
    """

    def __init__(
        self, plan: Plan, source: CounterInput, start_s: float, store: Callable[[list[float]], None]
    ) -> None:
        self.plan, self.timed_out = plan, False
        self._source, self._start_s, self._store = source, start_s, store
        self._since_s, self._left, self._triggers = start_s, 0, plan.triggers
        if plan.self_triggered:
            self._arm(start_s, plan.triggers)
        if plan.function == "TST":
            store([PRESCALE])

    @property
    def done(self) -> bool:
        """Whether every reading of every trigger is complete."""
        return not self._left and not self._triggers

    @property
    def needs_trigger(self) -> bool:
        """Whether nothing more will come before another trigger."""
        return not self._left and self._triggers > 0

    def trigger(self, now_s: float) -> None:
        """Start the readings of one trigger."""
        self._arm(now_s, 1)

    async def advance(self, until_s: float, *, most: float = math.inf) -> None:
        """Take the readings complete by ``until_s``, at most ``most``; time passes for those to come."""
        while self._left and most > 0:
            deadline_s = self._since_s + self.plan.timeout_s
            wanted = int(min(self._left, most))
            readings = await self._measure(wanted, min(until_s, deadline_s))
            if not readings:
                if until_s < deadline_s:
                    return
                readings, self._since_s, self.timed_out = [NOT_A_NUMBER], deadline_s, True
            self._left -= len(readings)
            most -= len(readings)
            self._store(readings)

    def _arm(self, now_s: float, triggers: int) -> None:
        self._triggers -= triggers
        self._left = triggers * self.plan.readings_per_trigger
        self._since_s = now_s + self.plan.delay_s

    async def _measure(self, wanted: int, until_s: float) -> list[float]:
        """Return up to ``wanted`` readings complete by ``until_s``, and move ``_since_s`` behind them."""
        match FUNCTIONS[self.plan.function].way:
            case "gate":
                return await self._over_gate(until_s)
            case "cycle":
                return await self._of_cycles(wanted, until_s)
            case "stamp":
                return await self._of_edges(wanted, until_s)
            case "total":
                return await self._total(until_s)

    async def _edges(self, cycles: int, until_s: float) -> tuple[Floats, Floats]:
        return await self._source.edges(
            cycles, channel=self.plan.channel, since_s=self._since_s, until_s=until_s
        )

    async def _chosen_edges(self, count: int, until_s: float) -> Floats:
        """Return up to ``count`` edges of the chosen slope."""
        if self.plan.falling:
            return (await self._edges(count, until_s))[1][:count]
        return (await self._edges(max(1, count - 1), until_s))[0][:count]

    async def _over_gate(self, until_s: float) -> list[float]:
        """Count whole periods from the first edge to the first one after the gate."""
        gate_s = self.plan.gate_s * (1.0 - GATE_ROUNDING)
        cycles, edges = 0, np.empty(0)
        while not cycles or edges[-1] - edges[0] < gate_s:
            cycles = _enough_cycles(cycles, edges, gate_s)
            edges = await self._chosen_edges(cycles + 1, until_s)
            if len(edges) <= cycles:
                return []
        closing = max(1, int(np.searchsorted(edges, edges[0] + gate_s)))
        self._since_s = _before(edges[closing]) if self.plan.gap_free else _after(edges[closing])
        opened_s, closed_s = self._source.stamps(edges[[0, closing]] - self._start_s)
        period_s = float(closed_s - opened_s) / closing
        return [1.0 / period_s if self.plan.function == "FREQ" else period_s]

    async def _of_cycles(self, wanted: int, until_s: float) -> list[float]:
        rises, falls = await self._edges(wanted, until_s)
        cycles = len(rises) - 1
        if cycles < 1:
            return []
        self._since_s = _before(rises[-1])
        up_s = self._source.stamps(rises - self._start_s)
        down_s = self._source.stamps(falls[:cycles] - self._start_s)
        period_s, high_s = np.diff(up_s), down_s - up_s[:-1]
        readings = {
            "SPER": period_s,
            "PWID": high_s,
            "NWID": period_s - high_s,
            "PDUT": high_s / period_s,
            "NDUT": 1.0 - high_s / period_s,
        }
        return [float(reading) for reading in readings[self.plan.function]]

    async def _of_edges(self, wanted: int, until_s: float) -> list[float]:
        edges = await self._chosen_edges(wanted, until_s)
        if len(edges):
            self._since_s = _after(edges[-1])
        return [float(stamp) for stamp in self._source.stamps(edges - self._start_s)]

    async def _total(self, until_s: float) -> list[float]:
        closes_s = self._since_s + self.plan.gate_s
        if until_s < closes_s:
            return []
        rises, falls = await self._edges(EVERY_EDGE, closes_s)
        self._since_s = closes_s
        return [float(len(falls if self.plan.falling else rises))]


def _enough_cycles(cycles: int, edges: Floats, gate_s: float) -> int:
    """Return how many cycles to wait for next: as many as should fill the gate, but at most twice as many.

    A contact that bounced shows a period far too short at first.
    """
    if not cycles:
        return 1
    estimate = math.ceil(cycles * gate_s / float(edges[-1] - edges[0]))
    return min(2 * cycles, max(cycles + 1, estimate))


def _before(time_s: float) -> float:
    """Return the moment just before an edge, so that the edge comes after it."""
    return math.nextafter(time_s, -math.inf)


def _after(time_s: float) -> float:
    return math.nextafter(time_s, math.inf)
