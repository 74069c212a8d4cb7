"""A lot: one plan on pen after pen, each a run of its own, going on where it stopped.

On a twin every pen is drawn from a population by its number and the lot's seed only, so that pen 7 is the
same whenever it comes to be run. On a real bench somebody clamps the pens and scans them. A pen whose run
ended in a verdict is not run again, whatever the verdict; one whose run broke or was stopped is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.errors import ConfigError, RefusedToStart
from rig.fixtures.plan import find_plan_folder, load_plan
from rig.fixtures.settings import check_lot
from rig.product import Product, load_product
from rig.records import kinds
from rig.records.files import make_folder, safe_name
from rig.records.locks import FOLDER
from rig.records.store import FILE_NAME, Store
from rig.records.view import RunView, headlines
from rig.station import Station, load_station
from rig.studies.conditions import ITS_OWN
from rig.twin.population import Population, load_population
from rig.twin.randomness import noise_source

OF_A_PEN = (*ITS_OWN, "leak_tester.channel_um")
"""What a pen brings along, and not the bench: itself, tip, pouch, and its part on the leak tester."""

CLAMPING = "clamping"
"""The population of what differs whenever a pen is clamped."""


@dataclass(frozen=True)
class Pen:
    """A pen of a lot on a twin: the ``number``-th, from 1.

    ``overrides`` are what of the world is its own, ``seed`` is that of its run's noise.
    """

    number: int
    serial: str
    overrides: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class LotOrder:
    """What to run.

    Args:
        plan, station, product: by name or path.
        lot: its name.
        pens: how many pens it shall have.
        runs: folder of the records.
        population: twin: that the pens are drawn from, by name or path.
        seed: twin: of the drawing.
        jobs: runs at a time, on twins.
        more: further arguments of each ``rig run``.
    """

    plan: str
    lot: str
    pens: int
    runs: Path
    station: str = "twin"
    product: str = "office-pen"
    population: str = "line"
    seed: int = 0
    jobs: int = 1
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class LotState:
    """A lot as far as it is: what it asks for, checked, and the verdict of every pen that has one."""

    order: LotOrder
    plan_title: str
    station: Station
    design: Product
    done: dict[str, str]

    @property
    def on_twin(self) -> bool:
        """Whether its pens are simulated."""
        return self.station.twin is not None


def state_of(order: LotOrder) -> LotState:
    """Return how far a lot is.

    Raises:
        ConfigError: an unknown plan, station, product or population; a lot that holds other runs than these.
        StoreError: the record cannot be read.
    """
    if not check_lot(order.lot):
        raise ConfigError("a lot without a name", expected="--lot NAME")
    plan = load_plan(find_plan_folder(order.plan))
    station, design = load_station(order.station), load_product(order.product)
    if station.twin is None and order.jobs > 1:
        raise ConfigError(f"station {station.name} is real", expected="one pen at a time: no --jobs with it")
    before = _runs_before(order)
    asked = {"plan": plan.name, "product": order.product, "station": station.name}
    for run in before:
        for what, wanted in asked.items():
            if (found := getattr(run, what)) != wanted:
                raise ConfigError(
                    f"lot {order.lot} has run {run.run_id} with {what} {found}",
                    expected=f"{wanted}, for one lot is one {what}",
                    do="Give the lot another name",
                )
    done = {run.pen_serial: run.verdict for run in before if run.verdict in (kinds.PASS, kinds.FAIL)}
    if station.twin is not None:
        _check_the_same(order, design, before)
    return LotState(order, plan.title, station, design, done)


def pens_of(order: LotOrder, design: Product) -> list[Pen]:
    """Return the pens of a lot on twins, drawn.

    Raises:
        ConfigError: no such population, or more pens than the product has serial numbers.
    """
    population, clamping = load_population(order.population), load_population(CLAMPING)
    return [_draw(order, design, number, population, clamping) for number in range(1, order.pens + 1)]


def serial_of(design: Product, number: int) -> str:
    """Return the serial number of a lot's pen: the product's example, counted on in its last digits.

    Raises:
        ConfigError: the product's serial numbers do not reach so far.
    """
    digits = re.search(r"\d+$", design.serial_example)
    if digits is None or number >= 10 ** len(digits[0]):
        raise ConfigError(
            f"pen {number} of a lot has no serial number like {design.serial_example}",
            expected="a product whose serial_example ends in digits enough",
        )
    serial = f"{design.serial_example[: digits.start()]}{number:0{len(digits[0])}d}"
    try:
        design.check_serial(serial)
    except ValueError as error:
        raise ConfigError(f"pen {number} of a lot: {error}") from None
    return serial


@contextlib.contextmanager
def only_one(order: LotOrder) -> Iterator[None]:
    """Keep other processes from running the same lot; freed however this process ends.

    Raises:
        RefusedToStart: another one is running it, or the folder cannot be written.
    """
    from filelock import FileLock

    folder = order.runs / FOLDER
    lock = FileLock(folder / f"lot-{safe_name(order.lot)}.lock")
    try:
        make_folder(folder)
        lock.acquire(blocking=False)
    except TimeoutError:
        raise RefusedToStart(f"lot {order.lot} is running already", do="Wait for it, or stop it") from None
    except OSError as error:
        raise RefusedToStart(
            f"{folder} cannot be written ({error})", do="Give another folder with --runs"
        ) from None
    try:
        yield
    finally:
        lock.release()


def arguments_of(order: LotOrder, serial: str, pen: Pen | None = None) -> list[str]:
    """Return the arguments of ``rig`` that run the plan on one pen of the lot."""
    words = ["run", order.plan, f"--station={order.station}", f"--product={order.product}"]
    words += [f"--lot={order.lot}", f"--runs={order.runs}", f"--pen={serial}"]
    if pen is not None:
        words += [f"--seed={pen.seed}", *(f"--set={value}" for value in pen.overrides)]
    return [*words, *order.more]


def _draw(order: LotOrder, design: Product, number: int, population: Population, clamping: Population) -> Pen:
    drawn = population.draw(noise_source(order.seed, f"pen {number}"))
    clamped = clamping.draw(noise_source(order.seed, f"clamping {number}"))
    own = [value for value in drawn if value.startswith(OF_A_PEN)]
    seed = int(noise_source(order.seed, f"run {number}").integers(2**31))
    overrides = (*own, f"pen.tip.number={number}", *clamped)
    return Pen(number, serial_of(design, number), overrides, seed)


def _runs_before(order: LotOrder) -> list[RunView]:
    if not (order.runs / FILE_NAME).is_file():
        return []
    with Store(order.runs, create=False) as store:
        return [run for run in headlines(store) if run.lot == order.lot]


def _check_the_same(order: LotOrder, design: Product, before: Sequence[RunView]) -> None:
    """Refuse to go on with pens that were drawn otherwise: another population, another seed."""
    drawn = {pen.serial: pen for pen in pens_of(order, design)}
    for run in before:
        pen = drawn.get(run.pen_serial)
        if pen is not None and (run.seed, tuple(run.options.get("set", ()))) != (pen.seed, pen.overrides):
            raise ConfigError(
                f"lot {order.lot} has pen {pen.serial} as another one than population {order.population} "
                f"with seed {order.seed} draws it",
                expected="the population and the seed that the lot was begun with",
                do="Give those, or give the lot another name",
            )
