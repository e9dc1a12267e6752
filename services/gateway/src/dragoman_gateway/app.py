"""Composition of the gateway: one desk for each area, the application over them,
and the service that serves it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

import dragoman_gateway.account.api
import dragoman_gateway.account.pages
import dragoman_gateway.analyses.api
import dragoman_gateway.analyses.pages
import dragoman_gateway.artifacts.api
import dragoman_gateway.artifacts.pages
import dragoman_gateway.audit.api
import dragoman_gateway.audit.pages
import dragoman_gateway.budgets.api
import dragoman_gateway.budgets.pages
import dragoman_gateway.documents.api
import dragoman_gateway.documents.pages
import dragoman_gateway.jobs.api
import dragoman_gateway.jobs.pages
import dragoman_gateway.memories.api
import dragoman_gateway.memories.pages
import dragoman_gateway.models.api
import dragoman_gateway.models.pages
import dragoman_gateway.objects.api
import dragoman_gateway.objects.pages
import dragoman_gateway.parked.api
import dragoman_gateway.parked.pages
import dragoman_gateway.people.api
import dragoman_gateway.people.pages
import dragoman_gateway.pipelines.api
import dragoman_gateway.pipelines.pages
import dragoman_gateway.projects.api
import dragoman_gateway.projects.pages
import dragoman_gateway.review.api
import dragoman_gateway.review.pages
import dragoman_gateway.spend.api
import dragoman_gateway.spend.pages
import dragoman_gateway.submissions.api
import dragoman_gateway.submissions.pages
import dragoman_gateway.terms.api
import dragoman_gateway.terms.pages
import dragoman_gateway.webhooks.api
import dragoman_gateway.webhooks.pages
from dragoman_catalog import Catalog, DeliveryOutcome, migrate_catalog
from dragoman_contracts.vocabulary import Service
from dragoman_exchange import MOST_TERM_FILE_BYTES
from dragoman_gateway.adapters.connections import ConnectionLimits
from dragoman_gateway.adapters.server import serving as serving_http
from dragoman_gateway.desks import (
    GatewayPorts,
    desks_of,
    http_options,
    plant_seeds,
    poster_of,
    seal_of,
    submission_rules,
)
from dragoman_gateway.gauges import ViewGauges
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.schemas import LiveEvent
from dragoman_gateway.models.desk import MOST_IMAGE_BYTES
from dragoman_gateway.models.schemas import ChatTrial, EmbeddingTrial, TrialFailure, TrialPiece
from dragoman_gateway.settings import GatewaySettings
from dragoman_gateway.submissions.service_pairs import RegisteredPairs
from dragoman_gateway.views import projectors
from dragoman_gateway.web import asyncapi, health, reference
from dragoman_gateway.web.bodies import Bodies, BodyRules
from dragoman_gateway.web.desks import desk_in, furnish
from dragoman_gateway.web.guard import ConsoleRoute, error_page
from dragoman_gateway.web.middleware import ApiAlias, KnownHosts, Surroundings
from dragoman_gateway.web.problems import Problem, documented, install_problem_handlers
from dragoman_gateway.web.rendering import STATIC_PATH, asset_response
from dragoman_gateway.web.unknown import refuse_unknown_parameters
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects import object_store
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.service import build, database_of, once_reachable, until_told_to_stop
from dragoman_runtime.starting import address_of, port_taken, say_started, telemetry_of
from dragoman_runtime.stopping import closed, ended
from dragoman_runtime.telemetry.metrics import begin_http_series, begin_webhook_series

__all__ = [
    "console_router",
    "create_app",
    "openapi_document",
    "run",
    "serving",
]

_OVERHEAD_BYTES = 1024 * 1024
_FILES_AN_OBJECT = 2  # of the largest size
_FILES_A_FORM = 8  # of the largest size; of smaller ones, more
_CLOSE_S = 3.0
_STRICT: dict[str, Any] = {
    "dependencies": [Depends(refuse_unknown_parameters)],
    "responses": documented(422),
}


def create_app(ports: GatewayPorts, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over these ports: the same for the services and for the one process.

    `extra_routers` come after the API: the console.
    """
    app = _routed()
    desks = desks_of(ports)
    furnish(app, [getattr(desks, each.name) for each in fields(desks)])
    for router in extra_routers:
        app.include_router(router)
    install_problem_handlers(app)
    upload = ports.rules.max_upload_bytes
    uploads = {
        "/api/v1/jobs": upload + _OVERHEAD_BYTES,
        "/api/v1/documents": upload + _OVERHEAD_BYTES,
        "/console/documents": upload + _OVERHEAD_BYTES,
        "/api/v1/objects/*": _FILES_AN_OBJECT * upload + _OVERHEAD_BYTES,
        "/api/v1/objects/*/*": _FILES_AN_OBJECT * upload + _OVERHEAD_BYTES,
        "/console/objects/*": _FILES_AN_OBJECT * upload + _OVERHEAD_BYTES,
        "/console/objects/*/*": _FILES_AN_OBJECT * upload + _OVERHEAD_BYTES,
        "/api/v1/jobs/*/imports": upload + _OVERHEAD_BYTES,
        "/api/v1/jobs/*/tmx-import": upload + _OVERHEAD_BYTES,
        "/api/v1/memories/*/imports": upload + _OVERHEAD_BYTES,
        "/console/memories/*/imports": upload + _OVERHEAD_BYTES,
        "/api/v1/glossaries/*/imports": MOST_TERM_FILE_BYTES + _OVERHEAD_BYTES,
        "/console/glossaries/*/imports": MOST_TERM_FILE_BYTES + _OVERHEAD_BYTES,
        "/api/v1/term-candidates": upload + _OVERHEAD_BYTES,
        "/console/term-candidates": upload + _OVERHEAD_BYTES,
        "/api/v1/models/*/test": MOST_IMAGE_BYTES + _OVERHEAD_BYTES,
        "/console/models/*/test": MOST_IMAGE_BYTES + _OVERHEAD_BYTES,
        "/api/v1/analyses": _FILES_A_FORM * upload + _OVERHEAD_BYTES,
        "/console/analyses": _FILES_A_FORM * upload + _OVERHEAD_BYTES,
        "/console/jobs": _FILES_A_FORM * upload + _OVERHEAD_BYTES,
    }
    bodies = BodyRules(_OVERHEAD_BYTES, uploads, ports.options.uploads_at_once)
    app.add_middleware(Bodies, sign_in=desks.sign_in, rules=bodies)
    app.add_middleware(ApiAlias)
    app.add_middleware(KnownHosts, hosts=ports.options.hosts)
    app.add_middleware(Surroundings)
    return app


