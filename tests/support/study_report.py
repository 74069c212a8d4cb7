"""A small study on record, and what a report of it says on page one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports.evidence.document import document_of
from reports.evidence.subject import Subject, study_subject
from rig.records import kinds
from rig.records.run import wall_utc
from rig.records.store import Store
from tests.support.evidence import MADE_AT

LEVELS = [(depth, rate) for depth in (0.5, 1.25, 2.0) for rate in (5000.0, 9000.0)]
FILE = {
    "name": "small", "title": "Depth, slow and fast", "question": "Does the depth depend on the rate?",
    "product": "office-pen", "station": "twin", "world": "nominal", "seed": 0, "responses": ["extension"],
    "factors": {"depth": {"levels": [0.5, 1.25, 2.0], "unit": "mm"}, "rate": {"levels": [5000.0, 9000.0]}},
}  # fmt: skip
ADA = {"name": "ada", "full_name": "Ada Berg", "role": "engineer"}


def record_study(folder: Path, *, moves_by_mm: float = 1.0) -> Subject:
    """Record a study whose extension is ``moves_by_mm`` times the depth, and scatters by a micrometre."""
    with Store(folder) as store:
        store.append("small", kinds.STUDY_STARTED, {"study": FILE, "operator": ADA}, wall_utc())
        for number, (depth, rate) in enumerate(LEVELS):
            value = moves_by_mm * depth + 0.001 * (-1, 1, 1, -1, -1, 1)[number]
            told = {"value": value, "unit": "mm", "u": 0.001, "dof": None, "k": 2.0, "U": 0.002}
            body = {
                "point": number, "run": number, "replicate": 1, "bench_s": 4.0, "problems": {},
                "levels": {"depth": depth, "rate": rate}, "responses": {"extension": told}, "operator": ADA,
                "software": {"version": "0.1.0", "commit": "abc1234"},
            }  # fmt: skip
            store.append("small", kinds.STUDY_POINT, body, wall_utc())
        store.append("small", kinds.STUDY_ENDED, {}, wall_utc())
    return study_subject(folder)


def front(results: dict[str, Any]) -> dict[str, Any]:
    """Return page one of a report."""
    told: dict[str, Any] = document_of(results, [], MADE_AT)["front"]
    return told
