"""Rate, jitter and Allan deviation of ten million strokes; beside allantools (LGPL-3.0), where installed.

allantools has neither rate nor jitter: it is compared with the deviation alone, octave by octave.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, median_s
from benchmarks.oracles import OWN, agreement, beside, in_turn, missing, oracle
from calibration.allan import allan_deviation, rate_stability
from calibration.stroke_rate import stroke_rate

STROKES = 10_000_000
PERIOD_S = 0.01
ROUNDS = 3
TOLERANCE = 1e-9

Floats = NDArray[np.float64]


def measure() -> list[Figure]:
    """Return times, and how far the deviations differ."""
    stamps_s = _stamps()
    phase_s = stamps_s - PERIOD_S * np.arange(STROKES)
    octaves = [2**number for number in range(int(np.log2(STROKES / 3)) + 1)]
    jobs: dict[str, Any] = {OWN: lambda: allan_deviation(phase_s, PERIOD_S, factors=octaves).deviation}
    absent = []
    if allantools := oracle("allantools"):
        taus = PERIOD_S * np.array(octaves)
        jobs["allantools"] = lambda: allantools.oadev(phase_s, rate=1 / PERIOD_S, taus=taus)[1]
    else:
        absent.append(missing("allantools"))
    seconds, found = in_turn(jobs, ROUNDS, warm=False)
    apart = max((_apart(found[OWN], found[name]) for name in found if name != OWN), default=None)
    rate_s = median_s(lambda: stroke_rate(stamps_s, time_base_u=1e-6), 1)
    whole_s = median_s(lambda: rate_stability(stamps_s), 1)
    return [
        Figure(
            f"Allan deviation of {STROKES:.0e} stamps, {len(octaves)} octaves, intervals",
            f"{seconds[OWN]:.2f} s",
            beside(seconds, absent),
        ),
        agreement("deviations, relatively,", apart, TOLERANCE),
        Figure("… from raw stamps, bounces and gaps looked for", f"{whole_s:.2f} s"),
        Figure("rate and jitter of the same stamps", f"{rate_s:.1f} s"),
    ]


def _stamps() -> Floats:
    """Stamps with noise of their own, 20 µs, and periods that jitter by 0.1 %, s."""
    random = np.random.default_rng(1)
    periods = PERIOD_S * (1.0 + 1e-3 * random.normal(size=STROKES))
    return np.cumsum(periods) + 2e-5 * random.normal(size=STROKES)


def _apart(own: Floats, other: Floats) -> float:
    return float(np.abs(other / own - 1.0).max())
