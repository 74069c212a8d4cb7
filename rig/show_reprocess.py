"""What a person sees of an evaluation from kept traces."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from calibration.rounding import with_uncertainty
from rig.reprocess.moved import Movement, Status
from rig.reprocess.outcome import Outcome, RunOutcome


def render_outcome(outcome: Outcome, kept: Sequence[str], console: Console) -> None:
    """Print what moved in every run, and what came of it all."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    by = outcome.calibration
    version = " ".join(filter(None, (by.version, by.commit[:12] + by.commit[40:])))
    say(f"calibration {version or 'of no known version'}, {by.folder}")
    say(f"            SHA-256 over its files {by.sha256}")
    for run in outcome.runs:
        _say_run(run, console)
    for reprocess_id in kept:
        say(f"kept as {reprocess_id}")
    if outcome.has_moved:
        say("MOVED: the traces give other results now. What was recorded stands unchanged.", "bold yellow")
    else:
        say("NOTHING MOVED: the traces give the recorded results.", "bold green")


def _say_run(run: RunOutcome, console: Console) -> None:
    told = ", ".join(f"{number} {status}" for status, number in run.counts.items() if number)
    recorded = " ".join(filter(None, (run.software.get("version"), (run.software.get("commit") or "")[:12])))
    console.print(
        f"\nrun {run.run_id}, {run.verdict}, recorded by {recorded}, with {run.configuration} configuration",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    for m in run.movements:
        if m.status.has_moved:
            style = "bold yellow" if m.verdict_changed or m.now is None else ""
            console.print(f"{m.name}\n    {_line(m)}", style, highlight=False, markup=False, soft_wrap=True)
    for why, names in _left(run).items():
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        console.print(f"not made again: {shown}: {why}", highlight=False, markup=False, soft_wrap=True)
    console.print(told, highlight=False, markup=False)


def _line(m: Movement) -> str:
    """Return what became of a result, as a sentence of numbers."""
    if m.now is None:
        return f"was {_value(m.was)}, no longer evaluated: {m.why}"
    was_to_now = f"{_value(m.was)} → {_value(m.now)}"
    if m.value is None:
        return f"{was_to_now}: {m.why}"
    in_u = "" if m.in_u is None else f", {m.in_u:+.2g} u"
    of_limits = "" if m.of_limits is None else f", {100 * m.of_limits:+.2g} % of the limits' width"
    verdict = m.now.get("verdict", "")
    if m.verdict_changed:
        verdict = f"{m.was.get('verdict')} → {verdict}"
    moved = f"value {m.value:+.3g}{in_u}{of_limits}; u {m.u:+.2g}, U {m.U:+.2g}"
    return f"{was_to_now}: {moved}" + (f"; {verdict}" if verdict else "")


def _value(numbers: object) -> str:
    assert isinstance(numbers, dict)
    return f"{with_uncertainty(numbers['value'], numbers['U'])} {numbers['unit']}"


def _left(run: RunOutcome) -> dict[str, list[str]]:
    """Return names of what was not made again, by why."""
    left: dict[str, list[str]] = {}
    for m in run.movements:
        if m.status is Status.LEFT:
            left.setdefault(m.why, []).append(m.name)
    return left
