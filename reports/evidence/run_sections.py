"""What a report says of a single run: every result, the calibration, deviations, and budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.evidence.blocks import Block, items, pairs, section, table, text
from reports.evidence.conclusion import used_share
from reports.evidence.front_page import front_deviations
from reports.evidence.results_figure import by_characteristic
from reports.evidence.words import (
    known,
    number_text,
    rule_in_words,
    setting_text,
    two_digits,
    unit_text,
    with_unit,
)
from rig.records.kinds import TRACEBACK
from rig.records.view import is_accepted
from rig.show import limits_text, probability_text, ratio_text

JsonTable = Mapping[str, Any]

RESULTS = [("result", "left", 2.55), ("value ± U", "right", 2.1), ("unit", "left", 0.95), ("k", "right", 0.6),
           ("limits", "center", 1.6), ("TUR", "right", 0.65), ("decision rule", "left", 1.75),
           ("P", "right", 0.7), ("verdict", "left", 1.15)]  # fmt: skip


def run_sections(run: JsonTable) -> list[Block]:
    """Return the sections on one run's own results."""
    return [
        results_section(run),
        section("Calibration of the pen", *_calibration(run["calibration"])),
        deviations(run),
        section("Uncertainty budgets", *_budgets(run["measurements"])),
    ]


def results_section(run: JsonTable) -> Block:
    """Return all results of a run, by characteristic, and what their columns mean."""
    groups = by_characteristic(run["measurements"])
    single = [own[0] for own in groups.values() if len(own) == 1]
    several = {name: own for name, own in groups.items() if len(own) > 1}
    tables = [table(RESULTS, [_row(body, _single_name(body)) for body in single], "Single results")]
    for name, own in several.items():
        requirements = ", ".join(dict.fromkeys(id_ for body in own for id_ in body.get("requirements", ())))
        title = f"{name}: {run['titles'][name]}" if name in run["titles"] else name
        tables.append(table(RESULTS, [_row(body, setting_text(body)) for body in own], title, requirements))
    if not run["measurements"]:
        return section("Results", text("Nothing was measured."))
    return section("Results", _legend(run["measurements"]), *tables)


def _row(body: JsonTable, name: str) -> Sequence[str]:
    p = body.get("p_conform")
    remark = f" ({body['remark']})" if body.get("remark") else ""
    accepted = is_accepted(body) and body["verdict"] != "PASS"
    return (
        name,
        number_text(body),
        unit_text(body["unit"]),
        f"{body['k']:.2f}" if body["U"] > 0.0 else "",
        limits_text(body["lower"], body["upper"]),
        ratio_text(body.get("tur")),
        str(body["rule"]),
        "" if p is None else probability_text(p),
        f"{body['verdict']}{', accepted' if accepted else ''}{remark}",
    )


def _single_name(body: JsonTable) -> str:
    setting = setting_text(body)
    return str(body["name"]) if setting == body["name"] else f"{body['characteristic']} [{setting}]"


def _legend(measurements: Sequence[JsonTable]) -> Block:
    rules = "; ".join(
        f"{rule}: {rule_in_words(rule)}" for rule in dict.fromkeys(b["rule"] for b in measurements)
    )
    return text(
        "U is the expanded uncertainty for a coverage of about 95 %, U = k·u; what has no U was counted.",
        "TUR is the room between the limits over that of U; P the probability that the true value conforms.",
        f"Decision rules: {rules}.",
    )


def _calibration(calibration: JsonTable | None) -> list[Block | None]:
    if calibration is None:
        return [text("No table was written into the pen in this run.")]
    crc = [
        f"{c:08X}" if isinstance(c, int) else known(c)
        for c in map(calibration.get, ("before_crc", "after_crc"))
    ]
    about = pairs(
        ("Table before", f"CRC {crc[0]}; results as found belong to it"),
        ("Table after", f"CRC {crc[1]}, generation {known(calibration.get('generation'))}; results as left"),
    )
    return [about, _nodes(calibration.get("nodes"))]


def _nodes(nodes: Any) -> Block | None:
    needed = {"depth_mm", "rate_per_min", "command_mm"}
    if not isinstance(nodes, list) or not all(isinstance(n, dict) and needed <= n.keys() for n in nodes):
        return None
    at = {(node["depth_mm"], node["rate_per_min"]): node for node in nodes}
    depths, rates = sorted({depth for depth, _ in at}), sorted({rate for _, rate in at})
    columns = [("extension (mm)", "left", 1.0), *((f"at {rate:.0f} /min", "right", 1.2) for rate in rates)]
    rows = [
        (f"{depth:.2f}", *(_command(at[depth, rate]) if (depth, rate) in at else "" for rate in rates))
        for depth in depths
    ]
    return table(columns, rows, "Nodes of the table written", "command ± U in mm, a column a stroke rate")


def _command(node: JsonTable) -> str:
    U = node.get("U_mm")
    return f"{node['command_mm']:.3f}" if U is None else f"{node['command_mm']:.3f} ± {U:.3f}"


def deviations(run: JsonTable) -> Block:
    """Return what was not as planned, and what the run noted."""
    faults = {fault["message"] for fault in run["faults"]}
    front = front_deviations([run])
    reasons = [f"reason: {reason}" for reason in run["reasons"] if reason not in (*faults, *front)]
    told = list(dict.fromkeys([*front, *reasons]))
    said = {TRACEBACK, *run["reasons"]}
    notes = dict.fromkeys(str(note["text"]) for note in run["notes"] if note.get("text") not in said)
    return section(
        "Deviations, overrides and notes",
        items(told, f"None on record. The run ended as {run['verdict']}."),
        items((f"noted: {note}" for note in notes), "The run noted nothing further."),
    )


def _budgets(measurements: Sequence[JsonTable]) -> list[Block | None]:
    """Return, of each characteristic with a budget, that of the result closest to its limits."""
    shown: list[Block | None] = []
    for own in by_characteristic(measurements).values():
        stated = [body for body in own if body["u"] > 0.0 and body.get("budget")]
        if stated:
            shown.append(_budget(max(stated, key=lambda body: used_share(body) or 0.0)))
    lead = text("Of each characteristic, the result closest to its limits. results.json has them all.")
    return [lead, *shown] if shown else []


def _budget(body: JsonTable) -> Block | None:
    total = sum(item["u"] ** 2 for item in body["budget"])
    unit = unit_text(body["unit"])
    columns = [("contribution", "left", 3.0), (f"u ({unit})" if unit else "u", "right", 1.2),
               ("degrees of freedom", "right", 1.2), ("share of u²", "right", 1.0)]  # fmt: skip
    ordered = sorted(body["budget"], key=lambda item: -item["u"])
    rows = [
        (item["name"], two_digits(item["u"]), _dof(item.get("dof")), f"{item['u'] ** 2 / total:.1%}")
        for item in ordered
    ]
    combined = (f"combined, k = {body['k']:.2f}", two_digits(body["u"]), _dof(body.get("dof")), "")
    return table(columns, [*rows, combined], str(body["name"]), with_unit(body))


def _dof(dof: float | None) -> str:
    return "∞" if dof is None else f"{dof:.0f}"
