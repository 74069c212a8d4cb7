"""``rig audit``, ``rig change``, ``rig hide`` and ``rig unhide``: what was changed, by whom and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import AsJson, Runs, refused
from rig.cli_sign_in import FromStdin, signed_in
from rig.errors import ConfigError, RigError

By = Annotated[str, typer.Option(help="Who.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Run = Annotated[str, typer.Argument(metavar="RUN|last", help="Run id, the beginning of one, or last.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``rig``."""
    for command in (audit, change, hide, unhide):
        app.command()(command)


def audit(
    as_json: AsJson = False,
    since: Annotated[str, typer.Option(metavar="DATE", help="From this day on, UTC: 2026-11-22.")] = "",
    of: Annotated[str, typer.Option(metavar="WHAT", help="Only what has this in it: product, stop …")] = "",
    runs: Runs = Path("runs"),
) -> None:
    """Tell who changed what, when, from what to what, and why; oldest first."""
    from rich.console import Console

    from rig.records.audit_trail import audit_trail
    from rig.records.store import Store
    from rig.show_audit import render_audit

    try:
        with Store(runs, create=False) as store:
            rows = audit_trail(store, since=_day(since), of=of)
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps([row.to_json() for row in rows], ensure_ascii=False, indent=1))
    else:
        render_audit(rows, Console())


def change(
    file: Annotated[Path, typer.Argument(help="Station, product, plan, tests, world or requirements file.")],
    by: By,
    reason: Reason,
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Enter a changed file into the audit trail, with who changed it and why, before a run begins with it."""
    from rig.fixtures.configuration import enter_change
    from rig.people.policy import load_policy

    try:
        signed_in(runs, by, load_policy(runs).roles.change, f"changing {file}", from_stdin=from_stdin)
        told = enter_change(file, runs, by=by, reason=reason)
    except RigError as error:
        raise refused(error) from None
    print(told)


def hide(run: Run, by: By, reason: Reason, from_stdin: FromStdin = False, runs: Runs = Path("runs")) -> None:
    """Leave a run that has ended out of lists and reports; it stays in the record."""
    from rig.records.audit import AuditLog

    run_id = _set_hidden(AuditLog.hide, run, runs, by, reason, from_stdin)
    print(f"run {run_id} is hidden; rig list --hidden and rig audit show it, rig unhide takes it back")


def unhide(
    run: Run, by: By, reason: Reason, from_stdin: FromStdin = False, runs: Runs = Path("runs")
) -> None:
    """Let a hidden run be seen again."""
    from rig.records.audit import AuditLog

    run_id = _set_hidden(AuditLog.unhide, run, runs, by, reason, from_stdin)
    print(f"run {run_id} is shown again")


def _set_hidden(do: Callable[..., str], run: str, runs: Path, by: str, reason: str, from_stdin: bool) -> str:
    from rig.people.policy import load_policy
    from rig.records.audit import AuditLog
    from rig.records.store import Store

    try:
        with Store(runs, create=False) as store:
            run_id = store.find_run(run)
        signed_in(runs, by, load_policy(runs).roles.hide, f"hiding run {run_id}", from_stdin=from_stdin)
        with Store(runs) as store:
            return do(AuditLog(store), run_id, by=by, reason=reason)
    except RigError as error:
        raise refused(error) from None


def _day(text: str) -> str:
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise ConfigError(f"--since {text!r}", expected="a day, such as 2026-11-22") from None
