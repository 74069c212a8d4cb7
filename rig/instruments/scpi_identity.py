"""Who a SCPI instrument says it is: the one question that all of them answer alike (IEEE 488.2, 10.14)."""

from __future__ import annotations

from rig.errors import InstrumentReplyError
from rig.instruments.link import VisaLink
from rig.instruments.roles import Identity


def ask_identity(link: VisaLink, role: str) -> Identity:
    """Return what ``*IDN?`` is answered with.

    Raises:
        InstrumentReplyError: the answer is not four fields.
    """
    answer = link.query("*IDN?")
    fields = [field.strip() for field in answer.split(",")]
    if len(fields) != 4 or not all(fields):
        raise InstrumentReplyError(
            role,
            f"*IDN? was answered with {answer!r}",
            expected="maker,model,serial,firmware",
            do=f"Check that the resource in the station file is the {role}'s",
        )
    return Identity(*fields)
