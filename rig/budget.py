"""One result's uncertainty budget as a table with bars: which contribution is worth working on."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from calibration.rounding import with_uncertainty
from rig.errors import RigError
from rig.records.view import RunView
from rig.show import limits_text, probability_text, ratio_text

BAR_CELLS = 30
LABEL_CELLS = 9
NO_BREAK_SPACE = "\u00a0"


def find_measurement(view: RunView, name: str) -> dict[str, Any]:
    """Return the result of that name, judged or noted; a unique part of its name will do.

    Raises:
        RigError: none or several match; the message lists what there is.
    """
    noted: list[dict[str, Any]] = [note["result"] for note in view.notes if "result" in note]
    results = view.measurements + noted
    names = [str(body["name"]) for body in results]
    for matches in ([n for n in names if n == name], [n for n in names if name in n]):
        if len(matches) == 1:
            return results[names.index(matches[0])]
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
    for label, lines in _facts(body, unit, console.width - LABEL_CELLS).items():
        for number, line in enumerate(lines):
            console.print(
                f"{label if number == 0 else '':<{LABEL_CELLS}}{line}", highlight=False, markup=False
            )
    console.print(_table(body))
    by = f", by {body['method']}" if body.get("method") else ""
    figures = f"{body['k']:.2f} × {_two_digits(body['u'])} = {_two_digits(body['U'])}"
    console.print(f"U = k·u = {figures}{unit}{by}", highlight=False)


def _facts(body: dict[str, Any], unit: str, width: int) -> dict[str, list[str]]:
    """Return what else is known of a result: a label each, and its lines."""
    facts = {}
    if body.get("as_read") is not None:
        facts["as read"] = [f"{body['as_read']:.7g}{unit}, without corrections"]
    if body.get("equation"):
        facts["model"] = _wrapped(body["equation"], width)
    if "rule" in body:
        facts |= _decision(body, unit, width)
    return facts


def _decision(body: dict[str, Any], unit: str, width: int) -> dict[str, list[str]]:
    """Return what was made of a result that was judged."""
    decision = f"{limits_text(body['lower'], body['upper'])}{unit}, {body['rule']}: {body['verdict']}"
    if body.get("p_conform") is not None:
        decision += f", probability of conformity {probability_text(body['p_conform'])}"
    facts = {"limits": wrap(decision, width)}
    if body.get("tur") is not None:
        facts["TUR"] = [f"{ratio_text(body['tur'])}, the span of the limits over 2U"]
    if body.get("remark"):
        facts["remark"] = wrap(body["remark"], width)
    return facts


def _wrapped(equation: str, width: int) -> list[str]:
    """Break an equation where its terms meet, never within inner parentheses, and before what it explains."""
    depth, letters = 0, []
    for letter in equation:
        depth += (letter == "(") - (letter == ")")
        letters.append(NO_BREAK_SPACE if letter == " " and depth > 1 else letter)
    formula, *explained = "".join(letters).split(", with ")
    parts = [formula, *(f"with {part}" for part in explained)]
    lines = [line for part in parts for line in wrap(part, width, break_long_words=False)]
    return [line.replace(NO_BREAK_SPACE, " ") for line in lines]


def _table(body: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("contribution")
    for title in ("u", "dof", "share of u²"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    total = sum(line["u"] ** 2 for line in body["budget"])
    for line in sorted(body["budget"], key=lambda line: -line["u"]):
        share = line["u"] ** 2 / total if total else 0.0
        bar = Text("█" * round(share * BAR_CELLS), style="cyan")
        table.add_row(Text(line["name"]), _two_digits(line["u"]), _dof(line["dof"]), _percent(share), bar)
    table.add_row(Text("combined", style="bold"), _two_digits(body["u"]), _dof(body["dof"]), "", "")
    return table


def _two_digits(u: float) -> str:
    return f"{u:#.2g}" if u else "0"


def _percent(share: float) -> str:
    return "<1%" if 0.0 < share < 0.005 else f"{share:.0%}"


def _dof(dof: float | None) -> str:
    return "∞" if dof is None else f"{dof:.0f}"
