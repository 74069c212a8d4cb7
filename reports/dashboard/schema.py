"""The tables of the index: what of the record is kept in a form that questions are quick to ask of.

A *bucket* is a day, a plan, a station, a product, a verdict and whether it is hidden: every run lies in one.
A *series* is a characteristic at a setting, in a unit, between limits: every result belongs to one. Results
of runs that have ended are summed up by bucket and series; those of runs without an end are few, and looked
at one by one. Lots are no part of a bucket: there may be as many as there are days.
"""

from __future__ import annotations

import sqlite3

FORMAT = 1
"""Of the tables below; an index of another format is made again."""

TABLES = (
    "CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), first TEXT, seq INTEGER, hash TEXT)",
    """CREATE TABLE bucket (
        bucket_id INTEGER PRIMARY KEY, day TEXT, plan TEXT, station TEXT, product TEXT, verdict TEXT,
        hidden INTEGER, UNIQUE (day, plan, station, product, verdict, hidden))""",
    """CREATE TABLE run (
        run_no INTEGER PRIMARY KEY, run_id TEXT UNIQUE, bucket_id INTEGER, pen_serial TEXT, lot TEXT,
        tip_lot TEXT, operator TEXT, started TEXT, ended TEXT, takt_s REAL, first_pass INTEGER,
        n_measured INTEGER, n_failed INTEGER, cause TEXT)""",
    "CREATE INDEX run_of_bucket ON run (bucket_id, first_pass, takt_s)",
    "CREATE INDEX run_of_pen ON run (pen_serial)",
    "CREATE INDEX run_of_lot ON run (lot)",
    "CREATE TABLE run_text (run_no INTEGER PRIMARY KEY, reasons TEXT, overridden TEXT, hidden TEXT)",
    """CREATE TABLE series (
        series_id INTEGER PRIMARY KEY, characteristic TEXT, depth_mm REAL, rate_per_min REAL, unit TEXT,
        lower REAL, upper REAL)""",
    "CREATE INDEX series_of_characteristic ON series (characteristic)",
    """CREATE TABLE result (
        run_no INTEGER, series_id INTEGER, pos INTEGER, value REAL, U REAL, accepted INTEGER,
        PRIMARY KEY (run_no, series_id, pos)) WITHOUT ROWID""",
    """CREATE TABLE summary (
        bucket_id INTEGER, series_id INTEGER, n INTEGER, mean REAL, m2 REAL, refused INTEGER,
        PRIMARY KEY (bucket_id, series_id)) WITHOUT ROWID""",
    "CREATE INDEX summary_of_series ON summary (series_id, bucket_id)",
    """CREATE TABLE refusal (
        run_no INTEGER, characteristic TEXT, PRIMARY KEY (run_no, characteristic)) WITHOUT ROWID""",
    """CREATE TABLE certificate (
        station TEXT, role TEXT, instrument TEXT, number TEXT, issuer TEXT, date TEXT, due TEXT,
        run_no INTEGER, judged INTEGER, PRIMARY KEY (station, role)) WITHOUT ROWID""",
    """CREATE TABLE station_check (
        seq INTEGER PRIMARY KEY, station TEXT, at TEXT, run_id TEXT, verdict TEXT, suspects INTEGER)""",
    """CREATE TABLE check_result (
        seq INTEGER, name TEXT, value REAL, unit TEXT, U REAL, verdict TEXT,
        PRIMARY KEY (seq, name)) WITHOUT ROWID""",
    """CREATE TABLE station_event (
        seq INTEGER PRIMARY KEY, station TEXT, at TEXT, kind TEXT, run_id TEXT, by TEXT, why TEXT)""",
)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make all tables, empty. Raises sqlite3.Error."""
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO place VALUES (1, '', 0, '')")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
