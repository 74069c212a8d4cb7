"""A record of a factory's year that never was: entries as the end-of-line plan writes them, in a valid chain.

Two stations, 400 pens a working day, a lot a day; most pass, some fail and are run again, some runs break or
are stopped; each station is checked every morning. A run has 61 results and 80 entries; no traces are kept.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from rig.records import kinds
from rig.records.event import canonical_json, utc_text
from tests.support.bulk_records import BulkRecord

FIRST = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
RUNS_A_DAY, STATIONS = 400, ("line-1", "line-2")
SETTINGS = [(depth, rate) for rate in (5000.0, 7000.0, 9000.0) for depth in (0.25, 0.75, 1.25, 1.75, 2.5)]
ENDS = {kinds.PASS: 0.94, kinds.FAIL: 0.04, kinds.ERROR: 0.015, kinds.ABORTED: 0.005}
ROLES = ("stage", "force_gauge", "counter", "supply", "leak_tester")
CHECKS = {"gauge.zero": 0.2, "gauge.zero_shift": 0.01, "gauge.noise": 0.01, "step.height": 0.003}
RESULTS = 61
STARTED = {
    "product": "office-pen", "software": {"version": "0.1.0", "commit": "abc1234"}, "seed": None,
    "options": {"world": "", "set": [], "faults": []}, "environment": {"location": "hall 2"},
    "operator": {"name": "keller", "full_name": "A. Keller", "role": "operator"},
}  # fmt: skip
CONFIGURATION = canonical_json(
    {
        "files": [
            {"what": what, "name": f"{what}.toml", "path": f".kept/{what}.toml", "sha256": "0" * 64}
            for what in ("station", "product", "plan", "requirements")
        ]
    }
)
TESTS = canonical_json(
    {
        "tests": [
            {"test": f"test_{number}", "title": "A title", "requirements": ["PEN-DEPTH"]}
            for number in range(12)
        ]
    }
)
ISSUED = {"number": "CAL-1", "issuer": "a laboratory", "date": "2025-11-01", "due": "2026-11-01"}
INSTRUMENTS = [
    canonical_json(
        {
            "role": role,
            "identity": {"maker": "a maker", "model": role, "serial": "12345", "firmware": "1.0"},
            "certificate": ISSUED,
        }
    )
    for role in ROLES
]
NOTES = [
    canonical_json({"text": f"{text} mm", "trace": None, "recipe": None})
    for text in (
        "rim datum 42.3164 ± 0.0013",
        "stretch at speed 0.0121 ± 0.0008",
        "rim again 42.3160 ± 0.0013",
    )
]
NODES = [
    {"depth_mm": depth, "rate_per_min": rate, "command_mm": depth - 0.05, "u_mm": 0.002, "U_mm": 0.004}
    for depth, rate in SETTINGS
]
TABLE = canonical_json({"before_crc": 0x1234ABCD, "after_crc": 0xDEADBEEF, "generation": 2, "nodes": NODES})
BUDGET = [
    {"name": name, "u": 0.0004, "dof": 12.0, "sensitivity": 1.0, "law": "normal", "share": 0.2}
    for name in ("scan", "rim", "stage scale", "stage position", "threshold", "expansion", "alignment")
]


class Factory:
    """Writes runs, one after the other.

    Args:
        record: where to.
        results: of a run, at most 61.
        seed: of everything that scatters.
    """

    def __init__(self, record: BulkRecord, results: int = RESULTS, seed: int = 1) -> None:
        self._record = record
        self._random = np.random.default_rng(seed)
        self._templates = _templates()[:results]
        self._again: list[str] = []
        self._stamp = ""
        self.runs = 0

    def day(self, runs: int) -> None:
        """Write a working day: the checks, then ``runs`` runs."""
        at = FIRST + timedelta(days=self.runs // RUNS_A_DAY)
        for station in STATIONS:
            self._check(station, at)
        for _ in range(runs):
            at += timedelta(seconds=60)
            self.run(at)

    def run(self, at: datetime) -> str:
        """Write a run of one pen; return its id."""
        self.runs += 1
        verdict = str(self._random.choice(list(ENDS), p=list(ENDS.values())))
        pen = self._again.pop() if self._again else f"NP{self.runs:06d}"
        run_id = self._begin("eol", pen, STATIONS[self.runs % 2], at)
        whole = len(self._templates)
        count = whole if verdict in (kinds.PASS, kinds.FAIL) else int(self._random.integers(whole))
        failed = set(self._random.integers(3, whole, size=2)) if verdict == kinds.FAIL else set()
        for place, scatter in enumerate(self._random.normal(size=count)):
            template = self._templates[place]
            self._say(run_id, kinds.MEASUREMENT, template.text(float(scatter), accepted=place not in failed))
        for note in NOTES:
            self._say(run_id, kinds.NOTE, note)
        self._say(run_id, kinds.CALIBRATION, TABLE)
        if verdict == kinds.FAIL:
            self._again.append(pen)
        if verdict == kinds.ERROR:
            role = ROLES[int(self._random.integers(len(ROLES)))]
            fault = {"where": "test_as_found", "message": f"{role}: no answer within 2 s"}
            self._say(run_id, kinds.FAULT, canonical_json(fault))
        takt_s = None if verdict == kinds.ABORTED else 44.0 + float(self._random.gamma(2.0))
        self._end(run_id, verdict, takt_s)
        return run_id

    def _begin(self, plan: str, pen: str, station: str, at: datetime) -> str:
        run_id = f"{at:%Y%m%dT%H%M%SZ}-{pen or station}-{self.runs & 0xFFFF:04x}"
        self._stamp = utc_text(at)
        started = {**STARTED, "run_id": run_id, "plan": plan, "pen_serial": pen, "station": station}
        self._say(run_id, kinds.STARTED, canonical_json({**started, "lot": f"L-{at:%y%m%d}"}))
        self._say(run_id, kinds.CONFIGURATION, CONFIGURATION)
        self._say(run_id, kinds.TESTS, TESTS)
        for instrument in INSTRUMENTS:
            self._say(run_id, kinds.INSTRUMENT, instrument)
        return run_id

    def _end(self, run_id: str, verdict: str, takt_s: float | None) -> None:
        reasons = [] if verdict == kinds.PASS else ["extension.as_found [0.25 mm @ 5000 /min]: FAIL"]
        ended = {"verdict": verdict, "takt_s": takt_s, "wall_s": takt_s, "reasons": reasons}
        self._say(run_id, kinds.ENDED, canonical_json(ended))

    def _check(self, station: str, at: datetime) -> None:
        run_id = self._begin("station", "", station, at)
        results = []
        for name, upper in CHECKS.items():
            value = abs(float(self._random.normal(0.3, 0.1))) * upper
            known = {"value": value, "unit": "N", "U": upper / 20, "verdict": kinds.PASS}
            results.append({"name": name, **known})
            body = {**_body(name, None), **known, "upper": upper, "accepted": True}
            self._say(run_id, kinds.MEASUREMENT, canonical_json(body))
        self._end(run_id, kinds.PASS, 30.0)
        check = {"run_id": run_id, "verdict": kinds.PASS, "results": results, "suspects": []}
        self._say(f"{kinds.STATION_PREFIX}{station}", kinds.STATION_CHECK, canonical_json(check))

    def _say(self, run_id: str, kind: str, text: str) -> None:
        self._record.append_text(run_id, kind, text, self._stamp)


class _Template:
    """The entry of a result, ready but for its number; ``centre`` and ``s`` are of its values."""

    def __init__(self, body: Mapping[str, Any], centre: float, s: float) -> None:
        self._centre, self._s, self._upper = centre, s, body["upper"]
        number = {"value": "@", "as_read": "@"}
        self._good = canonical_json({**body, **number, "verdict": kinds.PASS, "accepted": True})
        self._bad = canonical_json({**body, **number, "verdict": kinds.FAIL, "accepted": False})

    def text(self, scatter: float, *, accepted: bool) -> str:
        """Return its JSON."""
        value = self._centre + self._s * scatter if accepted else self._upper + self._s * abs(scatter)
        return (self._good if accepted else self._bad).replace('"@"', repr(value))


def make_factory(runs: Path, count: int, results: int = RESULTS) -> int:
    """Write a record with ``count`` runs of pens; return how many entries it has."""
    with BulkRecord(runs) as record:
        factory = Factory(record, results)
        while factory.runs < count:
            factory.day(min(RUNS_A_DAY, count - factory.runs))
        return record.seq


def _templates() -> list[_Template]:
    """Return a run's results, each with the centre and the scatter of its values."""
    once = (("tip.present", 1.0, 1.0), ("seal.leak", 7e-6, 2e-4), ("tip.insertion_force", 0.03, 0.08))
    found = [
        _Template({**_body(name, None), "upper": upper}, centre, 0.0 if centre == upper else centre / 10)
        for name, centre, upper in once
    ]
    for name in ("extension.as_found", "rate.as_found", "extension.as_left", "rate.as_left"):
        for depth, rate in SETTINGS if name.endswith("found") else SETTINGS[:14]:
            middle, share = (depth, 0.2) if name.startswith("extension") else (rate, 0.05)
            body = _body(name, {"depth_mm": depth, "rate_per_min": rate})
            limits = {"lower": (1 - share) * middle, "upper": (1 + share) * middle}
            found.append(_Template({**body, **limits}, middle, share * middle / 6))
    return found


def _body(name: str, setting: dict[str, float] | None) -> dict[str, Any]:
    at = "" if setting is None else f" [{setting['depth_mm']:.2f} mm @ {setting['rate_per_min']:.0f} /min]"
    trace = {"path": "20260105T060000Z-NP000001-0001/traces/strokes.parquet", "sha256": "0" * 64}
    recipe = {"evaluation": "extension", "part": "", "traces": {"scan": [trace]}, "of": {}, "figures": {}}
    return {
        "name": f"{name}{at}", "characteristic": name, "unit": "mm", "u": 0.0014, "dof": 568.06, "k": 2.004,
        "U": 0.0028, "lower": None, "upper": None, "rule": "guard band 1·U", "requirements": ["PEN-DEPTH"],
        "budget": copy.deepcopy(BUDGET), "trace": trace, "setting": setting, "p_conform": 0.99998,
        "equation": "e = (d_rim − d_contact)·cos(φ)·(1 + α·ΔT) + δ", "method": "first order", "tur": 54.2,
        "remark": "", "test": "test_as_found", "as_read": None, "recipe": recipe,
    }  # fmt: skip
