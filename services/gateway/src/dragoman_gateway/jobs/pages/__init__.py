"""The console's pages of jobs."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.jobs.pages import actions, attention, job, lists

router = APIRouter()
for _each in (lists, attention, job, actions):
    router.include_router(_each.router)
