"""An operator with gloves and a scanner, before a real panel in a real browser; no mouse is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from rig.records.store import FILE_NAME
from tests.support.browser import CHROMIUM, Lane, Window, serious_findings, window
from tests.support.command import shown, verdicts
from tests.support.panel import ATTENDED, Line, PanelProcess, make_line, panel_process
from tests.support.people import BEN
from tests.support.tools import needs

pytestmark = needs(CHROMIUM)

GOOD, ANOTHER, LEAKY, USED = "NP000042", "NP000043", "NP900001", "NP900003"
TIP, OTHER_TIP = "T2611A", "T9999Z"
CLAMP, LOAD = "Clamp the pen in the nest, needles towards the plate", "Lay the pen's pouch on the anvil"
SLOWER_THAN_A_SCANNER_MS = 250  # an Enter right behind characters is the scanner's own, and answers nothing
FAR_PX = 80  # of capitals on a screen of 1280 × 800: 2 cm and more, which is read from three metres


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return make_line(tmp_path_factory.mktemp("line") / "runs")


@pytest.fixture(scope="module")
def panel(line: Line) -> Iterator[PanelProcess]:
    with panel_process(line.runs, "twin", ATTENDED) as panel:
        yield panel


@pytest.fixture(scope="module")
def ben(browser: Browser, panel: PanelProcess) -> Iterator[Window]:
    """Ben's window, in which he stays signed in."""
    with window(browser, panel.address) as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(2)
        yield opened


@pytest.fixture
def first(ben: Window) -> Lane:
    """The first lane, waiting for a pen's scan and taking what is scanned."""
    ben.page.goto("/")
    ben.shows_lanes(2)
    ben.page.keyboard.press("F1")
    ben.page.keyboard.press("Escape")
    return ben.lane(1)


def test_who_is_not_known_is_not_let_in(browser: Browser, panel: PanelProcess) -> None:
    with window(browser, panel.address) as stranger:
        page = stranger.page
        for place in ("/", "/overview", "/runs"):
            page.goto(place)
            expect(page).to_have_url(f"{panel.address}/sign-in?next={place}")
        assert serious_findings(page) == []
        stranger.sign_in(BEN, "not his password")
        expect(page.locator(".refusal")).to_be_visible()
        stranger.sign_in("<script>alert(1)</script>", "x")
        expect(page.locator(".refusal")).to_be_visible()
        expect(page.locator("input[name=name]")).to_have_value("<script>alert(1)</script>")
        page.goto("/")
        expect(page.locator(".lane")).to_have_count(0)


def test_what_keeps_people_out_would_be_found(browser: Browser, panel: PanelProcess) -> None:
    with window(browser, panel.address) as stranger:
        stranger.page.goto("/sign-in")
        stranger.page.locator("h1").evaluate("title => { title.style.color = '#ccc'; }")
        stranger.page.locator("label").first.evaluate("label => label.replaceWith(...label.children)")
        found = serious_findings(stranger.page)
        for rule in ("light: color-contrast", "light: label"):
            assert any(one.startswith(rule) for one in found), found


def test_a_good_pen_is_scanned_to_its_verdict(line: Line, ben: Window, first: Lane) -> None:
    assert serious_findings(ben.page) == []
    ben.scan(GOOD)
    first.is_in("tip")
    expect(first.find(".face.ask .scanned")).to_contain_text(GOOD)
    ben.scan(TIP)
    first.is_in("running")
    expect(first.find(".now .title")).not_to_be_empty()
    expect(first.find(".times .of")).to_contain_text("Step")
    expect(first.find(".plot canvas").first).to_be_visible()
    expect(first.find(".results li").first).to_be_visible()
    first.ends("PASS")

    expect(first.find(".face.verdict .word")).to_have_text("PASS")
    expect(first.find(".face.verdict .mark use")).to_have_attribute("href", "#mark-PASS")
    expect(first.find(".face.verdict .subject")).to_contain_text(GOOD)
    box = first.find(".face.verdict .word").bounding_box()
    assert box is not None
    assert box["height"] >= FAR_PX
    assert serious_findings(ben.page) == []

    recorded = shown(line.runs)
    assert (recorded["verdict"], recorded["pen_serial"], recorded["tip_lot"]) == ("PASS", GOOD, TIP)
    assert recorded["operator"]["name"] == BEN


def test_a_bad_pen_fails_and_the_page_says_of_what(line: Line, ben: Window, first: Lane) -> None:
    ben.scan(LEAKY)
    first.is_in("tip")
    ben.scan(TIP)
    first.is_in("running")
    first.ends("FAIL")
    expect(first.find(".face.verdict .word")).to_have_text("FAIL")
    expect(first.find(".face.verdict .mark use")).to_have_attribute("href", "#mark-FAIL")
    expect(first.find(".face.verdict .reasons")).to_contain_text("Leak rate of the pouch")
    assert serious_findings(ben.page) == []
    recorded = shown(line.runs)
    assert recorded["verdict"] == "FAIL"
    assert {m["characteristic"] for m in recorded["measurements"] if not m["accepted"]} == {"seal.leak"}


