"""The vocabulary of the record: the kinds of entries, and the words a run can end with.

================  ==================================================================================
kind              what its entry says
================  ==================================================================================
run.started       run_id, plan, pen_serial, station, product, seed, software {version, commit}, options
instrument        role, identity {maker, model, serial, firmware}, certificate {number, issuer, date, due}
measurement       number, uncertainty and budget, limits, rule, verdict, accepted, remark, trace, …
calibration       before_crc, after_crc, generation, nodes {depth_mm, rate_per_min, command_mm, u_mm, U_mm}
note              text, and what else belongs to it
fault             where, message
wire_log          path, sha256
run.ended         verdict, takt_s, wall_s, reasons
study.started     study (the whole file)
study.point       point, run, replicate, levels, responses {value, unit, u, …}, problems, bench_s
study.ended       nothing more
station.check     run_id, verdict, results [{name, value, unit, U, verdict}], suspects [run_id]
station.stopped   why, run_id
station.reset     by, reason
station.override  run_id, interlocks {name: what it said}, by, reason
================  ==================================================================================

Entries about a station itself stand under ``station:NAME`` in place of a run's id.
"""

from __future__ import annotations

STARTED, INSTRUMENT, MEASUREMENT, CALIBRATION = "run.started", "instrument", "measurement", "calibration"
NOTE, FAULT, WIRE_LOG, ENDED = "note", "fault", "wire_log", "run.ended"
STATION_CHECK, STATION_STOPPED = "station.check", "station.stopped"
STATION_RESET, STATION_OVERRIDE = "station.reset", "station.override"
STATION_PREFIX = "station:"  # before a station's name, where a run's entries have the run's id
STUDY_STARTED, STUDY_POINT, STUDY_ENDED = "study.started", "study.point", "study.ended"

PASS, FAIL, ERROR, ABORTED = "PASS", "FAIL", "ERROR", "ABORTED"
TRACEBACK = "traceback"  # the text of a note that holds one: for who mends the rig, not for operators
UNFINISHED = "UNFINISHED"  # the verdict of a run that never said how it ended
