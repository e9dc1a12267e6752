"""The pages of classes and objects."""

from fastapi import APIRouter

from dragoman_gateway.web.guard import ConsoleRoute

router = APIRouter(route_class=ConsoleRoute)
