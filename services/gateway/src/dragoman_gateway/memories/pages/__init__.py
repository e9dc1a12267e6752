"""Translation memories in the console."""

from fastapi import APIRouter

from dragoman_gateway.memories.pages import candidates, lists, memory
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
for each in (lists, candidates, memory):  # `candidates` before the id of a memory
    router.include_router(each.router)

__all__ = ["router"]
