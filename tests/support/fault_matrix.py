"""Every fault in every phase of the end-of-line run: what there is to try, how one is tried, how it may end.

The pen of these runs is a good one and its truth is known, so each end can be judged: PASS only with right
values and a bench at rest, FAIL only where the fault makes the pen itself a bad one, ERROR in words that
name the culprit and what to do. The product measures fewer settings than the real one, to save time; the
plan and everything else are what an operator runs.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rig.records.store import Store
from rig.records.view import RunView, fold
from rig.station import load_station
from rig.twin.fault_kinds import KINDS, WIRE_KINDS, FaultKind
from tests.support import phases, warm
from tests.support.command import PATIENCE_S, ROOT, TRACEBACK
from tests.support.standing_twin import write_station

BESIDE_MM = 0.1
"""A stage that slipped stands beside where it is told to be."""

TIMEOUT_S = 1.0
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
    "closing check": ("stage", "force_gauge", "pen"),
    "release": ("stage", "pen"),
}
AFFECTS_THE_PEN = {"stalls", "overheats", "flash_fails", "bank_corrupted", "browns_out", "reboots"}
FEWER_SETTINGS = {
    "depths_mm = [0.25, 0.75, 1.25, 1.75, 2.5]": "depths_mm = [0.25, 1.25, 2.5]",
    "between_mm = [0.5, 2.25]": "between_mm = [0.75]",
    "rates_per_min = [5000, 7000, 9000]": "rates_per_min = [7000]",
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


def cases(*, of_every_role: bool = False) -> list[Case]:
    """Return every fault in every phase in which it can strike.

    Args:
        of_every_role: each fault of the wire with everybody who is spoken to in a phase; otherwise with
            one of them, and they take turns.
    """
    found = []
    for number, kind in enumerate(KINDS):
        for phase_number, phase in enumerate(SPOKEN_TO):
            roles = _sufferers(kind, phase)
            turn = (number + phase_number) % max(1, len(roles))
            found += [Case(role, kind.name, phase) for role in (roles if of_every_role else roles[turn:][:1])]
    return found


def _sufferers(kind: FaultKind, phase: str) -> list[str]:
    if kind not in WIRE_KINDS:
        return list(kind.roles)
    return [role for role in kind.roles if role in SPOKEN_TO[phase]]


def write_product(folder: Path) -> Path:
    """Write the product file of the matrix: the office pen, measured at fewer settings."""
    text = (ROOT / "test_plans" / "products" / "office-pen.toml").read_text(encoding="utf-8")
    for old, new in FEWER_SETTINGS.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "pen.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run_with(folder: Path, *faults: str, world: str = "nominal") -> End:
    """Run the end-of-line plan on a twin with faults; everything of it is kept in ``folder``."""
    folder.mkdir(parents=True)
    product = write_product(folder)
    with warm.twin(product, faults=faults, world=world) as addresses:
        station = write_station(folder, addresses, ("timeout_s = 3.0", f"timeout_s = {TIMEOUT_S}"))
        status = warm.run_rig(
            ["run", "eol", "--station", str(station), "--product", str(product), "--runs", str(folder),
             "--", "-p", "no:reports.allure_listener", "-p", "tests.support.phases"],
            words=folder / "words.txt",
            environment={phases.VARIABLE: str(folder / "phases.jsonl")},
        )  # fmt: skip
        truth = ask_witness(addresses["witness"])
    with Store(folder, create=False) as store:
        view = fold(store.events(store.find_run("last")))
    return End(status, (folder / "words.txt").read_text(encoding="utf-8"), view, truth)


def try_case(case: Case, at_s: dict[str, float], nominal: End, folder: Path) -> tuple[End, list[str]]:
    """Run with a fault in the middle of a phase; return how it ended, and what was wrong with that.

    Time-outs are real time, so a machine that stands still for a second makes an instrument look mute that is
    not. What ended wrong is therefore tried once more: the world and its seed are the same, so what the rig
    does wrong it does again.

    Args:
        at_s: the middle of each phase, as :func:`moments` returns it.
    """
    fault = f"{case.role}.{case.fault}@{at_s[case.phase]:.6f}s"
    end = run_with(folder, fault)
    if wrong := wrongs(case, end, nominal):
        print(f"tried again: {case}: {'; '.join(wrong)}")
        end = run_with(folder.with_name(f"{folder.name}-again"), fault)
    return end, wrongs(case, end, nominal)


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
    if end.verdict not in EXIT_STATUS or (end.verdict == "REFUSED" and case.phase not in NOTHING_MOVED):
        wrong.append(f"it ended {end.verdict}")
    if end.status != EXIT_STATUS.get(end.verdict):
        wrong.append(f"exit status {end.status} with {end.verdict}")
    wrong += _wrong_values(end, nominal)
    if end.verdict == "FAIL" and case.fault not in AFFECTS_THE_PEN:
        wrong.append(f"a good pen failed: {end.symptom}")
    if end.verdict in ("ERROR", "REFUSED") and not _names_culprit_and_remedy(case, end):
        wrong.append(f"not the culprit or no remedy named: {end.symptom}")
    return wrong + _unsafe(end) + _unsaid(end, nominal)


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


EXIT_STATUS = {"PASS": 0, "FAIL": 1, "ERROR": 2, "REFUSED": 3}
NOTHING_MOVED = ("opening", "homing")

# What an operator calls the culprit, where that is not the role itself.
CALLED = {
    "force_gauge": ("force_gauge", "gauge", "force chain"),
    "bench": ("contact", "nest", "room"),
    "stage": ("stage", "emergency stop"),
}


def _names_culprit_and_remedy(case: Case, end: End) -> bool:
    named = CALLED.get(case.role, (case.role,))
    return any(word in end.symptom for word in named) and ". " in end.symptom


def _unsafe(end: End) -> list[str]:
    """Return what the bench did, or still does, that it must not."""
    truth, wrong = end.truth, []
    for target, limit_n in force_limits_n().items():
        if (force_n := truth["largest_force_n"].get(target, 0.0)) > limit_n:
            wrong.append(f"{force_n:.2f} N on {target}, limit {limit_n:g} N")
    if truth["moving"]:
        wrong.append("the stage still moves")
    if truth["pen"]["running"] and "the pen could not be stopped" not in end.words:
        wrong.append("the strokes still run, and nobody was told")
    station = load_station("twin")
    if truth["highest_mm"] > station.safety.highest_mm:
        wrong.append(f"the stage went to {truth['highest_mm']:.3f} mm")
    if (truth["highest_while_turning_mm"] or 0.0) > station.nest.safe_mm + BESIDE_MM:
        wrong.append(f"the turret turned at {truth['highest_while_turning_mm']:.3f} mm")
    return wrong


def _unsaid(end: End, nominal: End) -> list[str]:
    """Return what the record does not say of the pen: the table it is on, and that it can be written."""
    pen, wrong = end.truth["pen"], []
    assert nominal.view.calibration is not None
    before_crc = nominal.view.calibration["before_crc"]
    said = {(end.view.calibration or {}).get("after_crc", before_crc)}
    last = [note for note in end.view.notes if note["text"].startswith("write-back: ")][-1:]
    if any(note["text"] == "write-back: failed" and note["on"] == "new" for note in last):
        said = {note["crc"] for note in end.view.notes if note["text"] == "write-back: intent"}
    is_unknown = any(note.get("on") in ("neither", "unknown") for note in last)
    if pen["active_crc"] not in said and not is_unknown and not _is_lost(pen, end):
        wrong.append(f"the pen is on table {pen['active_crc']:08X}, and the record does not say so")
    if pen["unlocked"] and end.verdict in ("PASS", "FAIL"):
        wrong.append("the pen's service lock is open")
    return wrong


def _is_lost(pen: dict[str, Any], end: End) -> bool:
    """A table that the pen lost by itself is no longer any; the run then says so of the pen."""
    said = [end.symptom, *(note["text"] for note in end.view.notes)]
    lost = any(words in text for text in said for words in ("no table", "the table is invalid"))
    return pen["active_crc"] == 0 and end.verdict != "PASS" and lost
