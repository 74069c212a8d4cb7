"""The station file: which instruments stand here, how they are reached, what is certified, what is safe."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from rig.config import Section, apply_override, check_model, find_file, overlaid, read_toml
from rig.errors import ConfigError, RefusedToStart
from rig.live.prompts import Prompt

STATIONS = Path(__file__).parent / "stations"
WORLDS = Path(__file__).parent / "twin" / "worlds"

# What a certificate must state for the rig to know its uncertainty, by role.
CERTIFICATE_FIGURES = {
    "stage": ("scale_u", "position_u_mm", "resolution_mm"),
    "force_gauge": ("gain_u", "resolution_n", "noise_n", "zero_drift_n_per_s"),
    "counter": ("time_base_u",),
}

# The same for instruments that a station may do without: see Station.require.
OPTIONAL_CERTIFICATE_FIGURES = {
    "supply": ("voltage_u_v", "current_u_a", "lead_ohm"),
    "leak_tester": (
        "pressure_u_pa",
        "gain_u",
        "noise_pa",
        "resolution_pa",
        "zero_drift_pa_per_s",
        "temperature_u_k",
        "temperature_noise_k",
    ),
}

# The same for the reference step that a station is checked with.
STEP_FIGURES = ("height_mm", "height_u_mm", "slope_n_per_mm", "slope_u")

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Channel = Annotated[int, Field(ge=1, le=9)]


class Correction(Section):
    """What to add to a reading, in its own unit, straight between the points of a certificate."""

    reading: Annotated[list[float], Field(min_length=2)]
    add: list[float]

    @model_validator(mode="after")
    def _curve(self) -> Self:
        if sorted(set(self.reading)) != self.reading or len(self.add) != len(self.reading):
            raise ValueError("reading strictly increasing, and a value of add for each")
        return self


class Certificate(Section):
    """A calibration certificate, as issued."""

    number: str
    issuer: str
    date: datetime.date
    due: datetime.date
    figures: dict[str, float] = Field(description="what it states, by name; names carry the unit")
    correction: Correction | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.due <= self.date:
            raise ValueError("due after date")
        negative = [name for name, value in self.figures.items() if value < 0 and name != "time_base_error"]
        if negative:
            raise ValueError(f"figures not negative; {', '.join(negative)} is")
        return self


class InstrumentConfig(Section):
    """One instrument: driver, address, the identity it must answer, its certificate."""

    driver: str = Field(description="name in the entry-point group rig.instruments")
    resource: str = Field(description="VISA resource, or twin:ROLE for the twin's")
    model: str
    serial: str
    timeout_s: Positive = 2.0
    options: dict[str, Any] = Field(default_factory=dict)
    certificate: Certificate


class PenConfig(Section):
    """How the nest's pen is reached."""

    driver: str = "modbus-pen"
    resource: str = Field(description="tcp:HOST:PORT, rtu:PORT:BAUD, or twin:pen")
    timeout_s: Positive = 1.0
    options: dict[str, Any] = Field(default_factory=dict)


class TwinConfig(Section):
    """This station is simulated: a run starts a twin of its own."""

    world: str = "nominal"
    seed: int = 0
    pens: dict[str, str] = Field(
        default_factory=dict,
        description="serial number of a simulated pen, and the world it is in when --pen names it and no "
        "--world is given; any other pen is in world",
    )

    @model_validator(mode="after")
    def _worlds_exist(self) -> Self:
        for world in dict.fromkeys((self.world, *self.pens.values())):
            try:
                path = find_file(world, WORLDS, kind="world")
            except ConfigError as error:
                raise ValueError(str(error)) from None
            if not path.is_file():
                raise ValueError(f"a world file at {path}")
        return self

    def world_of(self, pen_serial: str | None) -> str:
        """Return the world that a pen is in, by name or path."""
        return self.pens.get(pen_serial or "", self.world)


