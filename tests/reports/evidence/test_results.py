"""Results as data: what is on record and nothing else, and the verdict that follows from it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from reports.evidence.conclusion import conclusion_of, margin, used_share
from reports.evidence.document import mark_of
from reports.evidence.figures import figures_of
from reports.evidence.front_page import front_page
from reports.evidence.results import SCHEMA, results_bytes, results_of
from reports.evidence.subject import lot_subject, run_subject, study_subject
from reports.evidence.words import printable
from rig.errors import StoreError
from rig.records.store import Store
from tests.support.evidence import MADE_AT, begin, measure_all, record, record_lot, run_id_of


def _runs(folder: Path, *verdicts: tuple[int, str]) -> Path:
    """Record a lot: number of the pen, and how its run ended; later runs of a pen get later ids."""
    with Store(folder) as store:
        for minute, (number, verdict) in enumerate(verdicts):
            recorder = begin(store, 10 * minute, serial=f"NP{number:06d}", lot="L-7")
            failed = verdict == "FAIL"
            record(recorder, "tip.insertion_force", 0.09 if failed else 0.02, upper=0.08,
                   verdict="FAIL" if failed else "PASS")  # fmt: skip
            if verdict == "ERROR":
                recorder.fault("stage", "stage: stalled")
            recorder.ended(verdict, takt_s=1.0, wall_s=1.0)
    return folder


def test_results_are_plain_json_and_have_each_number_as_recorded(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        recorder = begin(store)
        measure_all(recorder)
        recorder.ended("PASS", takt_s=45.0, wall_s=5.0)
        recorded = [event.body for event in store.events(kinds=("measurement",))]
    results = results_of(run_subject(tmp_path, ["last"]))
    assert results["schema"] == SCHEMA
    assert json.loads(results_bytes(results)) == results
    assert results["runs"][0]["measurements"] == recorded
    assert results["runs"][0]["bench"]["simulated"] is True
    assert results["runs"][0]["tip_lot"] is None
    for file in results["files"]:
        assert hashlib.sha256((tmp_path / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    assert len(results["files"]) == 2 + 15


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ([(1, "PASS"), (2, "PASS")], "PASS"),
        ([(1, "PASS"), (2, "FAIL")], "FAIL"),
        ([(1, "FAIL"), (1, "PASS")], "FAIL"),
        ([(1, "ERROR"), (1, "PASS")], "PASS"),
        ([(1, "PASS"), (2, "ABORTED")], "INCOMPLETE"),
    ],
)
def test_testing_until_it_passes_shows_nothing(
    tmp_path: Path, runs: list[tuple[int, str]], verdict: str
) -> None:
    conclusion = results_of(lot_subject(_runs(tmp_path, *runs), "L-7"))["conclusion"]
    assert conclusion["verdict"] == verdict


def test_a_lot_statement_has_the_last_word(tmp_path: Path) -> None:
    runs = results_of(lot_subject(_runs(tmp_path, (1, "PASS")), "L-7"))["runs"]
    assert conclusion_of("lot", runs)["verdict"] == "PASS"
    assert conclusion_of("lot", runs, {"verdict": "NOT SHOWN"})["verdict"] == "NOT SHOWN"


@pytest.mark.parametrize(
    ("value", "lower", "upper", "verdict", "side", "distance", "share"),
    [
        (0.09, None, 0.08, "FAIL", "beyond", 0.01, 1.1375),
        (0.0795, None, 0.08, "INDETERMINATE", "close", 0.0005, 1.00625),
        (0.25, 0.1, 0.4, "PASS", "within", 0.15, 0.001 / 0.15),
        (0.05, 0.1, 0.4, "FAIL", "beyond", 0.05, 0.201 / 0.15),
        (1.6, 1.5, None, "PASS", "within", 0.1, 1.5 / 1.599),
        (1.0, None, None, "PASS", None, None, None),
        (0.0, None, 0.0, "PASS", "within", 0.0, None),
    ],
)
def test_how_far_a_result_is_from_its_limits(
    value: float,
    lower: float | None,
    upper: float | None,
    verdict: str,
    side: str | None,
    distance: float | None,
    share: float | None,
) -> None:
    body = {"value": value, "lower": lower, "upper": upper, "U": 0.001, "verdict": verdict}
    found = margin(body)
    assert found == (None if side is None else (side, pytest.approx(distance)))
    assert used_share(body) == (None if share is None else pytest.approx(share))


def test_a_real_bench_a_simulated_one_and_one_nobody_told_of_are_told_apart(tmp_path: Path) -> None:
    results = results_of(run_subject(_runs(tmp_path, (1, "PASS")), ["last"]))
    assert mark_of(results) == "SIMULATED"
    [run] = results["runs"]
    real = {**run, "bench": {**run["bench"], "simulated": False}}
    untold = {**run, "bench": {**run["bench"], "simulated": None}}
    assert mark_of({**results, "runs": [real]}) == ""
    assert mark_of({**results, "runs": [run, real]}) == "PARTLY SIMULATED"
    assert mark_of({**results, "runs": [real, untold]}) == "BENCH NOT ON RECORD"


def test_what_many_runs_share_is_said_once(tmp_path: Path) -> None:
    results = results_of(lot_subject(_runs(tmp_path, (1, "PASS"), (2, "ERROR"), (3, "ERROR")), "L-7"))
    told = front_page(results)["deviations"]
    ids = [run["id"] for run in results["runs"][1:]]
    lines = ("fault in stage: stage: stalled", "the run ended as ERROR")
    assert told == [f"{ids[0]}, {ids[1]}: {line}" for line in lines]


def test_titles_come_from_the_product_file_as_it_was_kept(tmp_path: Path) -> None:
    kept = b'[characteristics."seal.leak"]\ntitle = "Leak rate"\n'
    (tmp_path / "configurations").mkdir()
    file = tmp_path / "configurations" / "product.toml"
    file.write_bytes(kept)
    files = [{"what": "product", "name": "p", "path": "configurations/product.toml",
              "sha256": hashlib.sha256(kept).hexdigest()}]  # fmt: skip
    with Store(tmp_path) as store:
        begin(store)
        store.append(run_id_of(1), "run.configuration", {"files": files}, MADE_AT)
    assert results_of(run_subject(tmp_path, ["last"]))["runs"][0]["titles"] == {"seal.leak": "Leak rate"}
    file.write_bytes(kept.replace(b"Leak", b"Weak"))
    assert results_of(run_subject(tmp_path, ["last"]))["runs"][0]["titles"] == {}


def test_figures_are_vectors_and_equal_each_time(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        measure_all(begin(store))
    subject = run_subject(tmp_path, ["last"])
    figures = figures_of(subject)
    assert figures == figures_of(subject)
    assert list(figures) == [
        "Results between their limits: extension.as_found, rate.as_found",
        "Traces: seal.leak, tip.insertion_force",
        "Traces: extension.as_found",
    ]
    for svg in figures.values():
        assert svg.startswith(b"<?xml")
        assert b"<image" not in svg
        assert b"extension.as_found" in svg or b"seal.leak" in svg


def test_a_trace_that_was_altered_is_not_drawn(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        measure_all(begin(store))
    next(tmp_path.rglob("squeeze.parquet")).write_bytes(b"other")
    with pytest.raises(StoreError, match="not the one that was recorded"):
        figures_of(run_subject(tmp_path, ["last"]))


def test_a_lot_is_drawn_pen_by_pen(tmp_path: Path) -> None:
    record_lot(tmp_path, 6)
    assert "extension.as_found: pen by pen, all pens" in figures_of(lot_subject(tmp_path, "L-7"))


def test_a_subject_that_is_not_there_is_refused(tmp_path: Path) -> None:
    record_lot(tmp_path, 1)
    with pytest.raises(StoreError, match="one of the lots: L-7"):
        lot_subject(tmp_path, "L-8")
    with pytest.raises(StoreError, match="no run 'x'"):
        run_subject(tmp_path, ["x"])
    with pytest.raises(StoreError, match="no study is recorded"):
        study_subject(tmp_path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Pa·m³/s ± µ ≤ ∞ β", "Pa·m³/s ± µ ≤ ∞ β"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\x00\nb", "a⟨U+0000⟩ b"),
        ("漢", "⟨U+6F22⟩"),
        ("x" * 40, "x" * 32 + "\u200b" + "x" * 8),
        ("test_station_is_ready_and_every_instrument", None),
    ],
)
def test_only_what_has_a_shape_is_shown(text: str, shown: str | None) -> None:
    found = printable(text)
    if shown is None:
        assert found == text.replace("_", "_\u200b")
    else:
        assert found == shown
