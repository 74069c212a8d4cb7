"""The gauge's zero through a session: what the certificate allows passes, what it does not is the gauge's."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rig.errors import GaugeDrift
from rig.procedures.gauge_zero import allowed_change_n, unloaded_n
from tests.support.real_bench import real_bench


def test_a_zero_that_stays_is_read_again_and_again() -> None:
    with real_bench() as bench:
        for _ in range(5):
            assert unloaded_n(bench, 8) == pytest.approx(0.02, abs=0.01)
            bench.clock.sleep(10.0)


def test_a_slow_drift_is_found_though_no_two_zeros_in_a_row_differ_much() -> None:
    with real_bench(["gauge.drift_n_per_s=0.005"]) as bench:
        read: list[float] = []

        def look_after() -> None:
            for _ in range(40):
                read.append(unloaded_n(bench, 8))
                bench.clock.sleep(1.0)

        with pytest.raises(GaugeDrift, match=r"force_gauge: its zero moved by \+0"):
            look_after()
        steps_n = [later - sooner for sooner, later in pairwise(read)]
        assert len(read) > 5
        assert max(steps_n) < allowed_change_n(bench, 1.0)


def test_a_drift_within_the_certificate_passes() -> None:
    with real_bench(["gauge.drift_n_per_s=0.0005"]) as bench:
        for _ in range(10):
            unloaded_n(bench, 8)
            bench.clock.sleep(20.0)
