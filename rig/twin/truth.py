"""What a perfect rig would find in a world. For tests and people; nothing that measures may read it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rig.errors import ConfigError
from rig.product import At, Product, Setting
from rig.twin.emulators.pen_table import PenTable, identity_words
from rig.twin.physics.film import FilmUnderNeedles
from rig.twin.physics.needle_wear import NeedleWear
from rig.twin.physics.needles import needles_of
from rig.twin.physics.pen import PenMechanics
from rig.twin.physics.phantom import PhantomUnderNeedles
from rig.twin.physics.pouch import PouchUnderAnvil
from rig.twin.randomness import noise_source
from rig.twin.world import World

FILM_STROKES = 4000
DEPTH_STEP_MM = 0.02
SAMPLE_S = 0.001

Floats = NDArray[np.float64]


def tell(
    world: World, product: Product, *, seed: int, nodes: list[dict[str, float]] | None = None
) -> dict[str, Any]:
    """Return the truth about a world, with its needles as drawn for ``seed``.

    Args:
        nodes: a table as {depth_mm, rate_per_min, command_mm} each; adds what it would leave the pen at.
    """
    needles = needles_of(world.pen.tip, product.mechanics.needles, seed=seed)
    pen = PenMechanics(world.pen, product, noise_source(seed, "strokes"), needles)
    born = _born_with(product)
    grid, between = _settings(product, At.GRID), _settings(product, At.BETWEEN)
    told: dict[str, Any] = {
        "as_found": [_extension(pen, born, product, setting) for setting in grid + between],
        "as_left": None,
        "static_extension": [
            _static_extension(pen, born, product, depth_mm) for depth_mm in product.calibration.depths_mm
        ],
        "stroke_rates": [
            {"rate_per_min": rate, "true_per_min": 60.0 * pen.rate_hz_for(rate)}
            for rate in product.calibration.rates_per_min
        ],
        "jitter_percent": 100.0 * math.hypot(
            math.sqrt(2.0) * world.pen.motor.stamp_jitter, world.pen.motor.period_jitter
        ),
        "rim_mm": world.nest.rim_position_mm,
        "leak_pa_m3_per_s": _leak(world, product),
        "channel_um": world.pouch.channel_um,
        "insertion_force_n": _insertion_force(world, product, pen, seed),
        "slow_insertion": _slow_insertion(world, product, pen, seed),
        "peel_n_per_15mm": world.peel.strength_n_per_15mm,
        "droop_per_n": world.pen.motor.droop_per_n,
        "loss_mm_per_n": 1.0 / world.pen.crank.spring_n_per_mm,
        "film_layers": world.film.layers,
        "film_penetration": film_penetration(world, product, seed=seed),
        "tip": {"present": world.pen.tip.present, "use_count": world.pen.tip.use_count},
        "limiter_refuses": world.pen.firmware.limiter_works,
    }  # fmt: skip
    if nodes is not None:
        table = _table(nodes)
        told["as_left"] = [_extension(pen, table, product, setting) for setting in grid + between]
    return told


def film_penetration(world: World, product: Product, *, seed: int) -> list[dict[str, float | None]]:
    """Return the truth about films of the product's numbers of layers, and the world's, at each rate.

    ``set_depth_mm`` is where half the strokes on fresh film reach the bed; those that touch it without
    a contact (oxide) count as reaching it. The pen is cold and on the table it was born with, the rim
    presses with the product's preload. It is None where the dial does not reach so far.
    """
    pen = PenMechanics(
        world.pen,
        product,
        noise_source(seed, "strokes"),
        needles_of(world.pen.tip, product.mechanics.needles, seed=seed),
    )
    return [
        _penetration(world, product, pen, seed, rate, layers)
        for layers in sorted({*product.film.layers, world.film.layers})
        for rate in product.calibration.rates_per_min
    ]


def read_nodes(path: Path) -> list[dict[str, float]]:
    """Read a table's nodes from JSON: a list of nodes, or a run as ``rig show --json`` prints it.

    Raises:
        ConfigError: the file is not that.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        nodes = data["calibration"]["nodes"] if isinstance(data, dict) else data
        return [
            {key: float(node[key]) for key in ("depth_mm", "rate_per_min", "command_mm")} for node in nodes
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path}: no table ({error})", expected="a list of {depth_mm, rate_per_min, command_mm}"
        ) from error


def tell_as_text(told: dict[str, Any]) -> str:
    """Return the truth as lines a person can read."""
    lines = []
    for key, value in told.items():
        if isinstance(value, list):
            lines.append(f"{key}:")
            lines += [
                "  " + ", ".join(f"{name} {_short(number)}" for name, number in row.items()) for row in value
            ]
        else:
            lines.append(f"{key}: {_short(value)}")
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _settings(product: Product, at: At) -> list[Setting]:
    return [setting for setting in product.settings(at) if setting is not None]


def _born_with(product: Product) -> PenTable:
    plan = product.calibration
    depths_um, rates = (
        [round(1000.0 * depth) for depth in plan.depths_mm],
        [round(r) for r in plan.rates_per_min],
    )
    words = identity_words(depths_um, rates, model_code=plan.model_code, generation=0)
    return PenTable.parse(words, model_code=plan.model_code)


def _table(nodes: list[dict[str, float]]) -> PenTable:
    depths = sorted({node["depth_mm"] for node in nodes})
    rates = sorted({node["rate_per_min"] for node in nodes})
    at = {(node["depth_mm"], node["rate_per_min"]): node["command_mm"] for node in nodes}
    if len(at) != len(depths) * len(rates):
        raise ConfigError(
            f"{len(at)} nodes", expected=f"one for each of {len(depths)} depths × {len(rates)} rates"
        )
    columns = tuple(tuple(1000.0 * at[depth, rate] for depth in depths) for rate in rates)
    return PenTable((), 0, 0, tuple(1000.0 * depth for depth in depths), tuple(rates), columns)


