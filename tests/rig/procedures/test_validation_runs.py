"""Punctures, wear, load and peeling, on real drivers: results against the worlds they were measured in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.errors import ContactNotFound, RefusedToStart
from rig.fixtures import evaluate_validation as evaluate
from rig.fixtures.evaluate import rim_position
from rig.procedures.bench import Bench
from rig.procedures.insertion import insert_slowly
from rig.procedures.load import capture_load
from rig.procedures.peel import peel_seal
from rig.procedures.rim_datum import scan_rim
from rig.procedures.wear import wear_tip
from rig.product import load_product
from rig.twin.truth import tell
from tests.support.real_bench import real_bench
from tests.support.serving import make_world

SEED = 1
"""What :func:`real_bench` serves its world with."""

BLUNT = ("pen.tip.needles.bluntness=4.0", "pen.tip.needles.shortening_mm=0.03")
BENT = ("pen.tip.needles.bent=2", "pen.tip.needles.bent_by_mm=0.4")
FRESH_AT_MOST_N = 0.04
"""Twice what a needle of a new tip needs when the first of them punctures."""


@pytest.mark.parametrize(
    ("world", "blunt", "bent"),
    [((), False, False), (BLUNT, True, False), (BENT, False, True)],
    ids=["new", "dull", "bent"],
)
def test_tips_are_told_from_each_other_by_their_punctures(
    world: tuple[str, ...], blunt: bool, bent: bool
) -> None:
    truth = tell(make_world(world), load_product("office-pen"), seed=SEED)["slow_insertion"]
    with real_bench(world) as bench:
        found = evaluate.puncture(insert_slowly(bench), bench.station, bench.product)
    assert (found.force_per_needle.value > FRESH_AT_MOST_N) == blunt
    assert (found.late > 0) == bent
    force = found.force_per_needle
    assert force.value == pytest.approx(truth["first_puncture_n"], abs=1.5 * force.U)
    assert found.friction is not None
    assert found.friction.value == pytest.approx(truth["friction_n_per_mm"], abs=1.5 * found.friction.U)


def planned(bench: Bench, plan: str, **changes: object) -> Bench:
    """Return the bench with a plan of its product changed."""
    section = getattr(bench.product, plan).model_copy(update=changes)
    return replace(bench, product=bench.product.model_copy(update={plan: section}))


def test_use_wears_a_tip() -> None:
    fast = ("wear.half=800.0", "wear.scatter=0.0", "phantom.scatter=0.02")
    with real_bench(fast) as bench:
        quick = planned(planned(bench, "wear", insertions=4, run_s=4.0), "phantom", slow_mm_per_s=0.4)
        worn = wear_tip(quick)
        found = evaluate.wear(worn, quick.station, quick.product)
    counts = [one.count for one in worn]
    assert counts[0] == 1
    assert counts[-1] == pytest.approx(4 + 3 * 4.0 * 7028 / 60, rel=0.03)
    forces = [p.force_per_needle.value for _, p in found.insertions]
    assert forces[-1] > 1.8 * forces[0]
    assert found.force.change.value > found.force.change.U
    assert found.force.span == (1.0, float(counts[-1]))
    assert found.buried.change.value < 0, "a blunt needle goes less deep"


def test_a_hole_that_has_not_healed_feels_sharper() -> None:
    with real_bench() as bench:
        at_once = planned(
            planned(bench, "wear", insertions=2, run_s=0.0, rest_s=0.0), "phantom", slow_mm_per_s=1.0
        )
        traces = [worn.trace for worn in wear_tip(at_once)]
    peaks = [float(trace.columns["force_n"].max()) for trace in traces]
    assert max(peaks[1:]) < 0.8 * peaks[0]


def test_rate_and_extension_under_load() -> None:
    with real_bench(["pen.motor.droop_per_n=0.006"]) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        assert rim.as_read is not None
        found = evaluate.load(capture_load(bench, rim.as_read, 2.06), bench.station, bench.product)
    assert found.droop.value == pytest.approx(0.006, abs=1.5 * found.droop.U)
    assert found.droop.U < 2e-4
    assert found.loss.value == pytest.approx(1 / 6, abs=found.loss.U)
    assert [force for force, _ in found.rates] == sorted(force for force, _ in found.rates)


def test_a_seal_is_peeled_open() -> None:
    with real_bench(["peel.specimen_scatter=0.0"]) as bench:
        found = evaluate.peel(peel_seal(bench), bench.station, bench.product)
    # Waves do not quite average out over the middle, and the specimen is 0.04 mm wider than stated.
    assert found.mean.value == pytest.approx(2.4, abs=0.07)
    assert found.maximum.value > 1.3 * found.mean.value
    assert found.peeled_mm == pytest.approx(20.0, abs=1.0)


def test_a_film_that_tears_ends_the_peel_early() -> None:
    with real_bench(["peel.tears_at=0.4"]) as bench:
        found = evaluate.peel(peel_seal(bench), bench.station, bench.product)
    assert found.peeled_mm < 10.0


def test_an_empty_grip_is_told() -> None:
    with (
        real_bench(["peel.strength_n_per_15mm=0.02"]) as bench,
        pytest.raises(ContactNotFound, match="Lay a specimen into the grip"),
    ):
        peel_seal(bench)


def test_a_station_without_a_grip_refuses_before_anything_moves() -> None:
    with real_bench() as bench:
        before = bench.stage.position("turret")
        bench.station.nest.targets.pop("grip")
        with pytest.raises(RefusedToStart, match="has no grip"):
            peel_seal(bench)
        assert bench.stage.position("turret") == before


def test_more_travel_than_there_is_refuses() -> None:
    with real_bench() as bench, pytest.raises(RefusedToStart, match="cannot pull 40 mm"):
        peel_seal(planned(bench, "peel", travel_mm=40.0))
