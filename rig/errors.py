"""What can go wrong on the rig, each with a message a person can act on.

Every error says what happened, what was expected, and what to do. An operator reads ``str(error)``
and never a traceback. Errors about numbers live in :mod:`calibration.errors`.
"""


class RigError(Exception):
    """The rig, or the run, is broken; this says nothing about the pen.

    Args:
        what: what happened, as a sentence without its full stop.
        expected: what should have happened instead.
        do: what the person at the rig can do about it.
    """

    def __init__(self, what: str, *, expected: str = "", do: str = "") -> None:
        self.what, self.expected, self.do = what, expected, do
        happened = f"{what}, expected {expected}" if expected else what
        super().__init__(f"{happened}. {do}" if do else happened)


class RefusedToStart(RigError):
    """The run must not start: configuration, certificate, identity. Nothing has moved."""


class ConfigError(RefusedToStart):
    """A configuration file is wrong: the message names file, key, value and what was expected."""


class InstrumentError(RigError):
    """An instrument misbehaved; ``role`` names it as the station file does."""

    def __init__(self, role: str, what: str, *, expected: str = "", do: str = "") -> None:
        self.role = role
        super().__init__(f"{role}: {what}", expected=expected, do=do)


class InstrumentTimeout(InstrumentError):
    """No complete answer within the stated time."""


class InstrumentDisconnected(InstrumentError):
    """The connection is closed, or could not be opened."""


class InstrumentReplyError(InstrumentError):
    """An answer came that is not one the protocol allows (garbled, wrong unit, overload text)."""


class InstrumentRejected(InstrumentError):
    """The instrument understood and refused; ``reason`` is its own word for it."""

    def __init__(self, role: str, what: str, *, reason: str, expected: str = "", do: str = "") -> None:
        self.reason = reason
        super().__init__(role, what, expected=expected, do=do)


class IdentityMismatch(RefusedToStart):
    """Another model or serial number answered than the station file names."""


class StageFault(InstrumentError):
    """The stage raised a fault flag (stalled, limit, driver disabled, lost reference)."""


class MotionInterrupted(StageFault):
    """A motion was ended by something else than the rig: an input, another master, a hand."""


class EmergencyStopped(StageFault):
    """The emergency stop is pressed, or was and nobody has enabled the drivers since."""


class ForceUnknown(InstrumentError):
    """The stage moves towards the pen and the gauge does not tell what it does; it was stopped."""


class OutsideWindow(RigError):
    """A motion was asked for that the station does not allow; nothing has moved."""


class ForceLimitExceeded(RigError):
    """More force than the stated limit; the stage was stopped and retracted."""


class GaugeDrift(RigError):
    """The force gauge's zero moved by more than its certificate allows; forces cannot be believed."""


class ContactNotFound(RigError):
    """No contact where contact was expected."""


class DatumMoved(RigError):
    """The rim is no longer where the datum was; what was measured from it cannot be believed."""


class ContactOpen(RigError):
    """Needles press on the plate and the counter sees nothing: the contact's wire is broken."""


class PenStopped(InstrumentError):
    """The pen did not do all the time what it was told: it stalled, stopped or booted anew."""


class TraceUnusable(RigError):
    """What was recorded is not what sound instruments on a sound pen give; no value comes of it."""


class WriteBackFailed(RigError):
    """The calibration table was not written; the message says which table the pen is on."""


class StoreError(RigError):
    """The record could not be kept, so the measurement does not count."""


class TwinError(RigError):
    """The digital twin did not start or went away."""
