"""What a signature that was found is worth: attacks on a signed report, certificates, times."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from reports.certificates import load_roots
from reports.signature_check import SignatureFound, Unreadable
from reports.signing import signatures_of
from rig.errors import RefusedToStart
from tests.support.authority import NOW, YEAR, Authority
from tests.support.signed_pdf import (
    ADA,
    GRACE,
    MALLORY,
    company,
    report_bytes,
    roots,
    sign,
    signed_twice,
    stamper,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return signed_twice("run-1", tmp_path_factory.mktemp("signed")).read_bytes()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(report_bytes())
    return path


def check(data: bytes, folder: Path) -> list[SignatureFound]:
    pdf = folder / "report.pdf"
    pdf.write_bytes(data)
    return signatures_of(pdf, roots())


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_flipped_byte_of_the_report_breaks_every_signature(signed: bytes, tmp_path: Path) -> None:
    for found in check(flipped(signed, signed.index(b"Report of run-1")), tmp_path):
        assert not found.whole
        assert not found.trusted
        assert found.why == f"the first {found.covers_to} bytes are not those that were signed"


def test_a_flipped_byte_between_the_signatures_breaks_the_later_one(signed: bytes, tmp_path: Path) -> None:
    first, second = check(signed, tmp_path)
    place = signed.index(b"/FontDescriptor", first.covers_to)
    first, second = check(flipped(signed, place), tmp_path)
    assert first.name == ADA
    assert second.why == f"the first {second.covers_to} bytes are not those that were signed"


def test_every_kind_of_byte_within_a_signature_counts(signed: bytes, tmp_path: Path) -> None:
    """Behind the signature are zeros that no digest covers, and small letters mean the same as capitals."""
    start = signed.index(b"/Contents <") + len(b"/Contents <")
    end = signed.index(b">", start)
    letter = next(at for at in range(start + 400, end) if signed[at : at + 1] in b"ABCDEF")
    for place, new in ((end - 2, b"1"), (letter, signed[letter : letter + 1].lower())):
        altered = signed[:place] + new + signed[place + 1 :]
        assert altered != signed
        first, _ = check(altered, tmp_path)
        assert first.why == "its own bytes were altered"


def test_a_shadow_page_is_found(signed: bytes, tmp_path: Path) -> None:
    """Content that an incremental update lays over the page: every signed byte is as it was."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    verdict = StreamObject(stream_data=b"q 1 1 1 rg 0 0 600 850 re f Q")
    writer.add_stream_to_page(1, writer.add_object(verdict))
    output = io.BytesIO()
    writer.write(output)
    assert output.getvalue().startswith(signed)
    for found in check(output.getvalue(), tmp_path):
        assert "the document was changed after it" in found.why


def test_a_change_is_not_hidden_by_signing_it(signed: bytes, tmp_path: Path) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.root["/OpenAction"] = writer.root["/Pages"]
    writer.update_root()
    output = io.BytesIO()
    writer.write(output)
    ours = len(check(signed, tmp_path))
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(output.getvalue())
    with pytest.raises(RefusedToStart, match="Nobody should sign it"):
        sign(pdf, MALLORY, "approval")
    assert ours == 2
    assert [found.whole for found in check(output.getvalue(), tmp_path)] == [False, False]


def test_signatures_of_two_reports_cannot_be_swapped(signed: bytes, tmp_path: Path) -> None:
    other = signed_twice("run-2", tmp_path).read_bytes()

    def contents(data: bytes) -> tuple[int, int]:
        start = data.rindex(b"/Contents <") + len(b"/Contents <")
        return start, data.index(b">", start)

    (mine, my_end), (theirs, their_end) = contents(signed), contents(other)
    taken = other[theirs:their_end].ljust(my_end - mine, b"0")[: my_end - mine]
    _, second = check(signed[:mine] + taken + signed[my_end:], tmp_path)
    assert not second.whole
    assert "bytes are not those that were signed" in second.why


def test_the_last_signature_can_be_cut_off_and_the_first_stays_whole(signed: bytes, tmp_path: Path) -> None:
    """The document alone cannot tell; ``signatures.txt`` beside it can."""
    first = check(signed, tmp_path)[0]
    (left,) = check(signed[: first.covers_to], tmp_path)
    assert (left.name, left.whole) == (ADA, True)


def test_another_authority_of_the_same_name_is_not_trusted(pdf: Path) -> None:
    sign(pdf, ADA, "review", by=Authority().certify(ADA))
    (found,) = signatures_of(pdf, roots())
    assert (found.whole, found.trusted) == (True, False)
    unknown = "certificate unknown: Example Medical CA issued it, and no trusted authority vouches for it"
    assert found.why == unknown
    assert signatures_of(pdf)[0].why == unknown