def _extension(pen: PenMechanics, table: PenTable, product: Product, setting: Setting) -> dict[str, float]:
    command_mm = table.command_um(1000.0 * setting.depth_mm, setting.rate_per_min) / 1000.0
    command_mm = min(max(command_mm, 0.0), product.mechanics.travel_limit_mm)
    static = pen.drive.reach_for(command_mm) + pen.crank_shift_mm() + pen.needles.longest_mm
    stretch = pen.stretch_mm(pen.rate_hz_for(setting.rate_per_min))
    return {**setting._asdict(), "extension_mm": static + stretch, "static_mm": static}


def _static_extension(
    pen: PenMechanics, table: PenTable, product: Product, depth_mm: float
) -> dict[str, float]:
    """The longest needle at rest at its top, half-way between coming from above and from below."""
    at_first_rate = Setting(depth_mm, product.calibration.rates_per_min[0])
    return {"depth_mm": depth_mm, "extension_mm": _extension(pen, table, product, at_first_rate)["static_mm"]}


def _leak(world: World, product: Product) -> float:
    pouch = PouchUnderAnvil(world.pouch, world.environment, lambda times: np.full_like(times, -math.inf))
    return pouch.leak_pa_m3_per_s(product.pouch.squeeze_n / (world.pouch.area_mm2 * 1e-6))


def _insertion_force(world: World, product: Product, pen: PenMechanics, seed: int) -> float:
    """Peak force per needle of a perfect insertion, by letting one happen."""
    speed = product.phantom.speed_mm_per_s
    phantom = _phantom(world, product, pen, seed, speed)
    times = np.arange(SAMPLE_S, product.phantom.travel_mm / speed, SAMPLE_S)
    return max(float(phantom.force_n(np.array([t]))[0]) for t in times) / product.mechanics.needles


def _phantom(
    world: World, product: Product, pen: PenMechanics, seed: int, speed_mm_per_s: float
) -> PhantomUnderNeedles:
    """A fresh phantom that the longest needle touches at time 0, at constant speed."""
    return PhantomUnderNeedles(
        world.phantom,
        world.pen.tip.needles,
        pen.needles,
        noise_source(seed, "phantom"),
        wear=_new_wear(world, product, seed),
        surface_mm=lambda t: speed_mm_per_s * t - pen.needles.longest_mm,
        reach_mm=lambda t: 0.0,
    )


def _new_wear(world: World, product: Product, seed: int) -> NeedleWear:
    return NeedleWear(
        world.wear, world.pen.tip.needles, product.mechanics.needles, noise_source(seed, "wear")
    )


def _slow_insertion(world: World, product: Product, pen: PenMechanics, seed: int) -> dict[str, float]:
    """What a perfect slow insertion to the plan's travel beyond contact shows, by letting one happen."""
    speed = product.phantom.slow_mm_per_s
    phantom = _phantom(world, product, pen, seed, speed)
    phantom.force_n(np.array([product.phantom.travel_mm / speed]))
    depths_mm = phantom.punctured_at_mm()
    return {
        "first_puncture_n": phantom.first_puncture_n / product.mechanics.needles,
        "punctured": float(np.isfinite(depths_mm).sum()),
        "deflection_mm": float(np.nanmean(depths_mm)) if np.isfinite(depths_mm).any() else math.nan,
        "friction_n_per_mm": world.phantom.friction_n_per_mm * product.mechanics.needles,
    }


def _penetration(
    world: World, product: Product, pen: PenMechanics, seed: int, rate: float, layers: int
) -> dict[str, float | None]:
    film = FilmUnderNeedles(
        world.film.model_copy(update={"layers": layers}),
        pen,
        bluntness=_new_wear(world, product, seed).bluntness(),
        reach_mm=_reach_over_bed(world, pen),
        spring_n_per_mm=world.pen.crank.spring_n_per_mm,
        random=noise_source(seed, "film"),
    )
    rate_hz = pen.rate_hz_for(rate)
    top_mm = film.reach_of_half(
        rate_hz, product.film.preload_n, world.pen.crank.top_scatter_mm, strokes=FILM_STROKES
    )
    depths_mm = np.arange(product.depth.minimum_mm, product.depth.maximum_mm, DEPTH_STEP_MM)
    table = _born_with(product)
    tops_mm = [_extension(pen, table, product, Setting(depth, rate))["extension_mm"] for depth in depths_mm]
    extension_mm = top_mm + pen.needles.longest_mm
    on_the_dial = tops_mm[0] <= extension_mm <= tops_mm[-1]
    return {
        "layers": layers,
        "rate_per_min": rate,
        "thickness_mm": film.thickness_mm,
        "set_depth_mm": float(np.interp(extension_mm, tops_mm, depths_mm)) if on_the_dial else None,
        "extension_mm": extension_mm,
        "shortfall_mm": extension_mm - film.thickness_mm,
    }


def _reach_over_bed(world: World, pen: PenMechanics) -> Floats:
    """How far each needle reaches beyond a nominal one, over a bed that is tilted as the plate is."""
    slope, direction = world.nest.tilt_mrad * 1e-3, world.nest.tilt_direction_rad
    return pen.needles.reach_mm(slope * math.cos(direction), slope * math.sin(direction))
