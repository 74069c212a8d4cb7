"""Reports to sign: two pages of PDF/A-3, typeset in a moment; and people who sign them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from reports.signers import open_p12
from reports.signing import sign_pdf
from tests.support.authority import NOW, PASSPHRASE, Authority, Person

ADA, GRACE, MALLORY = "Ada Lövelace", "Grace Hopper", "Mallory"
MINUTE = timedelta(minutes=1)

REPORT = """
#set page(paper: "a4")
#set document(title: "Report of {name}", date: datetime(year: 2026, month: 11, day: 2))
Report of {name} #pagebreak() Conclusion: PASS
"""


@cache
def report_bytes(name: str = "run-1") -> bytes:
    """Return a report as it was made."""
    import typst

    made = typst.compile(REPORT.format(name=name).encode(), format="pdf", pdf_standards="a-3b")
    assert isinstance(made, bytes)
    return made


@cache
def company() -> Authority:
    """Return the authority of the company."""
    return Authority()


@cache
def person(name: str) -> Person:
    """Return a person whom the company certifies."""
    return company().certify(name)


def roots(authority: Authority | None = None) -> list[Certificate]:
    """Return the certificates to trust: the company's."""
    return [Certificate.load((authority or company()).certificate.public_bytes(Encoding.DER))]


def sign(
    pdf: Path, name: str, meaning: str, *, at: datetime = NOW, by: Person | None = None, **more: object
) -> None:
    """Sign a PDF as a person would, with a PKCS#12 file beside it."""
    key = (by or person(name)).p12(pdf.with_suffix(".p12"))
    sign_pdf(pdf, open_p12(key, PASSPHRASE), name=name, meaning=meaning, at=at, **more)  # type: ignore[arg-type]
    key.unlink()


def signed_twice(name: str, folder: Path) -> Path:
    """Return a report in ``folder`` that Ada reviewed and Grace approved."""
    pdf = folder / "report.pdf"
    pdf.write_bytes(report_bytes(name))
    sign(pdf, ADA, "review")
    sign(pdf, GRACE, "approval", at=NOW + MINUTE)
    return pdf


def stamper(authority: Authority, at: datetime) -> DummyTimeStamper:
    """Return a time-stamp server that says it is ``at``; pyHanko's signs with RSA only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    server = authority.certify("Time", usages=["digital_signature"], key=key, time_stamping=True)
    certificate = Certificate.load(server.certificate.public_bytes(Encoding.DER))
    private = PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return DummyTimeStamper(certificate, private, fixed_dt=at)