class Nest(Section):
    """Where things are on the bench; positions of the stage in mm, of the turret in degrees."""

    rim_mm: Positive = Field(description="where the rim is expected")
    rim_range_mm: Positive = Field(description="how far from there it may be")
    safe_mm: NonNegative = Field(description="retracted position, at which the turret may turn")
    pouch_mm: Positive = Field(description="position below which the anvil does not touch a pouch")
    phantom_mm: Positive = Field(description="position at which the phantom reaches the rim plane")
    grip_mm: Positive | None = Field(
        None, description="position at which the grip takes a seal; missing where there is no grip"
    )
    film_mm: Positive = Field(description="where the bed under the film reaches the rim plane")
    film_range_mm: Positive = Field(description="how far from there it may be")
    film_radius_mm: Positive = Field(description="distance of the film from the turret's axis")
    film_site_mm: Positive = Field(description="way to a place on the film that no needle has struck")
    film_sites: Annotated[int, Field(ge=1)] = Field(description="how many such places the film has")
    film_layers: Annotated[int, Field(ge=1)] = Field(description="how many layers are stretched now")
    give_limit_mm_per_n: NonNegative = Field(description="most that gauge, nest and plate give under force")
    tilt_limit_mrad: NonNegative = Field(description="largest tilt of the plate against the rim")
    rim_radius_mm: Positive
    threshold_limit_mm: NonNegative = Field(description="largest overlap before needles and plate conduct")
    drift_u_mm: NonNegative = Field(
        description="standard uncertainty of what moves between datum and measurement"
    )
    needle_radius_mm: NonNegative = Field(description="needles stand no further than this from the axis")
    alignment_limit_mrad: NonNegative = Field(
        description="largest angle between the stage's travel and the pen's axis"
    )
    temperature_c: float = Field(description="temperature at which the bench is kept")
    temperature_limit_k: NonNegative = Field(description="how far the room may be from that")
    stage_expansion_per_k: NonNegative = Field(description="linear expansion of the stage's scale")
    pen_expansion_per_k: NonNegative = Field(description="linear expansion of pen and needles")
    targets: dict[str, float] = Field(description="turret angle of each target")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = {"datum", "film", "phantom", "anvil"} - set(self.targets)
        if missing:
            raise ValueError(f"an angle for every target; missing: {sorted(missing)}")
        if self.safe_mm >= min(self.rim_mm - self.rim_range_mm, self.pouch_mm):
            raise ValueError("safe_mm below rim and pouch")
        return self


class Artefact(Section):
    """The reference step on the nest, beside the pen, by which the station is checked."""

    serial: str
    low_mm: Positive = Field(description="where the probe is expected to touch the lower face")
    range_mm: Positive = Field(description="how far from there that may be")
    expansion_per_k: NonNegative = Field(description="linear expansion of the step")
    certificate: Certificate

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in STEP_FIGURES if name not in self.certificate.figures]
        if missing:
            raise ValueError(f"certificate of the step stating {', '.join(missing)}")
        return self

    def face_mm(self, face: str) -> float:
        """Return where the probe is expected to touch ``step_low`` or ``step_high``."""
        return self.low_mm + (self.certificate.figures["height_mm"] if face == "step_high" else 0.0)


class Environment(Section):
    """What is known of the room, as typed in by who looks after it."""

    laboratory: str = Field("", description="name and address of the laboratory, for its reports")
    customer: str = Field("", description="for whom it tests, name and how to reach them")
    location: str = Field("", description="where the station stands")
    temperature_c: float | None = Field(None, description="of the room")
    humidity_percent: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, description="relative humidity of the room"
    )


class InterlockConfig(Section):
    """What must be in order before a run begins."""

    check_every_h: Positive = Field(description="no run begins later than this after the last good check")


class StationPrompt(Prompt):
    """What a person is asked at this station before a fixture is made."""

    before: Annotated[str, Field(min_length=1)] = Field(description="name of the fixture, such as pouch_seal")


class Safety(Section):
    """What must never be exceeded."""

    force_limit_n: Positive = Field(description="on pen and phantom")
    pouch_force_limit_n: Positive = Field(description="on a pouch, and on what the grip pulls")
    highest_mm: Positive = Field(description="position that no motion may ever pass, at any target")
    touch_mm_per_s: Positive = Field(description="fastest motion towards rim, film or step where they may be")
    press_mm_per_s: Positive = Field(description="fastest motion towards phantom or pouch where they may be")
    near_mm: Positive = Field(description="a rim that was found may have moved by this much")
    force_stale_s: Positive = Field(
        description="longest time that the stage may move there without a force reading"
    )
    force_chain_input: Channel | None = Field(
        None, description="digital input that falls with too much force or a broken wire; missing: not wired"
    )
    emergency_stop_input: Channel | None = Field(
        None, description="digital input that falls with the emergency stop; missing: not wired"
    )


