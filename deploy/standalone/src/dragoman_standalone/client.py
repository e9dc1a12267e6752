"""The command line's way to the API: of a server it is told of, of the one that holds the state
folder, or of none.

Where no server runs, the same application answers inside this process, on the state folder's own
stores: one way to ask, whoever answers. Of the views it reads that of jobs alone, and where that is
far behind the log, as nobody keeps it up, lists of jobs come from the log.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import httpx
from rich.console import Console

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_runtime.settings import load, variable
from dragoman_standalone.lock import is_locked
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted
from dragoman_standalone.server_record import ServerRecord, record_path
from dragoman_standalone.settings import ClientSettings, StandaloneSettings

_TIMEOUT_S = 30.0
_MODEL_TIMEOUT_S = 600.0
_NOT_FOUND = 404
_FEW_EVENTS = 5000  # are projected in about a second


class ApiRefusedError(PermanentError):
    """The API said no; the message is its problem's.

    Attributes:
        status: the answer's status; 0 where nothing was asked.
    """

    default_code = "api.refused"
    exit_status = ExitCode.FAILED

    def __init__(self, message: str, *, code: str | None = None, status: int = 0) -> None:
        super().__init__(message, code=code)
        self.status = status


class ApiUnreachableError(RetryableError):
    """No server answers at the address."""

    default_code = "api.unreachable"
    exit_status = ExitCode.FAILED


class Api:
    """The API, spoken to with a credential. Jobs move only where it `is_served`: by a server, not
    by this process, which merely answers for its state folder.
    """

    def __init__(self, client: httpx.AsyncClient, *, is_served: bool = True) -> None:
        self._client = client
        self.is_served = is_served

    @property
    def url(self) -> str:
        """The address that is asked."""
        return str(self._client.base_url).rstrip("/")

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

    async def try_model(
        self,
        path: str,
        *,
        content: dict[str, Any] | None = None,
        fields: dict[str, str] | None = None,
        image: tuple[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """The answer of a model to JSON, or to a form with a picture; models may take minutes.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        sent: dict[str, Any] = (
            {"json": content} if image is None else {"data": fields, "files": {"image": image}}
        )
        return await self._ask("POST", path, timeout=_MODEL_TIMEOUT_S, **sent)

    async def patch(self, path: str, content: dict[str, Any], version: int) -> dict[str, Any]:
        """The body of a PATCH of what has this version.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        headers = {"If-Match": f'"{version}"'}
        return await self._ask("PATCH", path, json=content, headers=headers)

    async def post_form(
        self, path: str, file: tuple[str, bytes], **query: str | int
    ) -> dict[str, Any]:
        """The body of a POST of a form with a file.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("POST", path, files={"file": file}, params=query)

    async def post_fields(
        self, path: str, fields: dict[str, str], file: tuple[str, bytes]
    ) -> dict[str, Any]:
        """The body of a POST of a form with fields and a file.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("POST", path, data=fields, files={"file": file})

    async def analyse(
        self, fields: dict[str, str], references: list[str], files: list[tuple[str, bytes]]
    ) -> dict[str, Any]:
        """The analysis of files under the terms of a form; large ones take minutes. `references` are
        the documents that the files would be versions of, in their order.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        sent: dict[str, Any] = {
            "data": {**fields, "external_reference": references},
            "files": [("file", each) for each in files],
        }
        return await self._ask("POST", "analyses", timeout=_MODEL_TIMEOUT_S, **sent)

    async def find(self, path: str) -> dict[str, Any] | None:
        """The body of a GET; None where there is nothing.

        Raises:
            ApiRefusedError: the answer is another problem.
        """
        try:
            return await self.get(path)
        except ApiRefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def post_file(
        self, path: str, fields: dict[str, str], file: tuple[str, bytes], key: str | None = None
    ) -> dict[str, Any]:
        """The body of a POST of a form with a file, safe to be sent again with the same key.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        headers = {"Idempotency-Key": key} if key else {}
        sent: dict[str, Any] = {"data": fields, "files": {"file": file}, "headers": headers}
        return await self._ask("POST", path, **sent)

    async def post_object(
        self, path: str, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]
    ) -> dict[str, Any]:
        """The body of a POST of the fields of an object, as a form where files come with them.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        if not files:
            return await self.post(path, {"fields": fields})
        form = {"fields": json.dumps(fields, ensure_ascii=False)}
        return await self._ask("POST", path, data=form, files=files)

    async def download(self, address: str) -> bytes:
        """The bytes at a signed address.

        Raises:
            ApiRefusedError: the address expired, or there is nothing any more.
        """
        response = await self._sent("GET", address)
        if response.is_error:
            raise _problem(response)
        return response.content

    async def delete(self, path: str) -> dict[str, Any]:
        """The body of a DELETE.

        Raises:
            ApiRefusedError: the answer is a problem.
        """
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = await self._sent(method, f"/api/v1/{path}", **options)
        if response.is_error:
            raise _problem(response)
        return _body(response)

    async def _sent(self, method: str, address: str, **options: Any) -> httpx.Response:
        try:
            return await self._client.request(method, address, **options)
        except httpx.TransportError as error:
            message = f"{self._client.base_url} cannot be reached ({type(error).__name__}). Is the server running?"
            raise ApiUnreachableError(message) from error


