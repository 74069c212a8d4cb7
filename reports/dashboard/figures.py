"""All figures of the dashboard by one name each; every answer is a dataclass, or is JSON already."""

from reports.dashboard.overview import overview
from reports.dashboard.run_detail import run_detail, trace_columns
from reports.dashboard.run_list import list_runs

__all__ = ["list_runs", "overview", "run_detail", "trace_columns"]
