"""The world file: the whole truth of a simulated bench and pen, every parameter with unit and default.

A world file names only what differs from the defaults here, which are those of a good bench and a good
pen. Only the twin reads it; the rig finds out by measuring.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from rig.config import Section, check_model, find_file, load_model
from rig.twin.faults import parse_fault
from rig.twin.parameters import NonNegative, Positive, Probability, p
from rig.twin.world_pen import Pen

WORLDS = Path(__file__).parent / "worlds"


class Contact(Section):
    """Electrical contact between needles and plate."""

    threshold_mm: NonNegative = p(0.0008, "mm", "overlap needed before current flows")
    hysteresis_mm: NonNegative = p(0.0002, "mm", "how much later it opens than it closed")
    bounce_mean: NonNegative = p(0.03, "1", "mean number of bounces at closing")
    bounce_s: Positive = p(6e-6, "s", "mean length of a bounce")
    missed: Probability = p(0.002, "1", "share of strokes without any contact (oxide)")
    wire_open: bool = Field(False, description="the contact wire is broken")


class Nest(Section):
    """Where the pen is clamped, and what gives under force."""

    rim_position_mm: Positive = p(42.317, "mm", "stage position at which datum plate and rim touch")
    stiffness_n_per_mm: Positive = p(200.0, "N/mm", "of gauge, nest and plate together")
    tilt_mrad: float = p(0.3, "mrad", "tilt of the plate against the rim")
    tilt_direction_rad: float = p(0.9, "rad", "direction of the tilt")
    soft_mm: NonNegative = p(0.0012, "mm", "width of the soft beginning of contact, from tilt and roughness")
    axis_tilt_mrad: float = p(2.5, "mrad", "angle between the stage's travel and the pen's axis")
    drift_mm: float = p(0.0004, "mm", "how far the rim moves in all as the nest warms with the pen in it")
    drift_time_s: Positive = p(60.0, "s", "time constant of that movement")
    warming_mm_per_k: float = p(0.0016, "mm/K", "how far the rim moves away as the nest follows the room")


class OverloadSwitch(Section):
    """The switch in each target's mount that opens the force chain, whatever the gauge says."""

    datum_n: Positive = p(4.7, "N", "force at which the switch in the datum plate's mount opens")
    film_n: Positive = p(4.7, "N", "the same under the film")
    phantom_n: Positive = p(4.7, "N", "the same under the phantom")
    anvil_n: Positive = p(25.5, "N", "the same above the anvil")
    step_n: Positive = p(4.7, "N", "the same behind the probe for the reference step")


class Pouch(Section):
    """The sterile pouch under the anvil."""

    position_mm: Positive = p(36.4, "mm", "stage position at which the anvil touches the pouch")
    volume_ml: Positive = p(4.95, "mL", "volume before squeezing")
    area_mm2: Positive = p(572.0, "mm²", "area of the anvil on the pouch")
    relaxation: list[float] = Field(
        [0.0306, 0.0444], description="share of the force that relaxes, a term each"
    )
    relaxation_time_s: list[float] = Field([0.7, 6.0], description="time constant of each term, s")
    channel_um: NonNegative = p(0.0, "µm", "diameter of a channel through the seal; 0 for none")
    channel_length_mm: Positive = p(10.0, "mm", "length of that channel")
    permeation_pa_m3_per_s: NonNegative = p(2e-6, "Pa·m³/s", "loss of an intact pouch at 35 kPa")


class Phantom(Section):
    """The skin phantom: F = a·d + b·d² before puncture, then cutting and friction."""

    position_mm: Positive = p(40.9, "mm", "stage position at which the phantom reaches the rim plane")
    linear_n_per_mm: Positive = p(0.040, "N/mm", "a, per needle")
    square_n_per_mm2: NonNegative = p(0.100, "N/mm²", "b, per needle")
    scatter: NonNegative = p(0.10, "1", "relative scatter of the puncture force between needles")
    drop: Probability = p(0.55, "1", "share of a needle's force lost at its puncture")
    friction_n_per_mm: NonNegative = p(0.004, "N/mm", "growth of the force per buried millimetre, per needle")
    rate_exponent: float = p(0.08, "1", "puncture force grows with speed to this power")
    weakening: Probability = p(0.5, "1", "share of its strength that a fresh hole lacks")
    healing_s: Positive = p(8.0, "s", "time constant with which a hole closes at rest")


