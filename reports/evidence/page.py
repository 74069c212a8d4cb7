"""The report as one HTML file: the words of the PDF, for a screen, with nothing loaded from anywhere.

A browser is told so as well: the content security policy allows this file's own style and pictures only.
Every text is escaped; figures are pictures, so that nothing in them can act.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from reports.evidence.document import document_of

STYLE = Path(__file__).with_name("page.css")

BAD = ("FAIL", "NO EVIDENCE")  # verdicts that stand out in a table

Block = Mapping[str, Any]


def write_page(
    results: Mapping[str, Any], figures: Mapping[str, bytes], path: Path, *, made_at: datetime
) -> None:
    """Write the page.

    Args:
        results: as :func:`reports.evidence.results.results_of` makes them.
        figures: SVG by name, in the order to show them.
        path: of the file; its folder must be there.
        made_at: the only difference between two pages on the same results.

    Raises:
        OSError: it cannot be written.
    """
    document = document_of(results, list(figures), made_at)
    path.write_bytes(_page(document, figures).encode())


def _page(document: Block, figures: Mapping[str, bytes]) -> str:
    style = STYLE.read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'"
    sections = document["sections"]
    parts = [
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>",
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{escape(document['title'])}</title>\n<style>{style}</style>\n</head>\n<body>",
        _heading(document),
        _front(document["front"]),
        _contents(section["title"] for section in sections),
        *(_section(number, section, figures) for number, section in enumerate(sections, start=1)),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _heading(document: Block) -> str:
    mark = f"<span class='mark'>{escape(document['mark'])}</span>" if document["mark"] else ""
    made = f"<span>{escape(document['id'])}</span>{mark}<span>made {escape(document['made'])}</span>"
    return f"<header>{made}</header>\n<h1>{escape(document['title'])}</h1>"


def _front(front: Block) -> str:
    """Return what is read in ten seconds."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in front["sentences"])
    verdict = (
        f"<div class='verdict {escape(front['tone'])}'><div>{escape(front['about'])}</div>"
        f"<div class='word'>{escape(front['word'])}</div><div>{escape(front['meaning'])}</div>{said}</div>"
    )
    failed = "" if front["failed"] is None else _table(front["failed"])
    deviations = f"<h3>To be known</h3>\n{_list(front['deviations'])}" if front["deviations"] else ""
    return "\n".join([verdict, failed, deviations, _pairs(front["facts"])])


def _contents(titles: Iterable[str]) -> str:
    links = [f"<a href='#s{number}'>{escape(title)}</a>" for number, title in enumerate(titles, start=1)]
    return f"<nav>{''.join(links)}</nav>"


def _section(number: int, section: Block, figures: Mapping[str, bytes]) -> str:
    blocks = [
        _figure(block, figures) if block["kind"] == "figure" else _RENDER[block["kind"]](block)
        for block in section["blocks"]
    ]
    return "\n".join([f"<h2 id='s{number}'>{escape(section['title'])}</h2>", *blocks])


def _table(block: Block) -> str:
    columns = block["columns"]
    head = [f"<th class='{escape(column['align'])}'>{escape(column['title'])}</th>" for column in columns]
    rows = ["<tr>" + "".join(map(_cell, columns, row)) + "</tr>" for row in block["rows"]]
    title = f"<h3>{escape(block['title'])}</h3>\n" if block["title"] else ""
    note = f"\n<p class='note'>{escape(block['note'])}</p>" if block["note"] else ""
    table = (
        f"<table><thead><tr>{''.join(head)}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"
    )
    return f"{title}<div class='wide'>{table}</div>{note}"


def _cell(column: Block, text: str) -> str:
    bad = " bad" if column["title"] == "verdict" and text.startswith(BAD) else ""
    return f"<td class='{escape(column['align'])}{bad}'>{escape(text)}</td>"


def _pairs(block: Block) -> str:
    rows = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in block["rows"]]
    return f"<table class='pairs'>{''.join(rows)}</table>"


def _hashes(block: Block) -> str:
    rows = [
        f"<tr><td>{escape(path)}</td><td><code>{escape(sha256)}</code></td></tr>"
        for path, sha256 in block["rows"]
    ]
    return f"<div class='wide'><table class='hashes'>{''.join(rows)}</table></div>"


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _figure(block: Block, figures: Mapping[str, bytes]) -> str:
    name = escape(block["name"])
    data = base64.b64encode(figures[block["name"]]).decode()
    picture = f"<img alt='{name}' src='data:image/svg+xml;base64,{data}'>"
    return f"<figure>{picture}<figcaption>{name}</figcaption></figure>"


_RENDER: dict[str, Callable[[Block], str]] = {
    "text": lambda block: f"<p>{escape(block['text'])}</p>",
    "items": lambda block: _list(block["items"]),
    "pairs": _pairs,
    "table": _table,
    "hashes": _hashes,
}
