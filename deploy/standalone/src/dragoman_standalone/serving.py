"""`dragoman up`: API, console, views and workers in one process."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import dragoman_intake.app
from dragoman_catalog import Catalog
from dragoman_contracts.errors import PermanentError
from dragoman_gateway.app import console_router, create_app, serving
from dragoman_gateway.desks import poster_of
from dragoman_gateway.views import projectors
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.service import spare_collections, until_told_to_stop
from dragoman_runtime.stopping import ended
from dragoman_standalone.local_access import LOCAL, announced
from dragoman_standalone.platform import Platform, at_work, opened
from dragoman_standalone.settings import StandaloneSettings


class PortRefusedError(PermanentError):
    """The address to serve on cannot be had."""

    default_code = "usage.port"


async def serve(
    settings: StandaloneSettings, announce: Callable[[str], None], *, tells_link: bool = True
) -> None:
    """Serve until SIGTERM or SIGINT; tells `announce` where, with a one-time sign-in link, or with
    how to get one where what is told may be kept in a log.

    Raises:
        StateLockedError: another process uses the state folder.
        PortRefusedError: the port is taken, or not this user's to take.
    """
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(opened(settings))
        views = projectors(platform.store, platform.objects, platform.database)
        for each in views:
            await each.open()
        poster = poster_of(platform.ports)
        beside = [asyncio.ensure_future(each.run()) for each in (*views, poster)]
        if settings.maintenance_every_s:
            every = timedelta(seconds=settings.maintenance_every_s)
            catalog = Catalog(platform.database)
            upkeep = dragoman_intake.app.maintenance(
                platform.store, platform.objects, catalog, settings
            )
            beside.append(asyncio.ensure_future(upkeep.keep(every)))
        stack.push_async_callback(ended, beside)
        await stack.enter_async_context(at_work(platform))
        app = create_app(platform.ports, [console_router()])
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
            raise PortRefusedError(_cure(error, settings)) from error
        spare_collections()
        bound = f"http://{_local(settings.http_host)}:{port}"
        url = settings.public_url.rstrip("/") or f"http://{_shown(settings.http_host)}:{port}"
        await stack.enter_async_context(
            announced(platform.ports.catalog, settings.state_dir, bound)
        )
        if tells_link:
            way_in = f"Sign in once with {url}/console/sign-in?link={await _link(platform)}"
        else:
            way_in = f"Sign in with the link that `dragoman sign-in-link --state {settings.state_dir}` prints."
        announce(f"Dragoman is at {url}/console\n{way_in}")
        await until_told_to_stop(beside)


def _cure(error: OSError, settings: StandaloneSettings) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.http_port} is taken; --port 0 takes a free one."
    why = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"{settings.http_host}:{settings.http_port} cannot be served on: {why}. "
        "Choose another --host or --port."
    )


async def _link(platform: Platform) -> str:
    now, catalog = SystemClock().now(), platform.ports.catalog
    admin = await catalog.users.ensure_first_admin(now)
    return await catalog.sign_in_links.create(
        LOCAL, now, admin.user_id, ttl=platform.ports.options.link_ttl
    )


def _local(host: str) -> str:
    """The address that this machine reaches the server at: the token never goes to another."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    return f"[{host}]" if ":" in host else host


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only compared
        return "localhost"
    return f"[{host}]" if ":" in host else host
