"""The station's key: an Ed25519 key of this user on this machine, made at first need, that signs the record.

It is kept outside the folder of the runs: who can rewrite a record could otherwise sign it again too. Its
public half is entered into every record it signs. ``RIG_KEYS`` names the folder of the keys; without it, it
is ``needle-rig/keys`` where the user's data lie (``XDG_DATA_HOME``, ``LOCALAPPDATA``). Public keys that a
person puts there (``*.pem``) are known on this machine as well.

Nothing here protects the key against its own user: who must be able to exclude that lets the rig run under a
user of its own.
"""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart, StoreError
from rig.records.files import make_folder, sync_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FILE_NAME = "station-key.pem"
FOLDER_VARIABLE = "RIG_KEYS"


@dataclass(frozen=True)
class StationKey:
    """A key that signs.

    Args:
        public: its public half as PEM.
        fingerprint: SHA-256 (hex) of the public half as DER, as ``openssl pkey -outform DER`` writes.
    """

    public: str
    fingerprint: str
    _private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._private.sign(message)


@dataclass(frozen=True)
class PublicKey:
    """A key that checks; made by :func:`read_public`."""

    public: str
    fingerprint: str
    _key: Ed25519PublicKey

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Say whether ``signature`` is this key's over ``message``."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def keys_folder() -> Path:
    """Return the folder of the keys of this user on this machine; it need not be there."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(data) if data else Path.home() / ".local" / "share") / "needle-rig" / "keys"


def station_key() -> StationKey:
    """Return the key of this user on this machine; it is made where there is none.

    Raises:
        StoreError: it cannot be made or read, or it is no Ed25519 key.
    """
    return _load(keys_folder() / FILE_NAME)


def read_public(pem: str) -> PublicKey:
    """Read a public key, or the public half of a private one.

    Raises:
        ValueError: it is no Ed25519 key in PEM.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if "PRIVATE KEY" in pem:
        private = _private(pem.encode())
        key = private.public_key()
    else:
        found = serialization.load_pem_public_key(pem.encode())
        if not isinstance(found, ed25519.Ed25519PublicKey):
            raise ValueError("it is no Ed25519 key")
        key = found
    return PublicKey(*_told(key), key)


def known_keys() -> dict[str, str]:
    """Return the fingerprint of each key in the folder of the keys, with the name of its file.

    Files that hold no key are passed over. None is made.
    """
    known = {}
    with contextlib.suppress(OSError):
        for path in sorted(keys_folder().glob("*.pem")):
            with contextlib.suppress(OSError, ValueError):
                known[read_public(path.read_text(encoding="utf-8")).fingerprint] = path.name
    return known


def fingerprint_of(named: str) -> str:
    """Return the fingerprint that a person means: a fingerprint itself, or a file that holds a key.

    Raises:
        RefusedToStart: it is neither.
    """
    if len(named) == 64 and all(letter in "0123456789abcdef" for letter in named.lower()):
        return named.lower()
    try:
        return read_public(Path(named).read_text(encoding="utf-8")).fingerprint
    except (OSError, ValueError) as error:
        raise RefusedToStart(
            f"{named!r} is no key ({error})",
            expected="a file with an Ed25519 key in PEM, or its fingerprint of 64 hexadecimal digits",
            do="Give the station-key.pem that the station's owner handed out, or its fingerprint",
        ) from error


@functools.cache
def _load(path: Path) -> StationKey:
    try:
        if not path.exists():
            _make(path)
        private = _private(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: the station's key cannot be made or read ({error})",
            do=f"Make that folder readable and writable, or name another in {FOLDER_VARIABLE}",
        ) from error
    return StationKey(*_told(private.public_key()), private)


def _make(path: Path) -> None:
    """Write a new key, wholly or not at all; the first of several that do so at once stays."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def _private(pem: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:  # a key under a password
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is no Ed25519 key")
    return key


def _told(key: Ed25519PublicKey) -> tuple[str, str]:
    import hashlib

    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, form).decode()
    return pem, hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()
