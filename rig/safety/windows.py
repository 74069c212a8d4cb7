"""How far and how fast the stage may go before each target, and how hard it may press: pure arithmetic.

A window says where its target can be met at the soonest, and where the stage ends at the latest. Before the
first of them the stage may travel; between the two it only feels its way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rig.errors import RefusedToStart
from rig.product import Product
from rig.station import Station

POUCH_TRAVEL_MM = 4.5
"""A pouch that gives way by more than this is none."""

RIM_SCAN_N, STEP_SCAN_N = 4.1, 4.3
"""What the scans through a contact need of the force limit: the most they add, and the touch before."""


@dataclass(frozen=True)
class Window:
    """Where the stage may be while a target is presented, mm, and what holds there.

    Attributes:
        contact_from_mm: from here on the target may touch; motions towards the pen are slow.
        highest_mm: no motion ends beyond this.
        speed_mm_per_s: fastest motion from ``contact_from_mm`` on.
        force_limit_n: never more force than this, either way.
    """

    target: str
    contact_from_mm: float
    highest_mm: float
    speed_mm_per_s: float
    force_limit_n: float


def windows(station: Station, product: Product) -> dict[str, Window]:
    """Return the window of every target that is on the turret."""
    nest, safety = station.nest, station.safety
    give_mm = safety.force_limit_n * nest.give_limit_mm_per_n
    needles_mm = nest.phantom_mm - product.phantom.extension_mm
    stiff = (safety.touch_mm_per_s, safety.force_limit_n)
    soft = (safety.press_mm_per_s, safety.force_limit_n)
    pouch = (safety.press_mm_per_s, safety.pouch_force_limit_n)
    film_mm = nest.film_mm - nest.film_layers * product.film.layer_mm
    found = [
        Window("datum", nest.rim_mm - nest.rim_range_mm, nest.rim_mm + nest.rim_range_mm + give_mm, *stiff),
        Window("film", film_mm - nest.film_range_mm, nest.film_mm + nest.film_range_mm + give_mm, *stiff),
        Window(
            "phantom",
            needles_mm - product.mechanics.maximum_extension_error_mm,
            needles_mm + product.phantom.travel_mm,
            *soft,
        ),
        Window("anvil", nest.pouch_mm, nest.pouch_mm + POUCH_TRAVEL_MM, *pouch),
    ]
    if nest.grip_mm is not None:
        found.append(Window("grip", nest.grip_mm, nest.grip_mm, *pouch))
    if (step := station.artefact) is not None:
        for face in ("step_low", "step_high"):
            middle_mm = step.face_mm(face)
            found.append(Window(face, middle_mm - step.range_mm, middle_mm + step.range_mm + give_mm, *stiff))
    return {
        window.target: replace(window, highest_mm=min(window.highest_mm, safety.highest_mm))
        for window in found
        if window.target in nest.targets
    }


def around_rim(window: Window, rim_mm: float, station: Station) -> Window:
    """Return the datum plate's window once the rim was found at ``rim_mm``, on the stage's own scale."""
    safety = station.safety
    give_mm = safety.force_limit_n * station.nest.give_limit_mm_per_n
    return replace(
        window,
        contact_from_mm=rim_mm - safety.near_mm,
        highest_mm=min(safety.highest_mm, rim_mm + safety.near_mm + give_mm),
    )


def check_safety(station: Station, product: Product) -> None:
    """Refuse limits that keep this station from measuring this product, or from keeping it safe.

    Raises:
        RefusedToStart: a line for each.
    """
    wrong = [*_out_of_reach(station, product), *_too_weak(station, product)]
    if wrong:
        raise RefusedToStart("\n".join(wrong), do="Correct [safety] or [nest] in the station file")


def _out_of_reach(station: Station, product: Product) -> list[str]:
    nest, safety = station.nest, station.safety
    give_mm = safety.force_limit_n * nest.give_limit_mm_per_n
    needed_mm = {
        "the rim wherever it may be": nest.rim_mm + nest.rim_range_mm + give_mm,
        "the needles in the phantom": (
            nest.phantom_mm - product.phantom.extension_mm + product.phantom.travel_mm
        ),
        "a pouch": nest.pouch_mm + POUCH_TRAVEL_MM,
    }
    wrong = [
        f"safety.highest_mm = {safety.highest_mm:g}, but it takes {need:.3f} mm to reach {what}"
        for what, need in needed_mm.items()
        if safety.highest_mm < need
    ]
    for window in windows(station, product).values():
        if nest.safe_mm >= window.contact_from_mm:
            wrong.append(
                f"nest.safe_mm = {nest.safe_mm:g}, where {window.target} may already touch "
                f"(from {window.contact_from_mm:.3f} mm on): the turret could not turn there"
            )
    return wrong


def _too_weak(station: Station, product: Product) -> list[str]:
    safety = station.safety
    needed_n = {
        "the scan of the rim": (RIM_SCAN_N, "force_limit_n"),
        "the film's preload": (product.film.preload_n, "force_limit_n"),
        "the load on parked needles": (product.load.press_n, "force_limit_n"),
        "the squeeze of a pouch": (product.pouch.squeeze_n, "pouch_force_limit_n"),
    }
    if station.artefact is not None:
        needed_n["the scan of the reference step"] = (STEP_SCAN_N, "force_limit_n")
    return [
        f"safety.{key} = {getattr(safety, key):g}, but {what} needs {need:g} N"
        for what, (need, key) in needed_n.items()
        if getattr(safety, key) <= need
    ]
