"""Which commit of this software is running."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git_commit() -> str:
    """Return the commit this software was run from, "+" when files were changed; empty outside git."""
    root = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("+" if commit and git("status", "--porcelain", "--untracked-files=no") else "")
    except OSError:
        return ""
