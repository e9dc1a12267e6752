"""A command of a pipeline: the document in, files and a log out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from dragoman_contracts.commands import (
    LOG_MEDIA_TYPE,
    TRUNCATED_LOG_MEDIA_TYPE,
    CommandConfig,
    CommandFile,
    CommandManifest,
)
from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import INTAKE_INPUT
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.under_way import WorkNote
from dragoman_extract.command_rules import (
    KIND,
    CommandOutcome,
    decide,
    failure_of,
    inputs,
    suffix_of,
    values_of,
)
from dragoman_extract.ports import Command, CommandEnd, CommandNews, CommandRunner
from dragoman_runtime.worker import ProgramError, Task, WorkContext

_ASK_EVERY_S = 1.0
_GRACE = timedelta(minutes=10)
_R = TypeVar("_R")


def command_task(runner: CommandRunner) -> Task[CommandOutcome]:
    """The step `command`, run by `runner`."""

    async def perform(context: WorkContext) -> CommandOutcome:
        config = context.config(CommandConfig)
        command = await _command(context, config)
        return await unless_cancelled(context, _outcome(context, runner, config, command))

    return Task(
        KIND, CommandOutcome, inputs, perform, decide, deadline=_deadline, from_outside=True
    )


def _deadline(job: Job, item: WorkItem) -> timedelta:
    """The command's own time, and some for reading the document and storing the files."""
    phase = job.needed(job.phase_of(item.key), f"phase {item.phase!r}")
    return timedelta(seconds=CommandConfig.model_validate(phase.config).timeout_s) + _GRACE


async def _outcome(
    context: WorkContext, runner: CommandRunner, config: CommandConfig, command: Command
) -> CommandOutcome:
    """Run the command and store what it wrote and said.

    Raises:
        ProgramError: it did not end well, or wrote too much.
    """
    objects = context.objects
    async with runner.run(command, lambda news: context.report(_note(news))) as end:
        media_type = TRUNCATED_LOG_MEDIA_TYPE if end.is_truncated else LOG_MEDIA_TYPE
        log = await context.persist(lambda: objects.put(end.log.encode(), media_type))
        if not end.is_well:
            code, message = failure_of(end, config.command[0], config.timeout_s)
            raise ProgramError(message, code=code, log=log)
        try:
            written = await _stored(context, end)
        except PermanentError as error:
            raise ProgramError(error.message, code=error.code, log=log) from error
    manifest = await context.persist(lambda: objects.put_value(written))
    return CommandOutcome(written=written, manifest=manifest, log=log)


async def _stored(context: WorkContext, end: CommandEnd) -> CommandManifest:
    """The files that the command left, stored one after another."""
    found, left_out = await asyncio.to_thread(end.find_files)
    files: list[CommandFile] = []
    for each in found:
        data = await asyncio.to_thread(each.place.read_bytes)
        ref = await context.persist(partial(context.objects.put, data, each.media_type))
        files.append(CommandFile(path=each.path, name=each.name, object=ref))
    return CommandManifest(files=tuple(files), left_out=left_out)


async def unless_cancelled(context: WorkContext, work: Coroutine[Any, Any, _R]) -> _R:
    """The value that the work gives; it is broken off once the job moves no more.

    Raises:
        WorkStoppedError: the job was cancelled, and the work has ended.
    """
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([working], timeout=_ASK_EVERY_S))[0]:
            with suppress(RetryableError):  # the log is away; the command need not end for it
                await context.stop_if_cancelled()
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _note(news: CommandNews) -> WorkNote:
    return WorkNote(done_count=news.done_count, item_count=news.item_count, log_tail=news.log_tail)


async def _command(context: WorkContext, config: CommandConfig) -> Command:
    job, objects = context.job, context.objects
    ref = job.input(INTAKE_INPUT)
    record = await objects.get_value(ref, IntakeRecord) if ref is not None else None
    return Command(
        template=config.command,
        values=values_of(job, config, record),
        document=await objects.get(job.source),
        suffix=suffix_of(job.source, record),
        timeout_s=config.timeout_s,
    )
