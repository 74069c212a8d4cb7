"""Page one: what a person reads in ten seconds, and which item, by whom, when and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.evidence.blocks import Block, pairs, table
from reports.evidence.conclusion import used_share
from reports.evidence.gauge_section import gauge_sentences
from reports.evidence.study_models import answers, models_of
from reports.evidence.words import (
    NOT_ON_RECORD,
    by_how_much,
    each,
    known,
    moment,
    number_text,
    printable,
    setting_text,
    unit_text,
    verdict_words,
    with_unit,
)
from rig.records import kinds
from rig.records.view import is_accepted
from rig.show import limits_text

MOST_FAILED = 10
"""So many results that failed stand on page one; the others are counted."""

TWIN = "twin"
"""The simulated station that ships: a study's record names its station, and not what it is made of."""

MOST_NAMED = 4
"""So many runs, or changed values, are named in a line; the others are counted."""

JsonTable = Mapping[str, Any]

PEN = ("pen", "left", 1.1)
FAILED = [("result", "left", 2.9), ("value ± U", "right", 1.6), ("unit", "left", 0.85),
          ("limits", "center", 1.3), ("how far, in the same unit", "left", 2.6)]  # fmt: skip


def front_page(results: JsonTable) -> dict[str, Any]:
    """Return page one: tone, word and meaning of the verdict, sentences, what failed, deviations, facts."""
    conclusion, runs = results["conclusion"], results["runs"]
    tone, word, meaning = verdict_words(conclusion["verdict"])
    return {
        "tone": tone,
        "word": word,
        "meaning": meaning,
        "about": printable(_about(results)),
        "sentences": [printable(sentence) for sentence in _sentences(results)],
        "failed": _failed(conclusion, runs),
        "deviations": [
            printable(line) for line in [*results["subject"]["left_out"], *front_deviations(runs)]
        ],
        "facts": _facts(results),
    }


def _about(results: JsonTable) -> str:
    kind, name, runs = results["subject"]["kind"], results["subject"]["name"], results["runs"]
    if kind == "study":
        return f"Study {name}"
    if kind == "lot":
        return f"Lot {name}: {len(results['conclusion']['pens'])} pens"
    if len(runs) > 1:
        return f"{len(runs)} runs of {len(results['conclusion']['pens'])} pens"
    pen = runs[0]["pen"]
    return f"Pen {known(pen['serial'])}" + (f", model {pen['model']}" if pen["model"] else "")


def _sentences(results: JsonTable) -> list[str]:
    conclusion = results["conclusion"]
    counts = conclusion["counts"]
    if results["subject"]["kind"] == "study":
        asked = str(results["study"]["file"].get("question", ""))
        asks = [asked] if asked else []
        return [*asks, *gauge_sentences(results["study"]), *answers(models_of(results["study"])[0])]
    counted = f"{counts['conform']} of {counts['measurements']} results conform"
    if counts["accepted though indeterminate"]:
        counted += f", {counts['accepted though indeterminate']} indeterminate and accepted by the plan"
    said = [f"{counted}, {counts['not accepted']} not accepted{_lacking(results['runs'])}."]
    if closest := _closest(results["runs"]):
        said.append(closest)
    if len(conclusion["pens"]) > 1:
        passed = sum(pen["verdict"] == kinds.PASS for pen in conclusion["pens"])
        failed = sum(pen["verdict"] == kinds.FAIL for pen in conclusion["pens"])
        said.insert(0, f"{passed} of {len(conclusion['pens'])} pens passed, {failed} failed.")
    if results["lot"] is not None:
        said.append(str(results["lot"]["size"]["statement"]))
    return said


def _lacking(runs: Sequence[JsonTable]) -> str:
    """Return that results are missing which a run owed and failed without; nothing where none is."""
    lacking = sum(run["verdict"] == kinds.FAIL and bool(unjudged(run)) for run in runs)
    if not lacking:
        return ""
    return (
        f", and what {'the run' if len(runs) == 1 else f'{lacking} of {len(runs)} runs'} lacks is told below"
    )


