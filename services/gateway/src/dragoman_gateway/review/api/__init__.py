"""A review over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.api import exchange, previews, retranslations, units

router = APIRouter(tags=["review"])
for _each in (
    retranslations,
    exchange,
    previews,
    units,
):  # `units/{unit_id}` takes any path behind it
    router.include_router(_each.router)