class Wear(Section):
    """How needles blunt and shorten: by the share w = x/(1 + x), x = (insertions/half)^exponent."""

    worst: Annotated[float, Field(ge=1)] = p(4.0, "1", "bluntness of a needle that is worn down altogether")
    shortening_mm: NonNegative = p(0.03, "mm", "length that such a needle has lost")
    half: Positive = p(30_000.0, "1", "insertions after which a needle is half worn")
    exponent: Positive = p(0.8, "1", "how fast wear begins: below 1 it begins fast")
    scatter: NonNegative = p(0.15, "1", "relative scatter of `half` between needles (log-normal)")


class Peel(Section):
    """The pouch's seal in the grip: film, adhesive, and how the one leaves the other."""

    position_mm: Positive = p(36.0, "mm", "stage position at which the grip takes the seal, without force")
    strength_n_per_15mm: Positive = p(2.4, "N/15 mm", "mean force of steady peeling")
    specimen_scatter: NonNegative = p(0.06, "1", "relative scatter of that between specimens")
    width_mm: Positive = p(15.04, "mm", "width of a specimen")
    length_mm: Positive = p(10.0, "mm", "length of the seal along the peel; the grip travels twice as far")
    slack_mm: NonNegative = p(0.8, "mm", "travel before the film is taut")
    film_n_per_mm: Positive = p(3.0, "N/mm", "stiffness of the taut film")
    initiation: NonNegative = p(0.45, "1", "excess of the force at which peeling begins")
    initiation_mm: Positive = p(0.35, "mm", "length of seal over which that excess fades")
    waviness: NonNegative = p(0.05, "1", "relative scatter of the strength along the seal")
    wave_mm: Positive = p(1.3, "mm", "length of those waves")
    slip: Probability = p(0.12, "1", "share of the force lost when the front slips")
    tears_at: Probability = p(1.0, "1", "share of the seal at which the film tears; 1 for a clean peel")


class Film(Section):
    """Layers of film on a soft conductive bed: what real penetration depth is measured with.

    Before puncture a needle takes the film down with it: F = (a·d + b·d²)·v^bed_exponent, with d in mm and
    the speed v in mm/s. It punctures at F = puncture_n·v^rate_exponent and more for each layer already
    pierced. A hole closes behind the needle but stays weaker.
    """

    position_mm: Positive = p(41.62, "mm", "stage position at which the bed reaches the rim plane")
    layer_mm: Positive = p(0.1265, "mm", "thickness of a layer")
    layers: Annotated[int, Field(ge=1)] = p(4, "1", "how many layers are stretched")
    thickness_scatter_mm: NonNegative = p(0.0008, "mm", "scatter of a layer's thickness from site to site")
    puncture_n: Positive = p(0.026, "N", "force at which a sharp needle punctures one layer at 1 mm/s")
    rate_exponent: float = p(0.05, "1", "puncture force grows with speed to this power")
    linear_n_per_mm: Positive = p(0.010, "N/mm", "a, per needle, at 1 mm/s")
    square_n_per_mm2: NonNegative = p(0.20, "N/mm²", "b, per needle, at 1 mm/s")
    bed_exponent: float = p(0.38, "1", "film and bed stiffen with speed to this power")
    grip: NonNegative = p(
        0.20, "1", "share of the puncture force with which a pierced layer holds the needle"
    )
    needle_scatter: NonNegative = p(0.08, "1", "relative scatter of the puncture force between needles")
    site_scatter: NonNegative = p(0.04, "1", "the same from site to site")
    stroke_scatter: NonNegative = p(0.06, "1", "the same from stroke to stroke")
    weakening: Probability = p(0.30, "1", "share of its strength that a hole loses in the end")
    weakening_strokes: Positive = p(800.0, "1", "strokes after which it has lost 63 % of that")
    rim_n_per_mm: Positive = p(25.0, "N/mm", "stiffness of film and bed under the rim")
    doming_mm_per_n: NonNegative = p(0.006, "mm/N", "how far the rim's force makes the film bulge within it")
    radius_mm: Positive = p(60.0, "mm", "distance of the film from the turret's axis")
    half_width_mm: Positive = p(9.0, "mm", "film to either side of its middle, along the turret's way")
    hole_mm: Positive = p(0.12, "mm", "strokes nearer to each other than this meet the same holes")


