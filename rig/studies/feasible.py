"""Whether a study can be done at all, and how long it would take: told before anything moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rig.errors import ConfigError, RefusedToStart
from rig.product import Product, Setting, load_product
from rig.station import Station, load_station
from rig.studies.conditions import conditions_of
from rig.studies.design import Point, count_points
from rig.studies.measurands import MEASURANDS
from rig.studies.study_file import StudyFile
from rig.twin.world import load_world

CLAMPING_S = 3.0
"""Connecting, referencing and making safe, each time."""


def check_size(study: StudyFile) -> float:
    """Check what a study asks for and how long that takes, before its points are laid out.

    Returns:
        How long it will take on the bench, s.

    Raises:
        ConfigError: an unknown response.
        RefusedToStart: it takes longer than it may.
    """
    _check_responses(study)
    return _check_time(study, count_points(study))


def check(study: StudyFile, points: Sequence[Point]) -> None:
    """Check every point of a study against station, product and world.

    Raises:
        ConfigError: a factor that sets nothing, a level out of range.
        RefusedToStart: an instrument the station lacks, an expired certificate.
    """
    worlds: set[tuple[str, ...]] = set()
    stations: set[tuple[str, ...]] = set()
    products: dict[tuple[str, ...], Product] = {}
    for point in points:
        conditions = conditions_of(study, point)
        if conditions.station not in stations:
            _check_instruments(study, load_station(study.station, conditions.station))
            stations.add(conditions.station)
        if conditions.product not in products:
            products[conditions.product] = load_product(study.product, conditions.product)
        if conditions.world not in worlds:
            # On a real bench too: its keys say what a person has to set.
            load_world(study.world, conditions.world)
            worlds.add(conditions.world)
        check_setting(products[conditions.product], conditions.setting)


def _check_responses(study: StudyFile) -> None:
    unknown = [name for name in study.responses if name not in MEASURANDS]
    if unknown:
        raise ConfigError(f"responses: {', '.join(unknown)}", expected=f"some of: {', '.join(MEASURANDS)}")


def check_setting(product: Product, setting: Setting) -> None:
    """Refuse a setting that the pen's dial or rates do not reach.

    Raises:
        ConfigError: names the setting and the range.
    """
    depth, rates = product.depth, product.calibration.rates_per_min
    if not depth.minimum_mm <= setting.depth_mm <= depth.maximum_mm:
        raise ConfigError(
            f"a set depth of {setting.depth_mm:g} mm",
            expected=f"{depth.minimum_mm:g} to {depth.maximum_mm:g} mm, the range of {product.model}",
        )
    if not min(rates) <= setting.rate_per_min <= max(rates):
        raise ConfigError(
            f"a set rate of {setting.rate_per_min:g} /min",
            expected=f"{min(rates):g} to {max(rates):g} /min, the range of {product.model}",
        )


def _check_instruments(study: StudyFile, station: Station) -> None:
    station.check_certificates(date.today())
    for name in study.responses:
        for role in MEASURANDS[name].needs:
            if role not in station.instruments:
                raise RefusedToStart(
                    f"response {name} needs a {role}, and station {station.name} has none",
                    expected=f"instruments.{role} in the station file",
                    do="Leave the response out, or add the instrument",
                )


def _check_time(study: StudyFile, points: int) -> float:
    each_s = CLAMPING_S + sum(MEASURANDS[name].bench_s for name in study.responses)
    total_s, limit_min = each_s * points, study.time_limit_min
    if limit_min is not None and total_s > 60.0 * limit_min:
        raise RefusedToStart(
            f"{points:,} points of {each_s:.1f} s each would take {in_words(total_s)} on the bench",
            expected=f"at most {in_words(60.0 * limit_min)} (time_limit_min)",
            do="Take fewer levels, replicates or responses, or allow more time",
        )
    return total_s


def in_words(seconds: float) -> str:
    """Return a duration as people say it.

    >>> in_words(95.0), in_words(9000.0)
    ('1 min 35 s', '2 h 30 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
