"""Readings that are old, frozen or no numbers, and the thread that notices a program that hangs."""

from __future__ import annotations

import math
import threading
import time
from itertools import chain, repeat

import pytest

from rig.errors import ForceUnknown, InstrumentTimeout
from rig.instruments.roles import ForceGauge, Identity
from rig.safety.force_watch import ForceWatch, repeats_beyond_chance

NEVER_S, SOON_S, PATIENCE_S = 3600.0, 0.05, 30.0


class Gauge:
    """Reads one number after another, then the last for ever; an exception is raised instead."""

    role = "force_gauge"

    def __init__(self, *readings: float | Exception) -> None:
        self._readings = chain(readings, repeat(readings[-1]))

    def read_n(self) -> float:
        reading = next(self._readings)
        if isinstance(reading, Exception):
            raise reading
        return reading

    def peak_n(self) -> float:
        return 0.0

    def clear_peaks(self) -> None: ...

    def zero(self) -> None: ...

    def set_limit_n(self, limit_n: float) -> None: ...

    def self_test(self) -> list[str]:
        return []

    def identify(self) -> Identity:
        return Identity("", "", "", "")

    def close(self) -> None: ...


def watch_on(
    gauge: ForceGauge,
    halted: threading.Event,
    *,
    stale_s: float = NEVER_S,
    repeats: float = math.inf,
    real_time: bool = False,
) -> ForceWatch:
    return ForceWatch(gauge, stale_s=stale_s, repeats=repeats, halt=halted.set, real_time=real_time)


def test_how_many_equal_readings_are_beyond_chance() -> None:
    # Half a step is 5/3 of the noise: 0.9044 of all readings are equal, and 0.9044^207 < 1e-9.
    assert repeats_beyond_chance(0.003, 0.01) == pytest.approx(208, abs=2)
    assert repeats_beyond_chance(0.01, 0.01) < 30
    assert repeats_beyond_chance(0.0, 0.01) == math.inf
    assert repeats_beyond_chance(0.0001, 0.01) == math.inf


def test_a_frozen_gauge_halts_a_motion() -> None:
    halted = threading.Event()
    watch = watch_on(Gauge(0.02), halted, repeats=5)
    watch.begins()
    assert [watch.read_n() for _ in range(5)] == [0.02] * 5
    assert not halted.is_set()
    with pytest.raises(
        ForceUnknown, match=r"force_gauge: read 0\.02 N 6 times in a row while the stage moved"
    ):
        watch.read_n()
    assert halted.is_set()


def test_equal_readings_at_rest_are_nothing_special() -> None:
    halted = threading.Event()
    watch = watch_on(Gauge(0.02), halted, repeats=5)
    assert [watch.read_n() for _ in range(50)] == [0.02] * 50
    assert not halted.is_set()


@pytest.mark.parametrize(
    ("reading", "error"),
    [
        (math.nan, ForceUnknown),
        (math.inf, ForceUnknown),
        (InstrumentTimeout("force_gauge", "no answer"), InstrumentTimeout),
    ],
)
def test_a_reading_that_cannot_be_had_halts_before_it_is_raised(
    reading: float | Exception, error: type[Exception]
) -> None:
    halted = threading.Event()
    with pytest.raises(error):
        watch_on(Gauge(reading), halted).read_n()
    assert halted.is_set()


def test_a_program_that_hangs_in_a_motion_is_noticed_by_a_thread() -> None:
    halted = threading.Event()
    watch = watch_on(Gauge(0.0), halted, stale_s=SOON_S, real_time=True)
    watch.begins()
    assert halted.wait(PATIENCE_S), "nobody read the gauge"
    with pytest.raises(ForceUnknown, match=r"no reading within 0\.05 s while the stage moved"):
        watch.read_n()


def test_nobody_is_halted_when_the_motion_is_over() -> None:
    """Nor later, however long nobody reads: the strokes of a pen are not stopped for want of a force."""
    halted, watch = motion_that_is_over()
    assert watch.read_n() == 0.0
    assert not halted.wait(4 * SOON_S)
    assert watch.read_n() == 0.0


def motion_that_is_over() -> tuple[threading.Event, ForceWatch]:
    """Return a watch whose motion was over in time: on a busy machine it may have been halted, rightly."""
    while True:
        halted = threading.Event()
        watch = watch_on(Gauge(0.0), halted, stale_s=SOON_S, real_time=True)
        began_s = time.monotonic()
        watch.begins()
        watch.ends()
        if time.monotonic() - began_s < SOON_S:
            return halted, watch
