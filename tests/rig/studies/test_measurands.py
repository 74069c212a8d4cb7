"""Everything a study may ask for is measured once, and stands in the units it promises."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from rig.product import load_product
from rig.session import Session
from rig.studies.measurands import MEASURANDS

LONG = {"force_change"}
"""Takes minutes of the twin's time; the validation plan of wear is tested with a shorter one."""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session("twin", seed=2) as session:
        yield session


@pytest.mark.parametrize("name", [name for name in MEASURANDS if name not in LONG])
def test_it_is_measured_in_its_unit_with_an_uncertainty(session: Session, name: str) -> None:
    measured = session.measure(name, depth_mm=1.25, rate_per_min=7000)
    assert measured.unit == MEASURANDS[name].unit
    assert math.isfinite(measured.value)
    assert measured.U > 0


@pytest.mark.parametrize("product", ["office-pen", "compact-pen"])
def test_what_it_is_judged_as_stands_in_every_product_in_the_same_unit(product: str) -> None:
    characteristics = load_product(product).characteristics
    for measurand in MEASURANDS.values():
        if measurand.judged_as:
            assert characteristics[measurand.judged_as].unit == measurand.unit, measurand.title
