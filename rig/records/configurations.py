"""The files a run began with, kept byte for byte, so that a run stands by itself years later.

Each is kept once, under ``configurations/`` by its SHA-256, however many runs begin with it. Which bytes were
last on record for a file tells :func:`last_known`; what changed since, key by key, :func:`changes`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import ConfigError
from rig.records import kinds
from rig.records.audit import AuditLog
from rig.records.files import write_new

if TYPE_CHECKING:
    from rig.records.event import Event
    from rig.records.store import Store

FOLDER = "configurations"
TOML = ".toml"
Key = tuple[str, str]


@dataclass(frozen=True)
class ConfigurationFile:
    """A file that decides a run, as it was read.

    Args:
        what: station, product, plan, tests, world, policy or requirements.
        name: of the station, the product's model, the plan …; with ``what`` it says which file follows which.
        suffix: of the file's name.
        data: its bytes.
    """

    what: str
    name: str
    suffix: str
    data: bytes = field(repr=False)

    @property
    def key(self) -> Key:
        """What and name."""
        return self.what, self.name

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


@dataclass(frozen=True)
class Change:
    """A file that is another than the one last on record.

    Args:
        file: as it is now.
        before: SHA-256 of the one on record; None where there is none.
        keys: {key, old, new} of all that differs.
    """

    file: ConfigurationFile
    before: str | None
    keys: Sequence[Mapping[str, Any]] = ()


def read_file(what: str, name: str, path: Path) -> ConfigurationFile:
    """Read a file that decides a run; ``what`` and ``name`` as :class:`ConfigurationFile` has them.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return ConfigurationFile(what, name, path.suffix, path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error


def keep(runs: Path, file: ConfigurationFile) -> str:
    """Keep a file's bytes, unless they are kept already; return where, relative to the folder of the runs.

    Raises:
        StoreError: they could not be written.
    """
    folder = runs / FOLDER
    for path in sorted(folder.glob(f"{file.sha256}*{file.suffix}")):
        if path.read_bytes() == file.data:  # one that was altered meanwhile proves nothing for this run
            return f"{FOLDER}/{path.name}"
    return f"{FOLDER}/{write_new(folder, file.sha256, file.suffix, file.data).name}"


def changed_files(store: Store, files: Sequence[ConfigurationFile]) -> list[Change]:
    """Return those of ``files`` that are not the ones last on record, with what changed in each.

    Raises:
        StoreError: the record cannot be read.
    """
    known = last_known(store)
    return [_change(store.runs, file, known.get(file.key)) for file in files if _is_new(file, known)]


def last_known(store: Store) -> dict[Key, Event]:
    """Return the latest entry about each file, by what and name.

    Raises:
        StoreError: the record cannot be read.
    """
    events = store.events(kinds.AUDIT_SUBJECT, kinds=(kinds.AUDIT_CONFIGURATION,))
    return {(event.body["what"], event.body["name"]): event for event in events}


def enter(log: AuditLog, change: Change, path: str, *, by: str, reason: str, run_id: str = "") -> Event:
    """Enter a change into the audit trail.

    Args:
        log: where to.
        path: where the new bytes are kept, relative to the folder of the runs.
        by, reason: who changed it and why; empty where nobody said.
        run_id: the run that found it changed; empty where a person entered it.

    Raises:
        StoreError: the entry could not be kept.
    """
    return log.entered(
        kinds.AUDIT_CONFIGURATION,
        what=change.file.what,
        by=by,
        before=change.before,
        after=change.file.sha256,
        reason=reason,
        name=change.file.name,
        path=path,
        sha256=change.file.sha256,
        changes=list(change.keys),
        run_id=run_id,
    )


def changes(old: bytes, new: bytes, suffix: str) -> list[dict[str, Any]]:
    """Return what differs as {key, old, new}: dotted keys of TOML, else (and for its comments) lines.

    A key that was or is not there has None for its value.
    """
    if suffix == TOML:
        try:
            before, after = (dict(_flat(tomllib.loads(data.decode()))) for data in (old, new))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            return _changed_lines(old, new)
        keys = [key for key in before | after if before.get(key) != after.get(key)]
        if keys:
            return [{"key": key, "old": before.get(key), "new": after.get(key)} for key in keys]
    return _changed_lines(old, new)


def _is_new(file: ConfigurationFile, known: Mapping[Key, Event]) -> bool:
    return file.key not in known or known[file.key].body["sha256"] != file.sha256


def _change(runs: Path, file: ConfigurationFile, known: Event | None) -> Change:
    if known is None:
        return Change(file, None)
    before = str(known.body["sha256"])
    try:
        old = (runs / known.body["path"]).read_bytes()
    except OSError:  # the record is damaged, which rig verify says; that the file changed is still true
        return Change(file, before)
    return Change(file, before, changes(old, file.data, file.suffix))


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and plain values; an empty table or list is a value itself."""
    pairs: Sequence[tuple[str, Any]] = ()
    if isinstance(value, dict):
        pairs = [(f"{place}.{key}" if place else key, item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        pairs = [(f"{place}[{number}]", item) for number, item in enumerate(value)]
    if pairs:
        for key, item in pairs:
            yield from _flat(item, key)
    else:
        yield place, _json(value)


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value if isinstance(value, str | int | float | dict) else str(value)  # dates, times


def _changed_lines(old: bytes, new: bytes) -> list[dict[str, Any]]:
    before, after = (data.decode(errors="replace").splitlines(keepends=True) for data in (old, new))
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [
        {"key": f"line {start + 1}", "old": "".join(before[begin:end]), "new": "".join(after[start:stop])}
        for what, begin, end, start, stop in blocks
        if what != "equal"
    ]
