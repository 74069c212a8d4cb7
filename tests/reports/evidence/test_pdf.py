"""The report as a PDF: others open it, find every number of the record in it, and the record itself."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from calibration.rounding import with_uncertainty
from reports.evidence.figures import figures_of
from reports.evidence.pdf import write_pdf
from reports.evidence.results import hash_list, results_bytes, results_of
from reports.evidence.signature_boxes import boxes
from reports.evidence.subject import lot_subject, run_subject
from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.verify import verify
from rig.show import limits_text
from tests.support.evidence import MADE_AT, SETTINGS, begin, measure_all, record, record_lot, run_id_of
from tests.support.tools import needs, needs_library

A4_PT = 842
PLUS_MINUS = re.compile(r"\(?[-−]?[\d.]+ ± [\d.]+(?:\)e[-−]?\d+)?")

needs_library("typst")


def _said(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return done.stdout


def _text(pdf: Path, *options: object) -> str:
    return " ".join(_said("pdftotext", *options, pdf, "-").replace("\u200b", "").split())


def _make(runs: Path, pdf: Path, *names: str) -> dict[str, object]:
    subject = run_subject(runs, names or ["last"])
    results = results_of(subject)
    write_pdf(results, figures_of(subject), [], pdf, made_at=MADE_AT)
    return results


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A report on a run that passed, and what it was made from."""
    folder = tmp_path_factory.mktemp("passed")
    with Store(folder / "runs") as store:
        recorder = begin(store)
        measure_all(recorder)
        recorder.ended("PASS", takt_s=45.0, wall_s=5.0)
    pdf = folder / "report.pdf"
    return pdf, _make(folder / "runs", pdf)


@needs("pdftotext")
def test_every_number_of_the_record_stands_in_it_as_printed_elsewhere(
    passed: tuple[Path, dict[str, object]],
) -> None:
    pdf, results = passed
    text = _text(pdf, "-raw")
    bodies = results["runs"][0]["measurements"]  # type: ignore[index]
    assert len(bodies) == 3 + 2 * len(SETTINGS)
    for body in bodies:
        assert with_uncertainty(body["value"], body["U"]) in text, body["name"]
        assert limits_text(body["lower"], body["upper"]) in text, body["name"]


@needs("pdftotext")
def test_every_number_with_an_uncertainty_in_it_is_one_of_the_record(
    passed: tuple[Path, dict[str, object]],
) -> None:
    pdf, results = passed
    (run,) = results["runs"]  # type: ignore[misc]
    recorded = {with_uncertainty(body["value"], body["U"]) for body in run["measurements"] if body["U"]}
    recorded |= {f"{node['command_mm']:.3f} ± {node['U_mm']:.3f}" for node in run["calibration"]["nodes"]}
    recorded |= {match for note in run["notes"] for match in PLUS_MINUS.findall(note["text"])}
    printed = set(PLUS_MINUS.findall(_text(pdf, "-raw")))
    assert printed == recorded


