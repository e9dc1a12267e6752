"""Translation memories over HTTP."""

from fastapi import APIRouter

from dragoman_gateway.memories.api import candidates, memories, units

router = APIRouter(tags=["memories"])
for each in (memories, units, candidates):
    router.include_router(each.router)

__all__ = ["router"]
