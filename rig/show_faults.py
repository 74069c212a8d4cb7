"""Faults as a person reads them: ``rig faults``."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from rig.twin.fault_kinds import KINDS
from rig.twin.faults import FORM


def render_faults(console: Console) -> None:
    """Print every kind of fault: name, who can suffer from it, what happens."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("fault", "of", "what happens", "how much"):
        table.add_column(title)
    for kind in KINDS:
        amount = f"{kind.default:g} {kind.unit}" if kind.unit else ""
        table.add_row(
            kind.name, ", ".join(kind.roles), kind.what + (", lasting" if kind.lasts else ""), amount
        )
    console.print(table)
    console.print(f"\nIn a schedule: {FORM}.", highlight=False, soft_wrap=True)
