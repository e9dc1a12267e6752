"""The command line's way to the API: of a server it is told of, of the one that holds the state folder, or of none.

Where no server runs, the same application answers inside this process, on the state folder's own stores: one way to
ask, whoever answers. Of the views it reads that of jobs alone, and where that is far behind the log, as nobody keeps it
up, lists of jobs come from the log.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import httpx
from rich.console import Console

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_runtime.settings import variable
from dragoman_standalone.lock import is_locked
from dragoman_standalone.server_record import ServerRecord, record_path
from dragoman_standalone.settings import ClientSettings, StandaloneSettings

_TIMEOUT_S = 30.0
_FEW_EVENTS = 5000  # are projected in about a second


class ApiRefusedError(PermanentError):
    """The API said no; the message is its problem's."""

    default_code = "api.refused"


class Api:
    """The API, spoken to with a credential."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str | int | list[str]) -> dict[str, Any]:
        """The body of a GET.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """The body of a POST, of JSON where there is content.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("POST", path, json=content)

    async def delete(self, path: str) -> dict[str, Any]:
        """The body of a DELETE.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._client.request(method, f"/api/v1/{path}", **options)
        except httpx.TransportError as error:
            message = f"{self._client.base_url} cannot be reached ({type(error).__name__}). Is the server running?"
            raise RetryableError(message, code="api.unreachable") from error
        try:
            body = cast("dict[str, Any]", response.json())
        except ValueError as error:
            message = f"{self._client.base_url} answers, but not as Dragoman does. Look at the address."
            raise ApiRefusedError(message, code="api.unknown") from error
        if response.is_error:
            message = str(body.get("detail") or body.get("title") or response.reason_phrase)
            raise ApiRefusedError(message, code=str(body.get("code", "api.refused")))
        return body


@asynccontextmanager
async def api(settings: StandaloneSettings, client: ClientSettings, *, needs_view: bool = False) -> AsyncGenerator[Api]:
    """The API to ask, for the block. With `needs_view` a state folder's view of jobs is brought up to date first.

    Raises:
        ApiRefusedError: a server is named, but no token for it.
        StateLockedError: another process than a server uses the state folder.
    """
    if client.url is not None:
        if client.token is None:
            raise ApiRefusedError(f"Set {variable('token')} to an API token of {client.url}.", code="api.no_token")
        async with _http(client.url, client.token.get_secret_value()) as asked:
            yield Api(asked)
        return
    record = record_path(settings.state_dir)
    if record.exists() and is_locked(settings.state_dir):  # a server that was killed leaves its record
        server = ServerRecord.model_validate_json(record.read_text(encoding="utf-8"))
        async with _http(server.url, server.token) as asked:
            yield Api(asked)
        return
    async with _of_state_folder(settings, needs_view=needs_view) as asked:
        yield Api(asked)


@asynccontextmanager
async def _of_state_folder(settings: StandaloneSettings, *, needs_view: bool) -> AsyncGenerator[httpx.AsyncClient]:
    """The application itself, in this process."""
    from dragoman_gateway.app import create_app  # the platform is slow to import, and a server has it already
    from dragoman_gateway.jobs.view.logged import LoggedJobs
    from dragoman_gateway.views import jobs_projector
    from dragoman_gateway.web.records import Records
    from dragoman_runtime.projection import create_views_engine
    from dragoman_standalone.platform import opened
    from dragoman_standalone.serving import local_token

    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(opened(settings))
        ports, view = platform.ports, jobs_projector(platform.store, platform.objects, platform.database)
        await view.open()
        behind = await view.lag()
        if behind <= _FEW_EVENTS or needs_view:
            if behind > _FEW_EVENTS:
                told = (
                    f"The list is {behind} events behind the log, and is brought up to date first. This happens once."
                )
                Console(stderr=True).print(told, highlight=False)
            await view.catch_up()
        else:
            memory = create_views_engine("sqlite+aiosqlite://")
            stack.push_async_callback(memory.dispose)
            ports = replace(ports, job_lists=LoggedJobs(memory, platform.store, Records(platform.objects)))
        transport = httpx.ASGITransport(create_app(ports))
        yield await stack.enter_async_context(_http("http://state-folder", await local_token(platform), transport))


def _http(url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, transport=transport, timeout=_TIMEOUT_S)
