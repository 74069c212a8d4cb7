"""Reading the certificate of a person: whose it is, when it is good, and what for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate

SIGNING_USAGES = frozenset({"digital_signature", "non_repudiation"})
"""One of them must be among the key usages of a certificate that names any."""


def common_name(certificate: Certificate) -> str:
    """Return the name of the person a certificate is for."""
    name = certificate.subject.native.get("common_name", "")
    return str(name if isinstance(name, str) else name[-1])


def issuer_name(certificate: Certificate) -> str:
    """Return the name of who issued a certificate."""
    issuer = certificate.issuer.native
    return str(
        issuer.get("common_name") or issuer.get("organization_name") or certificate.issuer.human_friendly
    )


def names(certificate: Certificate) -> set[str]:
    """Return every name a person may be known by: common name and e-mail addresses."""
    found = {common_name(certificate), str(certificate.subject.native.get("email_address", ""))}
    if certificate.subject_alt_name_value is not None:
        found |= {name.native for name in certificate.subject_alt_name_value if name.name == "rfc822_name"}
    return found - {""}


def unusable(certificate: Certificate, at: datetime) -> str:
    """Tell why a certificate is no good for a signature made at ``at``; empty where it is."""
    if at < certificate.not_valid_before:
        return f"its certificate is valid from {certificate.not_valid_before:%Y-%m-%d} only"
    if at > certificate.not_valid_after:
        return f"its certificate had expired on {certificate.not_valid_after:%Y-%m-%d}"
    usages = certificate.key_usage_value
    if usages is not None and not SIGNING_USAGES & usages.native:
        allowed = ", ".join(sorted(usages.native)).replace("_", " ") or "nothing"
        return f"its certificate is not for signing documents but for {allowed}"
    return ""


def load_roots(path: Path) -> list[Certificate]:
    """Return the certificates of the authorities to trust: a PEM or DER file, or every one in a folder.

    Raises:
        RefusedToStart: there is no such file, or it holds no certificate.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in {".pem", ".crt", ".cer", ".der"})
        return [certificate for file in files for certificate in load_roots(file)]
    from asn1crypto import pem
    from asn1crypto.x509 import Certificate

    try:
        data = path.read_bytes()
        parts = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        certificates = [Certificate.load(part, strict=True) for part in parts]
        for certificate in certificates:
            common_name(certificate)  # read only when it is asked for
    except OSError as error:
        raise RefusedToStart(
            f"{path} cannot be read ({error.strerror or error})", do="Give its path"
        ) from error
    except (ValueError, TypeError) as error:
        raise RefusedToStart(
            f"{path} holds no certificate",
            expected="certificates of authorities as PEM or DER",
            do="Give another",
        ) from error
    return certificates
