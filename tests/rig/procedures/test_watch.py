"""What procedures show while they measure is what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from rig.procedures.bench import Bench
from rig.procedures.insertion import insert_needles, insert_slowly
from rig.procedures.load import press_parked_needles
from rig.procedures.peel import peel_seal
from rig.procedures.penetration import strike_film
from rig.procedures.pressure_decay import finish_leak_test, start_leak_test
from rig.procedures.rim_datum import scan_rim
from rig.procedures.squeeze import squeeze_pouch
from rig.procedures.strokes import capture_strokes, prepare_counter
from rig.procedures.watch import Watcher
from rig.product import Setting
from rig.records.trace import Trace
from tests.support.real_bench import real_bench


@dataclass
class Seen(Watcher):
    """Remembers the curves that it was shown."""

    titles: list[str] = field(default_factory=list)
    axes: list[tuple[str, str]] = field(default_factory=list)
    curves: list[list[tuple[float, float]]] = field(default_factory=list)
    ended: int = 0

    def begins(self, title: str, *, x: str, y: str) -> None:
        self.titles.append(title)
        self.axes.append((x, y))
        self.curves.append([])

    def point(self, x: float, y: float) -> None:
        self.curves[-1].append((x, y))

    def ends(self) -> None:
        self.ended += 1


@pytest.fixture
def bench() -> Iterator[Bench]:
    with real_bench() as bench:
        bench.watch = Seen()
        yield bench


def seen(bench: Bench) -> Seen:
    assert isinstance(bench.watch, Seen)
    return bench.watch


@pytest.mark.parametrize(
    ("measure", "tolerance"),
    [
        (squeeze_pouch, 0.02),  # the trace is free of the zero's drift besides
        (insert_needles, 1e-9),
        (insert_slowly, None),
        (scan_rim, 1e-9),
        (peel_seal, None),
        (lambda bench: press_parked_needles(bench, 42.3), 1e-9),
        (lambda bench: finish_leak_test(start_leak_test(bench)), 1e-9),
    ],
    ids=["squeeze", "insertion", "slow insertion", "rim", "peel", "press", "pressure decay"],
)
def test_a_curve_is_shown_as_it_is_taken(
    bench: Bench, measure: Callable[[Bench], Trace], tolerance: float | None
) -> None:
    """Forces of some traces are as read; what is shown is free of the zero before them."""
    trace = measure(bench)
    (axes,), (curve,) = seen(bench).axes, seen(bench).curves
    assert axes == (trace.about["x"], trace.about["y"])
    assert seen(bench).ended == 1
    whole = trace.columns[axes[0]]
    x, y = np.array([point for point in curve if point[0] <= whole.max()]).T  # one may come after the end
    kept = np.isin(whole, x)
    assert kept.sum() == len(x) >= len(whole) - 2, "the ends may be of another source"
    returned = trace.columns[axes[1]][kept]
    if tolerance is None:
        zero = returned - y
        assert np.ptp(zero) < 1e-9
        assert abs(zero[0]) < 0.05
    else:
        assert y == pytest.approx(returned, abs=tolerance)


def test_strokes_are_shown_as_the_mean_of_each_gap(bench: Bench) -> None:
    scan_rim(bench)
    prepare_counter(bench)
    setting = Setting(0.5, 5000.0)
    found = capture_strokes(bench, setting, 42.3, expected_mm=None, strokes=6, stamps=0).duties
    assert (seen(bench).titles[-1], seen(bench).axes[-1]) == (f"Strokes at {setting}", ("gap_mm", "duty"))
    gap_mm, duty = np.array(seen(bench).curves[-1]).T
    plates = found.columns["plate_mm"]
    assert 42.3 - gap_mm == pytest.approx(list(dict.fromkeys(plates)))
    means = [found.columns["duty"][plates == plate].mean() for plate in dict.fromkeys(plates)]
    assert duty == pytest.approx(means)


def test_film_is_shown_as_the_share_of_strokes_that_go_through(bench: Bench) -> None:
    found = strike_film(bench, 5000.0, layers=bench.station.nest.film_layers)
    assert seen(bench).axes == [("set_depth_mm", "reached_share")]
    depth_mm, share = np.array(seen(bench).curves[0]).T
    assert list(depth_mm) == list(found.columns["set_depth_mm"])
    assert share == pytest.approx(found.columns["reached"] / found.columns["strokes"])
