"""`dragoman admin`, `dragoman token` and `dragoman migrate`: an installation's first hour, in the
database itself, before anybody can sign in.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman_contracts.errors import PermanentError

if TYPE_CHECKING:
    from dragoman_catalog import Catalog, Editor, User
    from dragoman_standalone.settings import PeopleSettings

admin_app = typer.Typer(no_args_is_help=True, help="Let an admin sign in for the first time.")
token_app = typer.Typer(no_args_is_help=True, help="Make API tokens.")

_State = Annotated[Path | None, typer.Option("--state", help="State folder of the one process.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_User = Annotated[
    str | None, typer.Option("--user", help="Name of the user; without it, the first admin.")
]


@admin_app.command("create")
def create_admin(user: _User = None, state: _State = None, as_json: _Json = False) -> None:
    """Enter an admin where there is none of the name, and print a link that signs in once.

    Works on the database of the services (DRAGOMAN_DATABASE_URL) or on a state folder; tables are
    made where there are none.
    """

    async def link(catalog: Catalog, settings: PeopleSettings) -> str:
        from dragoman_runtime.clock import SystemClock

        admin = await _admin(catalog, user)
        secret = await catalog.sign_in_links.create(
            _editor(),
            SystemClock().now(),
            admin.user_id,
            ttl=timedelta(minutes=settings.sign_in_link_minutes),
        )
        address = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
        return f"{address}/console/sign-in?link={secret}"

    _print(state, "link", link, as_json=as_json)


@token_app.command("create")
def create_token(
    user: _User = None,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "made by command",
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days it is valid.")] = 30,
    is_operator: Annotated[
        bool, typer.Option("--operator", help="Without the rights of an admin.")
    ] = False,
    state: _State = None,
    as_json: _Json = False,
) -> None:
    """Make an API token and print its secret, which is stored nowhere: DRAGOMAN_TOKEN of commands.

    Works on the database of the services (DRAGOMAN_DATABASE_URL) or on a state folder.
    """

    async def token(catalog: Catalog, settings: PeopleSettings) -> str:
        from dragoman_catalog import Role
        from dragoman_runtime.clock import SystemClock

        now, owner = SystemClock().now(), await _admin(catalog, user)
        made = await catalog.tokens.create(
            _editor(),
            now,
            user_id=owner.user_id,
            name=name,
            role=Role.OPERATOR if is_operator else Role.ADMIN,
            expires_at=now + timedelta(days=days),
        )
        return made.secret

    _print(state, "token", token, as_json=as_json)


def migrate(as_json: _Json = False) -> None:
    """Make or renew the tables of the services in DRAGOMAN_DATABASE_URL, and end.

    Services do so themselves at their start. Run it first where they connect with a role that may
    not change tables.
    """

    async def migrated() -> None:
        from dragoman_catalog import migrate_catalog
        from dragoman_gateway.app import open_views
        from dragoman_runtime.eventstore.postgres import PostgresEventStore
        from dragoman_runtime.migrations.run import migrate_events
        from dragoman_runtime.service import database_of
        from dragoman_runtime.settings import load
        from dragoman_standalone.settings import PeopleSettings

        url = database_of(load(PeopleSettings), "migrate")
        await migrate_events(url)
        await migrate_catalog(url)
        store = await PostgresEventStore.connect(url, pool_size=4)
        try:
            await open_views(store, url)
        finally:
            await store.aclose()

    asyncio.run(migrated())
    said = json.dumps({"is_up_to_date": True}) if as_json else "The tables are up to date."
    sys.stdout.write(f"{said}\n")


async def _admin(catalog: Catalog, name: str | None) -> User:
    """The first admin, or the admin of this name, entered where there is none."""
    from dragoman_catalog import Role
    from dragoman_runtime.clock import SystemClock

    now = SystemClock().now()
    if name is None:
        return await catalog.users.ensure_first_admin(now)
    found = await catalog.users.named(name)
    if found is None:
        return await catalog.users.create(
            _editor(), now, name=name, display_name=name, role=Role.ADMIN
        )
    if found.role is not Role.ADMIN or not found.is_active:
        raise PermanentError(
            f"{name} is no active admin; choose another name.", code="usage.choice"
        )
    return found


def _editor() -> Editor:
    from dragoman_catalog import Editor

    return Editor(actor="local", actor_name="", source_address="")


def _print(
    state: Path | None,
    name: str,
    ask: Callable[[Catalog, PeopleSettings], Awaitable[str]],
    *,
    as_json: bool,
) -> None:
    async def asked() -> str:
        async with _opened(state) as (catalog, settings):
            return await ask(catalog, settings)

    answer = asyncio.run(asked())
    said = json.dumps({name: answer}) if as_json else answer
    sys.stdout.write(f"{said}\n")


@asynccontextmanager
async def _opened(state: Path | None) -> AsyncGenerator[tuple[Catalog, PeopleSettings]]:
    """The catalogue of the services' database, or of a state folder that no other process uses.

    Raises:
        StateLockedError: another process uses the folder; a server prints a link when it starts.
        OtherInstallationError: a gateway is named, and neither folder nor database.
    """
    from dragoman_catalog import Catalog, migrate_catalog
    from dragoman_runtime.migrations.run import sqlalchemy_url
    from dragoman_runtime.projection import create_views_engine
    from dragoman_runtime.service import database_of
    from dragoman_runtime.settings import load
    from dragoman_runtime.telemetry import configure_logging
    from dragoman_standalone.lock import StateLock
    from dragoman_standalone.settings import PeopleSettings
    from dragoman_standalone.whereabouts import require_own_log

    settings = load(PeopleSettings, {"state_dir": state, "database_url": None} if state else {})
    require_own_log(state, settings.postgres_url)
    configure_logging(settings, "dragoman")
    async with AsyncExitStack() as stack:
        if settings.postgres_url is not None:
            url = database_of(settings, "admin")
        else:
            lock = StateLock(settings.state_dir)
            lock.acquire()
            stack.callback(lock.release)
            url = f"sqlite:///{settings.state_dir / 'catalog.db'}"
        await migrate_catalog(url)
        engine = create_views_engine(sqlalchemy_url(url))
        stack.push_async_callback(engine.dispose)
        yield Catalog(engine), settings
