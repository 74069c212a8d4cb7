"""Putting runs into the index, and keeping what is summed up of them right.

A run that ends is added to the sums of its bucket. One that changes after its end (hidden, shown again, a
second end) has its buckets summed up anew from their results: nothing is ever subtracted.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from calibration.moments import Moments, moments_of
from reports.dashboard.run_rows import Bucket, Result, RunRow, Series
from rig.records import kinds
from rig.records.event import Event

JUDGED = (kinds.PASS, kinds.FAIL)
"""The verdicts that say something about the pen."""

Stored = tuple[int, int, float | None, float | None, int]  # series, position, value, U, accepted


class Writer:
    """Writes into the index within one transaction.

    Args:
        connection: to the index; the transaction is the caller's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute
        self._do_many = connection.executemany
        self._series: dict[Series, int] = {}
        self._buckets: dict[Bucket, int] = {}
        self._fresh: defaultdict[tuple[int, int], list[Stored]] = defaultdict(list)
        self._stale: set[int] = set()
        self._pens: set[tuple[str, str]] = set()

    def put_run(self, run: RunRow) -> None:
        """Put in a run as it now is, in place of what was known of it."""
        bucket = self._bucket_id(run.bucket)
        results = [self._stored(pos, result) for pos, result in enumerate(run.results)]
        before = self._do(
            "SELECT run_no, bucket_id, pen_serial, plan, verdict FROM run JOIN bucket USING (bucket_id) "
            "WHERE run_id = ?",
            (run.run_id,),
        ).fetchone()
        counted = False
        if before is not None:
            counted = self._take_out(before, bucket, results)
        self._insert(run, bucket, results)
        if run.ended and not counted:
            for stored in results:
                self._fresh[bucket, stored[0]].append(stored)
        self._pens.add((run.view.pen_serial, run.bucket.plan))
        self._put_certificates(run)

    def put_station_entry(self, event: Event) -> None:
        """Put in what happened to a station: a check, a stop, a reset, an override."""
        station, body = event.run_id.removeprefix(kinds.STATION_PREFIX), event.body
        if event.kind != kinds.STATION_CHECK:
            by, why = body.get("by", ""), body.get("reason", body.get("why", ""))
            told = (event.seq, station, event.at, event.kind, body.get("run_id", ""), by, why)
            self._do("INSERT OR REPLACE INTO station_event VALUES (?, ?, ?, ?, ?, ?, ?)", told)
            return
        check = (event.seq, station, event.at, body["run_id"], body["verdict"], len(body["suspects"]))
        self._do("INSERT OR REPLACE INTO station_check VALUES (?, ?, ?, ?, ?, ?)", check)
        rows = [
            (event.seq, told["name"], told["value"], told["unit"], told["U"], told["verdict"])
            for told in body["results"]
        ]
        self._do_many("INSERT OR REPLACE INTO check_result VALUES (?, ?, ?, ?, ?, ?)", rows)

    def finish(self) -> None:
        """Bring all that is summed up to what was put in."""
        for bucket in self._stale:
            self._sum_up(bucket)
        for (bucket, series), results in self._fresh.items():
            if bucket not in self._stale:
                self._add(bucket, series, results)
        for pen, plan in self._pens:
            if pen:
                self._mark_first(pen, plan)

    def _take_out(self, before: tuple[Any, ...], bucket: int, results: list[Stored]) -> bool:
        """Remove a run; return whether what is summed up counts it already, or will."""
        run_no, old_bucket, pen, plan, verdict = before
        self._pens.add((pen, plan))
        was_summed: bool = verdict != kinds.UNFINISHED
        if was_summed:
            known = self._do(
                "SELECT series_id, pos, value, U, accepted FROM result WHERE run_no = ?", (run_no,)
            ).fetchall()
            if old_bucket != bucket or sorted(known) != sorted(results):
                self._stale |= {old_bucket, bucket}
        for table in ("run", "run_text", "result", "refusal"):
            self._do(f"DELETE FROM {table} WHERE run_no = ?", (run_no,))
        return was_summed

    def _insert(self, run: RunRow, bucket: int, results: list[Stored]) -> None:
        view, run_no = run.view, run.run_no
        refused = {result.series.characteristic for result in run.results if not result.accepted}
        failed = sum(not result.accepted for result in run.results)
        row = (run_no, run.run_id, bucket, view.pen_serial, view.lot, run.tip_lot, run.operator, view.started,
               view.ended, view.takt_s, 0, len(results), failed, run.cause)  # fmt: skip
        self._do(f"INSERT INTO run VALUES ({', '.join('?' * len(row))})", row)
        texts = (run_no, json.dumps(view.reasons, ensure_ascii=False), view.overridden, view.hidden)
        if any(texts[2:]) or view.reasons:
            self._do("INSERT INTO run_text VALUES (?, ?, ?, ?)", texts)
        self._do_many(
            "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?)", [(run_no, *stored) for stored in results]
        )
        self._do_many("INSERT INTO refusal VALUES (?, ?)", [(run_no, name) for name in refused])

    def _put_certificates(self, run: RunRow) -> None:
        """Keep the instruments of a station's latest run, of those that judged a pen if there are any.

        A run that broke may have met only some of its instruments.
        """
        if not run.instruments:
            return
        station, rank = run.bucket.station, (int(run.bucket.verdict in JUDGED), run.run_no)
        known = self._do(
            "SELECT judged, run_no FROM certificate WHERE station = ? LIMIT 1", (station,)
        ).fetchone()
        if known is None or rank >= known:
            self._do("DELETE FROM certificate WHERE station = ?", (station,))
            rows = [(station, *instrument, run.run_no, rank[0]) for instrument in run.instruments]
            self._do_many("INSERT OR REPLACE INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _sum_up(self, bucket: int) -> None:
        """Sum up a bucket anew."""
        self._do("DELETE FROM summary WHERE bucket_id = ?", (bucket,))
        verdict = self._do("SELECT verdict FROM bucket WHERE bucket_id = ?", (bucket,)).fetchone()[0]
        if verdict == kinds.UNFINISHED:
            return
        found: defaultdict[int, list[Stored]] = defaultdict(list)
        query = "SELECT series_id, pos, value, U, accepted FROM run CROSS JOIN result USING (run_no) "
        query += "WHERE bucket_id = ?"
        for stored in self._do(query, (bucket,)):
            found[stored[0]].append(stored)
        for series, results in found.items():
            self._add(bucket, series, results)

    def _add(self, bucket: int, series: int, results: list[Stored]) -> None:
        known = self._do(
            "SELECT n, mean, m2, refused FROM summary WHERE bucket_id = ? AND series_id = ?", (bucket, series)
        ).fetchone() or (0, 0.0, 0.0, 0)
        # SQLite keeps what is not a number as nothing.
        mean, m2 = (math.nan if number is None else number for number in known[1:3])
        added = moments_of([value for _, _, value, _, _ in results if value is not None])
        sums = Moments(known[0], mean, m2).plus(added)
        refused = known[3] + sum(not accepted for *_, accepted in results)
        row = (bucket, series, sums.n, sums.mean, sums.m2, refused)
        self._do("INSERT OR REPLACE INTO summary VALUES (?, ?, ?, ?, ?, ?)", row)

    def _mark_first(self, pen: str, plan: str) -> None:
        """Mark the first run of a pen with a plan that was judged; hidden ones count, lest hiding helps."""
        query = "SELECT run_no, verdict, first_pass FROM run JOIN bucket USING (bucket_id) "
        query += "WHERE pen_serial = ? AND plan = ? ORDER BY run_no"
        rows = self._do(query, (pen, plan)).fetchall()
        first = next((run_no for run_no, verdict, _ in rows if verdict in JUDGED), None)
        changed = [
            (int(run_no == first), run_no) for run_no, _, marked in rows if marked != (run_no == first)
        ]
        self._do_many("UPDATE run SET first_pass = ? WHERE run_no = ?", changed)

    def _stored(self, pos: int, result: Result) -> Stored:
        return self._series_id(result.series), pos, result.value, result.U, int(result.accepted)

    def _bucket_id(self, bucket: Bucket) -> int:
        if bucket not in self._buckets:
            self._buckets[bucket] = self._number("bucket", bucket._fields, bucket)
        return self._buckets[bucket]

    def _series_id(self, series: Series) -> int:
        if series not in self._series:
            self._series[series] = self._number("series", series._fields, series)
        return self._series[series]

    def _number(self, table: str, columns: Iterable[str], values: tuple[Any, ...]) -> int:
        """Return the number of a row, which is put in where it is new; missing values are equal here."""
        same = " AND ".join(f"{column} IS ?" for column in columns)
        found = self._do(f"SELECT {table}_id FROM {table} WHERE {same}", values).fetchone()
        if found is not None:
            return int(found[0])
        marks = ", ".join("?" * len(values))
        return int(self._do(f"INSERT INTO {table} VALUES (NULL, {marks})", values).lastrowid or 0)
