"""Every fault in every phase of the end-of-line run: what there is to try, how one is tried, how it may end.

The pen of these runs is a good one and its truth is known, so each end can be judged: PASS only with right
values and a bench at rest, FAIL only where the fault makes the pen itself a bad one, ERROR in words that
name the culprit and what to do. The product measures fewer settings than the real one, to save time; the
plan and everything else are what an operator runs.
"""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rig.records.store import Store
from rig.records.view import RunView, fold
from rig.station import STATIONS
from rig.twin.fault_kinds import KINDS, FaultKind
from tests.support import phases, warm
from tests.support.command import PATIENCE_S, ROOT, TRACEBACK

TIMEOUT_S = 0.5
"""How long an answer may take on this station: real time, and most faults cost one or two of these."""

# Who is talked to in a phase. A fault of the wire that strikes somebody else waits for a later phase.
SPOKEN_TO = {
    "opening": ("stage", "force_gauge", "counter", "supply", "leak_tester", "pen"),
    "homing": ("stage", "pen"),
    "tip": ("pen",),
    "squeeze": ("stage", "force_gauge"),
    "insertion": ("stage", "force_gauge", "pen"),
    "rim datum": ("stage", "force_gauge", "pen"),
    "as found": ("stage", "force_gauge", "counter", "pen"),
    "write-back": ("stage", "pen"),
    "as left": ("stage", "counter", "pen"),
    "stroke rate": ("stage", "counter", "pen"),
    "limiter": ("pen",),
    "release": ("stage", "pen"),
}
AFFECTS_THE_PEN = {"stalls", "overheats", "flash_fails", "bank_corrupted", "browns_out", "reboots"}
FEWER_SETTINGS = {
    "depths_mm = [0.25, 0.75, 1.25, 1.75, 2.5]": "depths_mm = [0.25, 1.25, 2.5]",
    "between_mm = [0.5, 2.25]": "between_mm = [0.75]",
    "rates_per_min = [5000, 7000, 9000]": "rates_per_min = [5000, 9000]",
}


@dataclass(frozen=True)
class Case:
    """A fault in a phase."""

    role: str
    fault: str
    phase: str

    def __str__(self) -> str:
        return f"{self.role}.{self.fault} in {self.phase}"


@dataclass(frozen=True)
class End:
    """How a run with a fault ended: its verdict, its words, its record, and what truly happened."""

    status: int | None
    words: str
    view: RunView
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The record's last word."""
        return self.view.verdict

    @property
    def symptom(self) -> str:
        """Why it did not pass, in one sentence; what it recovered from, where it passed."""
        if self.verdict == "PASS":
            told = [note["text"] for note in self.view.notes if note.get("where", "").startswith("rig.")]
            return told[0] if told else "no harm done"
        return self.view.reasons[0] if self.view.reasons else ""


def cases() -> list[Case]:
    """Return every fault in every phase in which it can strike."""
    return [
        Case(role, kind.name, phase)
        for kind in KINDS
        for role in kind.roles
        for phase, spoken_to in SPOKEN_TO.items()
        if _strikes(kind, role, phase) and (role in spoken_to or not _is_of_the_wire(kind))
    ]


def _is_of_the_wire(kind: FaultKind) -> bool:
    from rig.twin.fault_kinds import WIRE_KINDS

    return kind in WIRE_KINDS


def _strikes(kind: FaultKind, role: str, phase: str) -> bool:
    # What is optional is opened and not used by this plan.
    return role not in ("supply", "leak_tester") or phase == "opening"


def write_product(folder: Path) -> Path:
    """Write the product file of the matrix: the office pen, measured at fewer settings."""
    text = (ROOT / "test_plans" / "products" / "office-pen.toml").read_text(encoding="utf-8")
    for old, new in FEWER_SETTINGS.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "pen.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_station(folder: Path, addresses: dict[str, str]) -> Path:
    """Write the station file of a bench that happens to be a twin at these addresses."""
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[twin\]\n(.+\n)*", "", text)
    text = text.replace("code = 1\n", f'code = 1\nclock = "{addresses["clock"]}"\n', 1)
    text = re.sub(r'"twin:(\w+)"', lambda match: json.dumps(addresses[match[1]]), text)
    text = re.sub(r"timeout_s = .*", f"timeout_s = {TIMEOUT_S}", text)
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run_with(folder: Path, *faults: str) -> End:
    """Run the end-of-line plan on a twin with faults; everything of it is kept in ``folder``."""
    folder.mkdir(parents=True)
    product = write_product(folder)
    with warm.twin(product, faults=faults) as addresses:
        station = write_station(folder, addresses)
        status = warm.run_rig(
            ["run", "eol", "--station", str(station), "--product", str(product), "--runs", str(folder),
             "--", "-p", "no:reports.allure_listener", "-p", "tests.support.phases"],
            words=folder / "words.txt",
            environment={phases.VARIABLE: str(folder / "phases.jsonl")},
        )  # fmt: skip
        truth = ask_witness(addresses.get("witness", ""))
    with Store(folder, create=False) as store:
        view = fold(store.events(store.find_run("last")))
    return End(status, (folder / "words.txt").read_text(encoding="utf-8"), view, truth)


