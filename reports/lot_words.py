"""What a lot shows, in sentences that a person can quote: each with its confidence, its share, its basis."""

from __future__ import annotations

import math

from calibration.lot_statement import LotStatement


def characteristic_in_words(found: LotStatement, unit: str) -> str:
    """Return what a characteristic's results show, in a sentence or two."""
    return _by_interval(found, unit) if found.interval is not None else _by_count(found)


def requirement_in_words(
    characteristics: int,
    *,
    pens: int,
    failures: int,
    unmeasured: int,
    by_interval: bool,
    reliability: float,
    confidence: float,
) -> str:
    """Return what counting pens shows of a requirement, and what shows more than counting does."""
    results = "its one result" if characteristics == 1 else f"all of its {characteristics} results"
    text = (
        f"{pens - failures} of {pens} pens were accepted with {results}: with {percent(confidence)} "
        f"confidence at least {percent(reliability)} of pens conform."
    )
    if unmeasured:
        text += f" Of {unmeasured} a result could not be measured."
    if by_interval:
        text += " That is by count; the tolerance interval of each of its results shows what is asked for."
    return text


def size_in_words(
    pens: int,
    *,
    success_run: int,
    with_one_failure: int,
    by_variables: int | None,
    tightest: str,
    margin: float | None,
    coverage: float,
    confidence: float,
) -> str:
    """Return why a lot is as large as it is, or that it is too small."""
    asked = f"{percent(coverage)} of pens with {percent(confidence)} confidence"
    counted = (
        f"{asked}: {success_run} pens without a failure (success run, C = 1 − Rⁿ), or {with_one_failure} "
        "with one, show it by count"
    )
    if by_variables is not None and margin is not None:
        counted += (
            f"; a tolerance interval of normal values needs {by_variables}, for {tightest} lies "
            f"{margin:.1f} standard deviations within its limits"
        )
    enough = "which needs no law and covers both" if pens >= success_run else f"and only {pens} were tested"
    return f"{counted}. The larger number holds, {enough}."


def percent(share: float) -> str:
    """Return a share as people say it, rounded down: nothing is claimed that was not shown.

    >>> percent(0.95), percent(0.9504923)
    ('95 %', '95.0 %')
    """
    return f"{100 * share:.0f} %" if share in (0.9, 0.95, 0.99) else f"{math.floor(1000 * share) / 10:.1f} %"


def _by_interval(found: LotStatement, unit: str) -> str:
    interval = found.interval
    assert interval is not None
    what = _unit(unit)
    if math.isinf(interval.lower):
        where = f"below {interval.upper:.5g}{what} (mean + {interval.k:.3f} s"
    elif math.isinf(interval.upper):
        where = f"above {interval.lower:.5g}{what} (mean − {interval.k:.3f} s"
    else:
        where = f"within {interval.lower:.5g} to {interval.upper:.5g}{what} (mean ± {interval.k:.3f} s"
    fits = "and by U within the limits" if found.shown else "which is not by U within the limits"
    return (
        f"With {percent(found.confidence)} confidence at least {percent(found.coverage)} of pens lie "
        f"{where} of {found.values}, U ≤ {found.guard:.2g}{what}), {fits}."
    )


def _by_count(found: LotStatement) -> str:
    text = (
        f"{found.units - found.failures} of {found.units} pens were accepted: with "
        f"{percent(found.confidence)} confidence at least {percent(found.reliability)} of pens conform "
        f"({found.why})."
    )
    if found.extremes is not None and found.lowest is not None and found.highest is not None:
        text += (
            f" Whatever their law, at least {percent(found.extremes)} of pens lie {_extremes(found)} with "
            "that confidence."
        )
    return text


def _extremes(found: LotStatement) -> str:
    """Return between which of the values found the limits' sides hold that share."""
    match found.side:
        case "lower":
            return f"above {found.lowest:.5g}"
        case "upper":
            return f"below {found.highest:.5g}"
        case _:
            return f"within {found.lowest:.5g} to {found.highest:.5g}"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
