"""The connection to one endpoint: addresses that were checked, its credential, and calls that are
answered as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import httpx
from pydantic import JsonValue

from dragoman_contracts.errors import DragomanError
from dragoman_models.adapters.http import Call, Limits, RefusedError
from dragoman_models.addresses import GuardedTransport, check_base_url
from dragoman_models.endpoint import Endpoint
from dragoman_models.json_values import as_object, as_text, storable_json, without
from dragoman_models.refusals import ServerError


class WholeAnswer:
    """An answer that comes as one JSON value."""

    def __init__(self) -> None:
        self.error: JsonValue = None
        self.is_whole = False
        self.is_answer = False
        self.value: JsonValue = None

    @property
    def has_begun(self) -> bool:
        """False: half a value is of no use."""
        return False

    @property
    def is_ended(self) -> bool:
        """Whether the value is here."""
        return self.is_answer

    @property
    def written_bytes(self) -> int:
        """0: the size of the body is limited, not that of a text in it."""
        return 0

    def take(self, event: str) -> str:
        """Read the value.

        Raises:
            ValueError: it is no JSON.
        """
        try:
            self.value = json.loads(event)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        self.is_whole = self.is_answer = True
        self.error = as_object(self.value).get("error") or None
        return ""


class Connection:
    """Asks one endpoint.

    `suffixes` are ends that people give a base URL and that the paths of the API repeat: `/v1`.
    """

    def __init__(
        self, endpoint: Endpoint, headers: Mapping[str, str], suffixes: tuple[str, ...] = ()
    ) -> None:
        """Take the endpoint. Nothing is sent yet.

        Raises:
            PermanentError: model.address_refused.
        """
        self.endpoint = endpoint
        self._key = endpoint.api_key.get_secret_value()
        self._headers = {name: value for name, value in headers.items() if value}
        base_url = check_base_url(endpoint.base_url, endpoint.private_hosts)
        found = next((each for each in suffixes if base_url.endswith(each)), "")
        self.base_url = base_url.removesuffix(found)
        self._client: httpx.AsyncClient | None = None

    @property
    def limits(self) -> Limits:
        """The limits of the endpoint."""
        return Limits(self.endpoint.timeout_s)

    def client(self) -> httpx.AsyncClient:
        """The client, opened when it is first asked for.

        It takes no proxy and no credential from the environment.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self.base_url + "/",
                headers=self._headers,
                # The calls limit silence; httpx would limit each read, and a read that is slow is
                # no fault.
                timeout=httpx.Timeout(None, connect=self.endpoint.connect_timeout_s),
                transport=GuardedTransport(self.endpoint.private_hosts),
                trust_env=False,
                follow_redirects=False,
            )
        return self._client

    async def ask(
        self,
        path: str,
        body: dict[str, JsonValue],
        expected: str,
        headers: Mapping[str, str] | None = None,
    ) -> Call[WholeAnswer]:
        """Ask for one JSON value.

        Raises:
            RetryableError, PermanentError: with the codes that the ports list.
        """
        call = Call(
            client=self.client(),
            path=path,
            body=body,
            answer=WholeAnswer(),
            limits=self.limits,
            headers=headers or {},
            api=self.endpoint.api_kind,
            expected=expected,
        )
        try:
            await call.make()
        except RefusedError as refused:
            raise self.error_of(refused.error) from None
        return call

    def error_of(self, error: ServerError) -> DragomanError:
        """Our error for a refusal, without the key, should the server have repeated it as a code."""
        key = self._key.lower()
        if key and (
            key in error.code or key in error.kind or any(key in each for each in error.marks)
        ):
            error = replace(error, code="", kind="", marks=())
        return error.as_error()

    def recorded(self, value: JsonValue) -> JsonValue:
        """The value as it may be stored: without the key, should the server have repeated it."""
        return without(storable_json(value), self._key)

    def named(self, name: str) -> str:
        """A name that the server gave, as it may be stored."""
        return as_text(self.recorded(name))

    async def aclose(self) -> None:
        """Close the client. Safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
