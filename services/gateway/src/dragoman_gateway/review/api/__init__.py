"""A review over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.api import (
    coverage,
    exchange,
    explanation,
    previews,
    retranslations,
    units,
    what_if,
)

router = APIRouter(tags=["review"])
# `units/{unit_id}` takes any path behind it, so the units come last.
for _each in (retranslations, coverage, exchange, explanation, what_if, previews, units):
    router.include_router(_each.router)
