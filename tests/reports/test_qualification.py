"""The report of a qualification: equal bytes from an equal outcome, and its conclusion in words."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.qualification import write_pdf
from tests.support.tools import needs, needs_library

needs_library("typst")
AT = datetime(2026, 11, 24, tzinfo=UTC)
CHECK = {
    "id": "OQ-1.1", "what": "End gauge #of [50 mm]", "expected": "u 32", "got": "u 31.7", "verdict": "PASS",
    "requirement": "ISO 13485 7.6", "source": "GUM H.1",
}  # fmt: skip


def told(*verdicts: str, quick: bool = False) -> dict[str, Any]:
    checks = [{**CHECK, "id": f"OQ-{n}", "verdict": verdict} for n, verdict in enumerate(verdicts, start=1)]
    counts = {verdict: verdicts.count(verdict) for verdict in ("PASS", "FAIL", "NOT DONE")}
    return {
        "station": "twin-1", "by": "", "at": "2026-11-24T00:00:00Z", "computer": "bench-3", "quick": quick,
        "software": {"version": "0.1.0", "commit": ""}, "calibration": {"sha256": "a" * 64},
        "qualified": "FAIL" not in verdicts, "counts": counts, "checks": checks,
    }  # fmt: skip


def text_of(outcome: dict[str, Any], path: Path) -> str:
    write_pdf(outcome, path, made_at=AT)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


def test_the_same_outcome_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_pdf(told("PASS"), tmp_path / name, made_at=AT)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@needs("pdftotext")
def test_every_check_is_in_the_text_as_it_was_told(tmp_path: Path) -> None:
    text = text_of(told("PASS", "NOT DONE"), tmp_path / "q.pdf")
    assert "QUALIFIED: every check that could be made here passed" in text
    assert "1 passed, 0 failed, 1 not done" in text
    for word in ("OQ-1", "OQ-2", "#of [50", "u 31.7", "GUM H.1", "ISO 13485 7.6", "Page 1 of 1"):
        assert word in text


@needs("pdftotext")
def test_what_failed_is_named_on_top(tmp_path: Path) -> None:
    assert "NOT QUALIFIED: OQ-2" in text_of(told("PASS", "FAIL"), tmp_path / "q.pdf")


@needs("pdftotext")
def test_a_quick_one_does_not_call_itself_a_qualification(tmp_path: Path) -> None:
    text = text_of(told("PASS", quick=True), tmp_path / "q.pdf")
    assert "this does not qualify for use" in text
    assert "QUALIFIED:" not in text
