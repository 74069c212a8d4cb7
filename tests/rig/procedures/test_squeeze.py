"""Squeezing a pouch, on real drivers."""

from __future__ import annotations

import pytest

from rig.errors import ContactNotFound, ForceLimitExceeded, GaugeDrift
from rig.fixtures.evaluate import leak
from rig.procedures.squeeze import squeeze_pouch
from tests.support.real_bench import real_bench


@pytest.mark.parametrize("channel_um", [0.0, 30.0])
def test_a_leak_is_measured_within_its_uncertainty(channel_um: float) -> None:
    from rig.twin.physics.pouch import channel_flow

    with real_bench([f"pouch.channel_um={channel_um}"]) as bench:
        found = leak(squeeze_pouch(bench), bench.station, bench.product).rate
    pressure = 20.0 / 572e-6
    true = channel_flow(100_800 + pressure, 100_800, channel_um * 1e-6, 10e-3) + 2e-6
    assert found.value == pytest.approx(true, abs=1.5 * found.U)
    assert found.U < 1e-4


def test_a_drifting_zero_is_the_gauge_s_fault_and_not_a_leak() -> None:
    with (
        real_bench(["gauge.drift_n_per_s=-0.01"]) as bench,
        pytest.raises(GaugeDrift, match="its zero moved by -0"),
    ):
        squeeze_pouch(bench)


def test_a_drift_within_the_certificate_is_taken_out() -> None:
    with real_bench(["gauge.drift_n_per_s=0.002"]) as bench:
        found = leak(squeeze_pouch(bench), bench.station, bench.product).rate
    assert found.value == pytest.approx(2e-6, abs=1.5 * found.U)


def test_without_a_pouch_the_operator_is_asked_for_one() -> None:
    with (
        real_bench(["pouch.position_mm=45.0"]) as bench,
        pytest.raises(ContactNotFound, match="Load a pouch"),
    ):
        squeeze_pouch(bench)


def test_a_pouch_full_of_stones_stops_the_stage() -> None:
    with real_bench(["pouch.volume_ml=0.3"], station=["safety.pouch_force_limit_n=10.0"]) as bench:
        with pytest.raises(ForceLimitExceeded):
            squeeze_pouch(bench)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)
