"""What is attached to a PDF, by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any


def attachments_of(pdf: Path) -> dict[str, bytes]:
    """Return the files attached to a PDF, as the last of its revisions has them.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no PDF, or damaged.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader

    data = pdf.read_bytes()
    try:
        root = PdfFileReader(io.BytesIO(data)).root
        found: dict[str, bytes] = {}
        if "/Names" in root and "/EmbeddedFiles" in root["/Names"]:
            _collect(root["/Names"]["/EmbeddedFiles"], found)
    except Exception as error:  # damaged bytes break a parser in any way they like
        raise ValueError(str(error) or type(error).__name__) from error
    return found


def _collect(node: Any, found: dict[str, bytes]) -> None:
    """Take in a node of the tree of names."""
    for child in node.get("/Kids", ()):
        _collect(child.get_object(), found)
    names = list(node.get("/Names", ()))
    for specification in names[1::2]:
        file = specification.get_object()
        found[str(file.get("/UF", file["/F"]))] = bytes(file["/EF"]["/F"].data)
