"""The routes of glossaries: entries, terms, files, the past that they touch, candidates."""

from fastapi import APIRouter

from dragoman_gateway.terms.api import entries, files, terms

router = APIRouter(tags=["terms"])
router.include_router(entries.router)
router.include_router(terms.router)
router.include_router(files.router)
