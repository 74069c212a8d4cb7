"""What a report says whatever it is about: methods, instruments, traceability, files, and its scope."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from reports.evidence.blocks import Block, hashes, pairs, section, table, text
from reports.evidence.results import hash_list
from reports.evidence.results_figure import by_characteristic
from reports.evidence.words import NOT_ON_RECORD, each, known, moment

MOST_FILES = 150
"""So many files are listed in the report itself; two runs have as many, a lot has thousands."""

ON_PAGE_ONE = ("laboratory", "customer")
"""Of what the station file says of the place."""

JsonTable = Mapping[str, Any]

INSTRUMENTS = [("role", "left", 1.0), ("maker and model", "left", 1.9), ("serial, firmware", "left", 2.9),
               ("certificate", "left", 1.2), ("issued by", "left", 1.6), ("date", "left", 1.0),
               ("due", "left", 1.1)]  # fmt: skip
MATRIX = [("requirement", "left", 2.2), ("what it asks", "left", 2.5), ("tests", "left", 2.8),
          ("runs", "right", 0.5), ("results", "right", 0.7), ("verdict", "left", 1.7)]  # fmt: skip
TESTS = [("test", "left", 2.9), ("title", "left", 2.6), ("cites", "left", 2.4), ("unknown ids", "left", 1.0)]
METHODS = [
    ("characteristic", "left", 1.6),
    ("measurement function", "left", 4.4),
    ("propagation", "left", 1.2),
]


def methods(runs: Sequence[JsonTable]) -> Block:
    """Return by which equation each characteristic was computed, and how its uncertainty was propagated."""
    bodies = [body for run in runs for body in run["measurements"]]
    rows = []
    for name, own in by_characteristic(bodies).items():
        computed = [body for body in own if body["U"] > 0.0]
        if computed:
            equations = each(body.get("equation") or None for body in computed)
            rows.append((name, equations, each(body.get("method") or None for body in computed)))
    return section("Methods", table(METHODS, rows))


def instruments(runs: Sequence[JsonTable]) -> Block:
    """Return each instrument with its certificate, overdue or not when it was used, and the surroundings."""
    rows: dict[tuple[str, ...], None] = {}
    for run in runs:
        for entry in run["instruments"]:
            if entry.get("role") != "pen":
                rows[_instrument(entry, run["started"])] = None
    surroundings = dict.fromkeys(_environment(run["environment"]) for run in runs)
    return section(
        "Instruments and environment",
        table(INSTRUMENTS, rows) or text("No instrument is on record."),
        pairs(("Environment", "; ".join(surroundings) or NOT_ON_RECORD)),
    )


def _instrument(entry: JsonTable, started: str | None) -> tuple[str, ...]:
    identity, certificate = entry.get("identity") or {}, entry.get("certificate") or {}
    due = certificate.get("due")
    overdue = " OVERDUE" if due and started and str(due) < started[:10] else ""
    firmware = identity.get("firmware")
    return (
        str(entry.get("role", "")).replace("_", " "),
        " ".join(str(identity[key]) for key in ("maker", "model") if identity.get(key)) or NOT_ON_RECORD,
        known(identity.get("serial")) + (f", {firmware}" if firmware else ""),
        known(certificate.get("number")),
        known(certificate.get("issuer")),
        known(certificate.get("date")),
        known(due) + overdue,
    )


def _environment(environment: JsonTable | None) -> str:
    if not environment:
        return NOT_ON_RECORD
    told = {key: value for key, value in environment.items() if key not in ON_PAGE_ONE}
    return ", ".join(f"{key.replace('_', ' ')} {known(value)}" for key, value in told.items())


def matrix(results: JsonTable) -> Block:
    """Return the traceability matrix, by requirement and by test; the gaps stand out."""
    title = "Traceability matrix"
    told, is_study = results["matrix"], results["study"] is not None
    if told is None or (is_study and not results["runs"]):
        return section(title, text("No test of a requirement is on record here."))
    several = len({test["plan"] for test in told["tests"]}) > 1
    rows = [
        (
            row["requirement"]["id"],
            row["requirement"]["title"],
            ", ".join(dict.fromkeys(_test(part, several) for part in row["evidence"])) or "none",
            str(len({run for part in row["evidence"] for run in part["runs"]})),
            str(sum(len(part["results"]) for part in row["evidence"])),
            row["verdict"],
        )
        for row in told["requirements"]
    ]
    tests = [
        (_test(test, several), test["title"] or NOT_ON_RECORD, ", ".join(test["requirements"]) or "none",
         ", ".join(test["unknown"]) or "none")
        for test in told["tests"]
    ]  # fmt: skip
    lacking, unknown = told["without_evidence"], [id_ for test in told["unknown"] for id_ in test["unknown"]]
    gaps = [f"Without evidence: {', '.join(lacking)}."] if lacking else []
    gaps += [f"Cited and not known: {each(unknown)}."] if unknown else []
    meaning = [
        "PASS says here that every result was accepted; what that shows of the lot stands in section 1."
    ]
    if results["lot"] is None:
        meaning = []
    return section(
        title,
        text(
            *(gaps or ["Every requirement that this rig tests has evidence; every id cited is known."]),
            *meaning,
        ),
        table(MATRIX, rows, "Requirement → tests → results"),
        table(TESTS, tests, "Test → requirements"),
    )


def _test(part: JsonTable, several: bool) -> str:
    """Return a test's name, behind that of its plan where there are several; its file says nothing more."""
    test = str(part["test"]).rpartition("::")[2]
    plan = f"{part['plan']}: " if several or not test else ""
    return f"{plan}{test or f'test {NOT_ON_RECORD}'}"


def configurations(runs: Sequence[JsonTable]) -> Block:
    """Return the files a run was configured by, and the software that ran it."""
    rows = {
        (str(kept.get("what")), str(kept.get("name")), str(kept.get("sha256"))): None
        for run in runs
        for kept in run["configurations"]
    }
    listed = hashes((f"{what} {name}", sha256) for what, name, sha256 in rows)
    return section(
        "Configuration", listed if rows else text(f"The files the run was configured by are {NOT_ON_RECORD}.")
    )


def appendix_of_files(results: JsonTable) -> Block:
    """Return every file that the record names, with its hash; of very many, the hash of the list."""
    files, title = results["files"], "Files by hash (SHA-256)"
    if len(files) <= MOST_FILES:
        return section(title, hashes((file["path"], file["sha256"]) for file in files) if files else None)
    digest = hashlib.sha256(hash_list(results)).hexdigest()
    lead = text(
        f"The record names {len(files)} files. Their hashes stand in the attachment sha256.txt, whose own is:"
    )
    return section(title, lead, hashes([("sha256.txt", digest)]))


def statement(results: JsonTable) -> Block:
    """Return what the report is worth, and how far it reaches."""
    ended = max((run["ended"] or run["started"] or "" for run in results["runs"]), default="")
    return section(
        "Scope of this report",
        text(
            "The results relate only to the items tested, as they were received, and were obtained by the",
            "methods above. Nothing that is not on record was supplied from elsewhere. The attachment",
            "results.json holds every number of this report in full, and sha256.txt the hash of every file",
            "it rests on. The report shall not be reproduced except in full.",
            f"Last entry about these runs: {moment(ended)}." if ended else "",
        ),
    )
