"""Which version of ``calibration`` is this: its version, its commit, and a hash over its files."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

DISTRIBUTION = "needle-rig"


@dataclass(frozen=True)
class CalibrationVersion:
    """A version of the package.

    Args:
        version: of the distribution it came with; empty where that is not known.
        commit: of the git tree it lies in, "+" where its files were changed; empty outside of one.
        sha256: over the lines ``<sha256>  <path>`` of its Python files, as sha256sum prints them, by path.
        folder: where it lies.
    """

    version: str
    commit: str
    sha256: str
    folder: str


def calibration_in_use() -> CalibrationVersion:
    """Return the version of the package that this process has imported."""
    import calibration

    assert calibration.__file__ is not None
    return version_of(Path(calibration.__file__).resolve().parent)


def version_of(folder: Path) -> CalibrationVersion:
    """Return the version of the package in a folder."""
    return CalibrationVersion(_version(folder.parent), _commit(folder), files_hash(folder), str(folder))


def files_hash(folder: Path) -> str:
    """Return the SHA-256 over the hashes and paths of a package's Python files."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    lines = [f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _version(around: Path) -> str:
    for found in distributions(name=DISTRIBUTION, path=[str(around)]):
        return found.version
    try:
        project = tomllib.loads((around / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError):
        return ""
    return str(project.get("version", "")) if project.get("name") == DISTRIBUTION else ""


def _commit(folder: Path) -> str:
    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        if git("ls-files", "--error-unmatch", "__init__.py") is None:
            return ""
        return (git("rev-parse", "HEAD") or "") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except OSError:
        return ""
