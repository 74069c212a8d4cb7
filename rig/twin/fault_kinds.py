"""The faults there are: name, who can suffer from it, and what it is; the list behind ``rig faults``."""

from __future__ import annotations

from dataclasses import dataclass

VISA = ("stage", "force_gauge", "counter", "supply")
SCPI = ("counter", "supply")
MODBUS = ("pen", "leak_tester")
WIRED = (*VISA, *MODBUS)


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        name: its name in a schedule.
        roles: who can suffer from it.
        what: what happens, for people.
        lasts: it stands until the run ends unless the schedule says how long; otherwise it happens once.
        unit, default: of the value it takes; no unit where it takes none.
    """

    name: str
    roles: tuple[str, ...]
    what: str
    lasts: bool = False
    unit: str = ""
    default: float = 0.0


WIRE_KINDS = (
    FaultKind("no_reply", WIRED, "an answer is lost"),
    FaultKind("mute", WIRED, "nothing is answered any more", lasts=True),
    FaultKind("late_reply", WIRED, "an answer comes too late, before the answer to the next question"),
    FaultKind("truncated", WIRED, "the second half of an answer is missing, its end with it"),
    FaultKind("garbled", WIRED, "bytes in the middle of an answer are others"),
    FaultKind("duplicated", WIRED, "an answer comes twice"),
    FaultKind("other_reply", WIRED, "the answer of another instrument comes"),
    FaultKind("wrong_unit", ("force_gauge",), "a reading comes in another unit"),
    FaultKind("not_a_number", ("force_gauge", *SCPI), "a reading is no number"),
    FaultKind("overload", ("force_gauge", *SCPI), "a reading is the text or number of an overload"),
    FaultKind("checksum_error", ("stage",), "the check value of an answer is wrong"),
    FaultKind("disconnect", WIRED, "the line is closed in the middle of an exchange"),
    FaultKind("half_open", WIRED, "the line carries nothing any more until it is opened anew"),
    FaultKind("slow_drip", WIRED, "an answer comes byte by byte"),
    FaultKind("flood", VISA, "lines come that nobody asked for"),
    FaultKind("busy", ("stage", "pen", "leak_tester"), "it says that it is busy, for ever", lasts=True),
    FaultKind("error_queue_full", SCPI, "its error queue is full"),
    FaultKind("modbus_exception", MODBUS, "a request is answered with exception 4 (device failure)"),
    FaultKind("shifted_reply", MODBUS, "each answer is that to the request before, until the line rests"),
    FaultKind("wrong_id", MODBUS, "an answer carries another device's id"),
    FaultKind("crc_error", MODBUS, "the CRC of an answer is wrong (serial lines)"),
)

STAGE_KINDS = (
    FaultKind("stall", ("stage",), "the axis z is blocked; the controller flags a stall", lasts=True),
    FaultKind("lost_reference", ("stage",), "the controller was without power and has no reference"),
    FaultKind("slip", ("stage",), "the axis z sinks, unnoticed", unit="mm", default=0.05),
    FaultKind("emergency_stop", ("stage",), "somebody presses the emergency stop", lasts=True),
)

GAUGE_KINDS = (
    FaultKind("drift", ("force_gauge",), "the zero drifts", lasts=True, unit="N/s", default=0.02),
    FaultKind("saturated", ("force_gauge",), "the amplifier is saturated: OVER, always", lasts=True),
    FaultKind("stuck", ("force_gauge",), "every reading is the same as the last one", lasts=True),
)

CONTACT_KINDS = (
    FaultKind("contact_bounce", ("bench",), "the contact bounces", lasts=True, unit="1", default=6.0),
    FaultKind("contact_open", ("bench",), "the contact wire is broken", lasts=True),
    FaultKind("temperature_step", ("bench",), "the room warms at once", lasts=True, unit="K", default=5.0),
)

PEN_KINDS = (
    FaultKind("stalls", ("pen",), "the motor stalls", lasts=True),
    FaultKind("browns_out", ("pen",), "the voltage breaks in for a moment; the pen boots anew"),
    FaultKind("overheats", ("pen",), "the motor is too hot and is switched off", lasts=True),
    FaultKind("reboots", ("pen",), "the pen boots anew by itself"),
    FaultKind("flash_fails", ("pen",), "writing the table into flash memory fails", lasts=True),
    FaultKind("bank_corrupted", ("pen",), "a bit of the table in use flips"),
)

KINDS = (*WIRE_KINDS, *STAGE_KINDS, *GAUGE_KINDS, *CONTACT_KINDS, *PEN_KINDS)
