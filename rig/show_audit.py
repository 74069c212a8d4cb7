"""What a person sees of the audit trail: a line each change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rig.records.audit_trail import Audited
from rig.show import PIPED_WIDTH

NOBODY = "–"
SHA256_LENGTH, SHOWN_OF_IT = 64, 12


def render_audit(rows: Sequence[Audited], console: Console) -> None:
    """Print when, who, what, from what to what, and why; oldest first."""
    if not rows:
        console.print("Nothing of that is recorded there.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("when (UTC)", "who"):
        table.add_column(title, no_wrap=True)
    for title in ("what", "old → new", "why"):
        table.add_column(title, overflow="fold")
    for row in rows:
        change = f"{value_text(row.old)} → {value_text(row.new)}"
        when = f"{row.at[:10]} {row.at[11:19]}"
        table.add_row(*(Text(text) for text in (when, row.by or NOBODY, row.what, change, row.why or NOBODY)))
    if not console.is_terminal:  # a file has no width of its own
        console.width = max(console.width, PIPED_WIDTH)
    console.print(table)


def value_text(value: Any) -> str:
    """Return a value as a person reads it; of a SHA-256 its beginning, which is enough to find it."""
    if value is None:
        return NOBODY
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    is_hash = len(value) == SHA256_LENGTH and not value.strip("0123456789abcdef")
    return value[:SHOWN_OF_IT] if is_hash else value.strip()
