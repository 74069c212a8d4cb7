"""What a page is made of: headings, sentences, tables and figures, as the template sets them.

Everything is text by now, and none of it markup: the template shows it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reports.evidence.words import printable

Block = dict[str, Any]


def section(title: str, *blocks: Block | None) -> Block:
    """Return a section; blocks that are None are left out."""
    return {"title": title, "blocks": [block for block in blocks if block is not None]}


def text(*sentences: str) -> Block:
    """Return a paragraph."""
    return {"kind": "text", "text": printable(" ".join(sentences))}


def items(lines: Iterable[str], if_none: str) -> Block:
    """Return a list, or a sentence that says that there is nothing to list."""
    shown = [printable(line) for line in lines]
    return {"kind": "items", "items": shown} if shown else text(if_none)


def pairs(*rows: tuple[str, str]) -> Block:
    """Return names and what they are, a line each."""
    return {"kind": "pairs", "rows": [[printable(name), printable(value)] for name, value in rows]}


def table(
    columns: Sequence[tuple[str, str, float]], rows: Iterable[Sequence[str]], title: str = "", note: str = ""
) -> Block | None:
    """Return a table; None where there is no row.

    Args:
        columns: title, alignment ("left", "right", "center") and share of the width of each.
        rows: texts, as many as columns.
        title, note: above it, one behind the other.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        return None
    return {
        "kind": "table",
        "title": printable(title),
        "note": printable(note),
        "columns": [{"title": name, "align": align, "share": share} for name, align, share in columns],
        "rows": cells,
    }


def hashes(rows: Iterable[tuple[str, str]]) -> Block:
    """Return files and their SHA-256, set so that each hash stays in one piece."""
    return {"kind": "hashes", "rows": [[printable(path), sha256] for path, sha256 in rows]}


def figure(name: str) -> Block:
    """Return a figure by name, which is its caption."""
    return {"kind": "figure", "name": name}
