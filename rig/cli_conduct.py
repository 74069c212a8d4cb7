"""What the ``rig study`` commands share: how a study is run before a person's eyes, and how it ends early."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calibration.errors import EstimateError
from rig.cli_options import BROKE, refused
from rig.cli_sign_in import signed_in
from rig.errors import RefusedToStart, RigError

if TYPE_CHECKING:
    from rig.people.sign_in import SignedIn
    from rig.records.studies import StudyView
    from rig.studies.study_file import StudyFile


@contextmanager
def told_in_sentences() -> Iterator[None]:
    """End the command with a sentence and an exit status, whatever stops it.

    Exit status 3 when nothing was begun, 2 when it was stopped or something broke.
    """
    from rig.fixtures.stopping import STOPPING

    STOPPING.listen()
    try:
        yield
    except RefusedToStart as error:
        raise refused(error) from None
    except RigError as error:
        print(f"broken off: {error}", file=sys.stderr)
        raise typer.Exit(BROKE) from None
    except EstimateError as error:
        print(f"no verdict: {error}", file=sys.stderr)
        raise typer.Exit(BROKE) from None
    except KeyboardInterrupt:
        print("stopped; what was measured is kept, and the same command goes on", file=sys.stderr)
        raise typer.Exit(BROKE) from None
    finally:
        STOPPING.restore()


@dataclass(frozen=True)
class Sitting:
    """Where a study's station keeps its log, and who sits before it, as the options said."""

    runs: Path
    user: str
    from_stdin: bool

    def signs_in(self, study: StudyFile) -> SignedIn | None:
        """Return who sits there and may run a study; None where no users are known.

        Raises:
            RigError: as :func:`rig.cli_sign_in.signed_in`.
        """
        from rig.people.policy import load_policy

        roles, what = load_policy(self.runs).roles.study, f"study {study.name}"
        return signed_in(self.runs, self.user, roles, what, from_stdin=self.from_stdin, must_be_known=True)


def conduct(study: StudyFile, folder: Path, jobs: int, runs: Path, person: SignedIn | None) -> StudyView:
    """Run a study, or go on with it, and show how far it is.

    Args:
        study, folder, jobs, runs, person: as :func:`rig.studies.run_study.run_study` takes them.

    Raises:
        RigError: as there.
    """
    from rich.console import Console

    from rig.show_study import StudyProgress
    from rig.studies.run_study import run_study

    progress = StudyProgress(Console(stderr=True))
    try:
        return run_study(
            study,
            folder,
            runs=runs,
            person=person,
            jobs=jobs,
            ask=ask,
            begins=progress.begins,
            progress=progress.point,
        )
    finally:
        progress.stop()


def ask(what: list[str]) -> None:
    """Ask a person to see to something on a real bench; returns when they say it is done.

    Raises:
        KeyboardInterrupt: they will not, or there is nobody to ask.
    """
    try:
        typer.prompt(f"{'; '.join(what)} — then press Enter", default="", show_default=False, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None
