"""What docs/howto-sign.md tells people to type works, from an authority of one's own to OpenSSL's word."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

from reports.certificates import load_roots
from reports.signing import signatures_of
from rig.people.policy import Policy
from tests.support.command import ENVIRONMENT, RIG, ROOT
from tests.support.signed_pdf import report_bytes
from tests.support.tools import needs

PAGE = (ROOT / "docs" / "howto-sign.md").read_text(encoding="utf-8")
SECRETS = {"RIG_P12_PASSPHRASE": "correct horse", "CA": "battery staple"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def script() -> str:
    """Return every command, with the passphrases that people type put into the environment."""
    text = "\n".join(blocks("shell")).replace("\\\n", "")
    text = re.sub(r"^(openssl req -x509.*)$", r"\1 -passout env:CA", text, flags=re.MULTILINE)
    text = re.sub(r"^(openssl x509.*)$", r"\1 -passin env:CA", text, flags=re.MULTILINE)
    text = re.sub(r"^(openssl pkcs12.*)$", r"\1 -passout env:RIG_P12_PASSPHRASE", text, flags=re.MULTILINE)
    return text.replace("rig sign", f"{' '.join(RIG)} sign")


@needs("bash", "openssl", "pdfsig", "xxd")
def test_every_command_works(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(report_bytes())
    done = subprocess.run(
        ["bash", "-e", "-c", script()], cwd=tmp_path, capture_output=True, encoding="utf-8",
        env={**ENVIRONMENT, **SECRETS}, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert "report.pdf: signed by Ada Berg: review" in done.stdout
    assert "Signature is Valid." in done.stdout
    assert "CMS Verification successful" in done.stderr
    (found,) = signatures_of(tmp_path / "report.pdf", load_roots(tmp_path / "ca.pem"))
    assert (found.name, found.issuer, found.trusted) == ("Ada Berg", "Example Medical CA", True)


def test_the_names_in_certificates_are_told_as_they_are_read() -> None:
    (text,) = blocks("toml")
    assert Policy.model_validate(tomllib.loads(text)).certificates == {"ada": "ada@example.com"}
