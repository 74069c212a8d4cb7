"""Touching the rim once more, from very near: is everything still where the datum was?

A stage that slipped or lost steps, a nest or a pen that came loose, a room that grew warm and a gauge that is
stuck all show here. The plate comes no nearer than what a scan of the rim does, whatever the gauge says.
"""

from __future__ import annotations

import numpy as np

from rig.errors import DatumMoved, GaugeDrift
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_gauge_lives
from rig.procedures.gauge_zero import unloaded_n
from rig.procedures.rim_datum import retract_needles
from rig.procedures.touch import feel
from rig.records.trace import Trace

NEAR_MM = 0.03
CLEAR_MM = 0.3
FAR_MM = 0.012
"""Beyond the rim, where the force would be some 2.5 N."""

CREEP_MM_PER_S = 0.8
TOUCH_N = 1.0
ZERO_READINGS = 5
READINGS = 4
SETTLE_S = 0.012


def touch_rim_again(bench: Bench, rim_mm: float, *, when: str) -> Trace:
    """Bring the plate against the rim where it was found before, and read one force there.

    Args:
        rim_mm: where the rim was, on the stage's own scale.
        when: in the course of the run, for the trace's name.

    Returns:
        Trace with columns ``position_mm`` and ``force_n`` (free of the zero) of one place.

    Raises:
        DatumMoved: the rim is not within tens of micrometres of where it was.
        ForceUnknown: the gauge is stuck.
        GaugeDrift: its zero is not what it was.
        ForceLimitExceeded: more force than the station allows.
    """
    retract_needles(bench)
    bench.present("datum")
    bench.stage.move_to("z", rim_mm - NEAR_MM)
    zero_n = _zero_n(bench, rim_mm)
    touched_mm = feel(bench, rim_mm + FAR_MM, zero_n, speed_mm_per_s=CREEP_MM_PER_S, touch_n=TOUCH_N)
    if touched_mm is None:
        check_gauge_lives(bench)
        raise moved("farther away, so that it was not felt")
    bench.clock.sleep(SETTLE_S)
    place_mm, force_n = bench.stage.position("z"), bench.mean_force_n(READINGS) - zero_n
    bench.stage.move_to("z", rim_mm - CLEAR_MM)
    return Trace(
        f"rim datum {when}",
        {"position_mm": np.array([place_mm]), "force_n": np.array([force_n])},
        {"rim_mm": rim_mm, "zero_n": zero_n, "readings": READINGS, "x": "position_mm", "y": "force_n"},
    )


def _zero_n(bench: Bench, rim_mm: float) -> float:
    """Return the zero, read so near to the rim; what presses there is the rim if it is gone farther back."""
    try:
        return unloaded_n(bench, ZERO_READINGS)
    except GaugeDrift:
        bench.stage.move_to("z", rim_mm - CLEAR_MM)
        unloaded_n(bench, ZERO_READINGS)
        bench.retract()
        raise moved(f"nearer by {1000 * NEAR_MM:.0f} µm or more") from None


def moved(how: str, expected: str = "the rim where it was") -> DatumMoved:
    """Return the error for a rim that has moved, in words for whoever has to look for the cause."""
    return DatumMoved(
        f"stage or nest: since the datum the rim is {how}",
        expected=expected,
        do="Check that the pen sits tight in its nest, that nothing blocks the stage and that the room keeps "
        "its temperature; then run again. What was measured since the datum does not count",
    )
