"""Runs that were never measured, with everything a report has to say: for tests and benchmarks of reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.trace import Trace

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
SETTINGS = [(depth, rate) for rate in (5000.0, 7000.0, 9000.0) for depth in (0.25, 0.75, 1.25, 1.75, 2.5)]
CERTIFICATE = {"number": "CAL-1", "issuer": "a laboratory", "date": "2026-01-05", "due": "2027-01-05"}
NUMBER: Mapping[str, Any] = {
    "unit": "mm", "u": 0.0014, "dof": 568.06, "k": 2.004, "U": 0.0028, "lower": None, "upper": None,
    "rule": "guard band 1·U", "verdict": "PASS", "p_conform": 0.99998, "tur": 54.2, "equation": "e = d + δ",
    "method": "first order",
}  # fmt: skip


def run_id_of(number: int) -> str:
    """Return the id of pen ``number``'s run."""
    return f"{AT + timedelta(minutes=number):%Y%m%dT%H%M%SZ}-NP{number:06d}-3f9a"


def begin(
    store: Store, number: int = 1, *, serial: str = "", lot: str = "", **options: object
) -> RunRecorder:
    """Record the beginning of a run on a simulated bench, and its instruments."""
    serial = serial or f"NP{number:06d}"
    recorder = RunRecorder(store, run_id_of(number), lambda: AT + timedelta(minutes=number))
    recorder.started(
        plan="eol", pen_serial=serial, station="twin-1", product="office-pen",
        software={"version": "0.1.0", "commit": "abc1234"}, seed=7, lot=lot,
        options={"world": "nominal", "set": [], "faults": [], **options},
        operator={"name": "keller", "full_name": "A. Keller", "role": "operator"},
        environment={"location": "laboratory 2", "temperature_c": 21.5},
    )  # fmt: skip
    identity = {"maker": "Zaber", "model": "X-LSM", "serial": "12345", "firmware": "7.38"}
    recorder.instrument("stage", identity, CERTIFICATE)
    recorder.instrument("pen", {"model": "NP-250", "serial": serial, "firmware": "1.4.2"}, None)
    return recorder


def measure_all(recorder: RunRecorder, number: int = 1, traces: bool = True) -> None:
    """Record everything a sound pen is measured for; pens differ a little by their number."""
    random = np.random.default_rng(number)
    counted = {"unit": "1", "u": 0.0, "dof": None, "U": 0.0, "k": 2.0, "rule": "simple acceptance"}
    record(recorder, "tip.present", 1.0, lower=1, upper=1, p_conform=1.0, tur=None, **counted)
    squeeze = _kept(recorder, "squeeze", "time_s", "force_n") if traces else None
    leak = abs(random.normal(7.0e-6, 1.0e-6))
    record(recorder, "seal.leak", leak, unit="Pa·m³/s", u=9.0e-6, U=1.8e-5, upper=2.0e-4, trace=squeeze)
    insertion = _kept(recorder, "insertion", "position_mm", "force_n") if traces else None
    force = random.normal(0.026, 0.001)
    record(recorder, "tip.insertion_force", force, unit="N", u=0.0004, U=0.00079, upper=0.08, trace=insertion)
    for depth, rate in SETTINGS:
        setting = {"depth_mm": depth, "rate_per_min": rate}
        text = f"{depth:.2f} mm @ {rate:.0f} /min"
        strokes = _strokes(recorder, text, setting) if traces else None
        found = depth + random.normal(0.05, 0.004)
        record(recorder, f"extension.as_found [{text}]", found, lower=depth - 0.15, upper=depth + 0.15,
               setting=setting, trace=strokes)  # fmt: skip
        record(recorder, f"rate.as_found [{text}]", rate + random.normal(20.0, 2.0), unit="1/min", u=0.8,
               U=1.5, lower=0.9 * rate, upper=1.1 * rate, setting=setting)  # fmt: skip
    nodes = [{"depth_mm": d, "rate_per_min": r, "command_mm": d - 0.05, "U_mm": 0.003} for d, r in SETTINGS]
    recorder.calibration(before_crc=0x1234ABCD, after_crc=0xDEADBEEF, generation=2, nodes=nodes)
    recorder.note("rim datum 42.3164 ± 0.0013 mm")


def record(recorder: RunRecorder, name: str, value: float, **more: Any) -> None:
    """Record one measurement; what is not given is that of an extension."""
    body = {**NUMBER, **more}
    u = body["u"]
    body.setdefault("budget", [{"name": "strokes", "u": 0.8 * u, "dof": 42.0}, {"name": "rim", "u": 0.6 * u}])
    recorder.measurement(name=name, characteristic=name.split(" [")[0], value=value,
                         requirements=["PEN-DEPTH-ACCURACY"], **body)  # fmt: skip


def record_lot(runs: Path, pens: int, lot: str = "L-7", traces: bool = False) -> None:
    """Record a lot of pens that all passed."""
    with Store(runs) as store:
        for number in range(1, pens + 1):
            recorder = begin(store, number, lot=lot)
            measure_all(recorder, number, traces)
            recorder.ended("PASS", takt_s=45.0, wall_s=5.0)


def _kept(recorder: RunRecorder, name: str, x: str, y: str) -> Any:
    columns = {x: np.linspace(0.0, 9.0, 170), y: np.linspace(20.0, 19.0, 170)}
    return recorder.trace(Trace(name, columns, {"x": x, "y": y}))


def _strokes(recorder: RunRecorder, text: str, setting: Mapping[str, float]) -> Any:
    plates = np.linspace(40.0, 42.0, 20)
    columns = {"plate_mm": plates, "duty": np.linspace(0.0, 0.5, 20)}
    about = {"rim_mm": 42.3, "x": "plate_mm", "y": "duty", **setting}
    return recorder.trace(Trace(f"strokes {text}", columns, about))
