"""The pages of models: the registry, and a model with its playground."""

from fastapi import APIRouter

from dragoman_gateway.models.pages import lists, model
from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
router.include_router(lists.router)
router.include_router(model.router)
