"""Installation qualification: what is installed is what was released, and the station is fit to be used."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import rig
from rig.git_commit import git_commit
from rig.instruments.opening import find_driver
from rig.qualification.check import CONFIRMED, SOFTWARE, Check, Look, NotDone, make
from rig.records.heads import FILE_NAME as HEADS
from rig.records.run import wall_utc
from rig.records.store import FILE_NAME, Store
from rig.records.verify import verify
from rig.reprocess.software import files_hash
from rig.station import Station

DISTRIBUTION = "needle-rig"
ROOT = Path(rig.__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)\s*(?:;\s*(.*))?")
PACKAGES = ("rig", "calibration", "reports")


def installation(station: Station, runs: Path) -> Iterator[Check]:
    """Make the checks of the installation.

    Args:
        station: that is qualified.
        runs: folder of its records.
    """
    looks: list[tuple[str, str, str, Look]] = [
        ("Python", "as the package asks for", SOFTWARE, _python),
        ("Every pinned package", "the version of requirements.lock", SOFTWARE, _pinned),
        ("The package's own files", "as they were released", SOFTWARE, _own_files),
        ("Drivers that the station names", "each is installed", SOFTWARE, lambda: _drivers(station)),
        ("Certificates of the station", "valid today", CONFIRMED, lambda: _certificates(station)),
        ("Clock of this computer", "runs, and is not behind the record", CONFIRMED, lambda: _clock(runs)),
        ("Disk of the records", "keeps what is written through to it", SOFTWARE, lambda: _disk(runs)),
        ("Records of the station", "whole", SOFTWARE, lambda: _records(runs)),
    ]
    for number, (what, expected, requirement, look) in enumerate(looks, start=1):
        yield make(f"IQ-{number}", what, expected, requirement, look)


def _python() -> tuple[bool, str]:
    asked = distribution(DISTRIBUTION).metadata["Requires-Python"] or ""
    least = tuple(int(part) for part in asked.removeprefix(">=").split("."))
    found = f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}"
    return sys.version_info[: len(least)] >= least, f"{found} (asked for: {asked})"


def _pinned() -> tuple[bool, str]:
    if not LOCK.is_file():
        raise NotDone("no requirements.lock lies beside the package")
    wrong, right = [], 0
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        pinned = PINNED.match(line)
        if pinned is None or not _applies(pinned[3]):
            continue
        found = _version(pinned[1])
        if found == pinned[2]:
            right += 1
        else:
            wrong.append(f"{pinned[1]} {found or 'missing'} for {pinned[2]}")
    return not wrong, "; ".join(wrong) or f"{right} packages of the pinned versions"


def _applies(marker: str | None) -> bool:
    from packaging.markers import Marker

    return marker is None or Marker(marker).evaluate()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _own_files() -> tuple[bool, str]:
    hashes = ", ".join(
        f"{name} {files_hash(ROOT / name)[:16]}" for name in PACKAGES if (ROOT / name).is_dir()
    )
    if commit := git_commit():
        return not commit.endswith("+"), f"commit {commit}; SHA-256 over files: {hashes}"
    listed = {
        Path(str(file.locate())): file.hash.value
        for file in distribution(DISTRIBUTION).files or []
        if file.hash is not None and file.suffix == ".py"
    }
    if not listed:
        raise NotDone("neither a git tree nor a list of installed files")
    altered = [str(path) for path, recorded in listed.items() if _urlsafe_sha256(path) != recorded]
    return not altered, f"{len(listed)} files, altered: {', '.join(altered) or 'none'}; {hashes}"


def _urlsafe_sha256(path: Path) -> str:
    """Return a hash as a list of installed files states it."""
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _drivers(station: Station) -> tuple[bool, str]:
    named = {role: config.driver for role, config in station.instruments.items()} | {
        "pen": station.pen.driver
    }
    for driver in named.values():
        find_driver(driver)
    return True, ", ".join(f"{role}: {driver}" for role, driver in named.items())


def _certificates(station: Station) -> tuple[bool, str]:
    station.check_certificates(wall_utc().date())
    due = {role: config.certificate.due for role, config in station.instruments.items()}
    return True, ", ".join(f"{role} due {day}" for role, day in due.items())


def _clock(runs: Path) -> tuple[bool, str]:
    before, began_s = wall_utc(), time.monotonic()
    time.sleep(0.2)
    apart_s = (wall_utc() - before).total_seconds() - (time.monotonic() - began_s)
    last = ""
    if (runs / FILE_NAME).is_file():
        with Store(runs, create=False) as store:
            last = max((event.at for event in store.events()), default="")
    behind = before.replace(tzinfo=None).isoformat() < last
    told = f"{before:%Y-%m-%d %H:%M:%S} UTC, the last entry is of {last or 'never'}"
    return abs(apart_s) < 0.05 and not behind, told


def _disk(runs: Path) -> tuple[bool, str]:
    runs.mkdir(parents=True, exist_ok=True)
    path, data = runs / f".qualification-{os.getpid()}", os.urandom(65536)
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            took_ms = 1e3 * (time.perf_counter() - began_s)
        return path.read_bytes() == data, f"64 KiB written through in {took_ms:.1f} ms and read back"
    finally:
        path.unlink(missing_ok=True)


def _records(runs: Path) -> tuple[bool, str]:
    if not (runs / FILE_NAME).is_file() and not (runs / HEADS).is_file():
        raise NotDone(f"nothing is recorded in {runs} yet")
    found = verify(runs)
    return found.whole, f"{found.entries} entries, {found.files} files, {len(found.altered)} alterations"
