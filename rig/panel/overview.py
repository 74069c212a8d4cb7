"""The overview: what many runs show together, on one page; the data of each picture as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from calibration.control_rules import RULES
from reports.dashboard.capability_table import CapabilityLine
from reports.dashboard.charts import ControlChart
from reports.dashboard.figures import (
    capability,
    choices,
    control_chart,
    list_runs,
    overview,
    pareto,
    takt_history,
)
from reports.dashboard.index import Index
from rig.panel import numbers
from rig.panel.asked import VERDICTS, Asked, Lately, today
from rig.panel.drawn_runs import (
    drawn_capability,
    drawn_control,
    drawn_pareto,
    drawn_takt,
    drawn_yield,
    worst_first,
)
from rig.panel.exports import Format, export
from rig.panel.guard import Reviewer, Settings
from rig.panel.indexing import how_far, look
from rig.panel.pages import pages_of
from rig.panel.series import SeriesAsked, SeriesName, series_name

router = APIRouter(include_in_schema=False)

LATEST = 8
COUNT = "1"
PERIODS_DAYS = (7, 30, 90)
Form = Annotated[Format, Path()]


@router.get("/overview")
def overview_page(
    request: Request, person: Reviewer, settings: Settings, asked: Lately, series: SeriesAsked
) -> Response:
    """Show yields, failures, capability, a control chart and takt of the runs that are asked for."""
    with Index(settings.runs) as index:
        far = look(index)
        counted = overview(index, asked.filter)
        causes = pareto(index, asked.filter)
        lines = worst_first(capability(index, asked.filter))
        chosen = series if series.characteristic else _first(lines)
        chart = control_chart(index, asked.filter, chosen.characteristic, chosen.setting)
        values: dict[str, Any] = {
            "far": far,
            "asked": asked,
            "choices": choices(index),
            "counts": counted.counts,
            "verdicts": VERDICTS,
            "yields": drawn_yield(counted),
            "causes": causes,
            "failures": drawn_pareto("failures", causes.failures),
            "errors": drawn_pareto("errors", causes.errors),
            "lines": [(line, _name(line)) for line in lines],
            "series": chosen,
            "chart_shown": chart,
            "chart_title": _axis(chart),
            "control": drawn_control(chart),
            "rule_words": _rule_words,
            "takt": drawn_takt(takt_history(index, asked.filter)),
            "latest": list_runs(index, asked.filter, limit=LATEST),
        }
    return pages_of(request).show(request, "overview.html", n=numbers, periods=_periods(asked), **values)


@router.get("/data/index.json")
def index_state(person: Reviewer, settings: Settings) -> dict[str, Any]:
    """Tell how much of the record the figures are made from."""
    with Index(settings.runs) as index:
        far = how_far(index)
    return {"taken": far.taken, "of": far.of, "percent": far.percent, "whole": far.is_whole}


@router.get("/data/yield.{form}")
def yield_data(person: Reviewer, settings: Settings, asked: Lately, form: Form) -> Response:
    """Return yield by day."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_yield(overview(index, asked.filter)), form)


@router.get("/data/failures.{form}")
def failures_data(person: Reviewer, settings: Settings, asked: Lately, form: Form) -> Response:
    """Return what was not accepted, by characteristic."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_pareto("failures", pareto(index, asked.filter).failures), form)


@router.get("/data/errors.{form}")
def errors_data(person: Reviewer, settings: Settings, asked: Lately, form: Form) -> Response:
    """Return what runs broke with, by instrument."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_pareto("errors", pareto(index, asked.filter).errors), form)


@router.get("/data/capability.{form}")
def capability_data(person: Reviewer, settings: Settings, asked: Lately, form: Form) -> Response:
    """Return capability by characteristic and setting."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_capability(worst_first(capability(index, asked.filter))), form)


@router.get("/data/control.{form}")
def control_data(
    person: Reviewer, settings: Settings, asked: Lately, series: SeriesAsked, form: Form
) -> Response:
    """Return a control chart."""
    with Index(settings.runs) as index:
        look(index)
        chart = control_chart(index, asked.filter, series.characteristic, series.setting)
        return export(drawn_control(chart), form)


@router.get("/data/takt.{form}")
def takt_data(person: Reviewer, settings: Settings, asked: Lately, form: Form) -> Response:
    """Return takt by day."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_takt(takt_history(index, asked.filter)), form)


def _axis(chart: ControlChart) -> str:
    """Return the title of the axis of values."""
    unit = numbers.unit_text(chart.unit)
    return f"{chart.characteristic} ({unit})" if unit else chart.characteristic


def _rule_words(name: str) -> str:
    """Return what a rule says, as the charts name it."""
    of_what, colon, rule = name.rpartition(": ")
    says = RULES[rule].says if rule in RULES else rule
    return f"{of_what}{colon}{says}"


def _name(line: CapabilityLine) -> SeriesName:
    return series_name(line.characteristic, line.depth_mm, line.rate_per_min)


def _first(lines: Sequence[CapabilityLine]) -> SeriesName:
    """Return what is charted unless something else is asked for: the least capable that is no mere count."""
    measured = [line for line in lines if line.unit != COUNT] or lines
    return _name(measured[0]) if measured else SeriesName("")


def _periods(asked: Asked) -> list[tuple[int, str, bool]]:
    """Return (days, first day, whether it is shown) of periods that end today; 0 days for all time."""
    firsts = [(days, (today() - timedelta(days=days - 1)).isoformat()) for days in PERIODS_DAYS]
    since = asked.filter.since.isoformat() if asked.filter.since else ""
    return [
        (days, first, asked.filter.until is None and first == since) for days, first in (*firsts, (0, ""))
    ]
