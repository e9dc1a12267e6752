"""The glossaries that --glossary names: by name or id, or a file, whose terms become a glossary of
its own that other jobs do not use.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_gateway.web.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman_standalone.asking import Body
    from dragoman_standalone.client import Api
    from dragoman_standalone.platform import Platform
    from dragoman_standalone.translating import Order

    Entered = Callable[[str, bytes], Awaitable[str]]

_SHOWN = 8


class GlossaryMissingError(PermanentError):
    """No glossary has the name or the id that was said, and no file either."""

    default_code = "usage.glossary"

    @classmethod
    def of(cls, said: str, names: Sequence[str]) -> GlossaryMissingError:
        """The error that names the glossaries there are."""
        known = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return cls(
            f"There is no glossary {said!r}, and no such file. There are: {known or 'none'}."
        )


async def with_glossaries_here(platform: Platform, order: Order, said: Sequence[str]) -> Order:
    """The order with the glossaries that were named, of the state folder.

    Raises:
        GlossaryMissingError: one is neither a glossary nor a file.
        ExchangeRefusedError: a file cannot be read; the message says what to do.
    """
    from dragoman_gateway.web.principals import local_principal

    if not said:
        return order
    desk, principal = platform.desks.glossaries, local_principal()
    known = [
        {"glossary_id": str(each.glossary_id), "name": each.name}
        for each, _ in await desk.all(principal)
    ]

    async def entered(name: str, data: bytes) -> str:
        from dragoman_exchange import TermLocales
        from dragoman_gateway.terms.schemas import GlossaryBody

        body = GlossaryBody(
            name=name, source_locale=order.source, target_locale=order.target, is_automatic=False
        )
        made = await desk.enter(principal, body)
        try:
            await desk.import_file(principal, made.glossary_id, Upload("", data), TermLocales())
        except PermanentError:
            await desk.remove(principal, made.glossary_id, made.version)
            raise
        return str(made.glossary_id)

    ids = [await _id_of(each, known, order, entered) for each in said]
    return _with(order, ids)


async def with_glossaries_at(api: Api, order: Order, said: Sequence[str]) -> Order:
    """The order with the glossaries that were named, of a server.

    Raises:
        GlossaryMissingError: one is neither a glossary nor a file.
        ApiRefusedError: the server refuses a file; the message says what to do.
    """
    if not said:
        return order
    known = (await api.get("glossaries"))["items"]

    async def entered(name: str, data: bytes) -> str:
        body: Body = {"name": name, "is_automatic": False}
        body |= {"source_locale": str(order.source), "target_locale": str(order.target)}
        made = await api.post("glossaries", body)
        await api.post_form(f"glossaries/{made['glossary_id']}/imports", (name, data))
        return str(made["glossary_id"])

    ids = [await _id_of(each, known, order, entered) for each in said]
    return _with(order, ids)


async def with_known_glossaries(
    api: Api, order: Order, said: Sequence[str]
) -> tuple[Order, list[str]]:
    """The order with those of the named glossaries that are there, and the files that are not: they
    stay so, since nothing is entered.

    Raises:
        GlossaryMissingError: one is neither a glossary nor a file.
    """
    if not said:
        return order, []
    known = (await api.get("glossaries"))["items"]
    missing: list[str] = []

    async def left_out(name: str, data: bytes) -> str:
        missing.append(name)
        return ""

    ids = [await _id_of(each, known, order, left_out) for each in said]
    return _with(order, list(filter(None, ids))), missing


def found_among(known: Sequence[Body], said: str) -> Body | None:
    """The glossary of this name or id; None where there is none."""
    return next((each for each in known if said in (each["name"], str(each["glossary_id"]))), None)


def _with(order: Order, ids: Sequence[str]) -> Order:
    chosen = tuple(dict.fromkeys(map(UUID, ids)))
    return replace(order, overrides=order.overrides.model_copy(update={"glossaries": chosen}))


async def _id_of(said: str, known: Sequence[Body], order: Order, entered: Entered) -> str:
    found = found_among(known, said)
    if found is not None:
        return str(found["glossary_id"])
    path = Path(said)
    if not await asyncio.to_thread(path.is_file):
        raise GlossaryMissingError.of(said, [str(each["name"]) for each in known])
    data = await asyncio.to_thread(path.read_bytes)
    name = file_glossary_name(path, data, order.source, order.target)
    found = found_among(known, name)
    return str(found["glossary_id"]) if found else await entered(name, data)


def file_glossary_name(path: Path, data: bytes, source: Locale, target: Locale) -> str:
    """The name of the glossary of a file: the same for the same terms between the same locales."""
    digest = hashlib.sha256(data).hexdigest()[:12]
    return f"{path.name[:100]} ({source} → {target}, {digest})"
