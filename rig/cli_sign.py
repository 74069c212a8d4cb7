"""``rig sign``: a person reviews or approves a report, with the rig's password and a key of the company's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import Runs, refused
from rig.cli_sign_in import FromStdin, UserName, read_password, signed_in
from rig.errors import RefusedToStart, RigError

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.signers import Signer

    from rig.people.sign_in import SignedIn

PASSPHRASE, PIN = "RIG_P12_PASSPHRASE", "RIG_PKCS11_PIN"
REPORT, MANIFEST = "report.pdf", "MANIFEST.sha256"

Trust = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        envvar="RIG_TRUST",
        help="Certificates of the authorities to trust: a PEM file, or a folder of them.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to ``rig``."""
    app.command()(sign)


def sign(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE|PDF", help="Package of a report, or a PDF.")],
    meaning: Annotated[str, typer.Option(help="authorship, review or approval.")],
    user: UserName = "",
    p12: Annotated[Path | None, typer.Option("--p12", help="Key and certificate as PKCS#12.")] = None,
    module: Annotated[Path | None, typer.Option("--pkcs11", help="Library of a token: PKCS#11.")] = None,
    token: Annotated[str, typer.Option(help="PKCS#11: label of the token, where there are several.")] = "",
    key: Annotated[str, typer.Option(help="PKCS#11: label of key and certificate.")] = "signing",
    time_stamps: Annotated[str, typer.Option(metavar="URL", help="Time-stamp server (RFC 3161).")] = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Sign a report, and with it every byte of it.

    Asks for the password of the user, where the folder of the runs knows users, and then for the passphrase
    of the key. With --password-stdin they are two lines of the standard input, in this order.
    """
    from reports.certificates import common_name
    from reports.signature_check import need_pyhanko
    from reports.signing import sign_pdf
    from reports.time_stamps import time_stamp_server
    from rig.records.run import wall_utc

    try:
        need_pyhanko()
        pdf = _whole_report(package)
        person = _person(runs, user, meaning, from_stdin)
        with _opened(p12, module, token, key, from_stdin) as signer:
            certificate = signer.signing_cert
            name = common_name(certificate) if person is None else _certified(certificate, person)
            server = time_stamp_server(time_stamps) if time_stamps else None
            before = hashlib.sha256(pdf.read_bytes()).hexdigest()
            sign_pdf(pdf, signer, name=name, meaning=meaning, at=wall_utc(), time_stamps=server)
        _record(runs, pdf, name if person is None else person.name, meaning, before)
    except RigError as error:
        raise refused(error) from None
    print(f"{pdf}: signed by {name}: {meaning}")


def load_trusted(path: Path | None) -> list[Certificate]:
    """Return the certificates of ``--trust``; none where it was not given.

    Raises:
        RefusedToStart: there are none.
    """
    from reports.certificates import load_roots

    roots = [] if path is None else load_roots(path)
    if path is not None and not roots:
        raise RefusedToStart(f"{path} holds no certificate", expected="those of the authorities to trust")
    return roots


def _whole_report(package: Path) -> Path:
    """Return the PDF to sign; a package must be whole."""
    from reports.evidence.verify_package import verify_package

    pdf = package / REPORT if package.is_dir() else package
    if not pdf.is_file():
        raise RefusedToStart(f"{pdf}: there is no such file", expected="a package of rig report, or a PDF")
    if (pdf.parent / MANIFEST).is_file():
        found = verify_package(pdf.parent)
        if not found.whole:
            what = "; ".join(str(finding) for finding in found.altered)
            raise RefusedToStart(f"{pdf.parent} was altered: {what}", do="Nobody should sign it")
    return pdf


def _person(runs: Path, user: str, meaning: str, from_stdin: bool) -> SignedIn | None:
    from reports.meanings import MEANINGS
    from rig.people.user import Role

    if meaning not in MEANINGS:
        raise RefusedToStart(f"meaning {meaning}", expected=", ".join(MEANINGS), do="Choose one of them")
    roles = tuple(role for role in Role if role in MEANINGS[meaning].roles)
    return signed_in(runs, user, roles, f"signing for {meaning}", from_stdin=from_stdin)


@contextmanager
def _opened(
    p12: Path | None, module: Path | None, token: str, key: str, from_stdin: bool
) -> Iterator[Signer]:
    from reports.signers import open_p12, open_token

    if (p12 is None) == (module is None):
        raise RefusedToStart("no key to sign with", expected="either --p12 FILE or --pkcs11 MODULE")
    if p12 is not None:
        yield open_p12(p12, read_password(p12.name, from_stdin=from_stdin, variable=PASSPHRASE))
    elif module is not None:
        pin = read_password(f"token {token}".strip(), from_stdin=from_stdin, variable=PIN)
        with open_token(module, token=token, key=key, pin=pin) as signer:
            yield signer


def _certified(certificate: Certificate, person: SignedIn) -> str:
    """Return the name to print, once the certificate is known to be the person's."""
    from reports.certificates import common_name, names
    from rig.people.policy import FILE_NAME, load_policy

    known_as = load_policy(person.runs).certificates.get(person.name, person.full_name)
    if known_as not in names(certificate):
        raise RefusedToStart(
            f"{person.name} is {person.full_name}, and the certificate is that of {common_name(certificate)}",
            expected=f"a certificate of {known_as}",
            do=f"Sign with your own key, or have the name entered under [certificates] in {FILE_NAME}",
        )
    return person.full_name


def _record(runs: Path, pdf: Path, by: str, meaning: str, before: str) -> None:
    """Leave the signature's line in the package, and its entry in the audit trail of the runs."""
    from reports.signed_report import log_signature
    from rig.records import kinds
    from rig.records.audit import AuditLog
    from rig.records.store import FILE_NAME, Store

    if (pdf.parent / MANIFEST).is_file():
        log_signature(pdf)
    if (runs / FILE_NAME).is_file():
        after = hashlib.sha256(pdf.read_bytes()).hexdigest()
        with Store(runs) as store:
            AuditLog(store).entered(
                kinds.AUDIT_SIGNATURE,
                what=f"{pdf.name} of {pdf.resolve().parent.name}",
                by=by, before=before, after=after, reason=meaning,
            )  # fmt: skip
