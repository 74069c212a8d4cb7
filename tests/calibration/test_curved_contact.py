"""Contact of curved loading: published force curves, awkward ones whose truth is known, and refusals."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.curved_contact import ContactEstimate, curved_contact, find_curved_contact
from calibration.errors import EstimateError

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "data"
PUBLISHED = json.loads((DATA / "afm_curves" / "reference.json").read_text("utf-8"))["curves"]

AIM_MEDIAN, AIM_P95 = 6.0, 41.0
"""Sample steps; public estimators reach one or the other on reviewed curves."""

KINDS = ("plain", "noisy", "wandering", "tilted", "bent", "dip", "soft", "stiffening")


def curve(random: np.random.Generator, kind: str) -> tuple[Floats, Floats, float]:
    """One curve of 200 to 2000 points with an exponent between 1 and 2; positions, forces, the contact."""
    n = int(random.integers(200, 2001))
    z, exponent = np.linspace(0.0, 1.0, n), random.uniform(1.0, 2.0)
    contact = random.uniform(0.5, 0.93)
    deep = np.maximum(z - contact, 0.0) / (1.0 - contact)
    noise = 10 ** (random.uniform(-2.0, -1.5) if kind == "noisy" else random.uniform(-3.2, -2.0))
    f = deep**exponent
    if kind == "wandering":
        walk = np.cumsum(random.normal(size=n))
        f += 3.0 * noise * walk / np.abs(walk).max()
    elif kind == "tilted":
        f += random.uniform(-0.1, 0.2) * z
    elif kind == "bent":
        f += random.uniform(-0.05, 0.05) * np.sin(random.uniform(0, 2 * math.pi) + random.uniform(2, 5) * z)
    elif kind == "dip":
        depth, reach = 10 ** random.uniform(-2.2, -1.2), random.uniform(0.005, 0.03)
        f -= np.where(z < contact, depth / (1.0 + np.maximum(contact - z, 0.0) / reach) ** 2, depth)
    elif kind == "soft":
        width = random.uniform(0.002, 0.01)
        f = (width * np.logaddexp(0.0, (z - contact) / width) / (1.0 - contact)) ** exponent
    elif kind == "stiffening":
        f = 0.5 * f + 0.5 * deep ** (exponent + 1.5)
    if random.random() < 0.3:
        z = z + 0.3 / n * random.normal(size=n)
    return z, f + noise * random.normal(size=n), contact


@cache
def study(kind: str, count: int = 150) -> tuple[Floats, float]:
    """Errors in sample steps, and the share of intervals (k = 2) that hold the truth."""
    random = np.random.default_rng(17)
    errors, held = np.empty(count), 0
    for number in range(count):
        z, f, contact = curve(random, kind)
        found = find_curved_contact(z, f)
        errors[number] = abs(found.position - contact) * len(z)
        held += abs(found.position - contact) <= 2.0 * math.hypot(found.u_fit, found.u_window)
    return errors, held / count


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_curves_meet_both_aims(kind: str) -> None:
    errors, _ = study(kind)
    assert np.median(errors) <= AIM_MEDIAN
    assert np.quantile(errors, 0.95) <= AIM_P95


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "soft"])
def test_intervals_are_honest(kind: str) -> None:
    _, coverage = study(kind)
    assert coverage >= 0.90


def test_a_soft_beginning_is_found_within_its_own_length() -> None:
    random = np.random.default_rng(3)
    for _ in range(100):
        z, f, contact = curve(random, "soft")
        found = find_curved_contact(z, f)
        u = math.hypot(found.u_fit, found.u_window)
        # The force is felt from some five widths, of 0.01 at most, before the point that stands for contact.
        assert abs(found.position - contact) < 5 * 0.01 + 3 * u


def spot3() -> tuple[Floats, Floats]:
    tip, force = np.loadtxt(DATA / "afm_spot3-0192_approach.csv", delimiter=",", skiprows=4).T
    return -tip, force


def test_the_contact_lies_among_the_answers_of_three_models_in_a_vendors_software() -> None:
    found = curved_contact(*spot3(), unit="µm")
    answers_um = np.array([18.03, 18.06, 18.04])  # paraboloid, cone, sphere
    step_um = 0.00225  # of tip positions about the contact
    assert abs(-found.value - answers_um.mean()) <= AIM_MEDIAN * step_um
    assert answers_um.min() - found.U <= -found.value <= answers_um.max() + found.U
    assert 0.005 < found.U < 0.03
    assert found.unit == "µm"
    assert [line.name for line in found.budget][:2] == [
        "noise and exponent of the loading",
        "choice of the window",
    ]


def published(name: str) -> tuple[Floats, Floats]:
    z, f = np.loadtxt(DATA / "afm_curves" / f"{name}.csv", delimiter=",", skiprows=1).T
    return z, f


def steps_off(name: str) -> float:
    z, f = published(name)
    # Steps back in the positions are noise: an index is sought in those that lie ahead.
    ahead = np.maximum.accumulate(z) + 1e-9 * np.arange(len(z))
    index = np.interp(find_curved_contact(z, f).position, ahead, np.arange(len(z)))
    return float(abs(index - PUBLISHED[name]["median"]))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_curves_agree_with_the_consensus_of_six_estimators(name: str) -> None:
    assert steps_off(name) <= max(AIM_P95, PUBLISHED[name]["middle_four"])


def test_the_median_error_on_published_curves_is_within_what_the_consensus_knows() -> None:
    unsure = np.median([PUBLISHED[name]["middle_four"] for name in PUBLISHED])
    assert np.median([steps_off(name) for name in PUBLISHED]) <= unsure


Z = np.linspace(0.0, 1.0, 500)
NOISE = 0.01 * np.random.default_rng(0).normal(size=500)


@pytest.mark.parametrize("exponent", [1.0, 1.3, 1.5, 2.0])
def test_the_exponent_comes_out_where_the_curve_is_one_law(exponent: float) -> None:
    found = find_curved_contact(Z, np.maximum(Z - 0.6, 0.0) ** exponent + 0.001 * NOISE)
    assert found.exponent == pytest.approx(exponent, abs=0.1)
    assert found.position == pytest.approx(0.6, abs=0.004)
    assert found.noise == pytest.approx(1e-5, rel=0.2)


def test_a_dip_is_told() -> None:
    loading = np.maximum(Z - 0.6, 0.0) ** 1.5
    pull = 0.1 * np.exp(-np.maximum(0.6 - Z, 0.0) / 0.02)
    found = find_curved_contact(Z, loading - pull + 0.1 * NOISE)
    assert found.dip
    assert found.position == pytest.approx(0.6, abs=0.004)
    assert not find_curved_contact(Z, loading + 0.1 * NOISE).dip


@given(
    st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.floats(-100, 100), st.floats(-10, 10), st.floats(-0.2, 0.2)
)
def test_neither_units_nor_offsets_nor_drift_matter(
    per_z: float, per_f: float, shift: float, offset: float, slope: float
) -> None:
    f = np.maximum(Z - 0.6, 0.0) ** 1.5 + 0.3 * NOISE
    plain = find_curved_contact(Z, f)
    other = find_curved_contact(per_z * (Z + shift), per_f * (f + offset + slope * Z))
    assert other.position / per_z - shift == pytest.approx(plain.position, abs=2 * plain.u_fit)
    assert other.u_fit / per_z == pytest.approx(plain.u_fit, rel=0.5)


BEND = np.maximum(Z - 0.5, 0.0) ** 1.5


@pytest.mark.parametrize(
    ("force", "words"),
    [
        (np.zeros(500), "no contact"),
        (np.full(500, 0.37), "no contact"),
        (NOISE, "no contact"),
        (Z, "no contact"),
        (Z + NOISE, "no contact"),
        (NOISE - BEND, "no contact"),
        (np.sin(9.0 * Z) + NOISE, "no contact"),
        (np.maximum(Z - 0.99, 0.0) + NOISE, "no contact"),
        (Z**1.5 + NOISE, "contact from point"),
        (np.maximum(Z - 0.01, 0.0) ** 1.5 + NOISE, "contact from point"),
        (np.maximum(Z - 0.995, 0.0) + 1e-4 * NOISE, "after contact"),
        (np.where(Z < 0.7, BEND, 0.09 - 0.3 * (Z - 0.7)) + 0.1 * NOISE, "falls back"),
        (np.where(np.arange(500) == 77, math.nan, BEND), "not all finite"),
    ],
)
def test_curves_without_a_usable_contact_are_refused(force: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        curved_contact(Z, force)


@pytest.mark.parametrize(
    ("z", "f", "words"),
    [
        (np.array([]), np.array([]), "0 points"),
        (Z[:39], BEND[:39], "39 points"),
        (Z, BEND[:-1], "expected one shape"),
        (Z.reshape(2, 250), BEND.reshape(2, 250), "expected one shape"),
        (np.full(500, 1.0), BEND, "do not advance"),
        (Z[::-1], BEND, "do not advance"),
        (np.minimum(Z, 0.4), BEND, "do not advance"),
        (np.where(Z > 0.5, math.inf, Z), BEND, "not all finite"),
    ],
)
def test_bad_records_are_refused(z: Floats, f: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        find_curved_contact(z, f)


@given(
    st.lists(
        st.tuples(st.floats(-1e3, 1e3), st.floats(-50, 50) | st.just(math.nan)), min_size=38, max_size=60
    )
)
def test_any_record_gives_a_finite_estimate_or_a_refusal(points: list[tuple[float, float]]) -> None:
    z, f = np.array(sorted(points)).reshape(-1, 2).T
    try:
        found: ContactEstimate = find_curved_contact(z, f)
    except EstimateError:
        return
    assert math.isfinite(found.position)
    assert math.isfinite(found.u_fit)
    assert math.isfinite(found.u_window)
    assert found.dof > 2
