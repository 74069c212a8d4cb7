"""Signing: a signature is added to what is there, says who, what and when, and keeps to the order."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from reports.signature_box import place_of
from reports.signers import open_p12
from reports.signing import sign_pdf, signatures_of
from rig.errors import RefusedToStart
from tests.support.authority import NOW, PASSPHRASE, YEAR, Authority
from tests.support.signed_pdf import ADA, GRACE, MINUTE, company, person, report_bytes, roots, sign
from tests.support.tools import needs


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(report_bytes())
    return path


def test_a_signature_tells_who_what_and_when(pdf: Path) -> None:
    sign(pdf, ADA, "review")
    (found,) = signatures_of(pdf, roots())
    assert (found.name, found.certificate_name, found.issuer) == (ADA, ADA, "Example Medical CA")
    assert (found.meaning, found.at) == ("review", NOW)
    assert (found.whole, found.trusted, found.why) == (True, True, "")
    assert found.covers_to == pdf.stat().st_size
    assert str(found) == f"signed by {ADA}: reviewed 2026-11-03 09:30:00 UTC; trusted"


def test_bytes_that_were_there_stay(pdf: Path) -> None:
    sizes = [pdf.stat().st_size]
    for name, meaning in ((ADA, "authorship"), (GRACE, "review"), (ADA, "review"), (GRACE, "approval")):
        before = pdf.read_bytes()
        sign(pdf, name, meaning)
        assert pdf.read_bytes().startswith(before)
        sizes.append(pdf.stat().st_size)
    found = signatures_of(pdf, roots())
    assert [signature.covers_to for signature in found] == sizes[1:]
    assert all(signature.whole and signature.trusted for signature in found)
    assert [(one.name, one.meaning) for one in found] == [
        (ADA, "authorship"), (GRACE, "review"), (ADA, "review"), (GRACE, "approval")
    ]  # fmt: skip


def test_it_is_pades_with_name_reason_and_time_in_the_dictionary(pdf: Path) -> None:
    sign(pdf, ADA, "review", at=NOW.astimezone(UTC))
    (embedded,) = PdfFileReader(io.BytesIO(pdf.read_bytes())).embedded_regular_signatures
    entries = embedded.sig_object
    assert entries["/SubFilter"] == "/ETSI.CAdES.detached"
    assert (entries["/Name"], entries["/Reason"]) == (ADA, "review")
    assert entries["/M"].startswith("D:20261103093000")
    attributes = {attribute["type"].native for attribute in embedded.signer_info["signed_attrs"]}
    assert "signing_certificate_v2" in attributes
    assert "signing_time" not in attributes  # PAdES has the time in the dictionary only


def test_it_stays_pdf_a(pdf: Path) -> None:
    sign(pdf, ADA, "review")
    root = PdfFileReader(io.BytesIO(pdf.read_bytes())).root
    told = root["/Metadata"].data.decode()
    assert re.search(r'pdfaid:part(="|>)3', told)
    assert re.search(r'pdfaid:conformance(="|>)B', told)
    assert root["/OutputIntents"]
    form = root["/AcroForm"]
    assert "/NeedAppearances" not in form
    box = form["/Fields"][0]
    assert box["/F"] & 0b100  # printed
    assert not box["/F"] & 0b11  # neither invisible nor hidden
    assert list(box["/AP"]) == ["/N"]


@needs("pdftotext", "pdffonts")
def test_the_box_shows_it_with_fonts_embedded(pdf: Path) -> None:
    sign(pdf, ADA, "review")
    sign(pdf, GRACE, "approval", at=NOW + MINUTE)
    assert _box(pdf, 0).startswith(f"Reviewed by {ADA} 2026-11-03 09:30:00 UTC")
    assert _box(pdf, 1).startswith(f"Approved by {GRACE} 2026-11-03 09:31:00 UTC")
    number = f"{person(ADA).certificate.serial_number:x}"
    assert _box(pdf, 0).endswith(f"certificate of {ADA}, issued by Example Medical CA, number {number}")
    fonts = _said("pdffonts", str(pdf)).splitlines()[2:]
    assert len(fonts) >= 3
    assert all(re.search(r" yes yes yes +\d+ +\d+$", font) for font in fonts), fonts


def _box(pdf: Path, number: int) -> str:
    """Return the text of a box on the last page, as poppler reads it."""
    left, bottom, right, top = place_of(number)
    area = ("-x", left, "-y", 842 - top, "-W", right - left, "-H", top - bottom)
    return " ".join(_said("pdftotext", "-f", "2", *map(str, area), str(pdf), "-").split())


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("given", "then", "why"),
    [
        ([], (GRACE, "approval"), "approval before review"),
        ([(ADA, "review")], (ADA, "review"), f"{ADA} has signed this already: reviewed"),
        ([(ADA, "review"), (GRACE, "approval")], (ADA, "approval"), None),
        ([(ADA, "review"), (GRACE, "approval")], (GRACE, "review"), "review after approval"),
        ([(ADA, "review")], (GRACE, "authorship"), "authorship after review"),
        ([], (ADA, "acclaim"), "meaning acclaim, expected authorship, review, approval"),
    ],
)
def test_the_order_of_meanings(
    pdf: Path, given: list[tuple[str, str]], then: tuple[str, str], why: str | None
) -> None:
    for name, meaning in given:
        sign(pdf, name, meaning)
    before = pdf.read_bytes()
    if why is None:
        sign(pdf, *then)
        assert len(signatures_of(pdf)) == len(given) + 1
        return
    with pytest.raises(RefusedToStart, match=re.escape(why)):
        sign(pdf, *then)
    assert pdf.read_bytes() == before


@pytest.mark.parametrize(
    ("valid", "usages", "why"),
    [
        ((NOW - YEAR, NOW - timedelta(days=1)), ["content_commitment"], "had expired on 2026-11-02"),
        ((NOW + timedelta(days=1), NOW + YEAR), ["content_commitment"], "is valid from 2026-11-04 only"),
        (
            (NOW - YEAR, NOW + YEAR),
            ["key_encipherment"],
            "is not for signing documents but for key encipherment",
        ),
    ],
)
def test_a_certificate_that_is_no_good_does_not_sign(
    pdf: Path, valid: tuple[object, object], usages: list[str], why: str
) -> None:
    bad = company().certify(ADA, valid=valid, usages=usages)  # type: ignore[arg-type]
    with pytest.raises(RefusedToStart, match=why):
        sign(pdf, ADA, "review", by=bad)
    assert pdf.read_bytes() == report_bytes()


def test_what_was_altered_is_not_signed_again(pdf: Path) -> None:
    sign(pdf, ADA, "review")
    whole = pdf.read_bytes()
    pdf.write_bytes(whole + b"\n")
    with pytest.raises(RefusedToStart, match="1 bytes after the last signature"):
        sign(pdf, GRACE, "approval")
    pdf.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(RefusedToStart, match="Nobody should sign it"):
        sign(pdf, GRACE, "approval")


def test_the_last_page_has_room_for_six(pdf: Path) -> None:
    names = [f"Person {number}" for number in range(7)]
    for name in names[:6]:
        sign(pdf, name, "review")
    with pytest.raises(RefusedToStart, match="6 at most"):
        sign(pdf, names[6], "review")


def test_a_name_cannot_typeset_anything(pdf: Path) -> None:
    name = '#panic("x") $ \\ *_`'
    sign(pdf, name, "review", by=Authority().certify(name))
    assert signatures_of(pdf)[0].name == name


def test_no_half_file_is_left_where_the_folder_takes_none(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    signer = open_p12(person(ADA).p12(pdf.with_name("ada.p12")), PASSPHRASE)
    with pytest.raises(RefusedToStart, match="No space left on device"):
        sign_pdf(pdf, signer, name=ADA, meaning="review", at=NOW)
    assert pdf.read_bytes() == report_bytes()
    assert sorted(path.name for path in pdf.parent.iterdir()) == ["ada.p12", "report.pdf"]
