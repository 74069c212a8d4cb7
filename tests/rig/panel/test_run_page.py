"""The page of one run, against its record."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.records import frames
from rig.records.locks import hold_run
from rig.records.store import Store
from tests.support.evidence import begin, measure_all, run_id_of
from tests.support.records import record_calibration
from tests.support.reviewing import SCRIPT, Reviewed, csv_of, reviewed, scripts_of, tables_of, text_of

WHOLE, BROKEN, GOING, CUT = (run_id_of(number) for number in (1, 2, 3, 4))


@dataclass
class Page:
    """A page: its words, its tables and its markup."""

    words: str
    tables: list[list[list[str]]]
    markup: str


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    panel = reviewed(tmp_path_factory.mktemp("runs"), [])
    with Store(panel.runs) as store:
        whole = begin(store, 1, lot="L-7", tip_lot="T2611A")
        measure_all(whole, 1)
        record_calibration(whole)
        whole.note("rim datum 42.3164 ± 0.0013 mm")
        whole.ended("PASS", takt_s=43.2, wall_s=4.5)
        broken = begin(store, 2, serial=SCRIPT, lot=SCRIPT)
        broken.fault("test_as_found", f"counter: it sees no stroke {SCRIPT}")
        broken.wire_log([f"{number:.6f} stage > 2f 31 {SCRIPT}" for number in range(3000)])
        broken.note("traceback", text_of=f"Traceback {SCRIPT}")
        broken.ended("ERROR", takt_s=None, wall_s=1.0, reasons=[f"the counter sees no stroke {SCRIPT}"])
        measure_all(begin(store, 3), 3, traces=False)
        begin(store, 4)
    return panel


def _page(some: Reviewed, address: str) -> Page:
    answer = some.ada.get(address)
    assert answer.status_code == 200, answer.text
    return Page(text_of(answer.text), tables_of(answer.text), answer.text)


def test_every_result_stands_there_against_its_limits(some: Reviewed) -> None:
    page = _page(some, f"/runs/{WHOLE}")
    measured = frames.measurements(some.runs, WHOLE)
    rows = [row for row in page.tables[0] if len(row) > 5 and row[-2].endswith(("PASS", "FAIL"))]
    assert len(rows) == len(measured)
    assert page.markup.count('<svg class="range') == measured[["lower", "upper"]].notna().any(axis=1).sum()
    by_order = measured.sort_values("characteristic", kind="stable")
    assert sorted(row[-2].split()[-1] for row in rows) == sorted(by_order["verdict"])


def test_the_file_of_results_is_the_record(some: Reviewed) -> None:
    rows = csv_of(some.ada.get(f"/data/runs/{WHOLE}/measurements.csv").text)
    measured = frames.measurements(some.runs, WHOLE)
    for row, (_, one) in zip(rows, measured.iterrows(), strict=True):
        assert (row["name"], row["verdict"], row["unit"]) == (one["name"], one["verdict"], one["unit"])
        assert (float(row["value"]), float(row["U"])) == (one["value"], one["U"])


def test_the_head_says_who_what_and_when(some: Reviewed) -> None:
    words = _page(some, f"/runs/{WHOLE}").words
    for told in ("✔ PASS", "Pen NP000001", "Lot L-7", "Station twin-1", "Operator A. Keller", "Takt 43.2 s",
                 "Began (UTC) 2026-11-22 10:31:00", "Software 0.1.0", "rim datum 42.3164"):  # fmt: skip
        assert told in words


def test_a_budget_adds_up_and_is_closed_at_first(some: Reviewed) -> None:
    page = _page(some, f"/runs/{WHOLE}")
    budgets = [table for table in page.tables if table[0][0] == "Contribution"]
    assert len(budgets) == page.markup.count('class="budget"') == page.markup.count('aria-expanded="false"')
    for budget in budgets:
        if budget[1][1] == "0":  # of a yes or no, which has none
            continue
        shares = [float(row[3].strip("<> %")) for row in budget[1:]]
        assert sum(shares) == pytest.approx(100, abs=0.3)
    assert page.markup.count('class="budget" id="budget-') == page.markup.count('" hidden>')


def test_calibration_shows_both_check_sums_and_every_node(some: Reviewed) -> None:
    page = _page(some, f"/runs/{WHOLE}")
    assert "1234ABCD → DEADBEEF" in page.words
    nodes = next(table for table in page.tables if "Command (mm)" in table[0])
    assert [row[2:4] for row in nodes[1:]] == [["0.262", "+0.0120"], ["2.581", "+0.0810"]]


def test_errors_before_and_after_are_those_that_were_measured(some: Reviewed) -> None:
    measured = frames.measurements(some.runs, WHOLE)
    rows = csv_of(some.ada.get(f"/data/runs/{WHOLE}/calibration.csv").text)
    found = 0
    for row in rows:
        depth = float(row["depth_mm"])
        for column, text in row.items():
            if not column.endswith("/min (mm)") or not text:
                continue
            when, rate = column.split()[:2]
            name = "extension.as_found" if when == "before" else "extension.as_left"
            one = measured[
                (measured["characteristic"] == name)
                & (measured["depth_mm"] == depth)
                & (measured["rate_per_min"] == float(rate))
            ].iloc[0]
            assert float(text) == pytest.approx(one["value"] - depth)
            found += 1
    assert found == measured["characteristic"].isin(["extension.as_found", "extension.as_left"]).sum()


def test_a_trace_is_drawn_from_what_was_recorded(some: Reviewed) -> None:
    raw = csv_of(some.ada.get(f"/data/runs/{WHOLE}/raw/squeeze.csv").text)
    kept = frames.traces(some.runs, WHOLE, "squeeze")
    assert [float(row["force_n"]) for row in raw] == list(kept["force_n"])
    drawn = some.ada.get(f"/data/runs/{WHOLE}/traces/squeeze.json").json()
    assert (drawn["about"]["x_title"], drawn["about"]["y_title"]) == ("time (s)", "force (N)")
    assert drawn["columns"]["force (N)"] == list(kept["force_n"])
    page = _page(some, f"/runs/{WHOLE}?trace=squeeze")
    assert '<option value="squeeze" selected>' in page.markup


def test_a_trace_that_was_changed_is_not_drawn_as_if_it_were_the_one(some: Reviewed) -> None:
    path = next(Path(some.runs).glob(f"{WHOLE}/traces/insertion*"))
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1] + b"x")
        answer = some.ada.get(f"/data/runs/{WHOLE}/traces/insertion.json")
    finally:
        path.write_bytes(whole)
    assert answer.status_code == 503
    assert "not the one" in answer.json()["detail"] or "changed" in answer.json()["detail"]


def test_what_broke_is_told_with_the_end_of_the_wire_log(some: Reviewed) -> None:
    page = _page(some, f"/runs/{BROKEN}")
    assert "⚠ ERROR" in page.words
    assert "test_as_found" in page.words
    assert "2999.000000 stage" in page.words
    assert " 0.000000 stage" not in page.words
    assert "Its end is shown." in page.words


def test_what_people_and_instruments_said_is_text_and_never_markup(some: Reviewed) -> None:
    for address in (f"/runs/{BROKEN}", "/runs", f"/runs?lot={SCRIPT}", "/overview", f"/overview?lot={SCRIPT}",
                    f"/compare?run={WHOLE}&run={BROKEN}", f"/runs?pen={SCRIPT}"):  # fmt: skip
        page = _page(some, address)
        assert SCRIPT not in page.markup
        assert all(
            script.get("src", "").startswith("/static/") or script.get("type") == "application/json"
            for script in scripts_of(page.markup)
        )
    assert SCRIPT in _page(some, f"/runs/{BROKEN}").words.replace("< ", "<")


def test_a_run_under_way_is_shown_as_far_as_it_is(some: Reviewed) -> None:
    held = hold_run(some.runs, GOING)
    assert held is not None
    with held:
        page = _page(some, f"/runs/{GOING}")
        assert "UNDER WAY" in page.words
        assert f'data-follow="/data/runs/{GOING}/state.json"' in page.markup
        measured = int(re.findall(r'data-measured="(\d+)"', page.markup)[0])
    assert measured == len(frames.measurements(some.runs, GOING))
    state = some.ada.get(f"/data/runs/{GOING}/state.json").json()
    assert state == {"verdict": "UNFINISHED", "measurements": measured}


def test_a_run_that_was_cut_off_says_what_to_do(some: Reviewed) -> None:
    page = _page(some, f"/runs/{CUT}")
    assert "Cut off" in page.words
    assert "rig recover" in page.words
    assert "This run measured nothing." in page.words
    assert "data-follow" not in page.markup


def test_an_earlier_versions_record_is_shown_with_what_it_has(line: Reviewed) -> None:
    page = _page(line, f"/runs/{line.run_ids[3]}")
    assert "tip.insertion_force" in page.words
    assert "✘ FAIL" in page.words
