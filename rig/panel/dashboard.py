"""The engineer's view: many runs, one run, and what they show together; each chart's data can be had."""

from __future__ import annotations

from fastapi import APIRouter

from rig.panel import overview

router = APIRouter(include_in_schema=False)
for page in (overview,):
    router.include_router(page.router)
