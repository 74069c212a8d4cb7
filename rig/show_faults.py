"""Faults as a person reads them: ``rig faults``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rig.twin.fault_kinds import (
    CONTACT_KINDS,
    GAUGE_KINDS,
    MODBUS,
    PEN_KINDS,
    STAGE_KINDS,
    WIRE_KINDS,
    WIRED,
    FaultKind,
)
from rig.twin.faults import FORM

_SOME = [kind for kind in WIRE_KINDS if kind.roles not in (WIRED, MODBUS)]
GROUPS: dict[str, Sequence[FaultKind]] = {
    f"On the wire of {', '.join(WIRED)}": [kind for kind in WIRE_KINDS if kind.roles == WIRED],
    "On the wire of some": _SOME,
    f"On the Modbus of {', '.join(MODBUS)}": [kind for kind in WIRE_KINDS if kind.roles == MODBUS],
    "Of the stage: axis and controller": STAGE_KINDS,
    "Of the force_gauge: its cell and amplifier": GAUGE_KINDS,
    "Of the bench: contact wire and room": CONTACT_KINDS,
    "Of the pen: motor, battery and memory": PEN_KINDS,
}


def render_faults(console: Console) -> None:
    """Print every kind of fault, grouped by what it happens to."""
    for title, kinds in GROUPS.items():
        console.print(f"[bold]{title}[/]", highlight=False)
        console.print(_table(kinds, with_roles=kinds is _SOME))
        console.print()
    console.print(
        "○ happens once, or for as long as +SECONDSs says; ● stands until the run ends, or as long.\n"
        f"In a schedule: {escape(FORM)}.",
        highlight=False,
    )


def faults_as_json() -> list[dict[str, Any]]:
    """Return every kind of fault as plain data."""
    return [
        {
            "name": kind.name,
            "roles": list(kind.roles),
            "what": kind.what,
            "lasts": kind.lasts,
            "unit": kind.unit or None,
            "default": kind.default if kind.unit else None,
            "group": title,
        }
        for title, kinds in GROUPS.items()
        for kind in kinds
    ]


def _table(kinds: Sequence[FaultKind], *, with_roles: bool) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(width=1)
    table.add_column(width=16, no_wrap=True)
    table.add_column()
    if with_roles:
        table.add_column(width=24, style="dim")
    for kind in kinds:
        amount = f"; {kind.default:g} {kind.unit}".removesuffix(" 1") + ", or =VALUE" if kind.unit else ""
        roles = [", ".join(kind.roles)] if with_roles else []
        table.add_row("●" if kind.lasts else "○", kind.name, kind.what + amount, *roles)
    return table
