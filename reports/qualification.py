"""Sets the report of a qualification as a PDF/A: what was checked, what was expected, what was found.

The same outcome gives the same bytes. ``qualification.json`` is attached to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("qualification.typ")
PARTS = {"IQ": "Installation", "OQ": "Operation", "PQ": "Performance"}
TONES = {"PASS": "pass", "FAIL": "fail", "NOT DONE": "none"}


def write_pdf(told: Mapping[str, Any], path: Path, *, made_at: datetime) -> None:
    """Set the report.

    Args:
        told: as :meth:`rig.qualification.qualify.Qualification.to_json` tells it.
        path: of the PDF.
        made_at: the moment printed in it.

    Raises:
        OSError: it could not be written.
    """
    import typst

    files: Any = {
        "main.typ": TEMPLATE.read_bytes(),
        "page.json": json.dumps(_page(told), ensure_ascii=False).encode(),
        "qualification.json": json.dumps(told, ensure_ascii=False, indent=1).encode(),
    }
    data = typst.compile(
        files,
        format="pdf",
        pdf_standards=["a-3b"],
        timestamp=made_at.astimezone(UTC),
        ignore_system_fonts=True,
    )
    path.write_bytes(data)


def _page(told: Mapping[str, Any]) -> dict[str, Any]:
    software, calibration = told["software"], told["calibration"]
    counts = told["counts"]
    return {
        "title": f"Qualification of station {told['station']}",
        "conclusion": _conclusion(told),
        "tone": "pass"
        if told["qualified"] and not told["quick"]
        else "none"
        if told["qualified"]
        else "fail",
        "counts": f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['NOT DONE']} not done",
        "facts": [
            ["Station", told["station"]],
            ["Qualified by", told["by"] or "not stated"],
            ["At", told["at"]],
            ["Computer", told["computer"]],
            ["Software", f"needle-rig {software['version']}, commit {software['commit'] or 'not known'}"],
            ["Calibration, SHA-256 over its files", calibration["sha256"]],
        ],
        "parts": [
            {
                "title": f"{title} qualification ({part})",
                "checks": [
                    {**check, "tone": TONES[check["verdict"]]}
                    for check in told["checks"]
                    if check["id"].startswith(part)
                ],
            }
            for part, title in PARTS.items()
        ],
    }


def _conclusion(told: Mapping[str, Any]) -> str:
    if not told["qualified"]:
        failed = [check["id"] for check in told["checks"] if check["verdict"] == "FAIL"]
        return f"NOT QUALIFIED: {', '.join(failed) or 'nothing was checked'}"
    if told["quick"]:
        return "Nothing failed, but most whole runs were left out: this does not qualify for use"
    return "QUALIFIED: every check that could be made here passed"
