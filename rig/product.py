"""The product file: a pen as data. Limits, rules, calibration grid and register map; no code.

The rig reads it to know what to measure and how to judge; the twin reads it as a firmware author
reads a data sheet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import product as cartesian
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from rig.config import Section, find_file, load_model
from rig.product_measurements import (
    Battery,
    Film,
    LoadPlan,
    PeelPlan,
    Phantom,
    Pouch,
    PressureDecay,
    WearPlan,
)
from rig.product_registers import Modbus

PRODUCTS = Path(__file__).resolve().parent.parent / "test_plans" / "products"

TIP_LOT = "[A-Za-z0-9._-]{1,64}"

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


class Setting(NamedTuple):
    """A setting of the pen: the depth dialled in and the stroke rate."""

    depth_mm: float
    rate_per_min: float

    def __str__(self) -> str:
        return f"{self.depth_mm:.2f} mm @ {self.rate_per_min:.0f} /min"


class At(StrEnum):
    """Where a characteristic is measured: once, on the calibration grid, between its nodes, at each rate."""

    ONCE = "once"
    GRID = "grid"
    BETWEEN = "between"
    RATES = "rates"


class DepthRange(Section):
    """The depth dial."""

    minimum_mm: Annotated[float, Field(ge=0)]
    maximum_mm: Positive = Field(description="the pen refuses a command above this")
    step_mm: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum_mm >= self.maximum_mm:
            raise ValueError("minimum_mm below maximum_mm")
        return self


class Mechanics(Section):
    """Design figures of the pen that the estimators may use. The real pen differs."""

    stroke_mm: Positive
    crank_ratio: Annotated[float, Field(ge=0, lt=1)] = Field(description="crank radius over rod length")
    needles: Annotated[int, Field(ge=1)]
    travel_limit_mm: Positive = Field(description="largest command the depth drive can follow")
    cartridge_n_per_mm: Positive = Field(description="stiffness behind the needles")
    droop_per_n: NonNegative = Field(description="relative loss of rate per newton of mean load")
    depth_speed_mm_per_s: Positive = Field(description="speed of the depth drive")
    ramp_s: Positive = Field(description="time constant with which the motor takes up a rate")
    maximum_extension_error_mm: Positive = Field(
        description="an approach to the moving needles starts this far beyond the set depth"
    )


class CalibrationPlan(Section):
    """The nodes of the table and the settings at which it is verified."""

    depths_mm: Annotated[list[float], Field(min_length=2)]
    between_mm: Annotated[list[float], Field(min_length=1)]
    rates_per_min: Annotated[list[float], Field(min_length=1)]
    extrapolate_mm: Annotated[float, Field(ge=0)] = Field(
        description="how far a node's command may lie beyond the measured commands"
    )
    unlock_key: Annotated[int, Field(ge=0, le=0xFFFF)]
    model_code: Annotated[int, Field(ge=0, le=0xFFFF)]
    restart_s: Positive = Field(description="time the pen needs to answer again after a restart")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("depths_mm", "rates_per_min", "between_mm"):
            values = getattr(self, name)
            if sorted(set(values)) != values:
                raise ValueError(f"{name} strictly increasing")
        if set(self.depths_mm) & set(self.between_mm):
            raise ValueError("between_mm apart from the nodes in depths_mm")
        return self


class Rule(Section):
    """A decision rule by name.

    ``guard_band`` moves each limit inwards by ``factor`` × U. ``specific_risk`` accepts when this unit fails
    to conform with a probability of ``max_risk`` or less; ``global_risk`` when no larger share of all units
    passes wrongly, with the process' history in ``prior_mean`` and ``prior_sd`` (as the limits: absolute,
    offsets from the setting or fractions of it).
    """

    name: Literal["simple_acceptance", "guard_band", "specific_risk", "global_risk"] = "simple_acceptance"
    factor: Annotated[float, Field(ge=0)] = 1.0
    max_risk: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    prior_mean: float | None = None
    prior_sd: Positive | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {"specific_risk": ["max_risk"], "global_risk": ["max_risk", "prior_mean", "prior_sd"]}
        missing = [name for name in needed.get(self.name, []) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} for rule {self.name}")
        return self


class Characteristic(Section):
    """What is judged, where, against which limits, by which rule, for which requirement.

    Limits are absolute, or offsets from the nominal value of the setting, or fractions of it.
    """

    title: str
    unit: str
    at: At = At.ONCE
    limits: Literal["absolute", "offset", "fraction"] = "absolute"
    lower: float | None = None
    upper: float | None = None
    rule: Rule = Rule()
    expected_U: NonNegative | None = Field(
        None, description="expanded uncertainty (k = 2) that validation has shown; counted as the limits are"
    )
    requirements: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.lower is None and self.upper is None:
            raise ValueError("a lower or an upper limit")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError("lower not above upper")
        return self


class Product(Section):
    """A pen: how it is built, spoken to, calibrated and judged."""

    model: str = Field(description="what the pen answers as its model")
    title: str
    serial_pattern: str = Field(description="regular expression that a serial number matches whole")
    serial_example: str = Field(description="a serial number as the pens carry them")
    tip_lot_pattern: str = Field(
        TIP_LOT, description="regular expression that a tip's lot matches whole, as its chip reports it"
    )
    tip_lot_example: str = Field("", description="a lot as the tips carry them; missing: none is known")
    depth: DepthRange
    mechanics: Mechanics
    calibration: CalibrationPlan
    pouch: Pouch
    pressure_decay: PressureDecay
    phantom: Phantom
    wear: WearPlan
    peel: PeelPlan
    load: LoadPlan
    film: Film
    battery: Battery
    modbus: Modbus
    characteristics: dict[str, Characteristic]

    @model_validator(mode="after")
    def _example_matches(self) -> Self:
        for name in ("serial_pattern", "tip_lot_pattern"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise ValueError(f"a regular expression for {name} ({error})") from None
        self.check_serial(self.serial_example)
        if self.tip_lot_example:
            self.check_tip_lot(self.tip_lot_example)
        return self

    @model_validator(mode="after")
    def _within_the_dial(self) -> Self:
        for depth_mm in self.calibration.depths_mm + self.calibration.between_mm:
            if not self.depth.minimum_mm <= depth_mm <= self.depth.maximum_mm:
                raise ValueError(
                    f"calibration depths within the dial, {self.depth.minimum_mm} to "
                    f"{self.depth.maximum_mm} mm; {depth_mm} is outside"
                )
        return self

    def check_serial(self, serial: str) -> None:
        """Refuse a serial number that no pen of this product carries.

        Raises:
            ValueError: it does not match ``serial_pattern``.
        """
        if not re.fullmatch(self.serial_pattern, serial):
            raise ValueError(f"serial number {serial!r}, expected one like {self.serial_example}")

    def check_tip_lot(self, lot: str) -> None:
        """Refuse a lot that no tip of this product carries.

        Raises:
            ValueError: it does not match ``tip_lot_pattern``.
        """
        if not re.fullmatch(self.tip_lot_pattern, lot):
            raise ValueError(
                f"tip lot {lot!r}, expected one like {self.tip_lot_example or self.tip_lot_pattern}"
            )

    def settings(self, at: At) -> list[Setting | None]:
        """Return every setting at which a characteristic of that kind is measured; ``[None]`` for once.

        Rates are the outer loop: a change of rate costs the pen more time than a change of depth. Where only
        rates count the last one comes first, for the pen runs at it already.
        """
        rates, deepest = self.calibration.rates_per_min, self.calibration.depths_mm[-1]
        match at:
            case At.ONCE:
                return [None]
            case At.RATES:
                return [Setting(deepest, rate) for rate in reversed(rates)]
            case At.GRID:
                pairs = cartesian(rates, self.calibration.depths_mm)
            case At.BETWEEN:
                pairs = cartesian(rates, self.calibration.between_mm)
        return [Setting(depth, rate) for rate, depth in pairs]


def load_product(name: str, overrides: Sequence[str] = ()) -> Product:
    """Load a product by name (one that ships in ``test_plans/products``) or by path.

    Args:
        name: of the product.
        overrides: changed values, as ``a.b=value``.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    return load_model(Product, find_file(name, PRODUCTS, kind="product"), overrides=overrides)