@needs("pdftotext")
def test_what_a_run_failed_without_stands_on_page_one_and_once(tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        recorder = begin(store)
        record(recorder, "tip.insertion_force", 0.2, unit="N", u=0.0004, U=0.0008, upper=0.08, verdict="FAIL")
        for where in ("test_depth[1]", "test_depth[2]"):
            recorder.note("no table fits this pen", where=where)
        reasons = [
            "tip.insertion_force: 0.2 N, FAIL",
            "no table fits this pen",
            "table.residual was not measured",
        ]
        recorder.ended("FAIL", takt_s=45.0, wall_s=5.0, reasons=reasons)
    _make(tmp_path / "runs", tmp_path / "report.pdf")
    first, rest = (_text(tmp_path / "report.pdf", "-raw", *pages) for pages in (("-l", 1), ("-f", 2)))
    assert "0 of 1 results conform, 1 not accepted, and what the run lacks is told below." in first
    front = first.partition("Item")[0]
    assert front.count("no table fits this pen") == 1
    assert "table.residual was not measured" in front
    assert "0.2 N, FAIL" not in front, "the table of what was not accepted says it"
    assert (first + rest).count("no table fits this pen") == 2, "on page one, and among the deviations"


@needs("pdftotext")
def test_laboratory_and_customer_are_those_of_the_station_file(tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        recorder = RunRecorder(store, run_id_of(1))
        recorder.started(
            plan="eol", pen_serial="NP000001", station="twin-1", product="office-pen",
            software={"version": "0.1.0", "commit": "abc1234"}, seed=7, options={"world": "nominal"},
            environment={"laboratory": "Example Medical, 1 High Street", "customer": "Production"},
        )  # fmt: skip
        recorder.ended("ABORTED", takt_s=None, wall_s=None)
    _make(tmp_path / "runs", tmp_path / "report.pdf")
    text = _text(tmp_path / "report.pdf", "-layout")
    assert "Laboratory Example Medical, 1 High Street" in text
    assert "Customer Production" in text


@needs("pdftotext")
def test_page_one_says_what_came_of_it_and_every_page_which_report_it_is(
    passed: tuple[Path, dict[str, object]],
) -> None:
    pdf, _ = passed
    first = _text(pdf, "-raw", "-f", 1, "-l", 1)
    for told in (
        "PASS", "Pen NP000001, model NP-250", "A. Keller (keller, operator)", "laboratory 2; station twin-1",
        "needle-rig 0.1.0, commit abc1234", "guard band 1·U", "33 of 33 results conform, 0 not accepted.",
    ):  # fmt: skip
        assert told in first, told
    pages = _said("pdftotext", pdf, "-").split("\f")[:-1]
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert f"{run_id_of(1)} · 20261123T080000Z" in page
        assert "SIMULATED" in page


@needs("pdffonts", "pdfinfo")
def test_it_is_a_pdf_for_the_archive_with_its_fonts_inside(passed: tuple[Path, dict[str, object]]) -> None:
    pdf, _ = passed
    fonts = _said("pdffonts", pdf).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), fonts
    about = _said("pdfinfo", "-meta", pdf)
    assert "<pdfaid:part>3</pdfaid:part>" in about
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in about


@needs("pdfdetach")
def test_the_results_and_the_hashes_come_out_of_it_byte_for_byte(
    passed: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    pdf, results = passed
    _said("pdfdetach", "-saveall", "-o", tmp_path, pdf)
    assert (tmp_path / "results.json").read_bytes() == results_bytes(results)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == results
    assert (tmp_path / "sha256.txt").read_bytes() == hash_list(results)


@needs("sha256sum")
def test_the_hashes_are_those_of_the_files(passed: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    pdf, results = passed
    runs = pdf.parent / "runs"
    assert verify(runs).whole
    (tmp_path / "sha256.txt").write_bytes(hash_list(results))
    done = subprocess.run(
        ["sha256sum", "--check", str(tmp_path / "sha256.txt")], cwd=runs, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_made_twice_it_is_the_same_and_later_it_differs(
    passed: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    pdf, _ = passed
    subject = run_subject(pdf.parent / "runs", ["last"])
    results, figures = results_of(subject), figures_of(subject)
    for name, made_at in (("again", MADE_AT), ("later", MADE_AT + timedelta(seconds=1))):
        write_pdf(results, figures, [], tmp_path / name, made_at=made_at)
    assert (tmp_path / "again").read_bytes() == pdf.read_bytes()
    assert (tmp_path / "later").read_bytes() != pdf.read_bytes()


@needs("pdftotext")
def test_the_boxes_for_signatures_stand_on_the_last_page_where_signing_puts_them(
    passed: tuple[Path, dict[str, object]],
) -> None:
    pdf, _ = passed
    last = int(next(line for line in _said("pdfinfo", pdf).splitlines() if "Pages:" in line).split()[1])
    for box in boxes():
        across = ("-f", last, "-l", last, "-x", box.left, "-W", box.right - box.left)
        assert _text(pdf, *across, "-y", A4_PT - box.top, "-H", box.top - box.bottom) == ""
        assert _text(pdf, *across, "-y", A4_PT - box.top - 12, "-H", 11) == box.name


@needs("pdftotext")
def test_what_failed_and_by_how_much_stands_on_page_one(tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        recorder = begin(store)
        record(
            recorder,
            "tip.insertion_force",
            0.104735,
            unit="N",
            u=0.0005,
            U=0.0011,
            upper=0.08,
            verdict="FAIL",
        )
        record(recorder, "seal.leak", 1.95e-4, unit="Pa·m³/s", u=9e-6, U=1.8e-5, upper=2e-4,
               verdict="INDETERMINATE")  # fmt: skip
        recorder.ended("FAIL", takt_s=45.0, wall_s=5.0, reasons=["tip.insertion_force: FAIL"])
    _make(tmp_path / "runs", tmp_path / "report.pdf")
    first = _text(tmp_path / "report.pdf", "-raw", "-f", 1, "-l", 1)
    for told in (
        "FAIL", "does not conform", "0 of 2 results conform, 2 not accepted.",
        "beyond the limit by 0.0247 ± 0.0011",
        "within the limit by (0.5 ± 1.8)e-5, less than the rule asks for",
    ):  # fmt: skip
        assert told in first, told


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("ERROR", "the rig or the run broke; this says nothing about the pen"),
        ("ABORTED", "the run was stopped; this says nothing about the pen"),
        ("UNFINISHED", "the run never ended; this says nothing about the pen"),
    ],
)
@needs("pdftotext")
def test_a_run_that_broke_says_so_and_nothing_about_the_pen(tmp_path: Path, verdict: str, told: str) -> None:
    with Store(tmp_path / "runs") as store:
        recorder = begin(store)
        record(recorder, "tip.insertion_force", 0.02, unit="N", upper=0.08)
        if verdict == "ERROR":
            recorder.fault("stage", "stage: z: stalled")
        if verdict != "UNFINISHED":
            recorder.ended(verdict, takt_s=None, wall_s=5.0, reasons=["30 results were not measured"])
    _make(tmp_path / "runs", tmp_path / "report.pdf")
    first = _text(tmp_path / "report.pdf", "-raw", "-f", 1, "-l", 1)
    assert "NO VERDICT" in first
    assert told in first
    assert f"the run ended as {verdict}" in first
    assert ("fault in stage: stage: z: stalled" in first) == (verdict == "ERROR")
    assert "PASS conforms" not in first


HOSTILE = '#panic("x") *bold* $x$ `raw` <label> @ref [\\ "quoted" #read("/etc/passwd")'


@needs("pdftotext")
def test_what_a_person_typed_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        recorder = begin(store, serial=HOSTILE, lot="L\u202e7", overridden=f"overridden: {HOSTILE}")
        record(recorder, f"tip.insertion_force [{HOSTILE}]", 0.02, upper=0.08, remark="中\x07")
        recorder.note("x" * 400)
        recorder.fault(HOSTILE, HOSTILE)
        recorder.ended("ERROR", takt_s=None, wall_s=5.0, reasons=[HOSTILE])
    _make(tmp_path / "runs", tmp_path / "report.pdf")
    text = _text(tmp_path / "report.pdf", "-raw").replace(" ", "")
    for told in (f"Pen{HOSTILE[:20]}", "#read(", "L⟨U+202E⟩7", "⟨U+4E2D⟩⟨U+0007⟩", "overridden:#panic"):
        assert told.replace(" ", "") in text, told
    assert "x" * 400 in text


@needs("pdftotext")
def test_a_record_of_an_earlier_version_says_what_it_does_not_have(tmp_path: Path) -> None:
    old = {"name": "tip.uses", "characteristic": "tip.uses", "value": 0.0, "unit": "1", "u": 0.0, "dof": None,
           "k": 2.0, "U": 0.0, "lower": None, "upper": 0.0, "rule": "simple acceptance",
           "verdict": "PASS"}  # fmt: skip
    with Store(tmp_path / "runs") as store:
        run_id, at = run_id_of(1), MADE_AT
        store.append(run_id, "run.started", {"run_id": run_id, "plan": "eol", "pen_serial": "NP000001"}, at)
        store.append(run_id, "measurement", old, at)
        ended = {"verdict": "PASS", "takt_s": None, "wall_s": None, "reasons": []}
        store.append(run_id, "run.ended", ended, at)
    results = _make(tmp_path / "runs", tmp_path / "report.pdf")
    assert results["runs"][0]["operator"] is None  # type: ignore[index]
    first = _text(tmp_path / "report.pdf", "-raw", "-f", 1, "-l", 1)
    for told in ("BENCH NOT ON RECORD", "Tested by not on record", "the pen itself was not asked", "PASS"):
        assert told in first, told


@needs("pdftotext")
def test_a_lot_is_told_pen_by_pen(tmp_path: Path) -> None:
    record_lot(tmp_path / "runs", 6)
    subject = lot_subject(tmp_path / "runs", "L-7")
    results = results_of(subject)
    write_pdf(results, figures_of(subject), [], tmp_path / "report.pdf", made_at=MADE_AT)
    text = _text(tmp_path / "report.pdf", "-raw")
    assert "Lot L-7: 6 pens" in text
    assert "6 of 6 pens passed, 0 failed." in text
    for run in results["runs"]:
        assert run["id"] in text
    extremes = [max(run["measurements"], key=lambda body: body["value"]) for run in results["runs"]]
    highest = max(extremes, key=lambda body: body["value"])
    assert with_uncertainty(highest["value"], highest["U"]) in text
