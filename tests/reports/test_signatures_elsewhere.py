"""Programs of others judge the signatures: poppler's pdfsig with NSS, and OpenSSL."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from reports.signing import signatures_of
from tests.support.authority import NOW, Authority
from tests.support.signed_pdf import ADA, GRACE, MINUTE, company, report_bytes, roots, sign
from tests.support.tools import needs


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A report that was reviewed with an RSA key and approved with one on a curve."""
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(report_bytes())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    sign(pdf, ADA, "review", by=company().certify(ADA, key=key))
    sign(pdf, GRACE, "approval", at=NOW + MINUTE)
    return pdf


def said(*command: str | Path, status: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == status, done
    return done.stdout + done.stderr


@needs("pdfsig")
def test_pdfsig_agrees(pdf: Path) -> None:
    told = said("pdfsig", pdf)
    assert told.count("Signature is Valid.") == 2
    assert re.findall(r"Common Name: (.+)", told) == [ADA, GRACE]
    assert re.findall(r"Signing Time: (.+)", told) == ["Nov 03 2026 09:30:00", "Nov 03 2026 09:31:00"]
    assert told.count("ETSI.CAdES.detached") == 2
    assert "Not total document signed" in told.split("Signature #2")[0]
    assert "Total document signed" in told.split("Signature #2")[1]
    ends = [int(end) for end in re.findall(r"Signed Ranges: \[0 - \d+\], \[\d+ - (\d+)\]", told)]
    assert ends == [found.covers_to for found in signatures_of(pdf)]


@needs("pdfsig")
def test_pdfsig_agrees_on_what_was_altered(pdf: Path) -> None:
    data = pdf.read_bytes()
    pdf.write_bytes(data.replace(b"Report of run-1", b"Report of run-2", 1))
    assert "Digest Mismatch" in said("pdfsig", pdf)
    assert [found.whole for found in signatures_of(pdf)] == [False, False]


@needs("pdfsig", "certutil")
@pytest.mark.parametrize("ours", [True, False])
def test_pdfsig_trusts_whom_we_trust(pdf: Path, tmp_path: Path, ours: bool) -> None:
    authority = company() if ours else Authority()
    said("certutil", "-N", "-d", f"sql:{tmp_path}", "--empty-password")
    root = authority.pem(tmp_path / "ca.pem")
    said("certutil", "-A", "-d", f"sql:{tmp_path}", "-n", "company", "-t", "CT,C,C", "-i", root)
    told = said("pdfsig", "-nssdir", tmp_path, pdf)
    assert told.count("Certificate is Trusted.") == (2 if ours else 0), told
    assert [found.trusted for found in signatures_of(pdf, roots(authority))] == [ours, ours]


@needs("openssl")
@pytest.mark.parametrize("number", [0, 1])
def test_openssl_agrees(pdf: Path, tmp_path: Path, number: int) -> None:
    """With nothing but the byte ranges, as the how-to shows it."""
    data = pdf.read_bytes()
    found = signatures_of(pdf)[number]
    start = [match.end() - 1 for match in re.finditer(rb"/Contents <", data)][number]
    end = data.index(b">", start) + 1
    signed, signature, root = tmp_path / "signed", tmp_path / "signature", company().pem(tmp_path / "ca.pem")
    signature.write_bytes(bytes.fromhex(data[start + 1 : end - 1].decode()))
    verify = f"openssl cms -verify -binary -inform DER -purpose any -attime {NOW.timestamp():.0f}".split()
    verify += [
        "-in",
        str(signature),
        "-content",
        str(signed),
        "-CAfile",
        str(root),
        "-out",
        str(tmp_path / "out"),
    ]
    signed.write_bytes(data[:start] + data[end : found.covers_to])
    assert "successful" in said(*verify)
    signed.write_bytes(data[:start] + data[end : found.covers_to - 1])
    assert "failure" in said(*verify, status=4)
