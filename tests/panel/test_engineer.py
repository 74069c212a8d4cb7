"""An engineer before many runs: each page opens, agrees with the record, and keeps nobody out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from rig.records import kinds
from rig.records.run import wall_utc
from tests.support.browser import CHROMIUM, LARGE, Window, serious_findings, window
from tests.support.bulk_records import BulkRecord
from tests.support.command import run_eol, shown
from tests.support.made_runs import MadeResult, MadeRun, make
from tests.support.panel import EVA, make_line, panel_process
from tests.support.tools import needs

pytestmark = needs(CHROMIUM)

DAYS = 20
FAILED_EACH = 5  # of the runs that were made up, from the first
SETTING = {"depth_mm": 0.5, "rate_per_min": 5000.0}


@dataclass(frozen=True)
class Reviewed:
    """A folder of runs that were made up, and one that was really measured, the last."""

    runs: Path
    made: list[str]
    verdicts: list[str]
    measured: dict[str, Any]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    runs = tmp_path_factory.mktemp("line") / "runs"
    made = [_made(number) for number in range(DAYS)]
    with BulkRecord(_folder(runs)) as record:
        made_ids = make(record, made)
    assert run_eol(runs, "--pen", "NP000777", "--lot", "L-7").status == 0
    measured = shown(runs)
    make_line(runs)
    return Reviewed(runs, made_ids, [run.verdict for run in made], measured)


@pytest.fixture(scope="module")
def eva(browser: Browser, reviewed: Reviewed) -> Iterator[Window]:
    with panel_process(reviewed.runs, "twin") as panel, window(browser, panel.address, size=LARGE) as opened:
        opened.sign_in(EVA)
        opened.shows_lanes(1)
        yield opened


def _folder(runs: Path) -> Path:
    runs.mkdir()
    return runs


def _made(number: int) -> MadeRun:
    verdict = kinds.FAIL if number % FAILED_EACH == 0 else kinds.PASS
    force = MadeResult("tip.insertion_force", 0.05, None, 0.1, None, "N", 0.001, verdict == kinds.PASS)
    depth = MadeResult("extension.as_left", 0.5 + 0.001 * (number * 7 % 11), 0.4, 0.6, SETTING)
    at = wall_utc() - timedelta(days=DAYS - number)
    return MadeRun(at, verdict, [depth, force], pen=f"NP{number:06d}", lot=f"L-{number % 2}")


def rows_of(page: Page, link: str) -> list[dict[str, str]]:
    """Return the rows of a CSV that a link of the page gives."""
    with page.expect_download() as begun:
        page.locator(link).first.press("Enter")
    with open(begun.value.path(), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_overview_counts_what_is_recorded(reviewed: Reviewed, eva: Window) -> None:
    page = eva.page
    page.goto("/overview")
    verdicts = [*reviewed.verdicts, reviewed.measured["verdict"]]
    tiles = page.locator(".tiles .tile b")
    expect(tiles.first).to_have_text(str(len(verdicts)))
    passed = page.locator(".tiles a[href*='verdict=PASS'] b")
    expect(passed).to_have_text(str(verdicts.count("PASS")))
    expect(page.locator(".causes")).to_contain_text("tip.insertion_force")
    for chart in ("yield", "takt", "failures", "control"):
        expect(page.locator(f"#{chart} canvas").first).to_be_visible()
    assert serious_findings(page) == []

    rows = rows_of(page, "#failures a[href*='.csv']")
    assert [(row["name"], row["runs"]) for row in rows] == [
        ("tip.insertion_force", str(verdicts.count("FAIL")))
    ]


def test_every_chart_exports_what_it_draws(eva: Window) -> None:
    page = eva.page
    page.goto("/overview")
    links = page.locator("main a[href^='/data/']")
    places = [links.nth(i).get_attribute("href") for i in range(links.count())]
    assert len(places) >= 10
    for place in places:
        answer = page.request.get(str(place))
        assert answer.status == 200, place
        if ".json" in str(place):
            assert json.loads(answer.text())["columns"]
        else:
            assert next(csv.reader(answer.text().splitlines()))


def test_runs_are_filtered_and_found(reviewed: Reviewed, eva: Window) -> None:
    page = eva.page
    page.goto("/runs")
    expect(page.locator("table.runs tbody tr")).to_have_count(DAYS + 1)
    assert serious_findings(page) == []
    page.locator("input[name=pen]").fill("NP000777")
    page.keyboard.press("Enter")
    expect(page.locator("table.runs tbody tr")).to_have_count(1)
    page.locator("table.runs tbody a").first.press("Enter")
    expect(page.locator("h1")).to_contain_text(reviewed.measured["run_id"])
    page.goto("/runs?verdict=FAIL&lot=L-0")
    wanted = [v for n, v in enumerate(reviewed.verdicts) if n % 2 == 0].count("FAIL")
    expect(page.locator("table.runs tbody tr")).to_have_count(wanted)


def test_what_was_asked_for_outlives_another_language_and_signing_in(
    reviewed: Reviewed, eva: Window, browser: Browser
) -> None:
    page = eva.page
    page.goto("/runs?verdict=FAIL&lot=L-0")
    count = page.locator("table.runs tbody tr").count()
    asked = page.url
    for language in ("DE", "EN"):
        page.get_by_role("button", name=language, exact=True).press("Enter")
        expect(page.locator("html")).to_have_attribute("lang", language.lower())
        expect(page).to_have_url(asked)
        expect(page.locator("table.runs tbody tr")).to_have_count(count)
    with window(browser, asked.partition("/runs")[0]) as another:
        another.page.goto("/runs?verdict=FAIL&lot=L-0")
        another.says_who(EVA)
        expect(another.page).to_have_url(asked)


def test_a_run_is_shown_as_it_is_recorded(reviewed: Reviewed, eva: Window) -> None:
    page, recorded = eva.page, reviewed.measured
    page.goto(f"/runs/{recorded['run_id']}")
    expect(page.locator(".engineer")).to_have_attribute("data-verdict", "PASS")
    expect(page.locator("#measurements h2")).to_contain_text(str(len(recorded["measurements"])))
    expect(page.locator("#measurements svg.range").first).to_be_visible()
    expect(page.locator("#trace canvas").first).to_be_visible()
    page.locator("#measurements button[aria-controls]").first.press("Enter")
    expect(page.locator("#measurements .budget-card").first).to_be_visible()
    assert serious_findings(page) == []

    rows = rows_of(page, "#measurements a[href*='measurements.csv']")
    told = {row["name"]: float(row["value"]) for row in rows}
    assert told == {one["name"]: one["value"] for one in recorded["measurements"]}


def test_runs_are_compared(reviewed: Reviewed, eva: Window) -> None:
    page = eva.page
    page.goto("/runs?plan=eol")
    boxes = page.locator("table.runs input[type=checkbox]")
    for i in (1, 2):
        boxes.nth(i).press("Space")
    page.locator("form[data-compare] button").press("Enter")
    expect(page.locator("table.compare")).to_be_visible()
    expect(page.locator("table.compare thead")).to_contain_text("NP000019")
    expect(page.locator("table.compare thead")).to_contain_text("NP000018")
    expect(page.locator("table.compare tbody")).to_contain_text("tip.insertion_force")
    assert serious_findings(page) == []


def test_stations_show_their_certificates(reviewed: Reviewed, eva: Window) -> None:
    page = eva.page
    page.goto("/stations")
    expect(page.locator("main")).to_contain_text("SIM-L-0001")
    assert serious_findings(page) == []
    assert reviewed.measured["instruments"]


def test_an_address_that_leads_nowhere_says_so(eva: Window) -> None:
    page = eva.page
    for place in ("/runs/no-such-run", "/nothing", "/runs?since=never", "/compare?run=a&run=b"):
        answer = page.goto(place)
        assert answer is not None
        assert answer.status in (404, 422), place
        expect(page.locator("main")).to_be_visible()
    assert serious_findings(page) == []