def ask_witness(address: str) -> dict[str, Any]:
    """Ask a twin what truly happened on its bench."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
        line.sendall(b"state\n")
        told: dict[str, Any] = json.loads(line.makefile("rb").readline())
        return told


def moments(folder: Path) -> dict[str, float]:
    """Return the middle of each phase of a run without faults, in the twin's seconds."""
    begins: dict[str, float] = {"opening": 0.0}
    order = ["opening"]
    for line in (folder / "phases.jsonl").read_text(encoding="utf-8").splitlines():
        phase, at_s = json.loads(line)
        if phase not in begins:
            order.append(phase)
            begins[phase] = at_s
    ends = [begins[phase] for phase in order[1:]] + [begins[order[-1]] + 0.1]
    return {
        phase: (begins[phase] + end_s) / 2 if phase != "opening" else 0.0
        for phase, end_s in zip(order, ends, strict=True)
    }


@cache
def force_limits_n() -> dict[str, float]:
    """Return the most true force that the station allows, by target."""
    from rig.station import load_station

    safety = load_station("twin").safety
    limits = dict.fromkeys(("datum", "film", "phantom"), safety.force_limit_n)
    return limits | {"anvil": safety.pouch_force_limit_n}


def wrongs(case: Case, end: End, nominal: End) -> list[str]:
    """Return what must never be and yet was; empty when the end is an allowed one."""
    wrong = []
    if end.status is None:
        wrong.append("it hung and had to be killed")
    if TRACEBACK.search(end.words):
        wrong.append("the operator saw a traceback")
    if end.verdict not in ("PASS", "FAIL", "ERROR"):
        wrong.append(f"it ended {end.verdict}")
    expected = {"PASS": 0, "FAIL": 1, "ERROR": 2, "REFUSED": 3}.get(end.verdict)
    if end.status != expected:
        wrong.append(f"exit status {end.status} with {end.verdict}")
    wrong += _wrong_values(end, nominal)
    if end.verdict == "FAIL" and case.fault not in AFFECTS_THE_PEN:
        wrong.append(f"a good pen failed: {end.symptom}")
    if end.verdict == "ERROR" and not _names_a_culprit(case, end):
        wrong.append(f"no instrument and no remedy named: {end.symptom}")
    return wrong + _unsafe(end)


def _wrong_values(end: End, nominal: End) -> list[str]:
    """A result that passed must be what it is without the fault, within both uncertainties."""
    if end.verdict != "PASS":
        return []
    right = {m["name"]: m for m in nominal.view.measurements}
    return [
        f"{m['name']} is {m['value']:.6g}, right is {right[m['name']]['value']:.6g}"
        for m in end.view.measurements
        if abs(m["value"] - right[m["name"]]["value"]) > m["U"] + right[m["name"]]["U"]
    ]


CULPRITS = (
    "stage",
    "gauge",
    "counter",
    "supply",
    "leak_tester",
    "pen",
    "contact",
    "nest",
    "room",
    "emergency",
)


def _names_a_culprit(case: Case, end: End) -> bool:
    first = end.symptom.lower()
    return any(word in first for word in CULPRITS) and first.count(". ") >= 1


def _unsafe(end: End) -> list[str]:
    """Return what the bench did, or still does, that it must not."""
    truth, wrong = end.truth, []
    for target, limit_n in force_limits_n().items():
        if (force_n := truth["largest_force_n"].get(target, 0.0)) > limit_n:
            wrong.append(f"{force_n:.2f} N on {target}, limit {limit_n:g} N")
    if truth["moving"]:
        wrong.append("the stage still moves")
    if truth["pen"]["running"]:
        wrong.append("the strokes still run")
    return wrong
