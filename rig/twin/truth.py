"""What a perfect rig would find in a world. For tests and people; nothing that measures may read it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from rig.errors import ConfigError
from rig.product import At, Product, Setting
from rig.twin.emulators.pen_table import PenTable, identity_words
from rig.twin.physics.needles import NeedleSet
from rig.twin.physics.pen import PenMechanics
from rig.twin.physics.phantom import PhantomUnderNeedles
from rig.twin.physics.pouch import PouchUnderAnvil
from rig.twin.randomness import noise_source
from rig.twin.world import World

FILM_LAYERS = (1, 2, 4)
SAMPLE_S = 0.001


def tell(
    world: World, product: Product, *, seed: int, nodes: list[dict[str, float]] | None = None
) -> dict[str, Any]:
    """Return the truth about a world, with its needles as drawn for ``seed``.

    Args:
        nodes: a table as {depth_mm, rate_per_min, command_mm} each; adds what it would leave the pen at.
    """
    needles = NeedleSet(world.pen.tip.needles, product.mechanics.needles, noise_source(seed, "needles"))
    pen = PenMechanics(world.pen, product, noise_source(seed, "strokes"), needles)
    born = _born_with(product)
    grid, between = _settings(product, At.GRID), _settings(product, At.BETWEEN)
    told: dict[str, Any] = {
        "as_found": [_extension(pen, born, product, setting) for setting in grid + between],
        "as_left": None,
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
        "film_penetration": [
            _penetration(world, pen, rate, layers)
            for layers in FILM_LAYERS
            for rate in product.calibration.rates_per_min
        ],
        "tip": {"present": world.pen.tip.present, "use_count": world.pen.tip.use_count},
        "limiter_refuses": world.pen.firmware.limiter_works,
    }  # fmt: skip
    if nodes is not None:
        table = _table(nodes)
        told["as_left"] = [_extension(pen, table, product, setting) for setting in grid + between]
    return told


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


def _leak(world: World, product: Product) -> float:
    pouch = PouchUnderAnvil(world.pouch, world.environment, lambda times: np.full_like(times, -math.inf))
    return pouch.leak_pa_m3_per_s(product.pouch.squeeze_n / (world.pouch.area_mm2 * 1e-6))


def _insertion_force(world: World, product: Product, pen: PenMechanics, seed: int) -> float:
    """Peak force per needle of a perfect insertion, by letting one happen."""
    speed, needles = product.phantom.speed_mm_per_s, pen.needles
    phantom = PhantomUnderNeedles(
        world.phantom,
        world.pen.tip.needles,
        needles,
        noise_source(seed, "phantom"),
        surface_mm=lambda t: speed * t - needles.longest_mm,
        reach_mm=lambda t: 0.0,
    )
    times = np.arange(SAMPLE_S, product.phantom.travel_mm / speed, SAMPLE_S)
    return max(float(phantom.force_n(np.array([t]))[0]) for t in times) / product.mechanics.needles


def _penetration(world: World, pen: PenMechanics, rate_per_min: float, layers: int) -> dict[str, float]:
    """The extension at which half the strokes pierce so many layers: their thickness plus the deflection."""
    film = world.film
    deflection = film.deflection_mm * (pen.rate_hz_for(rate_per_min) / 100.0) ** film.deflection_exponent
    thickness = layers * film.layer_mm
    return {
        "layers": layers,
        "rate_per_min": rate_per_min,
        "thickness_mm": thickness,
        "extension_mm": thickness + deflection,
        "shortfall_mm": deflection,
    }
