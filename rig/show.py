"""What a person sees of a run: a table of every characteristic, and what came of it all.

Rendering only: it takes views and a console, and reads nothing. A verdict is always a symbol, a word
and a colour, so that it survives a pipe, a grey print and colour-blind eyes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from calibration.rounding import with_uncertainty
from rig.records.kinds import FAIL, PASS, TRACEBACK
from rig.records.view import RunView, is_accepted

PIPED_WIDTH = 100  # a file has no width of its own, and rich would take 80
ROOMY = 92  # from here on, columns stand two spaces apart

SIMPLE = "simple acceptance"
RULES = {SIMPLE: "simple", "guard band": "guard", "specific risk": "risk", "global risk": "global"}
SURE = 0.9995  # a simple rule's probability of conformity is of interest below this
COLUMNS = {
    "characteristic": "left", "value ± U": "right", "unit": "left", "limits": "center", "TUR": "right",
    "rule": "left", "P": "right", "verdict": "left",
}  # fmt: skip
LAYOUTS: list[tuple[int, set[str]]] = [
    (2, set()), (1, set()), (1, {"TUR"}), (1, {"TUR", "rule"}), (1, {"TUR", "rule", "P"}),
]  # fmt: skip
"""Space between columns, and which are left out: the first that fits is shown; --json has everything."""
LOOKS = {PASS: ("✔", "+", "bold green"), FAIL: ("✘", "x", "bold red")}
OTHER_LOOK = ("⚠", "!", "bold yellow")  # the rig or the run broke: says nothing about the pen


def render_run(view: RunView, console: Console, *, runs: Path | None = None) -> None:
    """Print a whole run; ``runs`` is the folder that its records lie in, for the last line."""
    parts: list[RenderableType] = [_header(view, console)]
    if view.measurements:
        parts.append(_characteristics(view.measurements, console))
    if view.calibration is not None:
        parts += [_calibration_line(view.calibration), _nodes(view.calibration.get("nodes"))]
    for label, lines in (("fault", _faults(view)), ("reason", _reasons(view)), ("note", _notes(view))):
        parts += [_field(label, line) for line in lines]
    _print(console, *parts, _footer(view, console, runs))


def render_list(views: Sequence[RunView], console: Console) -> None:
    """Print one line a run, in the order given."""
    if not views:
        console.print("No runs are recorded there.")
        return
    table = _plain_table(console)
    for title in ("run", "plan", "pen", "product"):
        table.add_column(title, no_wrap=True)
    names_lots = any(view.lot for view in views)
    if names_lots:
        table.add_column("lot", no_wrap=True)
    table.add_column("takt", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for view in views:
        product = Path(view.product).name  # as given: a name, or the path of a file
        lot = [view.lot] if names_lots else []
        table.add_row(
            *(Text(text) for text in (view.run_id, view.plan, view.pen_serial, product, *lot)),
            Text(_seconds(view.takt_s)),
            verdict_text(view.verdict, console) + Text(_remarks(view)),
        )
    _print(console, table)


def _remarks(view: RunView) -> str:
    remarks = [name for name in ("overridden", "hidden") if getattr(view, name)]
    return f" ({', '.join(remarks)})" if remarks else ""


def verdict_text(verdict: str, console: Console) -> Text:
    """Return a verdict as symbol, word and colour; plain ASCII where the console has no symbols."""
    symbol, ascii_symbol, style = LOOKS.get(verdict, OTHER_LOOK)
    return Text(f"{symbol if _has_symbols(console) else ascii_symbol} {verdict}", style=style)


def limits_text(lower: float | None, upper: float | None) -> str:
    """Return limits as ``0.1 … 0.4``, ``≤ 0``, ``≥ 1`` or ``= 1``."""
    match lower, upper:
        case None, None:
            return "none"
        case None, high:
            return f"≤ {high:.6g}"
        case low, None:
            return f"≥ {low:.6g}"
        case low, high if low == high:
            return f"= {low:.6g}"
        case low, high:
            return f"{low:.6g} … {high:.6g}"


def ratio_text(tur: float | None) -> str:
    """Return a test uncertainty ratio; nothing for a result without uncertainty, whose ratio is infinite."""
    if tur is None:
        return ""
    return f"{tur:.1f}" if tur < 9.95 else f"{tur:.0f}"


def probability_text(p: float) -> str:
    """Return a probability of conformity to three places; what is as good as sure is not called sure."""
    if p >= SURE:
        return ">0.999"
    return f"{p:.3f}" if p >= 1.0 - SURE else "<0.001"


def _characteristics(measurements: Sequence[dict[str, Any]], console: Console) -> Table:
    unbounded = console.options.update(max_width=sys.maxsize)
    for space, left_out in LAYOUTS:
        table = _characteristics_table(measurements, console, space, left_out)
        if Measurement.get(console, unbounded, table).maximum <= _width(console):
            break
    return table


def _characteristics_table(
    measurements: Iterable[dict[str, Any]], console: Console, space: int, left_out: set[str]
) -> Table:
    table = Table(box=None, padding=(0, space, 0, 0), header_style="dim", pad_edge=False)
    for title, justify in COLUMNS.items():
        if title not in left_out:
            table.add_column(title, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    groups: dict[str, list[dict[str, Any]]] = {}
    for body in measurements:
        groups.setdefault(str(body["characteristic"]), []).append(body)
    for characteristic, bodies in groups.items():
        alone = len(bodies) == 1 and not bodies[0].get("setting")
        if not alone:
            table.add_row(Text(characteristic, style="bold"))
        for body in bodies:
            name = characteristic if alone else f" {_setting(body)}"
            cells = {"characteristic": Text(name), **_cells(body, console)}
            table.add_row(*(cell for title, cell in cells.items() if title not in left_out))
    return table


def _cells(body: dict[str, Any], console: Console) -> dict[str, Text]:
    return {
        "value ± U": Text(with_uncertainty(body["value"], body["U"])),
        "unit": Text("" if body["unit"] == "1" else body["unit"]),
        "limits": Text(limits_text(body["lower"], body["upper"])),
        "TUR": Text(ratio_text(body.get("tur"))),
        "rule": Text(_rule(str(body["rule"]))),
        "P": Text("" if _goes_without_saying(body) else probability_text(body["p_conform"])),
        "verdict": verdict_text(body["verdict"], console),
    }


def _rule(rule: str) -> str:
    for name, short in RULES.items():
        rule = rule.replace(name, short)
    return rule


def _goes_without_saying(body: dict[str, Any]) -> bool:
    """Say whether the probability of conformity is of no interest, or was not recorded."""
    p = body.get("p_conform")
    return p is None or (p >= SURE and body["rule"] == SIMPLE)


def _setting(body: dict[str, Any]) -> str:
    match body.get("setting"):
        case {"depth_mm": depth_mm, "rate_per_min": rate_per_min}:
            return f"{depth_mm:.2f} mm @ {rate_per_min:.0f} /min"
        case _:
            return str(body["name"])


def _header(view: RunView, console: Console) -> Text:
    version, commit = view.software.get("version"), view.software.get("commit")
    fields = {
        "plan": view.plan,
        "pen": f"{view.pen_serial} ({view.product})",
        "station": view.station,
        "started": _moment(view.started),
        "software": f"{version or 'unknown'} ({commit or 'no commit'})",
    }
    if view.lot:
        fields["lot"] = view.lot
    if view.tip_lot:
        fields["tip lot"] = view.tip_lot
    if view.operator:
        fields["operator"] = f"{view.operator['full_name']} ({view.operator['name']})"
    if view.seed is not None:
        fields["seed"] = str(view.seed)
    if view.overridden:
        fields["interlock"] = view.overridden
    if view.hidden:
        fields["hidden"] = view.hidden
    lines = [Text.assemble((f"run {view.run_id}", "bold"), "  ", verdict_text(view.verdict, console))]
    lines += [_field(name, text) for name, text in fields.items()]
    lines += [_field("instrument", _instrument(entry)) for entry in view.instruments]
    return Text("\n").join([*lines, Text()])


def _instrument(entry: dict[str, Any]) -> str:
    identity, certificate = entry.get("identity") or {}, entry.get("certificate") or {}
    name = " ".join(str(identity[key]) for key in ("maker", "model", "serial") if identity.get(key))
    number, due = certificate.get("number"), certificate.get("due")
    return f"{entry['role']}: {name}" + (f", certificate {number}, due {due}" if number else "")


def _calibration_line(calibration: dict[str, Any]) -> Text:
    before, after = (_crc(calibration.get(key)) for key in ("before_crc", "after_crc"))
    generation = calibration.get("generation")
    return Text("\n") + _field("table", f"CRC {before} before, {after} after, generation {generation}")


def _nodes(nodes: Any) -> Table | Text:
    """Return the commands of the table, a row a depth and a column a rate; or how many nodes there are."""
    needed = {"depth_mm", "rate_per_min", "command_mm"}
    if not isinstance(nodes, list) or not all(isinstance(n, dict) and needed <= n.keys() for n in nodes):
        return _field("nodes", str(len(nodes)) if isinstance(nodes, list) else str(nodes))
    commands = {(node["depth_mm"], node["rate_per_min"]): node for node in nodes}
    rates = sorted({rate for _, rate in commands})
    table = _plain_table()
    table.add_column("extension", justify="right")
    for rate in rates:
        table.add_column(f"command @ {rate:.0f} /min", justify="right")
    for depth in sorted({depth for depth, _ in commands}):
        cells = (commands.get((depth, rate)) for rate in rates)
        table.add_row(f"{depth:.2f} mm", *("" if cell is None else _command(cell) for cell in cells))
    return table


def _command(node: dict[str, Any]) -> str:
    """Return a command with its uncertainty, to the micrometre that the pen's table has."""
    U = node.get("U_mm")
    return f"{node['command_mm']:.3f} mm" if U is None else f"{node['command_mm']:.3f} ± {U:.3f} mm"