def console_router() -> APIRouter:
    """The pages of every area, under `/console`. Those of jobs come last:
    they take any action on a job.
    """
    router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
    for pages in (
        dragoman_gateway.people.pages,
        dragoman_gateway.account.pages,
        dragoman_gateway.webhooks.pages,
        dragoman_gateway.submissions.pages,
        dragoman_gateway.analyses.pages,
        dragoman_gateway.parked.pages,
        dragoman_gateway.audit.pages,
        dragoman_gateway.spend.pages,
        dragoman_gateway.budgets.pages,
        dragoman_gateway.documents.pages,
        dragoman_gateway.pipelines.pages,
        dragoman_gateway.objects.pages,
        dragoman_gateway.artifacts.pages,
        dragoman_gateway.review.pages,
        dragoman_gateway.memories.pages,
        dragoman_gateway.models.pages,
        dragoman_gateway.projects.pages,
        dragoman_gateway.terms.pages,
        dragoman_gateway.jobs.pages,
    ):
        router.include_router(pages.router)
    router.add_api_route(STATIC_PATH + "/{name:path}", _asset, methods=["GET"])
    router.add_api_route("/console/{rest:path}", _nothing, methods=["GET", "POST"])
    return router


async def _asset(name: str) -> Response:
    return asset_response(name)


async def _nothing(rest: str) -> Response:
    return error_page(404)


def _api_router() -> APIRouter:
    router = APIRouter(prefix="/api/v1", **_STRICT)
    router.include_router(dragoman_gateway.submissions.api.of_documents)
    for api in (
        dragoman_gateway.submissions.api,
        dragoman_gateway.analyses.api,
        dragoman_gateway.documents.api,
        dragoman_gateway.jobs.api,
        dragoman_gateway.parked.api,
        dragoman_gateway.artifacts.api,
        dragoman_gateway.review.api,
    ):
        router.include_router(api.router)
    router.include_router(dragoman_gateway.people.api.session)
    router.include_router(dragoman_gateway.account.api.router)
    for api in (
        dragoman_gateway.projects.api,
        dragoman_gateway.budgets.api,
        dragoman_gateway.spend.api,
        dragoman_gateway.pipelines.api,
        dragoman_gateway.objects.api,
        dragoman_gateway.models.api,
        dragoman_gateway.memories.api,
        dragoman_gateway.terms.api,
        dragoman_gateway.people.api,
        dragoman_gateway.webhooks.api,
        dragoman_gateway.audit.api,
    ):
        router.include_router(api.router)
    router.include_router(asyncapi.router)
    router.include_router(reference.router)
    router.add_api_route("/openapi.json", _document, include_in_schema=False)
    return router


