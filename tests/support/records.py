"""A small run in the record, for tests of what reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.trace import Trace

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
RUN_ID = "20261122T103000Z-NP000001-3f9a"


def extension_trace(name: str = "extension.as_found 0.25 mm") -> Trace:
    """Return a trace with a missing sample."""
    import numpy as np

    columns = {"gap_mm": np.array([0.3, 0.2, 0.1]), "duty": np.array([0.0, np.nan, 0.4])}
    return Trace(name, columns, {"counter": "53230A MY50000001", "rate_per_min": 5000})


def begin_run(store: Store, run_id: str = RUN_ID, *, station: str = "twin-1") -> RunRecorder:
    """Record the beginning of a run."""
    recorder = RunRecorder(store, run_id, lambda: AT)
    recorder.started(
        plan="eol",
        pen_serial="NP000001",
        station=station,
        product="office-pen",
        software={"version": "0.1.0", "commit": "abc1234"},
        seed=7,
    )
    recorder.instrument(
        "stage",
        {"maker": "Zaber", "model": "X-MCC2", "serial": "12345", "firmware": "7.38"},
        {"number": "CAL-1", "issuer": "a laboratory", "date": "2026-01-05", "due": "2027-01-05"},
    )
    return recorder


def measure(
    recorder: RunRecorder, *, value: float = 0.25137, verdict: str = "PASS", accepted: bool | None = None
) -> None:
    """Record one extension with its trace."""
    recorder.measurement(
        name="extension.as_found 0.25 mm @ 5000 /min",
        characteristic="extension.as_found",
        value=value,
        unit="mm",
        u=0.0021,
        dof=float("inf"),
        k=2.0,
        U=0.0042,
        lower=0.1,
        upper=0.4,
        rule="guard band 1·U",
        verdict=verdict,
        accepted=accepted,
        p_conform=0.9999,
        tur=35.7,
        requirements=["PEN-DEPTH-ACCURACY"],
        budget=[{"name": "fit", "u": 0.002, "dof": 5.0}, {"name": "stage", "u": 0.0006, "dof": None}],
        trace=recorder.trace(extension_trace()),
        setting={"depth_mm": 0.25, "rate_per_min": 5000.0},
    )


def record_presence(recorder: RunRecorder) -> None:
    """Record a yes or no: no setting, no uncertainty, no trace."""
    recorder.measurement(
        name="tip.present",
        characteristic="tip.present",
        value=1,
        unit="1",
        u=0.0,
        dof=None,
        k=2.0,
        U=0.0,
        lower=1,
        upper=1,
        rule="simple acceptance",
        verdict="PASS",
        p_conform=1.0,
    )


def record_calibration(recorder: RunRecorder) -> None:
    """Record a table of two nodes."""
    recorder.calibration(
        before_crc=0x1234ABCD,
        after_crc=0xDEADBEEF,
        generation=3,
        nodes=[
            {"depth_mm": 0.25, "rate_per_min": 5000.0, "command_mm": 0.262},
            {"depth_mm": 2.5, "rate_per_min": 5000.0, "command_mm": 2.581},
        ],
    )


def complete_run(store: Store, run_id: str = RUN_ID) -> None:
    """Record a run that passed."""
    recorder = begin_run(store, run_id)
    record_presence(recorder)
    measure(recorder)
    record_calibration(recorder)
    recorder.ended("PASS", takt_s=43.2, wall_s=4.5)
