"""Traces: raw numbers as the instruments gave them, one Parquet file each.

A file's SHA-256 goes into the entry of the measurement made from it, so a number can be traced to the
very bytes it came from and evaluated again years later. Equal traces give equal bytes (with one
version of pyarrow). A trace is never written over another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import StoreError
from rig.records.event import canonical_json
from rig.records.files import write_new

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

SUFFIX = ".parquet"


@dataclass(frozen=True, eq=False)
class Trace:
    """Columns of raw numbers.

    Args:
        name: what it is, such as ``extension.as_found 0.25 mm 5000``; need not be a file name.
        columns: arrays of one length, in order; each name carries its unit (``gap_mm``). NaN is kept.
        about: instrument identities and settings.

    Raises:
        StoreError: no columns, or columns that are not one-dimensional and of one length.
    """

    name: str
    columns: Mapping[str, NDArray[float64]]
    about: Mapping[str, str | float | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np

        columns = {name: np.asarray(values, dtype=np.float64) for name, values in self.columns.items()}
        shapes = {name: values.shape for name, values in columns.items()}
        if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise StoreError(
                f"trace {self.name!r}: columns have the shapes {shapes}",
                expected="at least one column, each one-dimensional, all of one length",
            )
        object.__setattr__(self, "columns", columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True)
class StoredTrace:
    """Where a trace lies (relative, with forward slashes), the hash of the file, and its length."""

    path: str
    sha256: str
    rows: int


def write_trace(trace: Trace, folder: Path) -> StoredTrace:
    """Write ``trace`` durably to a new file in ``folder``; the path returned is relative to ``folder``.

    Raises:
        StoreError: the file could not be written; there is then no file.
    """
    data = _to_parquet(trace)
    path = write_new(folder, trace.name, SUFFIX, data)
    return StoredTrace(path.name, hashlib.sha256(data).hexdigest(), len(trace))


def read_trace(path: Path, *, sha256: str | None = None) -> Trace:
    """Read a trace; when ``sha256`` is given, only if the file still has that hash.

    Raises:
        StoreError: no such file, not a trace, or not the bytes that were recorded.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: the trace cannot be read ({error.strerror or error})") from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise StoreError(
            f"{path}: the trace is not the one that was recorded (its SHA-256 is {found})",
            expected=sha256,
            do="Restore the file from a backup; do not use its numbers",
        )
    return _from_parquet(data, path)


def _to_parquet(trace: Trace) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {"name": trace.name, "about": canonical_json(trace.about)}
    # From the bare memory: to look at a NumPy array, pyarrow would import all of pandas.
    arrays = [
        pa.Array.from_buffers(pa.float64(), len(trace), [None, pa.py_buffer(values.tobytes())])
        for values in trace.columns.values()
    ]
    table = pa.table(arrays, names=list(trace.columns), metadata=metadata)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_parquet(data: bytes, path: Path) -> Trace:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Not pq.read_table: it imports all of pandas to look at one file.
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        metadata = table.schema.metadata or {}
        name, about = metadata[b"name"].decode(), json.loads(metadata[b"about"])
        # Not Array.to_numpy: that imports all of pandas as well.
        columns: dict[str, Any] = {
            column: np.from_dlpack(table[column].combine_chunks()) for column in table.column_names
        }
    except (pa.ArrowException, KeyError, ValueError, TypeError, BufferError) as error:
        raise StoreError(f"{path}: not a trace of this rig ({error})", expected="a Parquet file") from error
    return Trace(name, columns, about)
