"""Several services in one process: `python -m dragoman_standalone.together intake extract`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import partial

import dragoman_extract.app
import dragoman_index.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_runtime.relay.app
import dragoman_translate.app
from dragoman_contracts.vocabulary import Service
from dragoman_runtime.service import ServicePart, run_services
from dragoman_runtime.starting import start
from dragoman_standalone.settings import TogetherSettings

_THIS_MODULE = "dragoman_standalone.together"


def parts(names: Collection[str], settings: TogetherSettings) -> list[ServicePart]:
    """The services of these names as a process takes them in, the relay first."""
    every = (
        dragoman_runtime.relay.app.part(settings),
        dragoman_intake.app.part(settings),
        dragoman_extract.app.shared_part(settings),
        dragoman_translate.app.part(settings, dragoman_translate.app.registered_models(settings)),
        dragoman_qa.app.shared_part(settings),
        dragoman_reassemble.app.part(),
        *_index(names, settings),
    )
    return [part for part in every if part.name in names]


def _index(names: Collection[str], settings: TogetherSettings) -> list[ServicePart]:
    """Index where it is named: its part has connections of its own."""
    wanted = Service.INDEX.value in names
    return [dragoman_index.app.part(settings)] if wanted else []


async def run(names: Collection[str], settings: TogetherSettings) -> None:
    """Serve until told to stop."""
    await run_services(parts(names, settings), settings, preload=[_THIS_MODULE])


if __name__ == "__main__":
    start(TogetherSettings, partial(run, sys.argv[1:]))
