"""The strokes of the pen and what the plate feels of them, against the crank's own formula."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from rig.product import load_product
from rig.twin.bench import TwinBench
from rig.twin.time import TwinTime
from rig.twin.world import load_world

Floats = NDArray[np.float64]

# Everything that departs from an ideal crank on an ideal bench, switched off.
IDEAL = (
    "nest.axis_tilt_mrad=0.0",
    "nest.drift_mm=0.0",
    "environment.temperature_c=20.0",
    "pen.depth.gain=1.0",
    "pen.depth.offset_mm=0.0",
    "pen.depth.ripple_mm=0.0",
    "pen.depth.backlash_mm=0.0",
    "pen.depth.thermal_mm_per_k=0.0",
    "pen.motor.rate_error=0.0",
    "pen.motor.droop_per_n=0.0",
    "pen.motor.period_jitter=0.0",
    "pen.motor.stamp_jitter=0.0",
    "pen.motor.ripple_1=0.0",
    "pen.motor.ripple_2=0.0",
    "pen.crank.top_scatter_mm=0.0",
    "pen.crank.stretch_mm=0.0",
    "pen.tip.needles.length_scatter_mm=0.0",
    "contact.threshold_mm=0.0",
    "contact.hysteresis_mm=0.0",
    "contact.bounce_mean=0.0",
    "contact.missed=0.0",
    "nest.tilt_mrad=0.0",
    "nest.stiffness_n_per_mm=1e9",
    "stage.scale_error=0.0",
    "stage.cyclic_mm=0.0",
    "stage.repeatability_mm=0.0",
)
RATE_PER_MIN, DEPTH_MM = 6000.0, 1.5
SETTLED_S = 2.0


def cycles(
    gap_mm: float, count: int = 20, changes: tuple[str, ...] = (), seed: int = 0
) -> tuple[Floats, Floats]:
    """Return rises and falls of the contact at a gap, on an ideal bench with some changes."""
    world = load_world("nominal", (*IDEAL, *changes))
    time = TwinTime()
    bench = TwinBench(world, load_product("office-pen"), time, seed=seed)
    bench.z.move_to(0.0, world.nest.rim_position_mm - gap_mm, 26.0, 600.0)
    bench.pen.command_depth(0.0, DEPTH_MM)
    bench.pen.set_rate(0.0, RATE_PER_MIN)

    async def record() -> tuple[Floats, Floats]:
        await time.wait(SETTLED_S)
        bench.pen.start(time.now())
        await time.wait(1.0)
        return await bench.edges(count, since_s=time.now(), until_s=time.now() + 2.0)

    return asyncio.run(record())


def duty(gap_mm: float, changes: tuple[str, ...] = ()) -> float:
    """Return the mean duty at a gap."""
    rises, falls = cycles(gap_mm, changes=changes)
    return float(((falls[: len(rises) - 1] - rises[:-1]) / np.diff(rises)).mean())


@pytest.mark.parametrize("overlap_mm", [0.01, 0.05, 0.19, 1.0])
def test_an_ideal_pen_closes_the_contact_while_the_crank_is_beyond_the_plate(overlap_mm: float) -> None:
    angle = math.pi * duty(DEPTH_MM - overlap_mm)
    drop = 2.5 / 2 * ((1 - math.cos(angle)) + 0.15 / 4 * (1 - math.cos(2 * angle)))
    assert drop == pytest.approx(overlap_mm, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "seen_per_mm"),
    [
        (("nest.axis_tilt_mrad=100.0",), math.cos(0.1)),
        (("environment.temperature_c=120.0", "stage.expansion_per_k=5e-4", "pen.expansion_per_k=0.0"), 1.05),
        (("environment.temperature_c=120.0", "stage.expansion_per_k=0.0", "pen.expansion_per_k=5e-4"), 0.95),
    ],
    ids=["inclined travel", "a warm stage", "a warm pen"],
)
def test_what_the_stage_moves_is_not_what_the_pen_sees(changes: tuple[str, ...], seen_per_mm: float) -> None:
    """A gap told is another one along the pen's axis, in lengths at 20 °C: the duty is that of the other."""
    told_mm = 1.2
    assert duty(told_mm, changes) == pytest.approx(duty(told_mm * seen_per_mm), rel=1e-6)


def test_the_rate_is_what_the_motor_was_asked_for() -> None:
    rises, _ = cycles(DEPTH_MM - 0.1)
    assert 60.0 / np.diff(rises) == pytest.approx(RATE_PER_MIN, rel=1e-6)


