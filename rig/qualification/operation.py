"""Operation qualification: every part does what it is for, and refuses what it must.

Drivers, interlocks and stops are tried on the twin: nothing moves on a real bench.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from rig.errors import OutsideWindow
from rig.qualification.check import CONFIRMED, SOFTWARE, Check, Look, NotDone, make
from rig.qualification.reference import reference_checks
from rig.qualification.trial import BROKE, REFUSED, run_eol
from rig.records.run import RunRecorder
from rig.records.store import FILE_NAME, Store
from rig.records.trace import Trace, read_trace
from rig.records.verify import verify
from rig.session import Session
from rig.twin_process import TwinProcess

STOP_AT = "stage.emergency_stop@13s"
PEN_MAGIC = 0x4E50
"""What the pen's first register holds."""


def operation(folder: Path, *, quick: bool) -> Iterator[Check]:
    """Make the checks of the operation.

    Args:
        folder: for what is recorded meanwhile.
        quick: leave out what takes whole runs.
    """
    yield from reference_checks()
    looks: list[tuple[str, str, str, str, Look]] = [
        ("OQ-2.1", "A record and its traces, read back", "equal, and whole", SOFTWARE,
         lambda: _round_trip(folder / "round-trip")),
        ("OQ-2.2", "A byte of a trace, a row, the last entry: altered", "each is named", SOFTWARE,
         lambda: _tampered(folder / "tampered")),
        ("OQ-3.1", "Drivers against emulated instruments", "each answers as the station names it", CONFIRMED,
         _drivers_answer),
        ("OQ-3.2", "A move beyond the station's window", "refused, and the stage stands", CONFIRMED,
         _window_holds),
        ("OQ-4.1", "Zaber's own library with the emulated stage", "its serial number and its place", SOFTWARE,
         _zaber_agrees),
        ("OQ-4.2", "minimalmodbus with the emulated pen", f"first register {PEN_MAGIC:#06x}", SOFTWARE,
         _minimalmodbus_agrees),
    ]  # fmt: skip
    if not quick:
        looks.append(
            ("OQ-3.3", "The emergency stop in the middle of a run", "the run breaks, and the next is refused",
             CONFIRMED, lambda: _stop_holds(folder / "stopped"))
        )  # fmt: skip
    for id, what, expected, requirement, look in looks:
        yield make(id, what, expected, requirement, look)


def _recorded(folder: Path) -> list[float]:
    """Record a small run; return the numbers of its trace."""
    import numpy as np

    numbers = [0.1, 0.2, float(np.nextafter(0.3, 1.0))]
    with Store(folder) as store:
        recorder = RunRecorder(store, "20260101T000000Z-qualification")
        recorder.started(plan="none", pen_serial="", station="none", product="none", software={})
        recorder.note("readings", trace=recorder.trace(Trace("readings", {"force_n": np.array(numbers)})))
        recorder.ended("ERROR", takt_s=None, wall_s=None, reasons=["a record for qualification only"])
    return numbers


def _round_trip(folder: Path) -> tuple[bool, str]:
    numbers = _recorded(folder)
    with Store(folder, create=False) as store:
        (note,) = store.events(kinds=("note",))
    named = note.body["trace"]
    trace = read_trace(folder / named["path"], sha256=named["sha256"])
    whole = verify(folder).whole
    equal = trace.columns["force_n"].tolist() == numbers
    return (
        whole and equal,
        f"record {'whole' if whole else 'not whole'}, numbers {'equal' if equal else 'not'}",
    )


def _tampered(folder: Path) -> tuple[bool, str]:
    _recorded(folder / "sound")

    def found_after(name: str) -> bool:
        return any(name in finding.where for finding in verify(altered).altered)

    told = []
    for what, change, where in (
        ("trace", _flip_trace, "readings"),
        ("row", _edit_row, "entry"),
        ("end", _cut_end, FILE_NAME),
    ):
        altered = folder / what
        shutil.copytree(folder / "sound", altered)
        change(altered)
        told.append((what, found_after(where)))
    return all(found for _, found in told), ", ".join(
        f"{what} {'named' if found else 'MISSED'}" for what, found in told
    )


def _flip_trace(folder: Path) -> None:
    path = next(folder.glob("*/traces/*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _edit_row(folder: Path) -> None:
    _behind_its_back(folder, "UPDATE event SET body = replace(body, 'readings', 'other') WHERE kind = 'note'")


def _cut_end(folder: Path) -> None:
    _behind_its_back(folder, "DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)")


def _behind_its_back(folder: Path, change: str) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    try:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(change)
        connection.commit()
    finally:
        connection.close()


def _drivers_answer() -> tuple[bool, str]:
    """Opening the station checks every identity against its file, and raises where one differs."""
    with Session("twin") as session:
        opened = session.opened
        roles = [*opened.config.instruments, "pen"]
        complaints = opened.complaints()
    return not complaints, f"{', '.join(roles)} answered; {'; '.join(complaints) or 'no complaint'}"


def _window_holds() -> tuple[bool, str]:
    with Session("twin") as session:
        stage, highest_mm = session.bench.stage, session.bench.station.safety.highest_mm
        before_mm = stage.position("z")
        try:
            stage.move_to("z", highest_mm + 1.0)
        except OutsideWindow as refused:
            stands = stage.position("z") == before_mm
            return stands, f"{refused.what}; the stage {'stands' if stands else 'has moved'}"
        return False, f"the stage moved to {stage.position('z'):.3f} mm"


def _stop_holds(folder: Path) -> tuple[bool, str]:
    stopped, next_one = run_eol(folder, "--fault", STOP_AT), run_eol(folder)
    held = (stopped.status, next_one.status) == (BROKE, REFUSED)
    return held, f"run: status {stopped.status}, {stopped.verdict}; the next: status {next_one.status}"


def _zaber_agrees() -> tuple[bool, str]:
    try:
        import zaber_motion
        from zaber_motion import Library
        from zaber_motion.ascii import Connection
    except ImportError:
        raise NotDone("zaber-motion is not installed") from None
    with Session("twin") as session:
        serial = session.bench.station.instruments["stage"].serial
    # It must not look for its device data base on the net.
    Library.set_device_db_source(zaber_motion.DeviceDbSourceType.WEB_SERVICE, "http://127.0.0.1:9/none")
    twin = TwinProcess("nominal", "office-pen")
    try:
        _, host, port, _ = twin.address("stage").split("::")
        with Connection.open_tcp(host, int(port)) as connection:
            device = connection.get_device(1)
            found = int(device.settings.get("system.serial"))
            device.get_axis(1).get_position()
    finally:
        twin.stop()
    return str(found) == serial, f"serial number {found}, the station file says {serial}"


def _minimalmodbus_agrees() -> tuple[bool, str]:
    try:
        import minimalmodbus
    except ImportError:
        raise NotDone("minimalmodbus is not installed") from None
    if os.name != "posix":
        raise NotDone("pseudo-terminals exist on Unix only")
    twin = TwinProcess("nominal", "office-pen")
    try:
        _, path, baud = twin.address("pen").split(":")
        master = minimalmodbus.Instrument(path, 1)
        master.serial.baudrate, master.serial.timeout = int(baud), 5.0
        first, model = master.read_register(0), master.read_string(1, 8).rstrip("\0")
        master.serial.close()
    finally:
        twin.stop()
    return first == PEN_MAGIC, f"first register {first:#06x}, model {model}"
