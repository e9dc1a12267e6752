"""The pages of a review."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.review.pages import editor, explanation, preview, units, what_if

router = APIRouter()
for _each in (editor, explanation, preview, units, what_if):
    router.include_router(_each.router)
