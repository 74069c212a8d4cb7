"""Making a run's results again from its kept traces, with this or another version of ``calibration``."""
