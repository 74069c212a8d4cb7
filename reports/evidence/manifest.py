"""The manifest of a package: SHA-256 of every file, signed by the key of the machine that made the package.

``MANIFEST.sha256`` has a line ``SHA-256 PATH`` for each file, as ``sha256sum --check`` reads it; report.pdf
as it was made, before people signed it. ``MANIFEST.json`` says how many bytes that were, what the package
is about, when and with what it was made. ``MANIFEST.sha256.sig`` is the Ed25519 signature over the former,
64 bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rig.records import station_key

FILE_NAME = "MANIFEST.sha256"
SIGNATURE = "MANIFEST.sha256.sig"
ABOUT = "MANIFEST.json"
REPORT = "report.pdf"
SCHEMA = "needle-rig/package/1"
NOT_LISTED = (FILE_NAME, SIGNATURE)
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Manifest:
    """What the manifest says.

    Args:
        hashes: SHA-256 by path, with forward slashes.
        altered: numbers of lines that were never written like this.
        about: what ``MANIFEST.json`` has; empty where it cannot be read.
    """

    hashes: dict[str, str]
    altered: list[int]
    about: dict[str, Any]

    @property
    def report_bytes(self) -> int:
        """Length of report.pdf as it was made; 0 where that is not told."""
        size = self.about.get("report_bytes")
        return size if isinstance(size, int) and size > 0 else 0


def version() -> str:
    """Return the version of this software; ``rig`` itself is not asked, for it opens more than records."""
    try:
        return metadata.version("needle-rig")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def is_package(path: Path) -> bool:
    """Say whether a folder is a package, or was one: one file of the manifest's own is enough."""
    return any((path / name).is_file() for name in (FILE_NAME, ABOUT, SIGNATURE))


def write_manifest(folder: Path, about: Mapping[str, Any], key: station_key.StationKey) -> None:
    """Write and sign the manifest over every file in ``folder``. Raises OSError."""
    told = {"schema": SCHEMA, **about, "report_bytes": (folder / REPORT).stat().st_size}
    text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / ABOUT).write_bytes(f"{text}\n".encode())
    lines = [f"{sha256_of(folder / path)}  {path}\n" for path in files_in(folder) if path not in NOT_LISTED]
    data = "".join(lines).encode()
    (folder / FILE_NAME).write_bytes(data)
    (folder / SIGNATURE).write_bytes(key.sign(data))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a package. Raises OSError where it cannot be read."""
    hashes: dict[str, str] = {}
    altered = []
    lines = (folder / FILE_NAME).read_bytes().decode("utf-8", "surrogateescape").split("\n")
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found and found[2] not in hashes:
            hashes[found[2]] = found[1]
        elif line or number < len(lines):
            altered.append(number)
    try:
        about = json.loads((folder / ABOUT).read_bytes())
    except (OSError, ValueError, RecursionError):
        about = {}
    return Manifest(hashes, altered, about if isinstance(about, dict) else {})


def files_in(folder: Path) -> list[str]:
    """Return the path of every file in a folder, sorted, with forward slashes."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    )


def sha256_of(path: Path, size: int | None = None) -> str:
    """Return the SHA-256 of a file, or of its first ``size`` bytes. Raises OSError."""
    with path.open("rb") as file:
        if size is None:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(file.read(size)).hexdigest()