class Station(Section):
    """A test station."""

    name: str
    base: str = Field("", description="station whose tables hold where this file has none, by name or path")
    code: Annotated[int, Field(ge=0, le=0xFFFF)] = Field(description="number written into calibration tables")
    clock: str = Field("wall", description="wall, or HOST:PORT of a running twin's clock")
    twin: TwinConfig | None = None
    instruments: dict[str, InstrumentConfig]
    pen: PenConfig
    nest: Nest
    safety: Safety
    artefact: Artefact | None = Field(None, description="reference step; missing where there is none")
    interlock: InterlockConfig | None = Field(None, description="missing: runs begin without a check")
    environment: Environment | None = Field(None, description="missing: nothing is known of the room")
    prompts: tuple[StationPrompt, ...] = Field((), description="missing: the station runs unattended")
    prompt_timeout_s: Positive = Field(600.0, description="a run that nobody answers for so long is stopped")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for role, figures in (CERTIFICATE_FIGURES | OPTIONAL_CERTIFICATE_FIGURES).items():
            if role not in self.instruments:
                if role in OPTIONAL_CERTIFICATE_FIGURES:
                    continue
                raise ValueError(f"an instrument for every role; {role} is missing")
            stated = self.instruments[role].certificate.figures
            missing = [name for name in figures if name not in stated]
            if missing:
                raise ValueError(f"certificate of {role} stating {', '.join(missing)}")
        if self.safety.highest_mm <= self.nest.rim_mm:
            raise ValueError("safety.highest_mm above nest.rim_mm, or the rim is never reached")
        self._check_artefact()
        return self

    def require(self, role: str) -> None:
        """Refuse when this station has no instrument for a role that stations may do without.

        Raises:
            RefusedToStart: it has none.
        """
        if role not in self.instruments:
            raise RefusedToStart(
                f"station {self.name!r} has no {role}",
                expected=f"[instruments.{role}] in its station file",
                do="Enter the instrument and its certificate there, or use a station that has one",
            )

    def _check_artefact(self) -> None:
        if self.interlock is not None and self.artefact is None:
            raise ValueError("an [artefact] with [interlock], or the station can never be checked")
        if self.artefact is None:
            return
        if missing := {"step_low", "step_high"} - set(self.nest.targets):
            raise ValueError(f"nest.targets for the artefact's faces; missing: {sorted(missing)}")
        lowest_mm = self.artefact.low_mm - self.artefact.range_mm
        highest_mm = self.artefact.face_mm("step_high") + self.artefact.range_mm
        if not self.nest.safe_mm < lowest_mm < highest_mm <= self.safety.highest_mm:
            raise ValueError("the artefact's faces between nest.safe_mm and safety.highest_mm")

    def the_artefact(self) -> Artefact:
        """Return the reference step.

        Raises:
            RefusedToStart: this station has none.
        """
        if self.artefact is None:
            raise RefusedToStart(
                f"station {self.name!r} has no reference step",
                expected="[artefact] in its station file",
                do="Enter the step and its certificate there: docs/howto-station.md",
            )
        return self.artefact

    def known_environment(self) -> dict[str, Any]:
        """Return what is known of the room, and where from; empty where nothing is."""
        known = {} if self.environment is None else self.environment.model_dump(exclude_defaults=True)
        return known | {"source": "station file"} if known else {}

    def figure(self, role: str, name: str) -> float:
        """Return a figure of a role's certificate."""
        return self.instruments[role].certificate.figures[name]

    def overdue_certificates(self, today: datetime.date) -> list[str]:
        """Return a sentence for every certificate that is past its date."""
        return [
            f"{role}: certificate {c.number} was due on {c.due}, today is {today}"
            for role, c in self._certificates().items()
            if today > c.due
        ]

    def check_certificates(self, today: datetime.date, *, overdue: bool = False) -> None:
        """Refuse to start with a certificate that is not valid on ``today``.

        Args:
            today: the date in UTC.
            overdue: let pass what is past its date.

        Raises:
            RefusedToStart: names every such certificate and its dates.
        """
        wrong = [
            f"{role}: certificate {c.number} is valid from {c.date} to {c.due}, today is {today}"
            for role, c in self._certificates().items()
            if today < c.date or (today > c.due and not overdue)
        ]
        if wrong:
            raise RefusedToStart(
                "; ".join(wrong),
                do="Have the instrument calibrated and enter its new certificate in the station file",
            )

    def _certificates(self) -> dict[str, Certificate]:
        found = {role: config.certificate for role, config in self.instruments.items()}
        return found if self.artefact is None else found | {"artefact": self.artefact.certificate}


def load_station(name: str, overrides: tuple[str, ...] = ()) -> Station:
    """Load a station by name (one that ships in ``rig/stations``) or by path.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    path = find_file(name, STATIONS, kind="station")
    return read_station(path, base_of(path), overrides)


def base_of(path: Path) -> Path | None:
    """Return the file that a station file stands on; None where it stands by itself.

    Raises:
        ConfigError: the file cannot be read, or its base is none.
    """
    base = read_toml(path).get("base", "")
    if not isinstance(base, str):
        raise ConfigError(
            f"{path}: base: got {base!r}", expected="a station by name, or the path of its file"
        )
    if not base:
        return None
    shipped = find_file(base, STATIONS, kind="station")
    return (
        path.parent / shipped
    )  # a path stays what it is from this file's folder; an absolute one is its own


def read_station(path: Path, base: Path | None, overrides: tuple[str, ...] = ()) -> Station:
    """Read a station of its file and the one that this stands on, as :func:`base_of` names it.

    Raises:
        ConfigError: a wrong or missing key, or a base that stands on another.
    """
    tables, source = read_toml(path), str(path)
    if base is not None:
        below = read_toml(base)
        if below.get("base"):
            raise ConfigError(f"{path}: base: {base} stands on {below['base']}", expected="one by itself")
        tables, source = overlaid(below, tables), f"{path} on {base}"
    for override in overrides:
        apply_override(tables, override)
    return check_model(Station, tables, source=source)
