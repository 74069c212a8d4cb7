"""Pure measurement science: arrays in, :class:`~calibration.measured.Measured` out.

No instruments, no files, no pytest. The same functions evaluate a live run and re-evaluate a trace
years later.
"""
