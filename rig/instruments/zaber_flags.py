"""The warning flags of Zaber controllers, in words, and what they mean for a motion."""

from __future__ import annotations

from rig.errors import EmergencyStopped, StageFault

FLAGS = {
    "FF": "critical system error",
    "FN": "peripheral not supported",
    "FZ": "peripheral inactive",
    "FH": "hardware emergency stop",
    "FV": "supply voltage out of range",
    "FO": "driver disabled",
    "FC": "current inrush",
    "FM": "motor too hot",
    "FD": "driver disabled by itself",
    "FQ": "encoder error",
    "FI": "index error",
    "FA": "analog encoder synchronisation",
    "FR": "overdrive limit",
    "FS": "stalled and stopped",
    "FB": "stream bounds",
    "FP": "path deviation",
    "FE": "limit error",
    "FT": "excessive twist",
    "WL": "unexpected limit trigger",
    "WV": "supply voltage near its limits",
    "WT": "controller hot",
    "WS": "stalled and recovered",
    "WM": "displaced while standing still",
    "WP": "invalid calibration type",
    "WR": "no reference position",
    "WH": "not homed since power-up",
    "NC": "moved by hand",
    "NI": "motion interrupted",
    "ND": "stream discontinuity",
    "NR": "value rounded",
    "NT": "value truncated",
    "NU": "setting update pending",
    "NJ": "joystick calibrating",
    "NB": "firmware update mode",
}

RELEASE = "Release the emergency stop once it is safe, have a person reset the station, and start again"

EMERGENCY = {"FH"}
UNREFERENCED = {"WR", "WH"}
INTERRUPTED = {"NI", "NC"}


def is_fault(flag: str) -> bool:
    """Say whether a flag means that a motion failed: all that begin with F, and an unexpected limit."""
    return flag.startswith("F") or flag == "WL"


def in_words(flags: set[str]) -> str:
    """Return flags as a person reads them."""
    return ", ".join(f"{FLAGS.get(flag, 'unknown flag')} ({flag})" for flag in sorted(flags))


def error_of(role: str, axis: str, flags: set[str]) -> EmergencyStopped | StageFault | None:
    """Return why a position is not to be believed, the gravest reason alone; None where none is.

    Args:
        role: of the stage, for the message.
        axis: whose flags these are.
        flags: that stand.
    """
    if flags & EMERGENCY:
        return EmergencyStopped(role, f"{axis}: {in_words(flags & EMERGENCY)}", do=RELEASE)
    if faults := {flag for flag in flags if is_fault(flag)}:
        do = "Look what blocks the axis, free it, and home it again"
        return StageFault(role, f"{axis}: {in_words(faults)}", do=do)
    if missing := flags & UNREFERENCED:
        return StageFault(role, f"{axis}: {in_words(missing)}", do="Home the axis first")
    return None