def _problem(response: httpx.Response) -> ApiRefusedError:
    body = _body(response)
    faults = cast("list[dict[str, str]]", body.get("errors") or [])
    named = "; ".join(
        f"{each.get('field', '')}: {each.get('message', '')}"
        for each in faults
        if each.get("field")
    )
    message = named or str(body.get("detail") or body.get("title") or response.reason_phrase)
    return ApiRefusedError(
        message, code=str(body.get("code", "api.refused")), status=response.status_code
    )


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", response.json())
    except ValueError as error:
        message = f"{response.url.copy_with(path='/')} answers, but not as Dragoman does. Look at the address."
        raise ApiRefusedError(message, code="api.unknown") from error


@asynccontextmanager
async def api(
    settings: StandaloneSettings,
    client: ClientSettings,
    *,
    needs_view: bool = False,
    needs_server: bool = False,
) -> AsyncGenerator[Api]:
    """The API to ask, for the block. With `needs_view` a state folder's view of jobs is brought up
    to date first; with `needs_server` a state folder without a server is none to ask.

    Raises:
        ApiRefusedError: a server is named, but no token for it; or one is needed, and none runs.
        StateLockedError: another process than a server uses the state folder.
    """
    server = server_of(settings, client)
    if server is not None:
        async with asked_at(server) as asked:
            yield asked
        return
    if needs_server:
        raise ApiRefusedError(
            f"No server runs on {settings.state_dir}. Start `dragoman up`, or name one with --url.",
            code="api.no_server",
        )
    async with _of_state_folder(settings, needs_view=needs_view) as asked:
        yield Api(asked, is_served=False)


@asynccontextmanager
async def asked_at(server: ServerRecord) -> AsyncGenerator[Api]:
    """The API of this server, for the block."""
    # A server on this machine is reached by no proxy that the environment names.
    is_near = httpx.URL(server.url).host in {"127.0.0.1", "::1", "localhost"}
    transport = httpx.AsyncHTTPTransport() if is_near else None
    async with _http(server.url, server.token, transport) as asked:
        yield Api(asked)


def server_for(
    settings: StandaloneSettings, url: str | None, *, is_folder_named: bool
) -> ServerRecord | None:
    """The server that translates: one that is named goes first, then a state folder that is named,
    then DRAGOMAN_URL; of a folder, the server that has it. None where this process shall do it.

    Raises:
        ApiRefusedError: a server is named, but no token for it.
        SettingsError: a setting is wrong.
    """
    client = load(ClientSettings, {"url": url} if url else {})
    if url is None and is_folder_named:
        client = client.model_copy(update={"url": None})
    return server_of(settings, client)


def server_of(settings: StandaloneSettings, client: ClientSettings) -> ServerRecord | None:
    """The server that is named, else the one that holds the state folder; None where none runs.

    Raises:
        ApiRefusedError: a server is named, but no token for it.
    """
    if client.url is not None:
        if client.token is None:
            raise ApiRefusedError(
                f"Set {variable('token')} to an API token of {client.url}.", code="api.no_token"
            )
        return ServerRecord(url=client.url, token=client.token.get_secret_value())
    record = record_path(settings.state_dir)
    if not record.exists() or not is_locked(settings.state_dir):
        return None  # a server that was killed leaves its record
    return ServerRecord.model_validate_json(record.read_text(encoding="utf-8"))


@asynccontextmanager
async def _of_state_folder(
    settings: StandaloneSettings, *, needs_view: bool
) -> AsyncGenerator[httpx.AsyncClient]:
    """The application itself, in this process."""
    # The platform is slow to import, and a server has it already.
    from dragoman_gateway.app import (
        create_app,
    )
    from dragoman_gateway.jobs.view.logged import LoggedJobs
    from dragoman_gateway.views import jobs_projector, objects_projector
    from dragoman_gateway.web.records import Records
    from dragoman_runtime.projection import create_views_engine
    from dragoman_standalone.local_access import passing_token
    from dragoman_standalone.platform import opened

    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(opened(settings))
        ports, view = (
            platform.ports,
            jobs_projector(platform.store, platform.objects, platform.database),
        )
        await view.open()
        behind = await view.lag()
        if behind <= _FEW_EVENTS or needs_view:
            if behind > _FEW_EVENTS:
                told = (
                    f"The list is {counted(behind, 'event')} behind the log, and is brought up to date first. "
                    "This happens once."
                )
                Console(stderr=True).print(told, highlight=False)
            await view.catch_up()
            if needs_view:
                of_objects = objects_projector(platform.store, platform.objects, platform.database)
                await of_objects.open()
                await of_objects.catch_up()
        else:
            memory = create_views_engine("sqlite+aiosqlite://")
            stack.push_async_callback(memory.dispose)
            ports = replace(
                ports, job_lists=LoggedJobs(memory, platform.store, Records(platform.objects))
            )
        transport = httpx.ASGITransport(create_app(ports))
        token = await stack.enter_async_context(passing_token(platform.ports.catalog))
        yield await stack.enter_async_context(_http("http://localhost", token, transport))


def _http(
    url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, transport=transport, timeout=_TIMEOUT_S)
