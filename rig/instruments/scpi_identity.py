"""Who a SCPI instrument says it is: the one question that all of them answer alike (IEEE 488.2, 10.14)."""

from __future__ import annotations

from rig.errors import IdentityMismatch, InstrumentReplyError
from rig.instruments.link import VisaLink
from rig.instruments.roles import Identity


def read_identity(answer: str, role: str) -> Identity:
    """Return what an answer to ``*IDN?`` says.

    Raises:
        InstrumentReplyError: it is not four fields, or begins like a reading.
    """
    fields = [field.strip() for field in answer.split(",")]
    if len(fields) != 4 or not all(fields) or not fields[0][0].isalpha():
        raise InstrumentReplyError(
            role,
            f"*IDN? was answered with {answer!r}",
            expected="maker,model,serial,firmware",
            do=f"Check that the resource in the station file is the {role}'s",
        )
    return Identity(*fields)


def ask_identity(link: VisaLink, role: str) -> Identity:
    """Return what ``*IDN?`` is answered with.

    Raises:
        InstrumentReplyError: the answer is not four fields.
    """
    return read_identity(link.query("*IDN?"), role)


def prove_identity(link: VisaLink, role: str, known: Identity) -> None:
    """See that the instrument on a line that was opened anew is the one of before.

    Raises:
        IdentityMismatch: another answers.
        InstrumentReplyError: the answer is no identity.
    """
    found = ask_identity(link, role)
    if (found.model, found.serial) != (known.model, known.serial):
        raise IdentityMismatch(
            f"{role}: after the line was opened anew, model {found.model!r}, "
            f"serial number {found.serial!r} answered",
            expected=f"model {known.model!r}, serial number {known.serial!r}, as before",
            do="Connect the right instrument and run again",
        )


def tell_self_test(link: VisaLink, *, timeout_s: float) -> list[str]:
    """Let the instrument test itself; return what it finds wrong, as sentences.

    Raises:
        InstrumentTimeout, InstrumentDisconnected: it does not answer.
    """
    answer = link.query("*TST?", timeout_s=timeout_s).strip()
    return [] if answer in ("0", "+0") else [f"its self-test answers {answer!r}, where 0 is passed"]
