"""The posts to the servers of webhooks: to addresses that were checked, and never for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

import httpx

from dragoman_catalog import DeliveryOutcome
from dragoman_gateway.webhooks.rules import Answer, answered
from dragoman_models.addresses import AddressRefusedError, GuardedTransport

TIMEOUT_S = 15.0
_REST_S = 2.0
_MOST_READ_BYTES = 4096
_MOST_WORDS = 500
_OWN = {"user-agent": "Dragoman", "accept-encoding": "identity"}


class Sender:
    """Posts messages. Redirects are not followed; of an answer little is read, and nothing kept."""

    def __init__(self, private_hosts: frozenset[str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._private_hosts = private_hosts
        self._timeout_s = timeout_s

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post a message once; how that ended is told, and never raised."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._posted(url, {**_OWN, **headers}, body)
        except TimeoutError:
            error = f"The server did not answer within {self._timeout_s:g} s."
            return Answer(DeliveryOutcome.TIMED_OUT, None, _since(begun), error)
        except AddressRefusedError as refusal:
            error = refusal.message[:_MOST_WORDS]
            return Answer(DeliveryOutcome.ADDRESS_REFUSED, None, _since(begun), error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
            error = f"The server cannot be reached, or broke off ({type(failure).__name__})."
            return Answer(DeliveryOutcome.UNREACHABLE, None, _since(begun), error)
        status_code, retry_after = response
        return answered(status_code, _since(begun), retry_after)

    async def _posted(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        # A client for each post: no connection is kept, and none can be used at a bad moment.
        async with (
            httpx.AsyncClient(
                transport=GuardedTransport(self._private_hosts, of="webhook"),
                timeout=self._timeout_s,
                trust_env=False,
                follow_redirects=False,
            ) as client,
            client.stream("POST", url, headers=headers, content=body) as response,
        ):
            # The status is all that counts; the rest is read so that the server can write it.
            with suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout(_REST_S):
                    await _read_some(response)
            return response.status_code, response.headers.get("retry-after", "")


async def _read_some(response: httpx.Response) -> None:
    read = 0
    async for data in response.aiter_raw(_MOST_READ_BYTES):
        read += len(data)
        if read >= _MOST_READ_BYTES:
            return


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
