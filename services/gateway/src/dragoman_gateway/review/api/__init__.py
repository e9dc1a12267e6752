"""A review over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.api import exchange, retranslations, units

router = APIRouter(tags=["review"])
for _each in (retranslations, exchange, units):  # `units/{unit_id}` takes any path behind it
    router.include_router(_each.router)
