"""What a person sees of a verification."""

from __future__ import annotations

from rich.console import Console

from rig.records.verify import Verification


def render_verification(found: Verification, console: Console) -> None:
    """Print every finding, the worst first, and what came of it all."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    for finding in found.altered:
        say(f"altered: {finding}", "bold red")
    for finding in found.information:
        say(f"note:    {finding}")
    say(
        f"{found.path}: {found.entries} entries of {found.runs} runs; "
        f"{found.files} files that they name, {found.bytes / 1e6:.1f} MB"
    )
    if not found.whole:
        say("ALTERED. Keep everything as it is, and compare it with a backup.", "bold red")
        return
    say("WHOLE: every entry and every file is as it was recorded.", "bold green")
    if found.signatures:
        say(f"{found.signatures} signatures of the station fit")
    if found.entries:
        say(f"last entry {found.head}")
