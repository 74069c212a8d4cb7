"""What there is to filter by."""

from __future__ import annotations

from dataclasses import dataclass

from reports.dashboard.index import Index

NEWEST_LOTS = 200
# Buckets from which every run has moved on stay behind.
NAMES = (
    "SELECT DISTINCT {} FROM bucket WHERE EXISTS (SELECT 1 FROM run WHERE run.bucket_id = bucket.bucket_id) "
    "ORDER BY 1"
)


@dataclass(frozen=True)
class Choices:
    """Names that occur in the runs, in order; of lots the newest 200, newest first."""

    plans: tuple[str, ...]
    stations: tuple[str, ...]
    products: tuple[str, ...]
    verdicts: tuple[str, ...]
    lots: tuple[str, ...]


def choices(index: Index) -> Choices:
    """Return what the fields of a :class:`~reports.dashboard.filters.Filter` can be chosen from."""
    plans, stations, products, verdicts = (
        tuple(name for (name,) in index.rows(NAMES.format(column)) if name)
        for column in ("plan", "station", "product", "verdict")
    )
    lots = index.rows(
        "SELECT lot FROM run WHERE lot > '' GROUP BY lot ORDER BY MAX(run_no) DESC LIMIT ?", (NEWEST_LOTS,)
    )
    return Choices(plans, stations, products, verdicts, tuple(name for (name,) in lots))
