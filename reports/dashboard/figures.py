"""All figures of the dashboard by one name each; every answer is a dataclass, or is JSON already."""

from reports.dashboard.capability_table import capability
from reports.dashboard.charts import control_chart
from reports.dashboard.choices import choices
from reports.dashboard.comparison import compare
from reports.dashboard.drift import drift
from reports.dashboard.overview import overview
from reports.dashboard.pareto import pareto
from reports.dashboard.run_detail import run_detail, trace_columns
from reports.dashboard.run_list import list_runs
from reports.dashboard.stations import certificates_due, station_events
from reports.dashboard.takt import takt_history

__all__ = [
    "capability", "certificates_due", "choices", "compare", "control_chart", "drift", "list_runs", "overview",
    "pareto", "run_detail", "station_events", "takt_history", "trace_columns",
]  # fmt: skip
