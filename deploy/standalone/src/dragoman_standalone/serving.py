"""`dragoman up`: API, console, views and workers in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import dragoman_intake.app
from dragoman_catalog import Catalog, Editor, Role
from dragoman_gateway.app import console_router, create_app, serving
from dragoman_gateway.views import projectors
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.service import spare_collections, until_told_to_stop
from dragoman_standalone.platform import Platform, at_work, opened
from dragoman_standalone.server_record import ServerRecord, record_path
from dragoman_standalone.settings import StandaloneSettings

_LOCAL = Editor(actor="local", actor_name="", source_address="")
_TOKEN_TTL = timedelta(days=30)


async def serve(settings: StandaloneSettings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; tells `announce` where, with a one-time sign-in link.

    Raises:
        StateLockedError: another process uses the state folder.
        OSError: the port is taken.
    """
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(opened(settings))
        views = projectors(platform.store, platform.objects, platform.database)
        for each in views:
            await each.open()
        beside = [asyncio.ensure_future(each.run()) for each in views]
        if settings.maintenance_every_s:
            every = timedelta(seconds=settings.maintenance_every_s)
            catalog = Catalog(platform.database)
            upkeep = dragoman_intake.app.maintenance(platform.store, platform.objects, catalog, settings)
            beside.append(asyncio.ensure_future(upkeep.keep(every)))
        stack.push_async_callback(_ended, beside)
        await stack.enter_async_context(at_work(platform))
        app = create_app(platform.ports, [console_router()])
        served = serving(app, settings.http_host, settings.http_port, trusted_proxies=settings.trusted_proxies)
        port = await stack.enter_async_context(served)
        spare_collections()
        url = settings.public_url or f"http://{_shown(settings.http_host)}:{port}"
        record = record_path(settings.state_dir)
        _write_private(record, ServerRecord(url=url, token=await local_token(platform)).model_dump_json())
        stack.callback(record.unlink, missing_ok=True)
        announce(f"Dragoman is at {url}/console\nSign in once with {url}/console/sign-in?link={await _link(platform)}")
        await until_told_to_stop(beside)


async def _ended(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _link(platform: Platform) -> str:
    now, catalog = SystemClock().now(), platform.ports.catalog
    admin = await catalog.users.ensure_first_admin(now)
    return await catalog.sign_in_links.create(_LOCAL, now, admin.user_id, ttl=platform.ports.options.link_ttl)


async def local_token(platform: Platform) -> str:
    """The secret of a new token for the command line on this machine."""
    now, catalog = SystemClock().now(), platform.ports.catalog
    admin = await catalog.users.ensure_first_admin(now)
    made = await catalog.tokens.create(
        _LOCAL, now, user_id=admin.user_id, name="command line", role=Role.ADMIN, expires_at=now + _TOKEN_TTL
    )
    return made.secret


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only compared
        return "localhost"
    return f"[{host}]" if ":" in host else host
