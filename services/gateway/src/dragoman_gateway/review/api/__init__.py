"""A review over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.api import exchange, units

router = APIRouter(tags=["review"])
for _each in (exchange, units):
    router.include_router(_each.router)