async def _document(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API, without a running gateway."""
    return _openapi(_routed())


@asynccontextmanager
async def serving(
    app: FastAPI,
    host: str,
    port: int,
    *,
    trusted_proxies: str = "127.0.0.1",
    max_connections: int = ConnectionLimits().most,
) -> AsyncGenerator[int]:
    """Serve an application of `create_app` for the block; gives the port, which is a free one where
    0 was asked.

    At the end of the block open event streams and waiting requests are answered at once; browsers
    come back by themselves.

    Raises:
        OSError: the address is taken or not ours.
    """
    follower = desk_in(app, JobDesk).follower
    limits = ConnectionLimits(max_connections)
    async with serving_http(
        app, host, port, trusted_proxies=trusted_proxies, limits=limits
    ) as bound:
        try:
            yield bound
        finally:
            follower.stop()


async def open_views(store: PostgresEventStore, url: str) -> None:
    """Make the tables of the views in the database at `url` where there are none."""
    engine = create_views_engine(sqlalchemy_url(url), pool_size=2)
    try:
        # A view's tables are made without a look at any object.
        for each in projectors(store, FileObjectStore(Path(os.devnull)), engine):
            await each.open()
    finally:
        await engine.dispose()


async def run(settings: GatewaySettings) -> None:
    """Serve until told to stop: API, console and the projection of their views."""
    telemetry = telemetry_of(settings, Service.GATEWAY.value)
    try:
        async with AsyncExitStack() as stack:
            await _serve(settings, stack)
    finally:
        telemetry.shutdown()


async def _serve(settings: GatewaySettings, stack: AsyncExitStack) -> None:
    url = database_of(settings, Service.GATEWAY.value)
    await once_reachable(lambda: migrate_events(url))
    await once_reachable(lambda: migrate_catalog(url))
    store = await once_reachable(
        lambda: PostgresEventStore.connect(url, pool_size=settings.database_connections)
    )
    stack.push_async_callback(store.aclose)
    objects = object_store(settings)
    await once_reachable(objects.open)
    stack.push_async_callback(closed, objects.close, _CLOSE_S)
    engine = create_views_engine(sqlalchemy_url(url), pool_size=settings.database_connections)
    stack.push_async_callback(closed, engine.dispose, _CLOSE_S)
    catalog = Catalog(engine, seal_of(settings.encryption_key))
    await plant_seeds(catalog, settings)
    pairs = RegisteredPairs(catalog, settings.private_hosts)
    stack.push_async_callback(closed, pairs.aclose, _CLOSE_S)
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=engine,
        catalog=catalog,
        rules=submission_rules(settings, check_pair=pairs),
        signing_key=settings.signing_key.get_secret_value().encode(),
        producer=build(),
        options=http_options(settings),
        dead_letters=engine,
        private_hosts=settings.private_hosts,
    )
    views = projectors(store, objects, engine)
    for each in views:
        await once_reachable(each.open)
    begin_http_series()
    begin_webhook_series([each.value for each in DeliveryOutcome])
    gauges = ViewGauges(engine, views, Service.GATEWAY.value)
    beside = [asyncio.ensure_future(each.run()) for each in (*views, gauges, poster_of(ports))]
    app = create_app(ports, [console_router()])
    served = serving(
        app,
        settings.http_host,
        settings.http_port,
        trusted_proxies=settings.trusted_proxies,
        max_connections=settings.max_connections,
    )
    try:
        port = await stack.enter_async_context(served)
    except OSError as error:
        raise port_taken("http", settings.http_host, settings.http_port, error) from error
    say_started(
        services=Service.GATEWAY.value,
        http=f"{settings.http_host}:{port}",
        metrics=address_of(settings),
    )
    try:
        await until_told_to_stop(beside)
    finally:
        await ended(beside)


def _routed() -> FastAPI:
    """The application with the API's routes, and nothing behind them yet."""
    app = FastAPI(
        title="Dragoman",
        version="1",
        summary="Documents through long, costly, many-step processing, with no step lost and none repeated.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # FastAPI's own route would take any parameter
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(_api_router())
    app.include_router(health.router, **_STRICT)
    app.openapi = lambda: _openapi(app)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        _, models = models_json_schema(
            [
                (Problem, "serialization"),
                (LiveEvent, "serialization"),
                (ChatTrial, "validation"),
                (EmbeddingTrial, "validation"),
                (TrialPiece, "serialization"),
                (TrialFailure, "serialization"),
            ],
            ref_template="#/components/schemas/{model}",
        )
        components: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
        for name, model in models["$defs"].items():
            components.setdefault(name, model)
        app.openapi_schema = schema
    return app.openapi_schema
