"""One result's uncertainty budget as a table with bars: which contribution is worth working on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rig.errors import RigError
from rig.records.view import RunView
from rig.show import with_uncertainty

BAR_CELLS = 30


def find_measurement(view: RunView, name: str) -> dict[str, Any]:
    """Return the measurement of that name; a characteristic with one measurement will do, or a unique part.

    Raises:
        RigError: none or several match; the message lists what there is.
    """
    names = [str(body["name"]) for body in view.measurements]
    for matches in ([n for n in names if n == name], [n for n in names if name in n]):
        if len(matches) == 1:
            return view.measurements[names.index(matches[0])]
        if matches:
            raise RigError(f"{name!r} is not one measurement", expected=_one_of(matches))
    raise RigError(f"no measurement {name!r} in run {view.run_id}", expected=_one_of(names))


def _one_of(names: list[str], most: int = 8) -> str:
    more = f"; and {len(names) - most} more" if len(names) > most else ""
    return "one of: " + "; ".join(names[:most]) + more


def render_budget(body: dict[str, Any], console: Console) -> None:
    """Print a measurement's budget: each line's u, its degrees of freedom, its share of u², and a bar."""
    unit = "" if body["unit"] == "1" else f" {body['unit']}"
    console.print(f"{body['name']}: {with_uncertainty(body['value'], body['U'])}{unit}", highlight=False)
    if body.get("as_read") is not None:
        console.print(f"as read, without corrections: {body['as_read']:.7g}{unit}", highlight=False)
    if body.get("equation"):
        console.print(f"model: {body['equation']}", highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("contribution")
    for title in ("u", "dof", "share of u²"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    total = sum(line["u"] ** 2 for line in body["budget"])
    for line in sorted(body["budget"], key=lambda line: -line["u"]):
        share = line["u"] ** 2 / total if total else 0.0
        bar = Text("█" * round(share * BAR_CELLS), style="cyan")
        table.add_row(Text(line["name"]), f"{line['u']:.2g}", _dof(line["dof"]), f"{share:.0%}", bar)
    table.add_row(Text("combined", style="bold"), f"{body['u']:.2g}", _dof(body["dof"]), "", "")
    console.print(table)
    by = f", by {body['method']}" if body.get("method") else ""
    console.print(f"U = k·u = {body['k']:.2f} × {body['u']:.2g} = {body['U']:.2g}{unit}{by}", highlight=False)


def _dof(dof: float | None) -> str:
    return "∞" if dof is None else f"{dof:.0f}"
