"""What a person reads in ten seconds: the verdict, what failed, and by how much.

A run's verdict is the one on record. Several runs are judged by pen: a pen has passed when one of its
runs passed and none failed; a run that broke says nothing about its pen, and is told of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rig.records import kinds
from rig.records.view import is_accepted

INCOMPLETE = "INCOMPLETE"
"""Of several runs: no pen failed, and at least one was not judged."""

STUDIED = "STUDY"
"""A study answers a question, and judges no pen."""

JsonTable = dict[str, Any]


def conclusion_of(kind: str, runs: Sequence[JsonTable], lot: Mapping[str, Any] | None = None) -> JsonTable:
    """Return the verdict on a subject, and what speaks against it.

    Args:
        kind: "run", "lot" or "study".
        runs: as :mod:`reports.evidence.results` has them.
        lot: statements about the lot, as :mod:`reports.lot` makes them; their verdict is then the lot's.

    Returns:
        verdict; pens, one verdict each; failed, the measurements a run may not pass with; counts.
    """
    pens = pen_verdicts(runs)
    measurements = [(run, body) for run in runs for body in run["measurements"]]
    failed = [(run, body) for run, body in measurements if not is_accepted(body)]
    accepted = [body for _, body in measurements if is_accepted(body)]
    return {
        "verdict": _verdict(kind, runs, pens, lot),
        "pens": pens,
        "counts": {
            "runs": len(runs),
            "measurements": len(measurements),
            "conform": sum(body["verdict"] == kinds.PASS for body in accepted),
            "accepted though indeterminate": sum(body["verdict"] != kinds.PASS for body in accepted),
            "not accepted": len(failed),
        },
        "failed": [
            {"run": run["id"], "pen": run["pen"]["serial"], "name": body["name"]} for run, body in failed
        ],
        "broken": [run["id"] for run in runs if run["verdict"] not in (kinds.PASS, kinds.FAIL)],
        "overridden": [run["id"] for run in runs if run["overridden"]],
    }


def pen_verdicts(runs: Sequence[JsonTable]) -> list[JsonTable]:
    """Return the verdict on each pen that a run knew by its serial number, in order of appearance."""
    by_serial: dict[str, list[JsonTable]] = {}
    for run in runs:
        if run["pen"]["serial"]:
            by_serial.setdefault(run["pen"]["serial"], []).append(run)
    return [
        {
            "serial": serial,
            "verdict": _of_pen([run["verdict"] for run in own]),
            "runs": [run["id"] for run in own],
        }
        for serial, own in by_serial.items()
    ]


def _of_pen(verdicts: Sequence[str]) -> str:
    if kinds.FAIL in verdicts:
        return kinds.FAIL
    return kinds.PASS if kinds.PASS in verdicts else str(verdicts[-1])


def _verdict(
    kind: str, runs: Sequence[JsonTable], pens: Sequence[JsonTable], lot: Mapping[str, Any] | None
) -> str:
    if kind == "study":
        return STUDIED
    if kind == "run" and len(runs) == 1:
        return str(runs[0]["verdict"])
    if lot is not None:
        return str(lot["verdict"])
    said = {pen["verdict"] for pen in pens} | {run["verdict"] for run in runs if not run["pen"]["serial"]}
    if kinds.FAIL in said:
        return kinds.FAIL
    return kinds.PASS if {pen["verdict"] for pen in pens} == {kinds.PASS} else INCOMPLETE


Side = Literal["within", "beyond", "close"]


def margin(body: Mapping[str, Any]) -> tuple[Side, float] | None:
    """Return how a result lies to its nearer limit: its side of it, and the distance in the result's unit.

    "close" is a value within the limit that its decision rule did not accept. None without limits.
    """
    distances = []
    if body["lower"] is not None:
        distances.append(body["value"] - body["lower"])
    if body["upper"] is not None:
        distances.append(body["upper"] - body["value"])
    if not distances:
        return None
    nearest = min(distances)
    if nearest < 0.0:
        return "beyond", -nearest
    return ("within" if body["verdict"] == kinds.PASS else "close"), nearest


def used_share(body: Mapping[str, Any]) -> float | None:
    """Return how much of the room up to its limit a result and its U take: 1 is at the limit.

    Of two limits the room is half their distance; of one, the limit's own size. None where neither
    says anything: no limit, or no room, as of a count that must be exact.
    """
    lower, upper, value, U = body["lower"], body["upper"], body["value"], body["U"]
    if lower is not None and upper is not None:
        room = (upper - lower) / 2.0
        return None if room <= 0.0 else (abs(value - (lower + upper) / 2.0) + U) / room
    if upper is not None:
        return None if upper <= 0.0 else (value + U) / upper
    if lower is not None and lower > 0.0:
        return lower / (value - U) if value > U else None
    return None
