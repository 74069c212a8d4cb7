"""Writing a file of the record so that it is wholly there or not at all, and never over another one."""

from __future__ import annotations

import os
import re
from io import FileIO
from pathlib import Path

from rig.errors import StoreError

LONGEST_NAME = 100
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # on Windows


def safe_name(name: str) -> str:
    """Return ``name`` as a file name that every platform accepts; different names may become alike."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:LONGEST_NAME].rstrip("-.")
    return f"{safe}-" if RESERVED.fullmatch(safe) else safe or "unnamed"


def write_new(folder: Path, name: str, suffix: str, data: bytes) -> Path:
    """Write ``data`` durably to a new file in ``folder``, made if need be, and return its path.

    The file is called ``name`` + ``suffix``; where that is taken, ``name-2`` and so on. When this
    returns, file and folder are on the disk; when it raises, there is no file.

    Raises:
        StoreError: the disk is full or read-only, or the folder cannot be made.
    """
    try:
        make_folder(folder)
        path = _free_path(folder, safe_name(name), suffix)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            _write_synced(part, data)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(
            f"{folder}: a file of the record could not be written ({error.strerror or error})",
            do="Free space on that disk and make the folder writable, or choose another with --runs",
        ) from error
    return path


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a text file, made if need be, durably. Raises OSError."""
    is_new = not path.exists()
    with path.open("ab+", buffering=0) as file:
        file.write((b"" if _ends_whole(file) else b"\n") + line + b"\n")
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents, durably. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of files on the disk. Raises OSError."""
    if os.name == "nt":  # Windows keeps it in the file's own journal and cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free_path(folder: Path, name: str, suffix: str) -> Path:
    path, number = folder / f"{name}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{suffix}"
    return path


def _ends_whole(file: FileIO) -> bool:
    """Say whether the last line is complete: a writer that was cut off must not spoil the next one's line."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
