"""Why a number could not be given. Never a silent number in its place."""


class EstimateError(ValueError):
    """The data do not allow the estimate; the message says why."""


class TableRejected(ValueError):
    """A calibration table cannot be made, or is not valid; the message says why."""
