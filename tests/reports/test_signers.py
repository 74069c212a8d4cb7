"""Keys: PKCS#12 files, tokens behind PKCS#11, and time-stamp servers, each as it is and as it goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from reports.certificates import common_name, names
from reports.signers import open_p12, open_token
from reports.signing import sign_pdf, signatures_of
from reports.time_stamps import time_stamp_server
from rig.errors import RefusedToStart
from tests.support.authority import NOW, PASSPHRASE, Person
from tests.support.signed_pdf import ADA, company, person, report_bytes, roots, sign, stamper
from tests.support.tools import needs

SOFT_TOKEN = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "123456"


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(report_bytes())
    return path


def test_a_file_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    p12 = person(ADA).p12(tmp_path / "ada.p12")
    assert common_name(open_p12(p12, PASSPHRASE).signing_cert) == ADA
    for wrong in ("", "wrong"):
        with pytest.raises(
            RefusedToStart, match=r"ada\.p12 cannot be opened, expected PKCS#12 and its passphrase"
        ):
            open_p12(p12, wrong)


def test_files_that_hold_no_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ada.p12"
    with pytest.raises(RefusedToStart, match="cannot be read"):
        open_p12(path, PASSPHRASE)
    path.write_bytes(b"not PKCS#12")
    with pytest.raises(RefusedToStart, match="cannot be opened"):
        open_p12(path, PASSPHRASE)
    secret = BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, person(ADA).certificate, None, secret))
    with pytest.raises(RefusedToStart, match="holds no key with its certificate"):
        open_p12(path, PASSPHRASE)


def test_a_person_is_known_by_name_and_by_e_mail() -> None:
    from asn1crypto.x509 import Certificate

    certified = company().certify(ADA, email="ada@example.com").certificate
    assert names(Certificate.load(certified.public_bytes(Encoding.DER))) == {ADA, "ada@example.com"}


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token in software, with a key on a curve, an RSA key, and their certificates on it."""
    (tmp_path / "tokens").mkdir()
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    _softhsm("--init-token", "--free", "--label", "ada", "--so-pin", "0000")
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for number, (label, one) in enumerate(
        {"signing": person(ADA), "rsa": company().certify(ADA, key=rsa_key)}.items(), start=1
    ):
        key = tmp_path / "key.pem"
        key.write_bytes(one.key_pem())
        _softhsm("--import", str(key), "--token", "ada", "--label", label, "--id", f"0{number}")
        _put_certificate(label, bytes([number]), one)
    return SOFT_TOKEN


def _softhsm(*what: str) -> None:
    subprocess.run(["softhsm2-util", "--pin", PIN, *what], check=True, capture_output=True, timeout=60)


def _put_certificate(label: str, number: bytes, one: Person) -> None:
    import pkcs11
    from pkcs11.util.x509 import decode_x509_certificate

    module = pkcs11.lib(str(SOFT_TOKEN))
    module.reinitialize()
    with module.get_token(token_label="ada").open(user_pin=PIN, rw=True) as session:
        template = decode_x509_certificate(one.certificate.public_bytes(Encoding.DER))
        kept = {pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: number, pkcs11.Attribute.TOKEN: True}
        session.create_object({**template, **kept})


@needs("softhsm2-util")
def test_a_token_signs(token: Path, pdf: Path) -> None:
    """And what is not on it, or another PIN, is told; one token of one process for all of it."""
    for key, meaning in (("signing", "authorship"), ("rsa", "review")):
        with open_token(token, token="ada", key=key, pin=PIN) as signer:
            sign_pdf(pdf, signer, name=ADA, meaning=meaning, at=NOW)
    for found in signatures_of(pdf, roots()):
        assert (found.name, found.whole, found.trusted) == (ADA, True, True)
    for wrong in ({"pin": "654321"}, {"token": "eve"}, {"key": "other"}):
        with (
            pytest.raises(RefusedToStart, match="the token cannot be used"),
            open_token(token, **{"token": "ada", "key": "signing", "pin": PIN, **wrong}),
        ):
            pytest.fail("it was opened")


def test_a_module_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(RefusedToStart, match="the token cannot be used"),
        open_token(tmp_path / "no.so", token="", key="signing", pin=PIN),
    ):
        pytest.fail("it was opened")


@contextmanager
def served(kind: str) -> Iterator[str]:
    """Serve time stamps on this machine, and yield the address; ``kind`` is the type of its answers."""
    stamps = stamper(company(), NOW)

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = asyncio.run(stamps.async_request_tsa_response(question)).dump()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_a_time_stamp_server_is_asked(pdf: Path) -> None:
    with served("application/timestamp-reply") as url:
        sign(pdf, ADA, "review", time_stamps=time_stamp_server(url))
    assert signatures_of(pdf, roots())[0].stamped_at == NOW


def test_a_time_stamp_server_that_does_not_do_is_told(pdf: Path) -> None:
    with served("text/html") as url, pytest.raises(RefusedToStart, match="answered with text/html"):
        sign(pdf, ADA, "review", time_stamps=time_stamp_server(url))
    with pytest.raises(RefusedToStart, match="does not answer"):
        sign(pdf, ADA, "review", time_stamps=time_stamp_server(url))
    with pytest.raises(RefusedToStart, match="is no time-stamp server"):
        time_stamp_server("file:///etc/passwd")
    assert pdf.read_bytes() == report_bytes()
