"""A review over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.api import exchange, explanation, units, what_if

router = APIRouter(tags=["review"])
for _each in (exchange, explanation, units, what_if):
    router.include_router(_each.router)