class Step(Section):
    """The reference step on the nest, beside the pen: what the station is checked with."""

    low_mm: Positive = p(36.312, "mm", "stage position at which the probe touches the lower face")
    height_mm: Positive = p(5.00118, "mm", "from the lower face to the upper, at 20 °C")
    stiffness_n_per_mm: Positive = p(250.0, "N/mm", "of gauge, probe and step together")
    expansion_per_k: float = p(11.8e-6, "1/K", "thermal expansion of the step")


class Stage(Section):
    """What the stage does, beyond what it is told."""

    serial: Annotated[int, Field(ge=1)] = p(88123, "1", "serial number")
    scale_error: float = p(18e-6, "1", "relative error of length")
    cyclic_mm: NonNegative = p(0.0003, "mm", "amplitude of the screw's cyclic error")
    cyclic_period_mm: Positive = p(1.27, "mm", "pitch of the screw")
    repeatability_mm: NonNegative = p(0.00015, "mm", "scatter of each move's end")
    expansion_per_k: float = p(11.0e-6, "1/K", "thermal expansion of the screw; its scale holds at 20 °C")
    warming_s: Positive = p(600.0, "s", "time constant with which the screw follows the room")


class Gauge(Section):
    """What the force gauge does to a force."""

    serial: str = Field("3772101", description="serial number")
    gain_error: float = p(0.0008, "1", "relative error of force")
    offset_n: float = p(0.02, "N", "reading at no force when switched on")
    drift_n_per_s: float = p(0.0, "N/s", "steady drift of the zero")
    drift_start_s: NonNegative = p(0.0, "s", "when that drift begins")
    noise_n: NonNegative = p(0.012, "N", "noise of a single internal sample")
    sample_hz: Positive = p(7000.0, "Hz", "internal sampling rate")
    turnaround_s: NonNegative = p(0.001, "s", "time to answer a request")


class Counter(Section):
    """What the counter does to a moment."""

    serial: str = Field("MY63260252", description="serial number")
    time_base_error: float = p(4e-8, "1", "relative error of the time base")
    trigger_noise_s: NonNegative = p(2e-7, "s", "noise of a time stamp (slope and level)")
    resolution_s: Positive = p(1e-10, "s", "steps of a time stamp")


class LeakTester(Section):
    """The pressure-decay tester and the part on it."""

    serial: Annotated[int, Field(ge=1)] = p(620417, "1", "serial number")
    turnaround_s: NonNegative = p(0.003, "s", "time to answer a request")
    gain_error: float = p(0.0006, "1", "relative error of pressure")
    offset_pa: float = p(3.0, "Pa", "reading at the room's pressure")
    drift_pa_per_s: float = p(0.004, "Pa/s", "drift of the pressure sensor's zero")
    noise_pa: NonNegative = p(0.4, "Pa", "noise of a pressure reading")
    resolution_pa: Positive = p(0.1, "Pa", "steps of a pressure reading")
    temperature_error_k: float = p(0.12, "K", "error of the fixture's temperature probe")
    temperature_noise_k: NonNegative = p(0.0008, "K", "noise of a temperature reading")
    probe_lag_s: NonNegative = p(12.0, "s", "how far the probe lags behind the room")
    fill_time_s: Positive = p(0.25, "s", "time constant of the filling pressure")
    fill_error: float = p(0.004, "1", "relative error of the filling pressure")
    supply_pa_s_per_pa_m3: NonNegative = p(
        6e5, "Pa/(Pa·m³/s)", "how far a leak pulls the filling pressure down"
    )
    volume_ml: Positive = p(12.15, "mL", "volume of part, hoses and tester, without pressure")
    creep_ml_per_kpa: NonNegative = p(4e-5, "mL/kPa", "how far the part slowly grows under pressure")
    creep_time_s: Positive = p(45.0, "s", "time constant of that growth")
    fast_share: Probability = p(0.93, "1", "share of the heat of filling that the wall takes up fast")
    fast_time_s: Positive = p(0.9, "s", "time constant in which it does")
    slow_share: Probability = p(0.012, "1", "share of it that warms what is poorly cooled")
    slow_time_s: Positive = p(7.5, "s", "time constant in which that cools")
    channel_um: NonNegative = p(0.0, "µm", "diameter of a channel out of the part; 0 for none")
    channel_length_mm: Positive = p(10.0, "mm", "length of that channel")
    permeation_pa_m3_per_s: NonNegative = p(3e-7, "Pa·m³/s", "loss of a tight part at 35 kPa")
    room_drift_k_per_h: float = p(1.2, "K/h", "steady warming of the room")
    room_swing_k: NonNegative = p(0.05, "K", "amplitude of the room's slow swing")
    room_swing_s: Positive = p(600.0, "s", "period of that swing")
    wall_lag_s: NonNegative = p(30.0, "s", "how far the part's wall lags behind the room")


