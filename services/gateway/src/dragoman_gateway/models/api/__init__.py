"""Models over HTTP: the registry, and trying a model out."""

from fastapi import APIRouter

from dragoman_gateway.models.api import registry, trials

router = APIRouter(tags=["models"])
router.include_router(registry.router)
router.include_router(trials.router)
