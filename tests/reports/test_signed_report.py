"""A signed report in its package: nothing that came later goes unseen, nor anything that was taken away."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from reports.signed_report import LOG, judge_report, log_signature
from tests.support.authority import NOW, Authority
from tests.support.signed_pdf import ADA, GRACE, MINUTE, report_bytes, roots, sign, signed_twice

MADE = len(report_bytes("run-1"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a package that a reviewer and an approver signed."""
    folder = tmp_path_factory.mktemp("kept")
    pdf = folder / "report.pdf"
    pdf.write_bytes(report_bytes("run-1"))
    for name, meaning, at in ((ADA, "review", NOW), (GRACE, "approval", NOW + MINUTE)):
        sign(pdf, name, meaning, at=at)
        log_signature(pdf)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def pdf(kept: dict[str, bytes], tmp_path: Path) -> Path:
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path / "report.pdf"


def told(pdf: Path, *, trust: bool = True) -> tuple[list[str], list[str]]:
    found = judge_report(pdf, MADE, roots() if trust else ())
    return [str(one) for one in found.altered], [str(one) for one in found.information]


def test_who_signed_is_told(pdf: Path) -> None:
    assert told(pdf) == (
        [],
        [
            f"report.pdf: signed by {ADA}: reviewed 2026-11-03 09:30:00 UTC; trusted",
            f"report.pdf: signed by {GRACE}: approved 2026-11-03 09:31:00 UTC; trusted",
        ],
    )


def test_without_an_authority_to_trust_it_is_whole_and_says_so(pdf: Path) -> None:
    altered, information = told(pdf, trust=False)
    assert altered == []
    assert all("certificate unknown: Example Medical CA issued it" in line for line in information)


def test_a_line_can_be_checked_without_this_software(pdf: Path) -> None:
    for line in (pdf.parent / LOG).read_text(encoding="utf-8").splitlines():
        sha256, size, *_ = line.split()
        assert hashlib.sha256(pdf.read_bytes()[: int(size)]).hexdigest() == sha256


def test_an_unsigned_report_has_nothing_to_tell(tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(report_bytes("run-1"))
    assert told(pdf) == ([], [])


def test_any_flipped_byte_of_what_signatures_added_is_found(pdf: Path) -> None:
    """By the signatures themselves, without the log."""
    (pdf.parent / LOG).unlink()
    data, any_place = pdf.read_bytes(), random.Random(20261103)
    for at in sorted(any_place.randrange(MADE, len(data)) for _ in range(40)):
        pdf.write_bytes(data[:at] + bytes([data[at] ^ 1 << any_place.randrange(8)]) + data[at + 1 :])
        assert told(pdf)[0], f"byte {at} of {len(data)}"


def test_a_flipped_byte_is_found_by_the_log_too(pdf: Path) -> None:
    data = pdf.read_bytes()
    pdf.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    altered, _ = told(pdf)
    who = f"{GRACE} (approved 2026-11-03T09:31:00Z)"
    assert f"{LOG}: line 2: the report is not as it was once {who} had signed it" in altered
    assert any(line.startswith("report.pdf: ") for line in altered)


def test_a_signature_that_was_taken_off_is_named(pdf: Path) -> None:
    first, _ = judge_report(pdf, MADE).signatures
    pdf.write_bytes(pdf.read_bytes()[: first.covers_to])
    altered, information = told(pdf)
    gone = f"the signature of {GRACE} (approved 2026-11-03T09:31:00Z) is not in the report any more"
    assert altered == [f"{LOG}: line 2: {gone}"]
    assert len(information) == 1
    (pdf.parent / LOG).unlink()
    assert told(pdf)[1][-1] == f"{LOG}: it is missing: whether a signature was taken off again cannot be told"


def test_all_signatures_taken_off_are_named(pdf: Path) -> None:
    pdf.write_bytes(pdf.read_bytes()[:MADE])
    assert [line.split(" (")[0] for line in told(pdf)[0]] == [
        f"{LOG}: line 1: the signature of {ADA}",
        f"{LOG}: line 2: the signature of {GRACE}",
    ]


def test_signing_anew_with_another_key_is_found(pdf: Path) -> None:
    pdf.write_bytes(pdf.read_bytes()[:MADE])
    sign(pdf, ADA, "review", by=Authority().certify(ADA))
    altered, _ = told(pdf)
    assert any("certificate unknown" in line for line in altered)
    assert any(f"the report is not as it was once {ADA}" in line or f"the signature of {ADA}" in line
               for line in altered)  # fmt: skip


def test_bytes_that_nobody_signed_are_counted(pdf: Path) -> None:
    data = pdf.read_bytes()
    pdf.write_bytes(data + b"%%more\n")
    assert "report.pdf: its last 7 bytes came after it was made, and no signature covers them" in told(pdf)[0]
    pdf.write_bytes(data[:MADE] + b"\n")
    assert "report.pdf: its last 1 bytes came after it was made, and no signature covers them" in told(pdf)[0]


def test_an_altered_line_of_the_log_is_named(pdf: Path) -> None:
    log = pdf.parent / LOG
    log.write_text(log.read_text(encoding="utf-8").replace("approval", "app roval"), encoding="utf-8")
    assert told(pdf)[0] == [f"{LOG}: line 2 was altered"]


def test_a_report_that_is_no_pdf_any_more_is_named(pdf: Path) -> None:
    pdf.write_bytes(b"gone")
    first, *_ = told(pdf)[0]
    assert first.startswith("report.pdf: its signatures cannot be read")


def test_an_approval_without_a_review_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.signing.refuse_to_sign", lambda *_, **__: None)
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(report_bytes("run-1"))
    sign(pdf, GRACE, "approval")
    assert f"report.pdf: approved by {GRACE} without a review before" in told(pdf)[1]


def test_two_reports_tell_of_their_own_signatures_only(pdf: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = signed_twice("run-2", tmp_path / "other")
    pdf.write_bytes(other.read_bytes())
    assert [line for line in told(pdf)[0] if line.startswith(LOG)] != []
