"""The dialogue with a model that judges: each question once and on record, and no trouble of the model
holds the job up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import QaFinding
from dragoman_models.ledger import Ledger, Recorded
from dragoman_models.ports import ChatReply, ChatRequest, FinishReason, Message
from dragoman_qa.errors import JudgeMissingError, JudgeUnreadableError
from dragoman_qa.judge_ports import JudgeModel, JudgeModels
from dragoman_qa.judge_rules import (
    SCHEMA,
    Believed,
    JudgedText,
    batches,
    believed,
    instructions,
    question,
)
from dragoman_qa.ports import Judgement
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.worker import WorkContext
from dragoman_scripting.answers import schema_for

ATTEMPTS = 3
"""How often the work is tried while a model is away; then its units go without advice."""

_AT_ONCE = 4
_TIME_LIMIT_S = 1_200.0
_AGAIN = (
    "That was no JSON of the form that was asked for. Answer again, with the JSON and nothing else."
)


class _NoModels(JudgeModels):
    """An installation without a catalogue of models."""

    @override
    async def find(self, model_id: UUID, store: EventStore) -> JudgeModel:
        raise JudgeMissingError("This installation has no models that judge; take qa.judge away.")

    @override
    async def allow(self, job: Job, policy: Policy, model: JudgeModel) -> None:
        return

    @override
    async def pay(self, job: Job, model: JudgeModel, recorded: Recorded[ChatReply]) -> None:
        return

    @override
    async def save(self, job: Job, calls: Sequence[ObjectRef]) -> None:
        return


NO_MODELS: JudgeModels = _NoModels()
"""No models: every unit is left out."""


@dataclass
class _Bench:
    """The judge at work on one job, and what it said so far."""

    context: WorkContext
    models: JudgeModels
    model: JudgeModel
    policy: Policy
    ledger: Ledger
    due: float
    calls: dict[int, list[ObjectRef]] = field(default_factory=dict[int, list[ObjectRef]])
    findings: dict[str, tuple[QaFinding, ...]] = field(
        default_factory=dict[str, tuple[QaFinding, ...]]
    )
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    refused_count: int = 0
    usage: Usage = field(default_factory=Usage)
    stopped_by: str = ""


async def judged(
    context: WorkContext,
    models: JudgeModels,
    model_id: UUID,
    policy: Policy,
    texts: Sequence[JudgedText],
) -> Judgement:
    """The advice of a registered model on these texts.

    Units that it cannot judge are left out, each with the code of the reason: a judge blocks no job.

    Raises:
        RetryableError: the model is away, and the work was not tried often enough to go on without.
        WorkStoppedError: the job was cancelled.
    """
    unit_ids = tuple(each.unit_id for each in texts)
    try:
        model = await models.find(model_id, context.leases)
    except PermanentError as error:
        left_out = dict.fromkeys(unit_ids, error.code)
        return Judgement(model=str(model_id), unit_ids=unit_ids, left_out=left_out)

    async def before_paying() -> None:
        await context.stop_if_cancelled()
        await models.allow(context.job, policy, model)

    ledger = Ledger(
        context.objects, gate=model.gate, before_paying=before_paying, persist=context.persist
    )
    due = asyncio.get_running_loop().time() + _TIME_LIMIT_S
    bench = _Bench(context, models, model, policy, ledger, due)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, batch: Sequence[JudgedText]) -> None:
        async with places:
            await _judge(bench, number, batch)

    try:
        async with asyncio.TaskGroup() as group:
            for number, batch in enumerate(batches(texts)):
                group.create_task(one(number, batch))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return Judgement(
        model=str(model_id),
        unit_ids=unit_ids,
        findings=dict(sorted(bench.findings.items())),
        left_out=dict(sorted(bench.left_out.items())),
        refused_count=bench.refused_count,
        calls=tuple(ref for number in sorted(bench.calls) for ref in bench.calls[number]),
        usage=bench.usage,
    )


async def _judge(bench: _Bench, number: int, batch: Sequence[JudgedText]) -> None:
    """Ask about a batch, and note what came of it."""
    reason = bench.stopped_by
    if not reason and asyncio.get_running_loop().time() > bench.due:
        reason = bench.stopped_by = "engine.timeout"
    if not reason:
        try:
            found = await _answer(bench, number, batch)
        except JudgeUnreadableError as error:
            reason = error.code
        except PermanentError as error:
            reason = bench.stopped_by = error.code  # the next question would end alike
        except RetryableError as error:
            if bench.context.attempt < ATTEMPTS:
                raise
            reason = bench.stopped_by = error.code
        else:
            bench.findings.update(found.findings)
            bench.refused_count += found.refused_count
            return
    bench.left_out.update((each.unit_id, reason) for each in batch)


async def _answer(bench: _Bench, number: int, batch: Sequence[JudgedText]) -> Believed:
    """The believable part of the model's answer, which is asked for again where it is unreadable."""
    locales, model = bench.context.job.locales, bench.model

    async def pay(recorded: Recorded[ChatReply]) -> None:
        await bench.models.pay(bench.context.job, model, recorded)

    messages = [
        Message(role="system", text=instructions(locales.source, locales.target)),
        Message(role="user", text=question(batch)),
    ]
    for _ in range(2):
        request = ChatRequest(
            messages=tuple(messages),
            answer_schema=schema_for(SCHEMA, model.endpoint.api_kind),
            temperature=model.temperature,
        )
        nonce = bench.policy.nonce
        recorded = await bench.ledger.chat(
            model.client, model.endpoint, request, nonce=nonce, enter=pay
        )
        reply = recorded.reply
        bench.calls.setdefault(number, []).append(recorded.ref)
        bench.usage += reply.usage
        if reply.finish_reason is FinishReason.REFUSED:
            break
        try:
            return believed(reply.text, batch)
        except ValueError:
            messages += [
                Message(role="assistant", text=reply.text),
                Message(role="user", text=_AGAIN),
            ]
    raise JudgeUnreadableError("The model that judges gave no answer that can be read.")