def _footer(view: RunView, console: Console, runs: Path | None) -> Text:
    accepted = [body for body in view.measurements if is_accepted(body)]
    count = f"{len(view.measurements)} measurements, {len(view.measurements) - len(accepted)} not passed"
    if left_open := [body for body in accepted if body["verdict"] != PASS]:
        count += f", {len(left_open)} indeterminate and accepted by the plan"
    lines = [
        Text(),
        Text.assemble(verdict_text(view.verdict, console), f"  {count}"),
        _field(
            "takt", f"{_seconds(view.takt_s)} simulated or on the bench, {_seconds(view.wall_s)} on the wall"
        ),
    ]
    if runs is not None:
        lines.append(_field("records", str(runs)))
        if view.wire_log is not None:
            lines.append(_field("wire log", str(runs / view.wire_log["path"])))
    return Text("\n").join(lines)


def _faults(view: RunView) -> list[str]:
    """Return each fault once, where it was first met: whatever stands on a broken rung breaks likewise."""
    first: dict[str, str] = {}
    for fault in view.faults:
        first.setdefault(str(fault["message"]), str(fault["where"]))
    return [f"{where}: {message}" for message, where in first.items()]


def _reasons(view: RunView) -> list[str]:
    """Return the reasons that are not faults: those have been told."""
    faults = {str(fault["message"]) for fault in view.faults}
    return [reason for reason in view.reasons if reason not in faults]


def _notes(view: RunView) -> list[str]:
    """Return each note once: what kept many results from being measured is noted at each, and is a reason."""
    said = {TRACEBACK, *view.reasons}
    return list(dict.fromkeys(str(note["text"]) for note in view.notes if note["text"] not in said))


def _field(name: str, text: str) -> Text:
    return Text.assemble((f"{name:<11}", "dim"), text)


def _plain_table(console: Console | None = None) -> Table:
    space = 2 if console is None or _width(console) >= ROOMY else 1
    return Table(box=None, padding=(0, space, 0, 0), header_style="dim", pad_edge=False)


def _print(console: Console, *parts: RenderableType) -> None:
    width = console.width
    console.width = _width(console)
    try:
        for part in parts:
            console.print(part, highlight=False, markup=False)
    finally:
        console.width = width


def _width(console: Console) -> int:
    return console.width if console.is_terminal else max(console.width, PIPED_WIDTH)


def _has_symbols(console: Console) -> bool:
    try:
        "✔✘⚠".encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _crc(value: Any) -> str:
    return f"{value:08X}" if isinstance(value, int) else "none"


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"


def _moment(at: str | None) -> str:
    return "–" if at is None else f"{at[:10]} {at[11:19]} UTC"
