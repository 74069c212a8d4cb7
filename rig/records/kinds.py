"""The vocabulary of the record: the kinds of entries, and the words a run can end with.

=============  =====================================================================================
kind           what its entry says
=============  =====================================================================================
run.started    run_id, plan, pen_serial, station, product, seed, software {version, commit}, options
instrument     role, identity {maker, model, serial, firmware}, certificate {number, issuer, date, due}
measurement    the number, its uncertainty and budget, limits, rule, verdict, requirements, its trace
calibration    before_crc, after_crc, generation, nodes
note           text, and what else belongs to it
fault          where, message
wire_log       path, sha256
run.ended      verdict, takt_s, wall_s, reasons
=============  =====================================================================================
"""

from __future__ import annotations

STARTED, INSTRUMENT, MEASUREMENT, CALIBRATION = "run.started", "instrument", "measurement", "calibration"
NOTE, FAULT, WIRE_LOG, ENDED = "note", "fault", "wire_log", "run.ended"

PASS, FAIL, ERROR, ABORTED = "PASS", "FAIL", "ERROR", "ABORTED"
UNFINISHED = "UNFINISHED"  # the verdict of a run that never said how it ended
