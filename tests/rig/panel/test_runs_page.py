"""The list of runs, a page at a time, and as a file."""

import re
from itertools import pairwise

import pytest

from rig.records import frames
from tests.support.reviewing import Reviewed, csv_of, tables_of, text_of

HIDDEN = 20


def _ids(page: str) -> list[str]:
    return re.findall(r'name="run" value="([^"]+)"', page)


def test_the_newest_run_stands_first_and_hidden_ones_nowhere(line: Reviewed) -> None:
    expected = [run_id for place, run_id in enumerate(line.run_ids) if place != HIDDEN][::-1]
    assert _ids(line.ada.get("/runs").text) == expected
    assert _ids(line.ada.get("/runs?hidden=1").text) == line.run_ids[::-1]


def test_older_runs_stand_on_the_next_page(line: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.panel.runs_page.PER_PAGE", 10)
    found, address = [], "/runs?plan=eol"
    for _ in range(10):
        page = line.ada.get(address).text
        found.append(_ids(page))
        older = re.search(r'href="(/runs\?[^"]*before=[^"]*)" rel="next"', page)
        if older is None:
            break
        address = older[1].replace("&amp;", "&")
    every = [run_id for one in found for run_id in one]
    runs = frames.runs(line.runs)
    eol = runs[(runs["plan"] == "eol") & (runs["run_id"] != line.run_ids[HIDDEN])]["run_id"]
    assert every == list(eol)[::-1]
    assert all(len(one) == 10 for one in found[:-1])


def test_each_filter_lets_through_what_it_names(line: Reviewed) -> None:
    runs = frames.runs(line.runs)
    runs = runs[runs["run_id"] != line.run_ids[HIDDEN]]
    for column, name in (
        ("pen_serial", "pen"),
        ("lot", "lot"),
        ("plan", "plan"),
        ("station", "station"),
        ("verdict", "verdict"),
    ):
        for value in runs[column].unique():
            page = line.ada.get("/runs", params={name: value}).text
            expected = list(runs[runs[column] == value]["run_id"])[::-1]
            assert _ids(page) == expected
            assert f"{len(expected)} runs" in text_of(page)


def test_a_line_says_what_the_run_says(line: Reviewed) -> None:
    runs = frames.runs(line.runs).set_index("run_id")
    page = line.ada.get("/runs").text
    cells = dict(zip(_ids(page), tables_of(page)[0][1:], strict=True))
    for run_id, row in cells.items():
        run = runs.loc[run_id]
        assert row[2].split()[-1] == run["verdict"]
        assert row[3:8] == [run["pen_serial"], run["plan"], run["product"], run["lot"], run["station"]]
        assert row[8] == (f"{run['takt_s']:.1f} s" if run["takt_s"] == run["takt_s"] else "–")


def test_the_file_holds_what_the_list_shows(line: Reviewed) -> None:
    rows = csv_of(line.ada.get("/data/runs.csv?station=twin-2").text)
    assert [row["run_id"] for row in rows] == _ids(line.ada.get("/runs?station=twin-2").text)
    runs = frames.runs(line.runs).set_index("run_id")
    for row in rows:
        assert row["verdict"] == runs.loc[row["run_id"], "verdict"]
    assert all(a["started"] >= b["started"] for a, b in pairwise(rows))
