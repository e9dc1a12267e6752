"""The pages of people: signing in and out, the users, and their tokens."""

from fastapi import APIRouter

from dragoman_gateway.people.pages import signing_in, tokens, users
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
router.include_router(signing_in.router)
router.include_router(tokens.router)
router.include_router(users.router)
