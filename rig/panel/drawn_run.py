"""What is drawn of one run, column by column: its results, its calibration, its traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.dashboard.thinning import thin
from reports.trace_view import view_of
from rig.errors import StoreError
from rig.panel.exports import Drawn
from rig.records.trace import Trace

POINTS = 2000
"""About how many points of a trace are drawn; the smallest and largest of each stretch are among them."""

FOUND, LEFT = "extension.as_found", "extension.as_left"


def drawn_measurements(measurements: Sequence[Mapping[str, Any]]) -> Drawn:
    """Return the results of a run against their limits."""
    fields = (
        "name", "characteristic", "value", "unit", "u", "dof", "k", "U", "lower", "upper", "tur", "rule",
        "p_conform", "verdict", "accepted", "remark", "requirements", "test",
    )  # fmt: skip
    columns: dict[str, list[Any]] = {name: [one.get(name) for one in measurements] for name in fields}
    settings = [one.get("setting") or {} for one in measurements]
    for name in ("depth_mm", "rate_per_min"):
        columns[name] = [setting.get(name) for setting in settings]
    return Drawn("measurements", columns)


def drawn_calibration(run: Mapping[str, Any]) -> Drawn:
    """Return by how much the extension was off before and after the table was written, by depth and rate.

    Columns are ``before 5000 /min (mm)`` and so on, with their U.
    """
    errors: dict[tuple[str, float], dict[float, tuple[float, float]]] = {}
    for one in run["measurements"]:
        setting = one.get("setting")
        if setting and one["characteristic"] in (FOUND, LEFT):
            when = "before" if one["characteristic"] == FOUND else "after"
            of_rate = errors.setdefault((when, setting["rate_per_min"]), {})
            of_rate[setting["depth_mm"]] = (one["value"] - setting["depth_mm"], one["U"])
    depths = sorted({depth for of_rate in errors.values() for depth in of_rate})
    columns: dict[str, list[Any]] = {"depth_mm": depths}
    for (when, rate), of_rate in sorted(errors.items(), key=lambda item: (item[0][0] == "after", item[0][1])):
        title = f"{when} {rate:.0f} /min"
        found = [of_rate.get(depth) for depth in depths]
        columns[f"{title} (mm)"] = [one and one[0] for one in found]
        columns[f"{title} low (mm)"] = [one and one[0] - one[1] for one in found]
        columns[f"{title} high (mm)"] = [one and one[0] + one[1] for one in found]
    return Drawn("calibration", columns)


def calibration_rows(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes of the table that was written, each with the extension that was found there."""
    found = {
        (one["setting"]["depth_mm"], one["setting"]["rate_per_min"]): one
        for one in run["measurements"]
        if one.get("setting") and one["characteristic"] == FOUND
    }
    nodes = (run["calibration"] or {}).get("nodes") or []
    places = [(node["depth_mm"], node["rate_per_min"]) for node in nodes]
    return [
        {"U_mm": None, **node, "found": found.get(place)} for node, place in zip(nodes, places, strict=True)
    ]


def drawn_trace(told: Mapping[str, Any]) -> Drawn:
    """Return what of a trace is drawn: two columns, as reports draw them, thinned.

    Args:
        told: the whole trace, as :func:`~reports.dashboard.run_detail.trace_columns` tells it.

    Raises:
        StoreError: the trace does not say what of it is to be drawn.
    """
    import numpy as np

    columns = {name: np.array(values, dtype=np.float64) for name, values in told["columns"].items()}
    try:
        view = view_of(Trace(told["title"], columns, told["about"]))
    except KeyError as error:
        raise StoreError(
            f"trace {told['name']} does not say what to draw ({error})", do="Take its columns as a file"
        ) from error
    x, y = view.x_label, view.y_label
    thinned = thin({x: view.x, y: view.y}, POINTS)
    about = {
        "title": told["title"],
        "x": x,
        "y": y,
        "x_title": x,
        "y_title": y,
        "curve": view.curve,
        "across": view.across,
        "moment": view.moment,
        "rows": len(view.x),
        "shown": len(thinned[x]),
    }
    return Drawn(told["name"], thinned, about=about)


def raw_trace(told: Mapping[str, Any]) -> Drawn:
    """Return every column and row of a trace."""
    return Drawn(f"{told['name']}-raw", told["columns"], about=told["about"])
