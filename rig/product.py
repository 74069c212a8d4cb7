"""The product file: a pen as data. Limits, rules, calibration grid and register map; no code.

The rig reads it to know what to measure and how to judge; the twin reads it as a firmware author
reads a data sheet.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import product as cartesian
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from rig.config import Section, find_file, load_model

PRODUCTS = Path(__file__).resolve().parent.parent / "test_plans" / "products"

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


class Pouch(Section):
    """The tip's sterile pouch, as reference pouches have shown it to be."""

    volume_ml: Positive
    volume_u_ml: Positive
    area_mm2: Positive = Field(description="area of the anvil on the pouch")
    area_u_mm2: Positive
    squeeze_n: Positive
    dwell_s: Positive
    relaxation: list[float] = Field(description="share of the force that relaxes, a term each")
    relaxation_u: list[float] = Field(description="standard deviation between reference pouches")
    relaxation_time_s: list[float]
    channel_length_mm: Positive = Field(description="length of a channel through the seal")

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if not len(self.relaxation) == len(self.relaxation_u) == len(self.relaxation_time_s) >= 1:
            raise ValueError("relaxation, relaxation_u and relaxation_time_s of one length")
        return self


class Phantom(Section):
    """The slow insertion that shows how sharp the tip is."""

    extension_mm: Positive = Field(description="set depth at which the needles are parked extended")
    travel_mm: Positive = Field(description="how far the phantom is pushed onto them after contact")
    speed_mm_per_s: Positive


class Register(Section):
    """One value in the pen's holding registers."""

    address: Annotated[int, Field(ge=0, le=0xFFFF)]
    type: Literal["u16", "i16", "u32", "text", "block"] = "u16"
    words: Annotated[int, Field(ge=1, le=2000)] = 1
    scale: Positive = Field(1.0, description="value = raw × scale")

    @property
    def width(self) -> int:
        """Number of 16-bit registers."""
        return 2 if self.type == "u32" else self.words


# What every pen must offer, by name. The names carry the unit of the value after scaling.
REGISTER_NAMES = (
    "map_id", "model", "serial", "firmware", "state", "error_flags", "echo",
    "set_depth_um", "set_rate_per_min", "run", "park", "motor_speed_per_min", "motor_current_ma",
    "battery_mv", "battery_percent", "temperature_centi_c", "tip_present", "tip_lot", "tip_use_count",
    "depth_limit_um", "service_unlock", "shadow_bank", "active_bank", "commit", "commit_result",
    "active_crc", "active_generation", "restart",
)  # fmt: skip


class Modbus(Section):
    """How the pen's registers are laid out."""

    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    map_id: Annotated[int, Field(ge=1, le=0xFFFF)] = Field(
        description="constant the pen answers at register map_id"
    )
    word_order: Literal["big", "little"] = Field(description="order of the words of a u32")
    registers: dict[str, Register]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in REGISTER_NAMES if name not in self.registers]
        unknown = [name for name in self.registers if name not in REGISTER_NAMES]
        if missing or unknown:
            raise ValueError(f"every register once; missing: {missing}, unknown: {unknown}")
        taken: dict[int, str] = {}
        for name, register in self.registers.items():
            for address in range(register.address, register.address + register.width):
                if address in taken:
                    raise ValueError(f"registers apart; {name} and {taken[address]} share {address}")
                taken[address] = name
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
    depth: DepthRange
    mechanics: Mechanics
    calibration: CalibrationPlan
    pouch: Pouch
    phantom: Phantom
    modbus: Modbus
    characteristics: dict[str, Characteristic]

    @model_validator(mode="after")
    def _example_matches(self) -> Self:
        self.check_serial(self.serial_example)
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

    def settings(self, at: At) -> list[Setting | None]:
        """Return every setting at which a characteristic of that kind is measured; ``[None]`` for once.

        Rates are the outer loop: a change of rate costs the pen more time than a change of depth.
        """
        rates, deepest = self.calibration.rates_per_min, self.calibration.depths_mm[-1]
        match at:
            case At.ONCE:
                return [None]
            case At.RATES:
                return [Setting(deepest, rate) for rate in rates]
            case At.GRID:
                pairs = cartesian(rates, self.calibration.depths_mm)
            case At.BETWEEN:
                pairs = cartesian(rates, self.calibration.between_mm)
        return [Setting(depth, rate) for rate, depth in pairs]


def load_product(name: str) -> Product:
    """Load a product by name (one that ships in ``test_plans/products``) or by path.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    return load_model(Product, find_file(name, PRODUCTS, kind="product"))