class Supply(Section):
    """The programmable supply that may stand in for the pen's cell."""

    dialect: Literal["keysight", "rigol"] = Field("keysight", description="whose commands it speaks")
    serial: str = Field("MY59002187", description="serial number")
    voltage_error: float = p(2.5e-4, "1", "relative error of the set voltage")
    voltage_offset_v: float = p(0.0008, "V", "error of the set voltage at zero")
    readback_voltage_error: float = p(-1.5e-4, "1", "relative error of the measured voltage")
    readback_current_error: float = p(6e-4, "1", "relative error of the measured current")
    readback_current_offset_a: float = p(0.0002, "A", "error of the measured current at zero")
    voltage_noise_v: NonNegative = p(0.0002, "V", "noise of a measured voltage")
    current_noise_a: NonNegative = p(0.0001, "A", "noise of a measured current")
    settle_s: Positive = p(0.008, "s", "time constant with which the output follows a setting")
    measure_s: Positive = p(0.02, "s", "time over which a measurement averages")
    output_ohm: NonNegative = p(0.001, "Ω", "resistance of the output stage")
    lead_ohm: NonNegative = p(0.02, "Ω", "resistance of the leads to the pen, both ways")


class Environment(Section):
    """The room."""

    temperature_c: float = p(21.3, "°C", "air temperature")
    pressure_pa: Positive = p(100_800.0, "Pa", "air pressure")


class World(Section):
    """Everything that is true on a simulated bench."""

    title: str = Field("", description="what this world is for")
    faults: tuple[str, ...] = Field((), description="what goes wrong and when; `rig faults` lists them")
    pen: Pen = Pen()
    contact: Contact = Contact()
    nest: Nest = Nest()
    overload: OverloadSwitch = OverloadSwitch()
    pouch: Pouch = Pouch()
    phantom: Phantom = Phantom()
    wear: Wear = Wear()
    peel: Peel = Peel()
    film: Film = Film()
    step: Step = Step()
    stage: Stage = Stage()
    gauge: Gauge = Gauge()
    counter: Counter = Counter()
    leak_tester: LeakTester = LeakTester()
    supply: Supply = Supply()
    environment: Environment = Environment()

    @field_validator("faults")
    @classmethod
    def _known(cls, faults: tuple[str, ...]) -> tuple[str, ...]:
        for text in faults:
            parse_fault(text)
        return faults


def load_world(name: str, overrides: Sequence[str] = (), faults: Sequence[str] = ()) -> World:
    """Load a world by name (one that ships) or path, with ``a.b=value`` overrides.

    Args:
        faults: what goes wrong besides the world's own faults, as :func:`rig.twin.faults.parse_fault` reads.

    Raises:
        ConfigError: unknown name, key or fault, or a value out of range.
    """
    world = load_model(World, find_file(name, WORLDS, kind="world"), overrides=overrides)
    if not faults:
        return world
    return check_model(World, world.model_dump() | {"faults": (*world.faults, *faults)}, source="--fault")
