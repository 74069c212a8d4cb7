"""What a signature can mean, and in which order meanings are given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """The meaning of a signature (21 CFR 11.50).

    Args:
        name: as it is asked for and kept in the signature.
        printed: as it stands on the page, before the name.
        told: as it is told of a signature that was found, before its time.
        roles: whose signature may mean this.
        after: the meaning that must have been given before; empty where none must.
    """

    name: str
    printed: str
    told: str
    roles: frozenset[str]
    after: str = ""


MEANINGS = {
    meaning.name: meaning
    for meaning in (
        Meaning("authorship", "Written by", "written", frozenset({"operator", "engineer", "quality"})),
        Meaning("review", "Reviewed by", "reviewed", frozenset({"engineer", "quality"})),
        Meaning("approval", "Approved by", "approved", frozenset({"quality"}), after="review"),
    )
}
"""By name, in the order in which they are given: none after a later one."""


def told(meaning: str) -> str:
    """Return how a meaning is told; one that is not ours is told as it is."""
    return MEANINGS[meaning].told if meaning in MEANINGS else f"“{meaning}”" if meaning else "no meaning"
