"""Sets the report as PDF/A-3: fonts and figures inside, and the machine-readable results attached.

The same results, figures and moment give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reports.evidence.document import document_of
from reports.evidence.results import hash_list, results_bytes
from reports.evidence.signature_boxes import AREA_PT, PAGE_MARGIN_PT, boxes
from reports.evidence.words import fallback_font, printable
from rig.errors import RefusedToStart, StoreError

TEMPLATE = Path(__file__).with_name("report.typ")
RESULTS, HASHES = "results.json", "sha256.txt"
STANDARD: Final = "a-3b"

MIME = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".txt": "text/plain",
    ".pem": "text/plain",
}


def write_pdf(
    results: Mapping[str, Any],
    figures: Mapping[str, bytes],
    attachments: Sequence[Path],
    path: Path,
    *,
    made_at: datetime,
) -> None:
    """Set a report.

    Args:
        results: as :func:`reports.evidence.results.results_of` makes them; attached as ``results.json``,
            with the hashes of the files they name as ``sha256.txt``.
        figures: SVG by name, in the order to show them.
        attachments: further files to attach, by their names.
        path: of the PDF; its folder must be there.
        made_at: the only difference between two reports on the same results.

    Raises:
        RefusedToStart: the typesetting library is not installed.
        StoreError: the PDF could not be written, or an attachment not read.
    """
    try:
        import typst
    except ImportError as error:
        raise RefusedToStart(
            "the report cannot be set: typst is not installed", do="pip install 'needle-rig[evidence]'"
        ) from error

    files = _attached(results, attachments)
    page = document_of(results, list(figures), made_at) | {
        "figures": {name: f"figure-{number}.svg" for number, name in enumerate(figures)},
        "margins": {"x": PAGE_MARGIN_PT[0], "bottom": PAGE_MARGIN_PT[1]},
        "signatures": {"area": AREA_PT, "boxes": [asdict(box) for box in boxes()]},
        "attachments": [_described(name) for name in files],
    }
    project: Any = {  # typst takes files by name; its types do not say so
        "main.typ": TEMPLATE.read_bytes(),
        "page.json": json.dumps(page, ensure_ascii=False).encode(),
        **{page["figures"][name]: svg for name, svg in figures.items()},
        **files,
    }
    data = typst.compile(
        project,
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=made_at.astimezone(UTC),
        font_paths=[str(Path(fallback_font()).parent)],
        ignore_system_fonts=True,
    )
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{path}: the report could not be written ({error})") from error


def _attached(results: Mapping[str, Any], attachments: Sequence[Path]) -> dict[str, bytes]:
    files = {RESULTS: results_bytes(results), HASHES: hash_list(results)}
    for attachment in attachments:
        try:
            files.setdefault(attachment.name, attachment.read_bytes())
        except OSError as error:
            raise StoreError(f"{attachment}: could not be attached to the report ({error})") from error
    return files


def _described(name: str) -> dict[str, str]:
    described = {
        RESULTS: ("data", "Every result of this report in full"),
        HASHES: ("supplement", "SHA-256 of every file that the results rest on"),
    }
    relationship, description = described.get(name, ("supplement", printable(name)))
    mime = MIME.get(Path(name).suffix, "application/octet-stream")
    return {"name": name, "relationship": relationship, "description": description, "mime": mime}
