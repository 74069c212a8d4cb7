"""The engineer's view: many runs, one run, and what they show together; each chart's data can be had."""

from __future__ import annotations

from fastapi import APIRouter

from rig.panel import compare_page, overview, run_page, runs_page, stations_page

router = APIRouter(include_in_schema=False)
for page in (overview, runs_page, run_page, compare_page, stations_page):
    router.include_router(page.router)
