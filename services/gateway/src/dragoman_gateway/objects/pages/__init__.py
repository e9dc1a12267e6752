"""The pages of classes and their objects."""

from fastapi import APIRouter

from dragoman_gateway.objects.pages import classes, objects
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
router.include_router(classes.router)
router.include_router(objects.router)
