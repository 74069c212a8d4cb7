"""Who is to blame when something is missing: pen, contact and gauge are asked what they know.

Each function raises the error that names the culprit and what to do, or returns when it is not the one.
"""

from __future__ import annotations

import logging
import math

from rig.errors import ContactOpen, ForceUnknown, InstrumentTimeout, PenStopped
from rig.instruments.roles import PenStatus
from rig.procedures.bench import Bench
from rig.procedures.gauge_zero import allowed_change_n
from rig.product import Setting
from rig.safety.force_watch import repeats_beyond_chance

STALLED_SHARE = 0.1
"""A motor that reports less than this share of its rate stands, or is about to."""

DEPTH_TOLERANCE_MM = 0.001
RATE_TOLERANCE_PER_MIN = 1.0
MOST_READINGS = 2000

logger = logging.getLogger(__name__)


def pen_status(bench: Bench) -> PenStatus:
    """Ask the pen, once more after the time it takes to boot where it does not answer."""
    try:
        return bench.pen.status()
    except InstrumentTimeout as silence:
        logger.warning("%s: asked again after the time it takes to boot: %s", bench.pen.role, silence)
        bench.clock.sleep(bench.product.calibration.restart_s)
        return bench.pen.status()


def check_pen_runs(bench: Bench, setting: Setting) -> PenStatus:
    """Return the pen's status when it runs at a setting, as it was told to.

    Asked after a measurement it shows that the pen ran all through it: a motor that has stalled, or was
    switched off by the firmware, does not start again by itself, and booting loses the settings.

    Raises:
        PenStopped: it does not; the message says what the pen reports.
    """
    status = pen_status(bench)
    told = f"running at {setting}"
    if not status.running:
        why = ", ".join(status.errors) or "it flags no error"
        what = "it has booted anew" if _forgot(status, setting) else f"it has stopped by itself: {why}"
        raise PenStopped(bench.pen.role, what, expected=told, do=_advice(status))
    if _forgot(status, setting):
        is_set = Setting(status.set_depth_mm, status.set_rate_per_min)
        raise PenStopped(bench.pen.role, f"it is set to {is_set}", expected=told, do=_advice(status))
    if status.motor_speed_per_min < STALLED_SHARE * setting.rate_per_min:
        raise PenStopped(
            bench.pen.role,
            f"the motor is on and stands: {status.motor_speed_per_min:.0f} /min at "
            f"{status.motor_current_ma:.0f} mA, it has stalled",
            expected=told,
            do="Take the pen out: the motor or the tip jams. Nothing was judged by this",
        )
    return status


def check_contact_wire(bench: Bench, setting: Setting) -> None:
    """Blame the contact's wire when the needles press on the plate and no stroke was seen.

    Raises:
        ContactOpen: there is force without contact.
        PenStopped: the pen does not run.
        ForceUnknown: the gauge is stuck.
        ForceLimitExceeded: more force than the station allows.
    """
    force_n = bench.force_n()
    if bench.zeros.last is None:
        return
    zero_s, zero_n = bench.zeros.last
    if force_n - zero_n > allowed_change_n(bench, bench.clock.now() - zero_s):
        check_pen_runs(bench, setting)  # a crank that stands with its needles out presses too
        check_gauge_lives(bench)  # and a gauge that is stuck presses for ever
        raise contact_open(
            f"the needles press on the plate with {force_n - zero_n:.2f} N, and the counter sees no stroke",
            setting,
        )


def contact_open(what: str, setting: Setting) -> ContactOpen:
    """Return the error for a contact that does not conduct, in words for whoever has to mend it."""
    return ContactOpen(
        f"contact: at {setting} {what}",
        expected="the contact closing at every stroke",
        do="Check the wire from plate and pen to the counter, and that plate and needles are clean",
    )


def check_gauge_lives(bench: Bench) -> None:
    """Read the gauge until two readings differ, as those of a live one do by their noise.

    Raises:
        ForceUnknown: so many are equal as chance does not make them.
    """
    figure = bench.station.figure
    repeats = repeats_beyond_chance(figure("force_gauge", "noise_n"), figure("force_gauge", "resolution_n"))
    if not math.isfinite(repeats) or repeats > MOST_READINGS:
        return
    first_n = bench.force_n()
    if all(bench.force_n() == first_n for _ in range(int(repeats))):
        raise ForceUnknown(
            bench.force_gauge.role,
            f"every one of {int(repeats) + 1} readings is {first_n:g} N: it is stuck",
            expected="readings that differ by the gauge's noise",
            do="Switch the gauge off and on, and check the station before the next pen",
        )


def _forgot(status: PenStatus, setting: Setting) -> bool:
    return (
        abs(status.set_depth_mm - setting.depth_mm) > DEPTH_TOLERANCE_MM
        or abs(status.set_rate_per_min - setting.rate_per_min) > RATE_TOLERANCE_PER_MIN
    )


def _advice(status: PenStatus) -> str:
    told = f"battery {status.battery_mv / 1000:.2f} V, {status.temperature_c:.0f} °C"
    return f"Look after the pen ({told}) and run again; what was measured meanwhile does not count"
