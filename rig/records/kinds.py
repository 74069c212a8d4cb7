"""The vocabulary of the record: the kinds of entries, and the words a run can end with.

===================  ======================================================================================
kind                 what its entry says
===================  ======================================================================================
run.started          run_id, plan, pen_serial, station, product, seed, software {version, commit}, options,
                     lot, tip_lot (as scanned), operator {name, full_name, role} or null,
                     environment {location, …} or {}
run.configuration    files [{what, name, path, sha256}]: the exact bytes the run began with
run.tests            tests [{test, title, requirements}]: what the plan holds, before any of it ran
instrument           role, identity {maker, model, serial, firmware}, certificate {number, issuer, date, due}
measurement          number, uncertainty and budget, limits, rule, verdict, accepted, remark, trace, test, …
calibration          before_crc, after_crc, generation, nodes {depth_mm, rate_per_min, command_mm, u_mm, U_mm}
note                 text, and what else belongs to it
fault                where, message
wire_log             path, sha256
run.ended            verdict, takt_s, wall_s, reasons
study.started        study (the whole file), operator as in run.started
study.point          point, run, replicate, levels, responses {value, unit, u, …}, problems, bench_s,
                     operator, software {version, commit}
study.ended          nothing more
station.check        run_id, verdict, results [{name, value, unit, U, verdict}], suspects [run_id]
station.stopped      why, run_id
station.reset        by, reason
station.override     run_id, interlocks {name: what it said}, by, reason
station.key          public, fingerprint: from here on the record's heads are signed with this key
reprocess.started    run_id, by, verdict, software, calibration {version, commit, sha256}, configuration
reprocess.result     name, noted, status, was, now {value, unit, u, …}, why, and by how much it moved
reprocess.ended      how many results there are of each status
audit.configuration  what, by, reason, before and after (SHA-256 of a file, before null at first), name,
                     path, changes [{key, old, new}], run_id of the run that found the change or ""
audit.user           what (a user's or client's name), did, by, reason, before, after: also a failed sign-in
audit.hidden         what (the run), by, reason, before, after; audit.shown takes it back
audit.signature      what (a report), by, reason (the meaning), before and after (SHA-256 of the report)
===================  ======================================================================================

Entries about a station itself stand under ``station:NAME`` in place of a run's id, keys under
``station:key``, those about files and users under ``audit``; that a run was hidden stands under its own id.
"""

from __future__ import annotations

STARTED, INSTRUMENT, MEASUREMENT, CALIBRATION = "run.started", "instrument", "measurement", "calibration"
NOTE, FAULT, WIRE_LOG, ENDED = "note", "fault", "wire_log", "run.ended"
STATION_CHECK, STATION_STOPPED = "station.check", "station.stopped"
STATION_RESET, STATION_OVERRIDE = "station.reset", "station.override"
STATION_PREFIX = "station:"  # before a station's name, where a run's entries have the run's id
STATION_KEY, STATION_KEYS = "station.key", f"{STATION_PREFIX}key"  # the kind, and what it stands under
CONFIGURATION, TESTS = "run.configuration", "run.tests"
AUDIT_CONFIGURATION, AUDIT_USER = "audit.configuration", "audit.user"
AUDIT_HIDDEN, AUDIT_SHOWN = "audit.hidden", "audit.shown"
AUDIT_SIGNATURE = "audit.signature"
AUDIT_SUBJECT = "audit"  # in place of a run's id, for what was changed between runs
REPROCESS_STARTED, REPROCESS_RESULT = "reprocess.started", "reprocess.result"
REPROCESS_ENDED = "reprocess.ended"
REPROCESS_PREFIX = "reprocess:"  # before the id of an evaluation of a run's traces again
STUDY_STARTED, STUDY_POINT, STUDY_ENDED = "study.started", "study.point", "study.ended"
STUDY_JUDGED = "study.judged"  # what a gauge study says of the gauge; the last one holds

PASS, FAIL, ERROR, ABORTED = "PASS", "FAIL", "ERROR", "ABORTED"
TRACEBACK = "traceback"  # the text of a note that holds one: for who mends the rig, not for operators
UNFINISHED = "UNFINISHED"  # the verdict of a run that never said how it ended


def is_run(run_id: str) -> bool:
    """Say whether an entry's ``run_id`` is a run's, and not a station's, an evaluation's or the audit's."""
    return run_id != AUDIT_SUBJECT and not run_id.startswith((STATION_PREFIX, REPROCESS_PREFIX))
