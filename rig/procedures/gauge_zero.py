"""The gauge's zero all through a session: what it reads where nothing touches it must stay what it was.

A zero that drifts beyond the certificate, or a gauge that is stuck under load, shows in the next reading
without load, whichever procedure takes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rig.errors import GaugeDrift

if TYPE_CHECKING:
    from rig.procedures.bench import Bench

NOISE_SHARE = 3.0
KEPT_ZEROS = 64


@dataclass
class Zeros:
    """What the gauge read without load: moments, s, and means, N, of the last so many times."""

    read: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=KEPT_ZEROS))

    @property
    def last(self) -> tuple[float, float] | None:
        """The last of them; None before there is one."""
        return self.read[-1] if self.read else None


def unloaded_n(bench: Bench, readings: int) -> float:
    """Return the mean of several readings where nothing touches the target, N.

    Raises:
        GaugeDrift: it differs from what was read before by more than the gauge's certificate explains.
        ForceLimitExceeded: more force than the station allows.
    """
    zero_n, now_s = bench.mean_force_n(readings), bench.clock.now()
    for earlier_s, earlier_n in bench.zeros.read:
        _compare(bench, zero_n - earlier_n, now_s - earlier_s)
    bench.zeros.read.append((now_s, zero_n))
    return zero_n


def allowed_change_n(bench: Bench, seconds: float) -> float:
    """Return how much two means without load may differ, so many seconds apart, N."""
    figure = bench.station.figure
    noise_n = figure("force_gauge", "noise_n") + figure("force_gauge", "resolution_n")
    return figure("force_gauge", "zero_drift_n_per_s") * seconds + NOISE_SHARE * noise_n


def _compare(bench: Bench, change_n: float, seconds: float) -> None:
    allowed_n = allowed_change_n(bench, seconds)
    if abs(change_n) > allowed_n:
        raise GaugeDrift(
            f"force_gauge: its zero moved by {change_n:+.3f} N in {seconds:.1f} s without load",
            expected=f"at most {allowed_n:.3f} N",
            do="See that nothing presses on the target; if nothing does, let the gauge warm up or have it "
            "repaired. The pen was not judged by it",
        )
