"""The configuration a run is evaluated with: the files it began with, or, where it kept none, today's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rig.config import load_model
from rig.errors import RefusedToStart, StoreError
from rig.fixtures.plan import PLAN_FILE, PLANS, Plan, load_plan
from rig.product import Product, load_product
from rig.records.view import RunView
from rig.station import STATIONS, Station, load_station, read_station

OF_THE_RUN, TODAYS = "the run's own", "today's"


@dataclass(frozen=True)
class Configuration:
    """Station, product (with the plan's own limits) and plan; ``source`` says which ones."""

    station: Station
    product: Product
    plan: Plan
    source: str


def configuration_of(
    view: RunView, runs: Path, *, todays: bool = False, station_file: str = ""
) -> Configuration:
    """Return the configuration that a run began with, every file checked against its recorded hash.

    Args:
        view: the run.
        runs: folder of the records.
        todays: take the installed files of the same names where the run kept none.
        station_file: with ``todays``, the station by name or path; by default the shipped one of that name.

    Raises:
        StoreError: a file is not the one that was recorded.
        RefusedToStart: the run kept none, or not all of them, and ``todays`` is not asked for.
    """
    kept = {file["what"]: file for file in view.configurations}
    if {"station", "product", "plan"} <= kept.keys():
        files = {what: _checked(runs, kept[what]) for what in ("product", "plan")}
        return _together(
            _kept_station(view, runs),
            load_model(Product, files["product"]),
            load_model(Plan, files["plan"]),
            OF_THE_RUN,
        )
    if not todays:
        raise RefusedToStart(
            f"run {view.run_id} kept no copy of its station, product and plan files",
            do="Give --with-todays-configuration to evaluate it with the installed ones; the result says so",
        )
    station = load_station(station_file) if station_file else _station(view.station)
    return _together(station, load_product(view.product), load_plan(_folder(view.plan)), TODAYS)


def _together(station: Station, product: Product, plan: Plan, source: str) -> Configuration:
    characteristics = product.characteristics | plan.limits
    return Configuration(
        station, product.model_copy(update={"characteristics": characteristics}), plan, source
    )


def _kept_station(view: RunView, runs: Path) -> Station:
    """Return the station of a run from its file, and from that which it stands on, if it does."""
    files = {file["name"]: file for file in view.configurations if file["what"] == "station"}
    own = files.pop(view.station, None) or files.popitem()[1]
    base = next((_checked(runs, file) for file in files.values()), None)
    return read_station(_checked(runs, own), base)


def _checked(runs: Path, file: dict[str, str]) -> Path:
    path = runs / file["path"]
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from error
    if found != file["sha256"]:
        raise StoreError(
            f"{path}: not the {file['what']} file that was recorded (its SHA-256 is {found})",
            expected=file["sha256"],
            do="Restore the file from a backup, and see what rig verify says",
        )
    return path


def _station(name: str) -> Station:
    """Return the shipped station that calls itself so."""
    for path in sorted(STATIONS.glob("*.toml")):
        if (station := load_station(str(path))).name == name:
            return station
    raise RefusedToStart(f"station {name!r} is not installed", do="Give its file with --station")


def _folder(plan: str) -> Path:
    """Return the shipped folder of the plan that calls itself so."""
    for path in sorted(PLANS.glob(f"**/{PLAN_FILE}")):
        if load_plan(path.parent).name == plan:
            return path.parent
    raise RefusedToStart(f"plan {plan!r} is not installed", expected=f"a plan of that name in {PLANS}")
