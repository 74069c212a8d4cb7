"""Whoever watches a procedure: told of each curve that begins, and of its points as they are taken.

What is shown decides nothing and is kept nowhere; the trace that a procedure returns is the evidence.
"""

from __future__ import annotations


class Watcher:
    """Watches and does nothing: what a bench has unless somebody looks on."""

    def begins(self, title: str, *, x: str, y: str) -> None:
        """Learn that a new curve begins.

        Args:
            title: what it shows, for a person.
            x, y: names of its columns, with their units, such as ``gap_mm`` and ``duty``.
        """

    def point(self, x: float, y: float) -> None:
        """Learn of one more point of the latest curve."""

    def ends(self) -> None:
        """Learn that the latest curve is whole."""
