"""What the overview says of many runs is what pandas finds in the record."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from rig.records import frames
from tests.support.reviewing import TODAY, Reviewed, csv_of, tables_of, text_of

HIDDEN = 20
SERIES = "extension.as_found@0.25@5000.0"


@pytest.fixture(scope="module")
def runs(line: Reviewed) -> pd.DataFrame:
    found = frames.runs(line.runs)
    return found[found["run_id"] != line.run_ids[HIDDEN]]


@pytest.fixture(scope="module")
def measured(line: Reviewed) -> pd.DataFrame:
    found = frames.measurements(line.runs)
    return found[found["run_id"] != line.run_ids[HIDDEN]]


def test_yield_is_the_share_of_those_that_passed_or_failed(line: Reviewed, runs: pd.DataFrame) -> None:
    counts = runs["verdict"].value_counts()
    passed = counts["PASS"] / (counts["PASS"] + counts["FAIL"])
    words = text_of(line.ada.get("/overview").text)
    assert f"Runs {len(runs)}" in words
    assert f"Yield {100 * passed:.1f} %" in words
    for verdict, count in counts.items():
        assert f"{verdict} {count} {100 * count / len(runs):.1f} %" in words


def test_each_day_of_the_csv_is_what_pandas_counts(line: Reviewed, runs: pd.DataFrame) -> None:
    rows = csv_of(line.ada.get("/data/yield.csv").text)
    by_day = (
        runs.groupby(runs["started"].dt.strftime("%Y-%m-%d"))["verdict"].value_counts().unstack(fill_value=0)
    )
    assert [row["day"] for row in rows] == list(by_day.index)
    for row, (_, counts) in zip(rows, by_day.iterrows(), strict=True):
        assert int(row["runs"]) == counts.sum()
        judged = counts["PASS"] + counts["FAIL"]
        assert int(row["yield_of"]) == judged
        assert (float(row["yield"]) if row["yield"] else None) == (
            counts["PASS"] / judged if judged else None
        )


def test_json_and_csv_of_a_chart_hold_the_same(line: Reviewed) -> None:
    for name in ("yield", "takt", "failures", "errors", "capability"):
        told = line.ada.get(f"/data/{name}.json").json()
        rows = csv_of(line.ada.get(f"/data/{name}.csv").text)
        assert list(told["columns"]) == list(rows[0])
        for column, values in told["columns"].items():
            for value, row in zip(values, rows, strict=True):
                found = row[column]
                assert found == ("" if value is None else value if isinstance(value, str) else repr(value))


def test_a_page_holds_the_very_data_that_its_links_give(line: Reviewed) -> None:
    page = line.ada.get("/overview").text
    for name in ("yield", "takt", "failures"):
        told = line.ada.get(f"/data/{name}.json").text
        drawn = line.ada.get(f"/data/{name}.json").json()["columns"]
        assert f'"columns": {_as_in_page(drawn)}' in page, told


def _as_in_page(value: object) -> str:
    import json

    text = json.dumps(value, sort_keys=True)
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("'", "\\u0027")
    )


def test_failures_are_counted_once_a_run(line: Reviewed, measured: pd.DataFrame) -> None:
    refused = measured[~measured["accepted"]]
    expected = refused.groupby("characteristic")["run_id"].nunique().sort_values(ascending=False)
    rows = csv_of(line.ada.get("/data/failures.csv").text)
    assert {row["name"]: int(row["runs"]) for row in rows} == expected.to_dict()
    assert float(rows[-1]["cumulative"]) == pytest.approx(1)


def test_errors_name_the_instrument(line: Reviewed, runs: pd.DataFrame) -> None:
    rows = csv_of(line.ada.get("/data/errors.csv").text)
    assert {row["name"]: int(row["runs"]) for row in rows} == {
        "force_gauge": (runs["verdict"] == "ERROR").sum()
    }


def test_capability_is_what_the_values_give_and_the_lowest_comes_first(
    line: Reviewed, measured: pd.DataFrame
) -> None:
    rows = csv_of(line.ada.get("/data/capability.csv").text)
    levels = [float(row["cpk"] or row["ppk"]) for row in rows]
    assert levels == sorted(levels)
    assert len(rows) == 5
    for row in rows:
        of_row = measured[measured["characteristic"] == row["characteristic"]]
        if row["depth_mm"]:
            of_row = of_row[
                (of_row["depth_mm"] == float(row["depth_mm"]))
                & (of_row["rate_per_min"] == float(row["rate_per_min"]))
            ]
        values = of_row["value"]
        assert int(row["n"]) == len(values)
        assert float(row["mean"]) == pytest.approx(values.mean())
        assert float(row["s"]) == pytest.approx(values.std())
        room = [float(row["upper"]) - values.mean()]
        room += [values.mean() - float(row["lower"])] if row["lower"] else []
        assert float(row["ppk"]) == pytest.approx(min(room) / (3 * values.std()))


def test_the_table_shows_a_word_beside_each_index(line: Reviewed) -> None:
    words = {"good": "good", "low": "too low", "open": "not shown"}
    rows = csv_of(line.ada.get("/data/capability.csv").text)
    table = next(table for table in tables_of(line.ada.get("/overview").text) if "Cpk" in table[0])
    shown = [(cells[0], cells[2], cells[3]) for cells in table[1:]]
    assert shown == [
        (row["characteristic"], words[row["against_1.33"]], f"{float(row['cpk']):.2f}") for row in rows
    ]


def test_the_control_chart_holds_the_latest_values_and_its_lines(
    line: Reviewed, measured: pd.DataFrame
) -> None:
    told = line.ada.get("/data/control.json", params={"series": SERIES}).json()
    of_series = measured[
        (measured["characteristic"] == "extension.as_found")
        & (measured["depth_mm"] == 0.25)
        & (measured["rate_per_min"] == 5000)
    ]
    values = of_series["value"].to_numpy()
    assert told["columns"]["value"] == pytest.approx(list(values))
    sigma = np.abs(np.diff(values)).mean() / 1.1283791670955126
    assert told["lines"]["value_centre"] == pytest.approx(values.mean())
    assert told["lines"]["value_upper"] == pytest.approx(values.mean() + 3 * sigma)
    assert (told["lines"]["limit_lower"], told["lines"]["limit_upper"]) == (0.2, 0.8)


def test_rules_that_fired_are_listed_in_words_with_their_runs(line: Reviewed) -> None:
    series = "tip.insertion_force"
    told = line.ada.get("/data/control.json", params={"series": series}).json()["columns"]
    fired = [
        (number, run_id)
        for number, run_id, rules in zip(told["number"], told["run_id"], told["rules"], strict=True)
        if rules
    ]
    page = line.ada.get("/overview", params={"series": series}).text
    table = next(table for table in tables_of(page) if table[0][-1] == "Rule")
    assert [int(cells[0]) for cells in table[1:]] == [number for number, _ in fired]
    assert "a point beyond 3σ" in text_of(page)
    for _, run_id in fired:
        assert f'href="/runs/{run_id}"' in page


def test_takt_is_the_median_of_each_day(line: Reviewed, runs: pd.DataFrame) -> None:
    rows = csv_of(line.ada.get("/data/takt.csv").text)
    with_takt = runs[runs["takt_s"].notna()]
    by_day = with_takt.groupby(with_takt["started"].dt.strftime("%Y-%m-%d"))["takt_s"]
    assert {row["day"]: float(row["median_s"]) for row in rows} == pytest.approx(by_day.median().to_dict())
    assert {row["day"]: float(row["p95_s"]) for row in rows} == pytest.approx(by_day.quantile(0.95).to_dict())


def test_a_filter_holds_for_everything_on_the_page(line: Reviewed, runs: pd.DataFrame) -> None:
    asked = {"station": "twin-2", "plan": "eol", "lot": "L-1"}
    wanted = runs[(runs["station"] == "twin-2") & (runs["plan"] == "eol") & (runs["lot"] == "L-1")]
    assert f"Runs {len(wanted)} " in text_of(line.ada.get("/overview", params=asked).text)
    for name in ("yield", "takt"):
        rows = csv_of(line.ada.get(f"/data/{name}.csv", params=asked).text)
        days = wanted["started"] if name == "yield" else wanted[wanted["takt_s"].notna()]["started"]
        assert [row["day"] for row in rows] == sorted(set(days.dt.strftime("%Y-%m-%d")))


def test_dates_that_are_empty_ask_for_all_and_dates_that_are_missing_for_a_month(
    line: Reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rig.panel.asked.today", lambda: TODAY.date())

    def days(**asked: str) -> list[str]:
        return [row["day"] for row in csv_of(line.ada.get("/data/yield.csv", params=asked).text)]

    last = (TODAY - timedelta(days=1)).date().isoformat()
    assert days(since=last, until="") == days(since=last) == [last]
    assert days(since="", until="") == days()
    page = line.ada.get("/overview").text
    assert f'value="{(TODAY - timedelta(days=29)).date().isoformat()}"' in page
    assert 'name="since" value=""' in line.ada.get("/overview?since=&until=").text


def test_hidden_runs_are_counted_only_where_they_are_asked_for(line: Reviewed, runs: pd.DataFrame) -> None:
    assert f"Runs {len(runs) + 1} " in text_of(line.ada.get("/overview?hidden=1").text)


def test_a_selection_of_nothing_is_said_to_be_one(line: Reviewed) -> None:
    answer = line.ada.get("/overview?pen=NP999999&since=&until=")
    assert answer.status_code == 200
    assert "No run in this selection" in text_of(answer.text)
    assert csv_of(line.ada.get("/data/control.csv?pen=NP999999&series=tip.uses").text) == []
    assert not math.isnan(0 if line.ada.get("/data/yield.json?pen=NP999999").json()["columns"]["day"] else 1)


def test_the_page_speaks_german_too(line: Reviewed) -> None:
    words = text_of(line.ada.get("/overview", headers={"accept-language": "de-CH"}).text)
    assert "Erstausbeute" in words
    assert "engineer." not in words
