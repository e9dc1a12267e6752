"""Composition of the gateway: the application, and the service that serves it from PostgreSQL and S3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from dragoman_catalog import Catalog, migrate_catalog
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.vocabulary import Service
from dragoman_gateway.adapters.server import serving as serving_http
from dragoman_gateway.api import api_router, health
from dragoman_gateway.console import console_router
from dragoman_gateway.gateway import Gateway, GatewayOptions, GatewayPorts
from dragoman_gateway.jobs.history import LiveEvent
from dragoman_gateway.settings import GatewaySettings, HttpSettings
from dragoman_gateway.submissions.desk import SubmissionRules
from dragoman_gateway.views import SqlJobViews, projectors
from dragoman_gateway.web.middleware import ApiAlias, BodyLimit, Surroundings
from dragoman_gateway.web.problems import Problem, install_problem_handlers
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects import object_store
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.service import build, once_reachable, until_told_to_stop
from dragoman_runtime.settings import SettingsError, variable
from dragoman_runtime.telemetry import configure_telemetry

__all__ = ["create_app", "http_options", "openapi_document", "run", "serving", "submission_rules"]

_OVERHEAD_BYTES = 1024 * 1024
_FILES_A_FORM = 8  # of the largest size; of smaller ones, more


def create_app(ports: GatewayPorts, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over these ports: the same for the services and for the one process.

    `extra_routers` come after the API: the console.
    """
    app = _routed()
    app.state.gateway = Gateway(ports)
    for router in extra_routers:
        app.include_router(router)
    install_problem_handlers(app)
    upload = ports.rules.max_upload_bytes
    uploads = {"/api/v1/jobs": upload + _OVERHEAD_BYTES, "/console/jobs": _FILES_A_FORM * upload + _OVERHEAD_BYTES}
    app.add_middleware(BodyLimit, limit_bytes=_OVERHEAD_BYTES, limits_bytes=uploads)
    app.add_middleware(ApiAlias)
    app.add_middleware(Surroundings)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API, without a running gateway."""
    return _openapi(_routed())


@asynccontextmanager
async def serving(app: FastAPI, host: str, port: int, *, trusted_proxies: str = "127.0.0.1") -> AsyncGenerator[int]:
    """Serve an application of `create_app` for the block; gives the port, which is a free one where 0 was asked.

    At the end of the block open event streams and waiting requests are answered at once; browsers come back by
    themselves.

    Raises:
        OSError: the address is taken or not ours.
    """
    gateway: Gateway = app.state.gateway
    async with serving_http(app, host, port, trusted_proxies=trusted_proxies) as bound:
        try:
            yield bound
        finally:
            gateway.stop()


def http_options(settings: HttpSettings) -> GatewayOptions:
    """The settings as the application takes them."""
    return GatewayOptions(
        session_ttl=timedelta(hours=settings.session_hours),
        link_ttl=timedelta(minutes=settings.sign_in_link_minutes),
        download_ttl=timedelta(minutes=settings.download_minutes),
        process_wait=timedelta(seconds=settings.process_wait_s),
        event_poll=timedelta(milliseconds=settings.event_poll_ms),
        max_views_lag=settings.max_views_lag,
        public_url=settings.public_url,
    )


def submission_rules(settings: HttpSettings, engines: frozenset[str] = frozenset()) -> SubmissionRules:
    """What submissions may ask for; `engines` empty means that any engine's name is taken."""
    return SubmissionRules(
        pipeline=TRANSLATE_DOCX,
        default_engine=settings.default_engine,
        engines=engines,
        max_upload_bytes=settings.max_upload_mib * 1024 * 1024,
    )


async def run(settings: GatewaySettings) -> None:
    """Serve until told to stop: API, console and the projection of their views."""
    telemetry = configure_telemetry(settings, Service.GATEWAY.value)
    try:
        async with AsyncExitStack() as stack:
            await _serve(settings, stack)
    finally:
        telemetry.shutdown()


async def _serve(settings: GatewaySettings, stack: AsyncExitStack) -> None:
    url = settings.postgres_url
    if url is None:
        raise SettingsError(f"{variable('database_url')}: services share a PostgreSQL database; name it.")
    await once_reachable(lambda: migrate_events(url))
    await once_reachable(lambda: migrate_catalog(url))
    store = await once_reachable(lambda: PostgresEventStore.connect(url))
    stack.push_async_callback(store.aclose)
    objects = object_store(settings)
    await once_reachable(objects.open)
    stack.push_async_callback(objects.close)
    engine = create_views_engine(sqlalchemy_url(url))
    stack.push_async_callback(engine.dispose)
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=SqlJobViews(engine),
        catalog=Catalog(engine),
        rules=submission_rules(settings),
        signing_key=settings.signing_key.get_secret_value().encode(),
        producer=build(),
        options=http_options(settings),
        dead_letters=engine,
    )
    views = projectors(store, objects, engine)
    for each in views:
        await once_reachable(each.open)
    beside = [asyncio.ensure_future(each.run()) for each in views]
    app = create_app(ports, [console_router()])
    async with serving(app, settings.http_host, settings.http_port, trusted_proxies=settings.trusted_proxies):
        try:
            await until_told_to_stop(beside)
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


def _routed() -> FastAPI:
    """The application with the API's routes, and nothing behind them yet."""
    app = FastAPI(
        title="Dragoman",
        version="1",
        summary="Documents through long, costly, many-step processing, with no step lost and none repeated.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(api_router())
    app.include_router(health.router)
    app.openapi = lambda: _openapi(app)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        _, models = models_json_schema(
            [(Problem, "serialization"), (LiveEvent, "serialization")], ref_template="#/components/schemas/{model}"
        )
        components: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
        for name, model in models["$defs"].items():
            components.setdefault(name, model)
        app.openapi_schema = schema
    return app.openapi_schema
