"""Opening the key a person signs with: a PKCS#12 file, or a token behind PKCS#11."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer


def open_p12(path: Path, passphrase: str) -> Signer:
    """Return the signer that a PKCS#12 file holds.

    Raises:
        RefusedToStart: the file cannot be read, its passphrase is another, or it holds no key.
    """
    from cryptography.hazmat.primitives.serialization import pkcs12
    from pyhanko.sign.signers import SimpleSigner

    secret = passphrase.encode() if passphrase else None
    try:
        data = path.read_bytes()
        key, certificate, _ = pkcs12.load_key_and_certificates(data, secret)
    except OSError as error:
        raise RefusedToStart(
            f"{path} cannot be read ({error.strerror or error})", do="Give its path"
        ) from error
    except (ValueError, TypeError) as error:
        raise RefusedToStart(
            f"{path} cannot be opened",
            expected="PKCS#12 and its passphrase",
            do="Give the passphrase once more, or another file",
        ) from error
    if key is None or certificate is None:
        raise RefusedToStart(
            f"{path} holds no key with its certificate", do="Export both, as docs/howto-sign.md shows"
        )
    signer: Signer = SimpleSigner.load_pkcs12_data(data, [], secret)
    return signer


@contextmanager
def open_token(module: Path, *, token: str, key: str, pin: str) -> Iterator[Signer]:
    """Open a session with a token, and yield the signer that its key and its certificate make.

    Args:
        module: the PKCS#11 library of the token's maker.
        token: the token's label; empty where only one is there.
        key: label of both key and certificate.
        pin: of the user.

    Raises:
        RefusedToStart: module, token, key or certificate is not there, or the PIN is another.
    """
    import pkcs11
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

    criteria = TokenCriteria(label=token) if token else None
    try:
        session = open_pkcs11_session(str(module), token_criteria=criteria, user_pin=pin)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise _token_refused(module, error) from error
    with session:
        # Raw: hashed here, because many tokens sign a digest only.
        signer = PKCS11Signer(session, cert_label=key, other_certs_to_pull=None, use_raw_mechanism=True)
        try:
            certificate = signer.signing_cert
        except (pkcs11.PKCS11Error, ValueError) as error:
            raise _token_refused(module, error) from error
        if certificate is None:
            raise _token_refused(module, LookupError(f"no certificate is labelled {key}"))
        yield signer


def _token_refused(module: Path, error: Exception) -> RefusedToStart:
    told = str(error) or type(error).__name__  # python-pkcs11 says most by the class alone
    return RefusedToStart(
        f"{module}: the token cannot be used ({told})",
        expected="a token with a key and its certificate under the label given",
        do="Plug it in; check --token, --key and the PIN",
    )