def _closest(runs: Sequence[JsonTable]) -> str:
    """Return which accepted result lies closest to its limit: how much of its room it and its U take."""
    shares = [
        (share, body)
        for run in runs
        for body in run["measurements"]
        if is_accepted(body) and (share := used_share(body)) is not None and body["U"] > 0.0
    ]
    if not shares:
        return ""
    share, body = max(shares, key=lambda pair: pair[0])
    limits = f"{limits_text(body['lower'], body['upper'])} {unit_text(body['unit'])}".strip()
    return (
        f"Closest to its limits of what was accepted: {body['name']}, {with_unit(body)} of {limits}; "
        f"it takes {share:.0%} of the room with its U."
    )


def _failed(conclusion: JsonTable, runs: Sequence[JsonTable]) -> Block | None:
    bodies = [(run, body) for run in runs for body in run["measurements"] if not is_accepted(body)]
    several = len(runs) > 1  # of one run, the pen stands in large letters above
    rows = [
        [*([known(run["pen"]["serial"])] if several else []), _name(body), number_text(body),
         unit_text(body["unit"]), limits_text(body["lower"], body["upper"]), by_how_much(body)]
        for run, body in bodies[:MOST_FAILED]
    ]  # fmt: skip
    more = len(bodies) - MOST_FAILED
    columns = [PEN, *FAILED] if several else FAILED
    return table(columns, rows, "Not accepted", f"and {more} more, in the tables" if more > 0 else "")


def _name(body: JsonTable) -> str:
    setting = setting_text(body)
    return setting if setting == body["name"] else f"{body['characteristic']} [{setting}]"


def front_deviations(runs: Sequence[JsonTable]) -> list[str]:
    """Return what page one may not keep to itself: overrides, faults, missing ends, and whose they are."""
    by_line: dict[str, list[str]] = {}
    for run in runs:
        for line in dict.fromkeys(_deviations(run)):
            by_line.setdefault(line, []).append(run["id"])
    if len(runs) == 1:
        return list(by_line)
    return [f"{_which(ids, len(runs))}: {line}" for line, ids in by_line.items()]


def _deviations(run: JsonTable) -> list[str]:
    lines = [run["overridden"]] if run["overridden"] else []
    if run["hidden"]:
        lines.append(f"the run is hidden from lists, {run['hidden']}")
    lines += [f"fault in {fault['where']}: {fault['message']}" for fault in run["faults"]]
    messages = {fault["message"] for fault in run["faults"]}
    if run["verdict"] not in (kinds.PASS, kinds.FAIL):
        lines.append(f"the run ended as {run['verdict']}")
    lines += [reason for reason in unjudged(run) if reason not in messages]
    if str(run["software"].get("commit", "")).endswith("+"):
        lines.append("the software differed from its commit (+)")
    return lines


def unjudged(run: JsonTable) -> list[str]:
    """Return why a run did not pass, beside the results that say so themselves."""
    told = tuple(f"{body['name']}: " for body in run["measurements"] if not is_accepted(body))
    return [reason for reason in run["reasons"] if not reason.startswith(told)]


def _which(ids: Sequence[str], runs: int) -> str:
    if len(ids) == runs:
        return f"all {runs} runs"
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more


def _facts(results: JsonTable) -> Block:
    runs = results["runs"]
    if results["study"] is not None and not runs:
        return _study_facts(results)
    pens = [run["pen"] for run in runs]
    rows = [
        ("Item", _item(pens)),
        ("Product, plan", f"{each(r['product'] for r in runs)}; {each(r['plan'] for r in runs)}"),
        ("Lot of pens", each(run["lot"] for run in runs)),
        ("Lot of tips", each(run["tip_lot"] for run in runs)),
        ("Tested by", each(_person(run["operator"]) for run in runs)),
        ("Laboratory", each((r["environment"] or {}).get("laboratory") for r in runs)),
        ("Customer", each((r["environment"] or {}).get("customer") for r in runs)),
        ("Where", f"{each(r['location'] for r in runs)}; station {each(r['station'] for r in runs)}"),
        ("When", _when(runs)),
        ("Bench", _benches([run["bench"] for run in runs])),
        ("Software", each(_software(run["software"]) for run in runs)),
        ("Decision rules", each(body["rule"] for run in runs for body in run["measurements"])),
        ("Records", _records(results)),
    ]
    return pairs(*(row for row in rows if runs or row[0] == "Records"))


