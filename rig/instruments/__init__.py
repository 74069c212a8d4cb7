"""Drivers, one per instrument, and one role (a :class:`typing.Protocol`) for each job on the bench."""
