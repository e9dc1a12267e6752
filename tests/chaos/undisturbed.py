"""The undisturbed run: the same documents through `dragoman translate`,
one process that nobody kills.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from pathlib import Path
from typing import cast
from uuid import UUID

from chaos.model import ChaosModel
from chaos.orders import document
from chaos.streams import Stream, comparable, every_stream
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore


async def undisturbed_streams(
    folder: Path, names: Iterable[str], model: ChaosModel
) -> dict[str, Stream]:
    """The stream of each document, by its name."""
    sources = folder / "in"
    sources.mkdir(parents=True)
    for name in names:
        (sources / name).write_bytes(
            document(int(name.removeprefix("order-").removesuffix(".docx")))
        )
    state = folder / "state"
    command = [
        Path(sys.executable).with_name("dragoman"),
        "translate",
        sources,
        "-o",
        folder / "out",
        "--json",
    ]
    options = ["--source", "en", "--target", "ru", "--engine", "openai", "--state", state]
    process = await asyncio.create_subprocess_exec(
        *[*command, *options], env={**os.environ, **model.settings}, stdout=PIPE, stderr=PIPE
    )
    told, complaints = await process.communicate()
    assert told, complaints
    files = cast("list[dict[str, str]]", json.loads(told)["files"])
    store, objects = SqliteEventStore(state / "events.db"), FileObjectStore(state / "objects")
    await objects.open()
    try:
        streams = await every_stream(store)
        return {
            each["file"]: await comparable(streams[UUID(each["job_id"])], objects) for each in files
        }
    finally:
        await objects.close()
        await store.aclose()
