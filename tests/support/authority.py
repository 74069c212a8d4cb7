"""A certificate authority of a company that exists in tests only, and the people it certifies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSPHRASE = "correct horse"
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
YEAR = timedelta(days=365)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Person:
    """A certified person: key, certificate, and the authority's certificate."""

    key: Key
    certificate: x509.Certificate
    authority: x509.Certificate

    def p12(self, path: Path, passphrase: str = PASSPHRASE) -> Path:
        """Write key and certificates as PKCS#12."""
        secret = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"signing", self.key, self.certificate, [self.authority], secret
            )
        )
        return path

    def key_pem(self) -> bytes:
        """Return the key as unencrypted PKCS#8, for tokens and other programs."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """Issues certificates; ``valid`` tells from when to when, for itself ten years around now."""

    def __init__(self, name: str = "Example Medical CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name, organisation="Example Medical")
        builder = _builder(subject, subject, self._key, (NOW - 5 * YEAR, NOW + 5 * YEAR))
        self.certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def pem(self, path: Path) -> Path:
        """Write the authority's own certificate."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def certify(
        self,
        name: str,
        *,
        email: str = "",
        valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
        usages: Iterable[str] = ("content_commitment",),
        key: Key | None = None,
        time_stamping: bool = False,
    ) -> Person:
        """Return a person, or a time-stamp server, with a certificate."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), self.certificate.subject, key, valid)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(*usages), critical=True)
        if email:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), False)
        if time_stamping:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        return Person(key, builder.sign(self._key, hashes.SHA256()), self.certificate)


def _named(name: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _usage(*names: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
