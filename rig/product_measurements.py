"""Sections of a product file that say how each thing is measured of this pen: how hard, fast and often."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from rig.config import Section

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


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


class PressureDecay(Section):
    """The cycle of the leak tester, and what tight reference parts do in it."""

    program: Annotated[int, Field(ge=1, le=128)] = Field(description="number of the tester's program")
    fill_pa: Positive = Field(description="filling pressure above the room's")
    fill_tolerance_pa: Positive = Field(description="a pressure further off ends the cycle with an alarm")
    fill_s: Positive
    stabilise_s: Positive
    test_s: Positive
    dump_s: Positive
    sample_s: Annotated[float, Field(ge=0.1)] = Field(description="time between two readings in the test")
    reject_pa_per_s: Positive = Field(
        description="fall at which the tester shows a fail of its own; the rig judges by the limits below"
    )
    volume_ml: Positive = Field(description="of part, hoses and tester together")
    volume_u_ml: Positive
    settling_pa: list[float] = Field(description="what the pressure settles by in the test, a term each")
    settling_u_pa: list[Positive] = Field(description="standard deviation between reference parts")
    settling_time_s: list[Positive]
    settling_time_u_s: list[Positive]
    fall_pa_per_s: float = Field(description="steady fall of a tight part")
    fall_u_pa_per_s: NonNegative
    wall_u_k_per_s: NonNegative = Field(
        description="standard uncertainty of how the part's wall warms, beside its fixture"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        terms = (self.settling_pa, self.settling_u_pa, self.settling_time_s, self.settling_time_u_s)
        if len({len(term) for term in terms}) != 1 or not self.settling_pa:
            raise ValueError(
                "settling_pa, settling_u_pa, settling_time_s and settling_time_u_s of one length"
            )
        if self.fill_tolerance_pa >= self.fill_pa:
            raise ValueError("fill_tolerance_pa below fill_pa")
        if self.sample_s > self.test_s:
            raise ValueError("sample_s not above test_s")
        return self


class Phantom(Section):
    """The slow insertion that shows how sharp the tip is."""

    extension_mm: Positive = Field(description="set depth at which the needles are parked extended")
    travel_mm: Positive = Field(description="how far the phantom is pushed onto them after contact")
    speed_mm_per_s: Positive
    slow_mm_per_s: Positive = Field(description="speed at which each needle's puncture shows by itself")
    together_mm: Positive = Field(
        description="straight needles puncture within this way of most; one that does so later is bent"
    )


class WearPlan(Section):
    """Use of a tip between slow insertions: how it wears."""

    insertions: Annotated[int, Field(ge=4)] = Field(description="slow insertions, the first with a new tip")
    run_s: NonNegative = Field(description="for so long the pen runs in the phantom between two of them")
    rate_per_min: Positive
    rest_s: NonNegative = Field(description="the phantom rests for so long before each of them")


class PeelPlan(Section):
    """The destructive test of the pouch's seal."""

    speed_mm_per_min: Annotated[float, Field(ge=200, le=300)]
    travel_mm: Positive = Field(description="how far the grip pulls; twice the seal, and the film's stretch")
    width_mm: Positive = Field(description="width of a specimen")
    width_u_mm: NonNegative
    from_share: Annotated[float, Field(ge=0, lt=1)] = Field(description="the mean begins here, of the peel")
    to_share: Annotated[float, Field(gt=0, le=1)] = Field(description="and ends here")
    specimens: Annotated[int, Field(ge=2)] = Field(description="how many make a set")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_share >= self.to_share:
            raise ValueError("from_share below to_share")
        return self


class LoadPlan(Section):
    """How rate and extension give way under contact force."""

    depth_mm: Positive
    rate_per_min: Positive
    overlaps_mm: Annotated[list[Positive], Field(min_length=4)] = Field(
        description="how far the strokes' tops would go beyond the plate"
    )
    stamps: Annotated[int, Field(ge=20)] = Field(description="strokes timed at each")
    force_readings: Annotated[int, Field(ge=4)] = Field(description="readings of the mean force at each")
    press_n: Positive = Field(description="force up to which the parked needles are pressed")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if sorted(set(self.overlaps_mm)) != self.overlaps_mm or self.overlaps_mm[-1] >= self.depth_mm:
            raise ValueError("overlaps_mm strictly increasing and below depth_mm")
        return self


class Film(Section):
    """Layered film for real penetration depth: what is stretched, and how it is pressed and struck."""

    layers: Annotated[list[int], Field(min_length=1)] = Field(description="numbers of layers to measure with")
    layer_mm: Positive = Field(description="thickness of a layer, as its certificate has it")
    layer_u_mm: NonNegative = Field(description="standard uncertainty of that, common to all layers")
    preload_n: Positive = Field(description="force of the rim on the film")
    doming_limit_mm_per_n: NonNegative = Field(description="most that the rim's force makes the film bulge")
    weakening_limit_mm: NonNegative = Field(
        description="most that one stroke on a site brings the next one nearer to the bed"
    )
    deepest_shortfall_mm: Positive = Field(description="no shortfall is larger; where the search begins")
    readings: Annotated[int, Field(ge=5)] = Field(
        description="readings of the counter at each depth: a stroke that reaches, or a wait in vain"
    )

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if sorted(set(self.layers)) != self.layers or self.layers[0] < 1:
            raise ValueError("layers strictly increasing, from 1")
        return self


class Battery(Section):
    """The pen's cell, as a supply stands in for it, and the voltage at which the pen should give up."""

    capacity_mah: Positive
    resistance_ohm: NonNegative
    socs: Annotated[list[float], Field(min_length=2)] = Field(description="states of charge, 0 to 1")
    open_circuit_mv: list[Positive] = Field(description="open-circuit voltage at each of socs")
    test_socs: Annotated[list[float], Field(min_length=2)] = Field(
        description="states of charge at which the pen is measured, falling"
    )
    cut_off_mv: Positive = Field(description="voltage at which the pen switches its motor off")
    over_voltage_mv: Positive = Field(description="the supply switches itself off above this")
    current_limit_ma: Positive = Field(description="the supply gives no more than this")

    @model_validator(mode="after")
    def _curve(self) -> Self:
        rising = all(sorted(set(curve)) == curve for curve in (self.socs, self.open_circuit_mv))
        if (
            not rising
            or len(self.socs) != len(self.open_circuit_mv)
            or (self.socs[0], self.socs[-1]) != (0, 1)
        ):
            raise ValueError("socs from 0 to 1 and as many open_circuit_mv, both strictly increasing")
        if sorted(set(self.test_socs), reverse=True) != self.test_socs or not 0 <= self.test_socs[-1] < 1:
            raise ValueError("test_socs strictly falling, from 1 at most to 0 at least")
        if not self.cut_off_mv < self.open_circuit_mv[-1] < self.over_voltage_mv:
            raise ValueError("cut_off_mv below the full cell's voltage, and over_voltage_mv above it")
        return self
