"""The console's pages of jobs."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.jobs.pages import actions, interrupted, job, lists, units

router = APIRouter()
for _each in (lists, interrupted, job, units, actions):
    router.include_router(_each.router)
