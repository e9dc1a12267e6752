"""The pages of glossaries: the list, one with its terms, its files, what it touches; candidates."""

from fastapi import APIRouter

from dragoman_gateway.terms.pages import candidates, glossaries, terms
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
router.include_router(candidates.router)
router.include_router(glossaries.router)
router.include_router(terms.router)