def test_a_certificate_of_another_person_is_told(pdf: Path) -> None:
    sign(pdf, GRACE, "review", by=company().certify(MALLORY))
    (found,) = signatures_of(pdf, roots())
    assert str(found).startswith(f"signed by {GRACE} (certificate of {MALLORY}): reviewed")


@pytest.mark.parametrize(
    ("valid", "usages", "why"),
    [
        ((NOW - YEAR, NOW - DAY), ["content_commitment"], "its certificate had expired on 2026-11-02"),
        ((NOW + DAY, NOW + YEAR), ["content_commitment"], "its certificate is valid from 2026-11-04 only"),
        (
            (NOW - YEAR, NOW + YEAR),
            ["key_encipherment"],
            "its certificate is not for signing documents but for key encipherment",
        ),
    ],
)
def test_a_bad_certificate_is_told(
    pdf: Path,
    monkeypatch: pytest.MonkeyPatch,
    valid: tuple[datetime, datetime],
    usages: list[str],
    why: str,
) -> None:
    """Other software signs with it; ours refuses, so it is kept from looking."""
    monkeypatch.setattr("reports.signing.unusable", lambda *_: "")
    sign(pdf, ADA, "review", by=company().certify(ADA, valid=valid, usages=usages))
    (found,) = signatures_of(pdf, roots())
    assert (found.whole, found.trusted, found.why) == (True, False, why)


def test_a_certificate_that_expired_since_was_good_then(pdf: Path) -> None:
    good_then = company().certify(ADA, valid=(NOW - 4 * YEAR, NOW - 2 * YEAR))
    sign(pdf, ADA, "review", at=NOW - 3 * YEAR, by=good_then)
    assert signatures_of(pdf, roots())[0].trusted


def test_a_time_stamp_proves_the_time(pdf: Path) -> None:
    sign(pdf, ADA, "review", time_stamps=stamper(company(), NOW + timedelta(seconds=2)))
    (found,) = signatures_of(pdf, roots())
    assert (found.trusted, found.stamped_at) == (True, NOW + timedelta(seconds=2))
    assert "time stamp 2026-11-03 09:30:02 UTC; trusted" in str(found)


def test_a_time_stamp_of_an_unknown_server_proves_nothing(pdf: Path) -> None:
    sign(pdf, ADA, "review", time_stamps=stamper(Authority("Another"), NOW))
    (found,) = signatures_of(pdf, roots())
    assert (found.trusted, found.stamped_at) == (True, None)


def test_an_unknown_server_does_not_make_an_expired_certificate_good(
    pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.signing.unusable", lambda *_: "")
    expired = company().certify(ADA, valid=(NOW - 3 * YEAR, NOW - 2 * YEAR))
    server = stamper(Authority("Another"), NOW - 2.5 * YEAR)
    sign(pdf, ADA, "review", by=expired, time_stamps=server)
    (found,) = signatures_of(pdf, roots())
    assert (found.trusted, found.why) == (False, "its certificate had expired on 2024-11-03")


def test_a_claimed_time_far_from_the_time_stamp_is_not_believed(pdf: Path) -> None:
    sign(pdf, ADA, "review", at=NOW - 30 * DAY, time_stamps=stamper(company(), NOW))
    (found,) = signatures_of(pdf, roots())
    assert (found.whole, found.trusted) == (True, False)
    assert found.why == "the time it claims is 30 days, 0:00:00 off its time stamp"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no PDF at all", report_bytes()[:3000]])
def test_what_is_no_pdf_is_told(data: bytes, pdf: Path) -> None:
    pdf.write_bytes(data)
    with pytest.raises(Unreadable, match=r"report\.pdf: its signatures cannot be read"):
        signatures_of(pdf)


def test_a_report_without_signatures_has_none(pdf: Path) -> None:
    assert signatures_of(pdf) == []


def test_roots_come_from_a_file_or_a_folder(tmp_path: Path) -> None:
    company().pem(tmp_path / "a.pem")
    Authority("Another").pem(tmp_path / "b.crt")
    (tmp_path / "notes.txt").write_text("not looked at")
    assert [root.dump() for root in load_roots(tmp_path / "a.pem")] == [root.dump() for root in roots()]
    assert len(load_roots(tmp_path)) == 2


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30"]
)
def test_what_is_no_certificate_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(data)
    with pytest.raises(RefusedToStart, match="holds no certificate"):
        load_roots(tmp_path / "ca.pem")
    with pytest.raises(RefusedToStart, match="cannot be read"):
        load_roots(tmp_path / "none.pem")
