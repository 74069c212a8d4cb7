"""Mishaps of a line: each that was overcome is put on record, and a line that has many is given up."""

from __future__ import annotations

import logging

from rig.errors import (
    InstrumentDisconnected,
    InstrumentError,
    InstrumentReplyError,
    InstrumentTimeout,
)

MISHAPS = (InstrumentTimeout, InstrumentDisconnected, InstrumentReplyError)
"""What a question may be asked again after: nobody knows of its answer, or it was none."""

MOST_MISHAPS = 10

logger = logging.getLogger(__name__)


class Mishaps:
    """The mishaps of one line, from its opening on.

    Args:
        role: the instrument's role, for messages.
    """

    def __init__(self, role: str) -> None:
        self._role, self._overcome = role, 0

    def note(self, error: InstrumentError) -> None:
        """Say that a question failed and is about to be asked once more.

        Raises:
            InstrumentError: too many were overcome before; the message has this one.
        """
        if self._overcome >= MOST_MISHAPS:
            raise InstrumentError(
                self._role,
                f"after {self._overcome} mishaps on one line, another: {self._symptom(error)}",
                expected=f"no more than {MOST_MISHAPS}",
                do="Check cable, plugs and earthing of this instrument before anything is measured with it",
            ) from error

    def overcome(self, error: InstrumentError) -> None:
        """Put on record that the instrument answered after all."""
        self._overcome += 1
        logger.warning(
            "%s: recovered: %s; the line was opened anew and the question asked once more",
            self._role,
            self._symptom(error),
        )

    def _symptom(self, error: InstrumentError) -> str:
        return error.what.removeprefix(f"{self._role}: ")