def test_beyond_the_reach_there_is_no_contact() -> None:
    rises, falls = cycles(DEPTH_MM + 0.001)
    assert len(rises) == len(falls) == 0


@pytest.mark.parametrize(
    ("change", "longer"),
    [
        ("pen.crank.stretch_mm=0.01", True),  # inertia carries the needles further
        ("pen.crank.stroke_error_mm=-0.1", False),  # a shorter stroke lowers its top
        ("pen.tip.needles.shortening_mm=0.02", False),
        ("contact.threshold_mm=0.01", False),
        ("nest.stiffness_n_per_mm=5.0", False),  # the plate gives way
    ],
)
def test_each_effect_moves_the_duty_its_own_way(change: str, longer: bool) -> None:
    ideal, changed = duty(DEPTH_MM - 0.1), duty(DEPTH_MM - 0.1, (change,))
    assert (changed > ideal) is longer
    assert changed != pytest.approx(ideal, rel=1e-3)


def test_load_slows_the_pen() -> None:
    free, _ = cycles(DEPTH_MM - 0.01, changes=("pen.motor.droop_per_n=0.05",))
    loaded, _ = cycles(DEPTH_MM - 0.3, changes=("pen.motor.droop_per_n=0.05",))
    assert np.diff(loaded).mean() > 1.005 * np.diff(free).mean()


def test_scattered_tops_scatter_the_duty_around_the_same_overlap() -> None:
    rises, falls = cycles(DEPTH_MM - 0.1, 200, ("pen.crank.top_scatter_mm=0.003",))
    widths = falls[: len(rises) - 1] - rises[:-1]
    angles = np.pi * widths / np.diff(rises)
    drops = 2.5 / 2 * ((1 - np.cos(angles)) + 0.15 / 4 * (1 - np.cos(2 * angles)))
    assert drops.mean() == pytest.approx(0.1, abs=4 * 0.003 / math.sqrt(200))
    assert drops.std() == pytest.approx(0.003, rel=0.2)


def test_missed_strokes_leave_gaps_of_whole_periods() -> None:
    rises, _ = cycles(DEPTH_MM - 0.1, 100, ("contact.missed=0.2",))
    periods = np.diff(rises) * RATE_PER_MIN / 60.0
    assert periods.max() > 1.5
    assert periods == pytest.approx(np.round(periods), abs=1e-6)


def test_bounces_add_short_gaps_after_closing_and_nothing_else() -> None:
    rises, falls = cycles(DEPTH_MM - 0.1, 100, ("contact.bounce_mean=1.0",))
    plain_rises, plain_falls = cycles(DEPTH_MM - 0.1, 100)
    assert len(np.unique(np.round(rises, 3))) < len(rises)
    opened = falls[:-1][np.diff(falls) < 0.005]
    closing = plain_rises[np.searchsorted(plain_rises, opened) - 1]
    assert (opened - closing).max() < 200e-6
    assert np.isin(np.round(plain_falls[:20], 9), np.round(falls, 9)).all()


def test_an_open_wire_shows_nothing_though_the_needles_strike() -> None:
    rises, _ = cycles(DEPTH_MM - 0.1, changes=("contact.wire_open=true",))
    assert len(rises) == 0


def test_the_same_seed_gives_the_same_strokes_and_another_does_not() -> None:
    noisy = ("pen.motor.stamp_jitter=1e-4", "pen.crank.top_scatter_mm=0.003")
    first, again, other = (cycles(DEPTH_MM - 0.1, changes=noisy, seed=seed)[0] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_stopping_coasts_to_rest_and_parking_takes_time() -> None:
    time = TwinTime()
    bench = TwinBench(load_world("nominal"), load_product("office-pen"), time, seed=0)

    async def story() -> None:
        bench.pen.start(time.now())
        await time.wait(0.5)
        bench.pen.stop(time.now())
        assert bench.pen.running
        await time.wait(0.3)
        assert not bench.pen.running
        assert bench.pen.parked_at(time.now()) is None
        bench.pen.park(time.now(), "extended")
        assert bench.pen.parked_at(time.now()) is None
        await time.wait(0.3)
        assert bench.pen.parked_at(time.now()) == "extended"
        bench.pen.start(time.now())
        bench.pen.stop(time.now())
        bench.pen.start(time.now())
        await time.wait(0.5)
        assert bench.pen.running, "started again before it came to rest"

    asyncio.run(story())
