"""Makes a package of evidence: one folder that stands by itself, and shows at once what was altered in it.

It is built under another name beside its place and moved there when it is whole: what was interrupted looks
like nothing. A package that is there already is never written over.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from os import getpid
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from calibration.errors import EstimateError
from reports.evidence import allure, manifest
from reports.evidence.entries import FILE_NAME, FOLDER, Stretch, copy_heads, stretch_of, write_entries
from reports.evidence.figures import figures_of
from reports.evidence.page import write_page
from reports.evidence.pdf import write_pdf
from reports.evidence.readme import write_readme
from reports.evidence.results import results_bytes, results_of
from reports.matrix import matrix_of
from reports.requirements import REQUIREMENTS, load_requirements
from rig.errors import RefusedToStart, StoreError
from rig.records import kinds
from rig.records.files import safe_name, sync_folder
from rig.records.named_files import references
from rig.records.station_key import FILE_NAME as KEY_FILE
from rig.records.station_key import StationKey, station_key

if TYPE_CHECKING:
    from reports.evidence.subject import Subject

RESULTS, PAGE, REQUIREMENTS_FOLDER = "results.json", "report.html", "requirements"


def make_package(subject: Subject, out: Path, *, made_at: datetime, commit: str = "") -> Path:
    """Make the package of a subject.

    Args:
        subject: what it is about.
        out: folder to put it in; made where it is missing.
        made_at: the moment it says that it was made.
        commit: of this software, for the manifest.

    Returns:
        The package's folder, ``out`` / id of the run, ``lot-NAME`` or ``study-NAME``.

    Raises:
        RefusedToStart: it is there already, or nothing here can typeset it.
        StoreError: the record is altered or cannot be read, or the package not written.
        ConfigError: the requirements cannot be read.
    """
    place = out / package_name(subject)
    if place.exists():
        raise RefusedToStart(
            f"{place} is there already", do="Give another folder with --out, or move it away"
        )
    key, made_at = station_key(), made_at.astimezone(UTC).replace(microsecond=0)
    with _moved_when_whole(place) as folder:
        shutil.copytree(REQUIREMENTS, folder / REQUIREMENTS_FOLDER, ignore=_only_toml)
        results = results_with_matrix(subject, folder / REQUIREMENTS_FOLDER)
        stretch = stretch_of(subject)
        (folder / FOLDER).mkdir()
        write_entries(stretch, folder)
        copy_heads(stretch, subject.folder, folder)
        others = _write_keys(stretch, key, folder)
        runs = _copy_named(stretch, subject.folder, folder)
        (folder / RESULTS).write_bytes(results_bytes(results))
        _write_reports(subject, results, folder, made_at)
        about = {
            "subject": {"kind": subject.kind, "name": subject.name},
            "made_at": made_at.isoformat(),
            "software": {"version": manifest.version(), "commit": commit},
            "key": key.fingerprint,
        }
        facts = {
            "subject": f"{subject.kind} {subject.name}",
            "made": str(about["made_at"]),
            "version": manifest.version(),
            "report_bytes": str((folder / manifest.REPORT).stat().st_size),
            "fingerprint": key.fingerprint,
            "keys": "; further ones of the record beside it" if others else "",
        }
        write_readme(folder, facts, runs=runs, allure=_allure(subject, folder))
        manifest.write_manifest(folder, about, key)
    return place


def package_name(subject: Subject) -> str:
    """Return the name of a subject's folder."""
    return safe_name(subject.name if subject.kind == "run" else f"{subject.kind}-{subject.name}")


def results_with_matrix(subject: Subject, requirements: Path) -> dict[str, Any]:
    """Return a subject's results with its matrix, and with what a lot shows."""
    matrix = matrix_of(load_requirements(requirements), subject.runs)
    lot = None
    if subject.kind == "lot":
        from reports.lot import lot_of  # with all of scipy, which a single run needs not wait for

        try:
            lot = lot_of(subject.runs, name=subject.name).to_json()
        except EstimateError:  # no pen of it was judged; the conclusion says so
            lot = None
    return results_of(subject, matrix, lot)


def _write_reports(subject: Subject, results: dict[str, Any], folder: Path, made_at: datetime) -> None:
    figures = figures_of(subject)
    entries = folder / FOLDER / FILE_NAME
    write_pdf(results, figures, [entries], folder / manifest.REPORT, made_at=made_at)
    write_page(results, figures, folder / PAGE, made_at=made_at)


def _write_keys(stretch: Stretch, key: StationKey, folder: Path) -> bool:
    """Write the public keys; say whether the record names others than this machine's."""
    (folder / FOLDER / KEY_FILE).write_text(key.public, encoding="ascii", newline="\n")
    entered = [event.body for event in stretch.told if event.kind == kinds.STATION_KEY]
    others = [body for body in entered if body["fingerprint"] != key.fingerprint]
    for body in others:
        name = KEY_FILE.replace(".pem", f"-{body['fingerprint']}.pem")
        (folder / FOLDER / name).write_text(body["public"], encoding="ascii", newline="\n")
    return bool(others)


def _copy_named(stretch: Stretch, runs: Path, folder: Path) -> list[str]:
    """Copy every file that an entry names; return the runs' folders there are. Raises StoreError."""
    named = {path: sha256 for event in stretch.told for path, sha256 in references(event.body)}
    for path, sha256 in named.items():
        inside, source = PurePosixPath(path), runs / path
        if inside.is_absolute() or ".." in inside.parts or not source.is_file():
            raise StoreError(f"{source}: the record names it, and it is not there", do="Look with rig verify")
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / inside)
        if manifest.sha256_of(folder / inside) != sha256:
            raise StoreError(f"{source}: it is not the file that was recorded", do="Look with rig verify")
    tops = {PurePosixPath(path).parts[0] for path in named}
    return sorted(tops - {"configurations"})


def _allure(subject: Subject, folder: Path) -> str:
    if not allure.copy_results(subject, folder):
        return "none"
    command = allure.allure_command()
    return "page" if command and allure.make_page(command, folder) else "results"


@contextmanager
def _moved_when_whole(place: Path) -> Iterator[Path]:
    """Give a folder to build in, beside the place; move it there at the end, or remove it."""
    part = place.with_name(f".{place.name}.{getpid()}.part")
    try:
        part.mkdir(parents=True)
        try:
            yield part
            part.rename(place)
            sync_folder(place.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"{place}: the package could not be written ({error})", do="Free space, or give another --out"
        ) from error


def _only_toml(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".toml")]
