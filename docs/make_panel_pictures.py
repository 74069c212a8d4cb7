"""Make the pictures of the panel in ``docs/pictures``: every view, in two sizes, some of them dark.

``make panel/pictures`` runs it; it needs Chromium. What is shown is a panel over a factory's week that never
was and some runs on the twin, driven by keyboard as an operator would.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.factory import FIRST, RUNS_A_DAY, make_factory
from tests.support.browser import LARGE, SMALL, Lane, Window, chromium, window
from tests.support.panel import ATTENDED, EVA, make_line, panel_process
from tests.support.people import BEN
from tests.support.standing_twin import standing_twin

PICTURES = Path(__file__).parent / "pictures"
SIZES = (SMALL, LARGE)
COLOURS = 64  # flat pages have few; the files are a third of what they would be
RUNS, RESULTS = 4000, 20
LAST = FIRST.date() + timedelta(days=RUNS // RUNS_A_DAY - 1)
A_DAY = timedelta(days=1)
DAYS = f"since={FIRST.date()}&until={LAST}"
THE_BENCHS_OWN, TIP, LEAKY, ANOTHER = "NP000001", "T2611A", "NP900001", "NP000042"
MEASURED = 12  # results before the picture of a run under way


def main() -> None:
    """Make all pictures anew."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser, standing_twin("--wall-clock") as bench:
        runs = Path(name) / "runs"
        runs.mkdir()
        make_factory(runs, RUNS, RESULTS)
        make_line(runs)
        slow = str(bench.station_file(Path(name), ('"twin-1"', '"line-1"')))
        with _before(browser, runs, "twin") as one:
            _sign_in_and_fail(one)
        with _before(browser, runs, ATTENDED) as one:
            _prompt(one)
        with _before(browser, runs, slow) as one:
            _run_to_pass(one)
        with _before(browser, runs, slow, ATTENDED) as one:
            _two_lanes(one)
        with _before(browser, runs, "twin", who=EVA) as one:
            _engineer(one.page)


@contextmanager
def _before(browser: Browser, runs: Path, *stations: str, who: str = BEN) -> Iterator[Window]:
    """Sit somebody before a panel with lanes."""
    with (
        panel_process(runs, *stations) as panel,
        window(browser, panel.address, reduced_motion="reduce") as one,
    ):
        one.sign_in(who)
        one.shows_lanes(len(stations))
        yield one


def _sign_in_and_fail(one: Window) -> None:
    _picture(one.page, "operator-idle", dark=True)
    one.scan("XX000042")
    one.lane(1).says("unknown model")
    _picture(one.page, "operator-refused")
    _begin(one, LEAKY)
    one.lane(1).ends("FAIL")
    _picture(one.page, "operator-fail", dark=True)
    one.page.get_by_role("button", name="Sign out").press("Enter")
    expect(one.page.locator("input[name=password]")).to_be_visible()
    _picture(one.page, "sign-in")


def _prompt(one: Window) -> None:
    _begin(one, ANOTHER)
    expect(one.lane(1).find(".prompt")).to_be_visible()
    _picture(one.page, "operator-prompt")
    one.page.keyboard.press("F9")
    one.lane(1).ends("ABORTED")
    _picture(one.page, "operator-stopped")


def _run_to_pass(one: Window) -> None:
    _begin(one, THE_BENCHS_OWN)
    _measures(one.lane(1))
    _picture(one.page, "operator-running", dark=True)
    one.lane(1).ends("PASS")
    _picture(one.page, "operator-pass", dark=True)


def _two_lanes(one: Window) -> None:
    _begin(one, THE_BENCHS_OWN)
    one.page.keyboard.press("F2")
    _begin(one, ANOTHER)
    expect(one.lane(2).find(".prompt")).to_be_visible()
    _measures(one.lane(1))
    _picture(one.page, "operator-two-lanes")
    for number in (1, 2):
        one.page.keyboard.press(f"F{number}")
        one.page.keyboard.press("F9")
        one.lane(number).ends("ABORTED")


def _engineer(page: Page) -> None:
    failed, passed = (
        _run_of(page, f"verdict={verdict}&since={LAST + A_DAY}") for verdict in ("FAIL", "PASS")
    )
    for name, place, dark in (
        ("overview", f"/overview?{DAYS}", True),
        ("runs", "/runs", False),
        ("run", f"/runs/{passed}", False),
        ("run-failed", f"/runs/{failed}", True),
        ("compare", f"/compare?run={passed}&run={failed}", False),
        ("stations", "/stations?station=line-1", False),
    ):
        page.goto(place)
        _picture(page, name, dark=dark)
    page.goto(f"/overview?{DAYS}")
    _picture(page, "overview-whole", whole=True)


def _run_of(page: Page, query: str) -> str:
    """Return the newest run of those that are asked for."""
    page.goto(f"/runs?{query}")
    place = page.locator("table.runs tbody a").first.get_attribute("href")
    return str(place).rpartition("/")[2]


def _measures(lane: Lane) -> None:
    """Wait until there is something to see of a run under way."""
    expect(lane.find(".results li").nth(MEASURED)).to_be_attached()
    expect(lane.find(".plot canvas").first).to_be_visible()


def _begin(one: Window, pen: str) -> None:
    one.scan(pen)
    expect(one.page.locator(".lane[data-active]")).to_have_attribute("data-state", "tip")
    one.scan(TIP)


def _picture(page: Page, name: str, *, dark: bool = False, whole: bool = False) -> None:
    """Keep a picture of what a window shows, in both sizes, and in the small one dark too."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        _keep(page, f"panel-{name}-{width}", whole=whole)
    page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    if dark:
        for theme in ("dark", "light"):
            page.get_by_role("button", name=theme.capitalize(), exact=True).press("Enter")
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            if theme == "dark":
                _is_drawn(page)
                _keep(page, f"panel-{name}-{SMALL[0]}-dark", whole=False)


def _is_drawn(page: Page) -> None:
    """Wait until a page that was loaded anew shows what it did before."""
    page.wait_for_load_state("load")
    if page.locator(".lane").count():
        expect(page.locator("body")).to_have_attribute("data-connected", "true")
    if page.locator(".lane[data-state='running'] .plot").count():
        expect(page.locator(".plot canvas").first).to_be_visible()


def _keep(page: Page, name: str, *, whole: bool) -> None:
    # Charts are drawn a frame after the window has its size.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole, animations="disabled")))
    flat = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    path = PICTURES / f"{name}.png"
    flat.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} kB", flush=True)


if __name__ == "__main__":
    main()