def _study_facts(results: JsonTable) -> Block:
    study = results["study"]
    file, moments = study["file"], sorted(row["at"] for row in study["results"] if row["at"])
    simulated = file.get("station") == TWIN
    world = f"world {known(file.get('world'))}, seed {known(file.get('seed'))}"
    points = {row["point"] for row in study["results"]}
    lacking = len({row["point"] for row in study["results"] if row["problem"]})
    return pairs(
        ("Study", known(file.get("title"))),
        ("Product", known(file.get("product"))),
        (
            "Points",
            f"{len(points)}, {f'{lacking} of them lack a response' if lacking else 'each measured whole'}",
        ),
        ("Tested by", each(_person(operator) for operator in study["operators"])),
        ("Where", f"station {known(file.get('station'))}"),
        ("When", f"{moment(moments[0])} to {moment(moments[-1])}" if moments else NOT_ON_RECORD),
        ("Bench", f"SIMULATED: no real pen was tested ({world})" if simulated else NOT_ON_RECORD),
        ("Software", each(_software(software) for software in study["software"])),
        ("Records", _records(results)),
    )


def _item(pens: Sequence[JsonTable]) -> str:
    models = each(" ".join(filter(None, (pen["maker"], pen["model"]))) for pen in pens)
    if len(pens) == 1:
        pen = pens[0]
        answered = "" if pen["answered"] else "; the pen itself was not asked"
        return f"pen {models}, serial {known(pen['serial'])}, firmware {known(pen['firmware'])}{answered}"
    serials = list(dict.fromkeys(known(pen["serial"]) for pen in pens))
    shown = ", ".join(serials) if len(serials) <= 6 else f"{serials[0]} … {serials[-1]}"
    return f"{len(serials)} pens {models}, firmware {each(pen['firmware'] for pen in pens)}: {shown}"


def _person(operator: JsonTable | None) -> str | None:
    if operator is None:
        return None
    name, full, role = (operator.get(key) for key in ("name", "full_name", "role"))
    return f"{full or name} ({', '.join(filter(None, (name if full else None, role)))})"


def _when(runs: Sequence[JsonTable]) -> str:
    if len(runs) == 1:
        return f"{moment(runs[0]['started'])} to {moment(runs[0]['ended'])}"
    moments = sorted(at for run in runs for at in (run["started"], run["ended"]) if at)
    return f"{moment(moments[0])} to {moment(moments[-1])}" if moments else known(None)


def _benches(benches: Sequence[JsonTable]) -> str:
    """Say which bench it was; of several simulated ones, whose values results.json has, only how many."""
    simulated = [bench for bench in benches if bench["simulated"]]
    if len(simulated) > 1:
        worlds = each(bench["world"] for bench in simulated)
        told = [f"SIMULATED: no real pen was tested ({len(simulated)} runs, worlds {worlds})"]
    else:
        told = [_simulated(bench) for bench in simulated]
    others = {False: "real instruments", None: NOT_ON_RECORD}
    return each([*told, *(others[b["simulated"]] for b in benches if not b["simulated"])])


def _simulated(bench: JsonTable) -> str:
    changed = [str(value) for value in (*(bench["set"] or ()), *(bench["faults"] or ()))]
    also = f", with {', '.join(changed)}" if changed else ""
    if len(changed) > MOST_NAMED:
        also = f", with {len(changed)} values changed"
    world = f"world {known(bench['world'])}, seed {known(bench['seed'])}{also}"
    return f"SIMULATED: no real pen was tested ({world})"


def _software(software: JsonTable) -> str:
    return f"needle-rig {known(software.get('version'))}, commit {known(software.get('commit'))}"


def _records(results: JsonTable) -> str:
    runs = results["runs"]
    ids = [run["id"] for run in runs]
    shown = ", ".join(ids) if len(ids) <= 2 else f"{ids[0]} … {ids[-1]} ({len(ids)} runs)"
    files = f"results.json and {len(results['files'])} files by hash"
    return f"{shown or 'study ' + results['subject']['name']}; {files}"
