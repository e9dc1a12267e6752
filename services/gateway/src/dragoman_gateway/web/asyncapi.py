"""The AsyncAPI document: what travels over RabbitMQ. It is written beforehand,
for the gateway speaks to no broker.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response

router = APIRouter()

_MEDIA_TYPE = "application/yaml"  # RFC 9512


@router.get("/asyncapi.yaml", include_in_schema=False)
async def asyncapi() -> Response:
    """Queues, exchange, events and their schemas; public, as the OpenAPI document is."""
    return Response(_document(), media_type=_MEDIA_TYPE)


@cache
def _document() -> bytes:
    return files("dragoman_gateway.web").joinpath("asyncapi.yaml").read_bytes()
