"""The pages of projects with their language pairs, and of domain packs."""

from fastapi import APIRouter

from dragoman_gateway.projects.pages import packs, projects
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
router.include_router(packs.router)
router.include_router(projects.router)
