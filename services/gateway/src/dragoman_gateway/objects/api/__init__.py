"""Classes and their objects over HTTP."""

from fastapi import APIRouter

from dragoman_gateway.objects.api import classes, objects

router = APIRouter(tags=["classes"])
router.include_router(classes.router)
router.include_router(objects.router)
