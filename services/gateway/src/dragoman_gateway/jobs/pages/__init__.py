"""The console's pages of jobs."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.jobs.pages import actions, attention, job, lists, several

router = APIRouter()
for _each in (lists, attention, several, job, actions):
    router.include_router(_each.router)
