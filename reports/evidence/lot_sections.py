"""What a report says of several runs: what the lot shows, each result over all pens, and pen by pen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from calibration.rounding import with_uncertainty
from reports.evidence.blocks import Block, items, section, table, text
from reports.evidence.conclusion import used_share
from reports.evidence.front_page import front_deviations
from reports.evidence.results_figure import by_characteristic
from reports.evidence.words import (
    known,
    rule_in_words,
    setting_text,
    short_power,
    two_digits,
    unit_text,
    with_unit,
)
from rig.records.view import is_accepted
from rig.show import limits_text

JsonTable = Mapping[str, Any]

SUMMARY = [("result", "left", 2.5), ("pens", "right", 0.55), ("mean", "right", 1.1), ("s", "right", 0.9),
           ("lowest ± U", "right", 2.0), ("highest ± U", "right", 2.0), ("unit", "left", 0.95),
           ("limits", "center", 1.5), ("accepted", "right", 0.9)]  # fmt: skip
PENS = [("pen", "left", 1.1), ("run", "left", 2.9), ("verdict", "left", 0.9),
        ("accepted", "right", 0.9), ("closest to its limits", "left", 4.2),
        ("room", "right", 0.6)]  # fmt: skip
BY_REQUIREMENT = ("requirement", "left", 2.7)
SHOWN = [("result", "left", 2.7), ("what the lot shows", "left", 4.6), ("verdict", "left", 1.0)]


def lot_sections(results: JsonTable) -> list[Block]:
    """Return the sections on several runs."""
    runs = results["runs"]
    return [
        _statements(results["lot"]),
        section("Results over all pens", *_summaries(runs)),
        section("Pens", table(PENS, [_pen(run) for run in runs])),
        section(
            "Deviations, overrides and faults",
            items(front_deviations(runs), "None on record in any of the runs."),
        ),
    ]


def _statements(lot: JsonTable | None) -> Block:
    if lot is None:
        return section("What the lot shows")
    rows = [(line["id"], short_power(line["statement"]), line["verdict"]) for line in lot["requirements"]]
    lines = [
        (line["name"], short_power(line["statement"]), line["verdict"]) for line in lot["characteristics"]
    ]
    choice = "Every pen counts once: with its first run that ended in a verdict, or the first that failed."
    return section(
        "What the lot shows",
        text(str(lot["size"]["statement"]), choice),
        table([BY_REQUIREMENT, *SHOWN[1:]], rows, "By requirement"),
        table(SHOWN, lines, "By result"),
    )


def _summaries(runs: Sequence[JsonTable]) -> list[Block | None]:
    bodies = [body for run in runs for body in run["measurements"]]
    if not bodies:
        return [text("Nothing was measured.")]
    rules = "; ".join(f"{rule}: {rule_in_words(rule)}" for rule in dict.fromkeys(b["rule"] for b in bodies))
    lead = text("All runs, repeated ones too. s is the standard deviation over pens; U of each single result",
                f"for a coverage of about 95 %. Decision rules: {rules}.")  # fmt: skip
    groups = by_characteristic(bodies)
    singles = {name: own for name, own in groups.items() if len({b["name"] for b in own}) == 1}
    tables = [
        table(SUMMARY, [_summary(own, str(own[0]["name"])) for own in singles.values()], "Single results")
    ]
    for name, own in groups.items():
        if name not in singles:
            tables.append(table(SUMMARY, _by_setting(own), name))
    return [lead, *tables]


def _by_setting(bodies: Sequence[JsonTable]) -> list[Sequence[str]]:
    by_name: dict[str, list[JsonTable]] = {}
    for body in bodies:
        by_name.setdefault(str(body["name"]), []).append(body)
    return [_summary(own, setting_text(own[0])) for own in by_name.values()]


def _summary(bodies: Sequence[JsonTable], name: str) -> Sequence[str]:
    values = [body["value"] for body in bodies]
    lowest, highest = (pick(bodies, key=lambda body: body["value"]) for pick in (min, max))
    limits = list(dict.fromkeys(limits_text(body["lower"], body["upper"]) for body in bodies))
    return (
        name,
        str(len(bodies)),
        short_power(f"{fmean(values):.5g}"),
        two_digits(stdev(values)) if len(values) > 1 else "",
        with_uncertainty(lowest["value"], lowest["U"]),
        with_uncertainty(highest["value"], highest["U"]),
        unit_text(lowest["unit"]),
        "; ".join(limits),
        f"{sum(map(is_accepted, bodies))} of {len(bodies)}",
    )


def _pen(run: JsonTable) -> Sequence[str]:
    bodies = run["measurements"]
    accepted = sum(map(is_accepted, bodies))
    shares = [(share, body) for body in bodies if (share := used_share(body)) is not None and body["U"] > 0.0]
    share, closest = max(shares, key=lambda pair: pair[0], default=(None, None))
    return (
        known(run["pen"]["serial"]),
        run["id"],
        run["verdict"],
        f"{accepted} of {len(bodies)}",
        "" if closest is None else f"{closest['name']}: {with_unit(closest)}",
        "" if share is None else f"{share:.0%}",
    )