def test_prompts_are_answered_by_enter_and_refused_by_escape(line: Line, ben: Window, first: Lane) -> None:
    second = ben.lane(2)
    ben.page.keyboard.press("F2")
    expect(second.section).to_have_attribute("data-active", "")
    ben.scan(ANOTHER)
    second.is_in("tip")
    ben.scan(TIP)
    second.asks(CLAMP)
    expect(second.find(".prompt .picture")).to_be_visible()
    assert serious_findings(ben.page) == []

    ben.scan("NP000044")  # a scan is no answer to this
    expect(second.find(".prompt .refused")).not_to_be_empty()
    second.asks(CLAMP)
    ben.page.wait_for_timeout(SLOWER_THAN_A_SCANNER_MS)
    ben.page.keyboard.press("Enter")
    second.asks(LOAD)
    ben.page.keyboard.press("Escape")
    second.ends("ABORTED")
    expect(second.find(".face.verdict .word")).to_have_text("STOPPED")
    recorded = shown(line.runs)
    assert (recorded["verdict"], recorded["faults"]) == ("ABORTED", [])


@pytest.mark.parametrize("scanned", ["XX000042", "(01)09506000134352", "]", "NP42"])
def test_a_scan_of_no_pen_says_what_is_expected(line: Line, ben: Window, first: Lane, scanned: str) -> None:
    before = (line.runs / FILE_NAME).read_bytes()
    ben.scan(scanned)
    first.says("Not accepted", "xpected")
    expect(first.section).not_to_have_attribute("data-state", "tip")
    assert (line.runs / FILE_NAME).read_bytes() == before


def test_a_scan_of_no_tip_lot_leaves_the_pen_at_hand(ben: Window, first: Lane) -> None:
    ben.scan(GOOD)
    first.is_in("tip")
    ben.scan("T26")
    first.says("is no lot of a tip", "T2611A")
    expect(first.find(".face.ask .scanned")).to_contain_text(GOOD)
    ben.scan(ANOTHER)  # another pen takes its place
    expect(first.find(".face.ask .scanned")).to_contain_text(ANOTHER)
    ben.page.keyboard.press("Escape")
    expect(first.section).not_to_have_attribute("data-state", "tip")


def test_a_tip_of_another_lot_is_refused_before_anything_moves(line: Line, ben: Window, first: Lane) -> None:
    known = verdicts(line.runs)
    ben.scan(GOOD)
    first.is_in("tip")
    ben.scan(OTHER_TIP)
    expect(first.section).to_contain_text(OTHER_TIP)
    expect(first.section).to_contain_text(TIP)
    expect(first.section).not_to_have_attribute("data-state", "starting")
    assert set(verdicts(line.runs)[len(known) :]) <= {"REFUSED"}


def test_a_used_tip_is_not_started(line: Line, ben: Window, first: Lane) -> None:
    ben.scan(USED)
    first.is_in("tip")
    ben.scan(TIP)
    first.ends("REFUSED")
    expect(first.find(".face.verdict .word")).to_have_text("NOT STARTED")
    expect(first.find(".face.verdict .reasons")).to_contain_text("tip")
    recorded = shown(line.runs)
    assert (recorded["verdict"], recorded["measurements"]) == ("REFUSED", [])


def test_refusals_are_told_in_the_readers_language(browser: Browser, panel: PanelProcess) -> None:
    with window(browser, panel.address, language="de") as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(2)
        lane = opened.lane(1)
        opened.page.keyboard.press("F1")
        opened.page.keyboard.press("Escape")
        opened.scan(GOOD)
        lane.is_in("tip")
        opened.scan("T26")
        lane.says("'T26' ist kein Tip-Los", "Erwartet: eines wie T2611A. Etikett auf dem Blister")
        expect(lane.find(".notice .what")).to_have_attribute("lang", "de")
        opened.page.keyboard.press("Escape")
        opened.scan(USED)
        lane.is_in("tip")
        opened.scan(TIP)
        lane.ends("REFUSED")
        expect(lane.find(".face.verdict .reasons")).to_contain_text("der Tip wurde schon benutzt (1×)")
        expect(lane.find(".face.verdict .reasons [lang=en]")).to_have_count(0)
        assert serious_findings(opened.page) == []


def test_a_scan_of_ten_thousand_characters(ben: Window, first: Lane) -> None:
    ben.scan("N" * 10_000)
    first.says("10000 characters", "200")
    wide = ben.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page did not grow"


def test_a_script_in_a_scan_is_text(ben: Window, first: Lane) -> None:
    script = "<script>document.title='gone'</script>"
    for scanned in (script, "<img src=x onerror=document.title='gone'>"):
        ben.scan(scanned)
        first.says(scanned[:20])
    expect(first.find("script, .notice img")).to_have_count(0)
    assert "gone" not in ben.page.title()
    ben.page.reload()
    assert "gone" not in ben.page.title()


def test_an_operator_has_no_pages_of_engineers(line: Line, ben: Window) -> None:
    page = ben.page
    page.goto("/")
    expect(page.locator("nav a")).to_have_count(1)
    run_id = shown(line.runs)["run_id"]
    places = (
        "/overview",
        "/runs",
        f"/runs/{run_id}",
        f"/compare?run={run_id}",
        "/stations",
        "/data/runs.csv",
    )
    for place in places:
        answer = page.goto(place)
        assert answer is not None
        assert answer.status == 403, place
        expect(page.locator(".engineer")).to_have_count(0)


def test_who_signs_out_is_a_stranger(browser: Browser, panel: PanelProcess) -> None:
    with window(browser, panel.address) as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(2)
        cookies = opened.page.context.cookies()
        opened.page.get_by_role("button", name="Sign out").press("Enter")
        expect(opened.page).to_have_url(f"{panel.address}/sign-in")
        opened.page.context.add_cookies(cookies)  # as if somebody had kept them
        opened.page.goto("/")
        expect(opened.page).to_have_url(f"{panel.address}/sign-in?next=/")
