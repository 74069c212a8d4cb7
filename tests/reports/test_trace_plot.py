"""What a plot shows, asked of its view; and that it becomes a picture, whatever is in the trace."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calibration.limits import Limits
from calibration.measured import Contribution, Measured, combine
from reports.plotter import Plotter
from reports.trace_plot import SIZE_PX, plot_trace
from reports.trace_view import View, label_of, view_of
from rig.records.trace import Trace

RESULT_COLOUR = (0xD5, 0x5E, 0x00)


def measured(value: float, unit: str, u: float = 0.002) -> Measured:
    return combine(value, unit, [Contribution("test", u)])


def strokes() -> Trace:
    """Three gaps of four strokes each; one of them bounced."""
    plate = np.repeat([42.00, 42.05, 42.10], 4)
    duty = np.array([0.05, 0.051, 0.049, 0.05, 0.10, 0.101, 0.099, 0.95, 0.15, 0.151, 0.149, 0.15])
    about = {"x": "plate_mm", "y": "duty", "rim_mm": 42.5}
    return Trace("strokes 0.50 mm 5000 per min", {"plate_mm": plate, "duty": duty}, about)


def stamps(periods_s: list[float]) -> Trace:
    return Trace("stamps", {"time_s": np.cumsum([0.0, *periods_s])})


def squeeze() -> Trace:
    time_s = np.linspace(0.0, 8.0, 300)
    columns = {"time_s": time_s, "position_mm": time_s * 0, "force_n": 20 * np.exp(-time_s / 100)}
    return Trace("squeeze", columns, {"x": "time_s", "y": "force_n", "hold_s": 0.9})


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def colours_near(image: Image.Image, colour: tuple[int, int, int]) -> int:
    pixels = np.asarray(image, dtype=int)
    return int((np.abs(pixels - colour).max(axis=2) < 24).sum())


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("position_mm", "position (mm)"),
        ("force_n", "force (N)"),
        ("time_s", "time (s)"),
        ("duty", "duty"),
        ("use_count", "use count"),
    ],
)
def test_a_column_s_name_says_its_unit(column, label):
    assert label_of(column) == label


def test_plate_positions_are_shown_as_gaps_with_the_extension_among_them():
    view = view_of(strokes(), measured(0.52, "mm"), Limits(0.45, 0.55))
    assert view.x == pytest.approx(np.repeat([0.50, 0.45, 0.40], 4))
    assert (view.x_label, view.y_label) == ("gap between rim and plate (mm)", "duty")
    assert view.across == pytest.approx((0.52, 0.004))
    assert view.limits == (0.45, 0.55)
    assert not view.curve


def test_a_result_of_another_quantity_is_told_but_not_marked():
    view = view_of(strokes(), measured(5000.0, "1/min"), Limits(4500.0, 5500.0), "Rate: 5000 /min")
    assert (view.across, view.limits, view.level) == (None, None, None)
    assert view.caption == "Rate: 5000 /min"


def test_stamps_are_shown_as_periods_with_the_rate_among_them():
    view = view_of(stamps([0.010, 0.011, 0.009]), measured(6000.0, "1/min"))
    assert view.x.tolist() == [1.0, 2.0, 3.0]
    assert view.y == pytest.approx([10.0, 11.0, 9.0])
    assert (view.x_label, view.y_label) == ("stroke", "period (ms)")
    assert view.level == pytest.approx(10.0)


def test_a_squeeze_is_a_curve_that_says_when_the_hold_began():
    view = view_of(squeeze(), measured(1e-5, "Pa·m³/s"), Limits(None, 2e-4))
    assert view.curve
    assert view.moment == 0.9
    assert (view.x_label, view.y_label) == ("time (s)", "force (N)")


def test_one_sided_limits_are_not_shaded():
    assert view_of(strokes(), measured(0.52, "mm"), Limits(None, 0.55)).limits is None


def test_a_trace_that_does_not_say_what_to_draw_is_refused():
    with pytest.raises(KeyError, match="x"):
        view_of(Trace("mute", {"a_mm": np.zeros(3), "b_n": np.zeros(3)}))


def test_a_plot_is_a_small_png_with_the_result_in_its_colour():
    with_result = picture(plot_trace(strokes(), measured(0.52, "mm"), Limits(0.45, 0.55), "Extension"))
    assert with_result.size == SIZE_PX
    assert colours_near(with_result, RESULT_COLOUR) > 200
    assert colours_near(picture(plot_trace(strokes())), RESULT_COLOUR) == 0


def test_the_sheet_forgets_what_it_drew_before():
    first = plot_trace(strokes())
    plot_trace(squeeze(), measured(1e-5, "Pa·m³/s"), None, "Leak")
    plot_trace(stamps([0.010, 0.011, 0.009]), measured(6000.0, "1/min"), None, "Rate")
    assert plot_trace(strokes()) == first


@pytest.mark.parametrize(
    "trace",
    [
        stamps([]),
        stamps([0.01]),
        stamps([0.01, 0.01, 0.01]),
        Trace(
            "gaps", {"a_mm": np.arange(3.0), "b_n": np.array([1.0, np.nan, 2.0])}, {"x": "a_mm", "y": "b_n"}
        ),
        Trace("nothing", {"a_mm": np.full(3, np.nan), "b_n": np.full(3, np.nan)}, {"x": "a_mm", "y": "b_n"}),
        Trace("price in $ and $", {"a_mm": np.arange(3.0), "b_n": np.arange(3.0)}, {"x": "a_mm", "y": "b_n"}),
    ],
    ids=["no stroke", "one stroke", "all alike", "with NaN", "only NaN", "dollars"],
)
def test_an_odd_trace_still_gives_a_picture(trace):
    assert picture(plot_trace(trace)).size == SIZE_PX


def test_the_plotter_writes_files_and_says_which_it_could_not_write(tmp_path: Path):
    view = View("title", "caption", np.arange(3.0), np.arange(3.0), "x", "y")
    plotter = Plotter()
    plotter.draw(view, tmp_path / "plot.png")
    plotter.draw(view, tmp_path / "missing" / "lost.png")
    (problem,) = plotter.finish()
    assert problem.startswith("lost.png: FileNotFoundError")
    assert picture((tmp_path / "plot.png").read_bytes()).size == SIZE_PX
