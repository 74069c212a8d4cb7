"""Is a package whole? Every file against the manifest, and what the files say against each other.

Whoever alters a file can write the manifest anew, so nothing is believed for being listed: the entries are
followed by their hashes, traces and configurations are held against the entries, results.json is computed
from the entries again, and what is attached to report.pdf is held against the files. Signatures of the
station tell whose entries they are, and signatures of people whose report it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.evidence import manifest
from reports.evidence.attachments import attachments_of
from reports.evidence.entries import FILE_NAME as ENTRIES
from reports.evidence.entries import FOLDER
from reports.evidence.pdf import HASHES
from reports.evidence.recompute import RESULTS, judge_results
from reports.evidence.results import hash_list
from reports.evidence.verify_entries import judge_entries
from reports.signed_report import LOG, judge_report
from rig.errors import RefusedToStart
from rig.records.station_key import FILE_NAME as KEY_FILE
from rig.records.station_key import known_keys, read_public
from rig.records.verify import Finding, Verification

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate

KEY = f"{FOLDER}/{KEY_FILE}"


def verify_package(
    path: Path, trusted: Collection[str] = (), roots: Sequence[Certificate] = ()
) -> Verification:
    """Verify a package.

    Args:
        path: its folder.
        trusted: fingerprints of the only keys that may have signed; empty: those that the record names.
        roots: certificates of the authorities to trust for signatures of people.

    Raises:
        RefusedToStart: it is no package, or cannot be read.
    """
    if not manifest.is_package(path):
        raise RefusedToStart(f"{path}: no package", expected="a folder that rig report made")
    try:
        return _Package(path, trusted, roots).verify()
    except OSError as error:
        raise RefusedToStart(
            f"{path} cannot be read ({error.strerror or error})", do="Make folder and files readable"
        ) from error


class _Package:
    """The verification of one package."""

    def __init__(self, folder: Path, trusted: Collection[str], roots: Sequence[Certificate]) -> None:
        self._folder, self._trusted, self._roots = folder, trusted, roots
        self._found = Verification(str(folder))
        self._hashes: dict[str, str] = {}

    def verify(self) -> Verification:
        """Look at everything; raises OSError where that cannot be read."""
        there = manifest.files_in(self._folder)
        told = self._manifest(there)
        self._files(there, told)
        entered = self._entries(there)
        self._key(there, entered)
        self._report(there, told)
        return self._found

    def _manifest(self, there: Sequence[str]) -> manifest.Manifest:
        if manifest.FILE_NAME not in there:
            self._altered(manifest.FILE_NAME, "it is missing: nothing tells what the files were")
            return manifest.Manifest({}, [], {})
        told = manifest.read_manifest(self._folder)
        for number in told.altered:
            self._altered(manifest.FILE_NAME, f"line {number} was altered")
        if manifest.ABOUT in there and told.about.get("schema") != manifest.SCHEMA:
            self._altered(manifest.ABOUT, f"it does not say {manifest.SCHEMA}")
        return told

    def _files(self, there: Sequence[str], told: manifest.Manifest) -> None:
        """Hold every file against the manifest; each is read once."""
        whose = {sha256: path for path, sha256 in told.hashes.items()}
        for path in there:
            if path in (manifest.FILE_NAME, manifest.SIGNATURE, LOG):
                continue
            file = self._folder / path
            if file.is_symlink() or not file.is_file():
                self._altered(path, "it is no file, but something that stands for one")
                continue
            size = told.report_bytes if path == manifest.REPORT else None
            found = self._hashes[path] = manifest.sha256_of(file, size or None)
            self._found.bytes += file.stat().st_size
            if path not in told.hashes:
                self._altered(path, f"{manifest.FILE_NAME} does not list it: it was added")
            elif found != told.hashes[path]:
                self._altered(path, _how(found, whose))
        for path in sorted(set(told.hashes) - set(there)):
            self._altered(path, "it is missing")
        self._found.files = len(self._hashes)

    def _entries(self, there: Sequence[str]) -> set[str]:
        """Follow the entries, and compute from them what the package says; return the keys they name."""
        if f"{FOLDER}/{ENTRIES}" not in there:
            return set()
        judged = judge_entries(self._folder, self._hashes, self._trusted)
        self._found.altered += judged.altered
        self._found.information += judged.information
        self._found.entries, self._found.head = judged.entries, judged.head
        self._found.signatures = judged.signatures
        self._found.runs = len({row.run_id for row in judged.rows if row.kind == "run.started"})
        if RESULTS in there:
            altered, information = judge_results(self._folder, judged.rows)
            self._found.altered += altered
            self._found.information += information
        return judged.keys

    def _key(self, there: Sequence[str], entered: set[str]) -> None:
        """Hold the manifest against its signature, and the key against those that the record names."""
        for path in (manifest.SIGNATURE, KEY):
            if path not in there:
                self._altered(path, "it is missing: whose manifest it is cannot be told")
                return
        try:
            key = read_public((self._folder / KEY).read_text(encoding="utf-8"))
        except ValueError as error:
            self._altered(KEY, f"it is no key ({error})")
            return
        data = (self._folder / manifest.FILE_NAME).read_bytes() if manifest.FILE_NAME in there else b""
        if not key.fits((self._folder / manifest.SIGNATURE).read_bytes(), data):
            self._altered(manifest.SIGNATURE, f"it is not the signature of {KEY} over {manifest.FILE_NAME}")
        signer = key.fingerprint
        if self._trusted:
            if signer not in self._trusted:
                self._altered(KEY, f"the manifest is signed with another key than the one given, {signer}")
        elif signer in known_keys():
            return
        elif entered and signer not in entered:
            self._altered(
                KEY,
                f"the manifest is signed with a key that neither the record names nor this machine, {signer}",
            )
        elif not entered:
            self._tell(
                KEY, f"signed by a key this machine does not know, {signer}; compare it with the maker's"
            )

    def _report(self, there: Sequence[str], told: manifest.Manifest) -> None:
        """Judge what came to report.pdf after it was made, and what is attached to it."""
        if manifest.REPORT not in there:
            return
        if told.report_bytes:
            judged = judge_report(self._folder / manifest.REPORT, told.report_bytes, self._roots)
            self._found.altered += judged.altered
            self._found.information += judged.information
        else:
            self._altered(manifest.ABOUT, f"it does not tell how long {manifest.REPORT} was")
        try:
            attached = attachments_of(self._folder / manifest.REPORT)
        except ValueError as error:
            self._altered(manifest.REPORT, f"what is attached to it cannot be read ({error})")
            return
        expected = {RESULTS: RESULTS, ENTRIES: f"{FOLDER}/{ENTRIES}"}
        for name, path in expected.items():
            if path in there and attached.get(name) != (self._folder / path).read_bytes():
                self._altered(manifest.REPORT, f"what is attached to it as {name} is not {path}")
        if RESULTS in there and HASHES in attached:
            self._judge_hash_list(attached[HASHES])

    def _judge_hash_list(self, attached: bytes) -> None:
        import json

        try:
            expected = hash_list(json.loads((self._folder / RESULTS).read_bytes()))
        except (ValueError, KeyError, TypeError):
            return  # results.json itself is told as altered
        if attached != expected:
            self._altered(manifest.REPORT, f"what is attached to it as {HASHES} is not what {RESULTS} says")

    def _altered(self, where: str, what: str) -> None:
        self._found.altered.append(Finding(where, what))

    def _tell(self, where: str, what: str) -> None:
        self._found.information.append(Finding(where, what))


def _how(found: str, whose: dict[str, str]) -> str:
    if found in whose:
        return f"it was swapped: this is the content of {whose[found]}"
    return "it was altered: its SHA-256 is not the one in the manifest"
