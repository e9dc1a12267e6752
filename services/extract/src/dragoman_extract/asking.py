"""One question of a task to a model: asked, held against its schema, and asked again once where the
answer breaks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.ai import AiTask
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.references import ObjectRef
from dragoman_extract.errors import (
    AnswerBreaksSchemaError,
    AnswerRefusedError,
    AnswerTruncatedError,
)
from dragoman_extract.task_ports import TaskModel
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Ledger, Recorded, fingerprint
from dragoman_models.ports import (
    ChatModel,
    ChatReply,
    ChatRequest,
    FinishReason,
    Message,
    TextListener,
)
from dragoman_scripting.answers import Schema, faults_of, fitting, parsed_answer, schema_for

MOST_CALLS = 2
"""The most calls for one answer: the question, and one corrective re-ask."""


@dataclass
class Dialogue:
    """The calls that one task made: their records, marks in the ledger, usage, and words for the
    task's log. `pay` enters the cost of each as soon as it is on record.
    """

    pay: Callable[[Recorded[ChatReply]], Awaitable[None]]

    calls: list[ObjectRef] = field(default_factory=list[ObjectRef])
    marks: list[str] = field(default_factory=list[str])
    usage: Usage = field(default_factory=Usage)
    new_usage: Usage = field(default_factory=Usage)
    latency_ms: int = 0
    log: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Answer:
    """An answer that keeps to its schema, parsed, and the model's very text."""

    response: JsonValue
    text: str


class TimedChat(ChatModel):
    """A model whose calls are broken off after a time."""

    def __init__(self, model: ChatModel, timeout_s: float, task_name: str) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._task_name = task_name

    @override
    async def chat(self, request: ChatRequest, listener: TextListener | None = None) -> ChatReply:
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                return await self._model.chat(request, listener)
        except TimeoutError as error:
            if not limit.expired():
                raise
            message = (
                f"The model did not answer task {self._task_name} within {self._timeout_s:g} s; raise timeout_s of the "
                'task. Amounts with "type": "number" in its schema make some models slow: use strings.'
            )
            raise RetryableError(message, code="engine.timeout") from error

    @override
    async def aclose(self) -> None:
        await self._model.aclose()


async def answered(
    ledger: Ledger,
    model: TaskModel,
    task: AiTask,
    prompt: str,
    schema: Schema | None,
    dialogue: Dialogue,
    *,
    nonce: str = "",
) -> Answer:
    """The answer of a model to a prompt. Each call is noted in `dialogue`, also where it fails.

    Raises:
        AnswerBreaksSchemaError, AnswerRefusedError, AnswerTruncatedError: as they say.
        DragomanError: as the model, its gate and the ledger raise them.
    """
    client = TimedChat(model.client, task.timeout_s, task.name)
    messages = [Message(role="user", text=prompt)]
    faults: tuple[str, ...] = ()
    for _ in range(MOST_CALLS):
        request = ChatRequest(
            messages=tuple(messages),
            answer_schema=schema_for(schema, model.endpoint.api_kind) if schema else None,
            max_output_tokens=task.max_output_tokens,
            temperature=model.temperature,
        )
        reply = await _asked(ledger, client, model.endpoint, request, nonce, dialogue)
        _require_whole(reply, task)
        response, faults = read(reply.text, schema)
        dialogue.log.append(
            f"Answer {len(dialogue.calls)} of {model.name}: "
            + ("kept to the schema." if not faults else "\n".join(["broke the schema.", *faults]))
            + f"\n{reply.text}\n"
        )
        if not faults:
            return Answer(response, reply.text)
        messages += [
            Message(role="assistant", text=reply.text),
            Message(role="user", text=correction(faults)),
        ]
    raise AnswerBreaksSchemaError(
        f"The answer to task {task.name} broke its schema, also when asked again "
        f"({', '.join(sorted({_place(each) for each in faults}))[:300]}); the log says how. Make prompt or schema "
        "plainer, or choose another model, then resume."
    )


def read(text: str, schema: Schema | None) -> tuple[JsonValue, tuple[str, ...]]:
    """The answer parsed, and the places where it breaks the schema. Without a schema an answer that
    is no JSON is text.
    """
    try:
        value = parsed_answer(text)
    except ValueError as error:
        return (text, ()) if schema is None else (None, (f"/: {error}",))
    if schema is None:
        return value, ()
    value = fitting(schema, value)
    return value, faults_of(schema, value)


def correction(faults: Sequence[str]) -> str:
    """The words in which an answer is asked for again."""
    listed = "\n".join(f"- {each}" for each in faults)
    return (
        f"Your answer does not keep to the schema:\n{listed}\n"
        "Answer again with the whole corrected JSON and nothing else."
    )


async def _asked(
    ledger: Ledger,
    client: ChatModel,
    endpoint: Endpoint,
    request: ChatRequest,
    nonce: str,
    dialogue: Dialogue,
) -> ChatReply:
    recorded = await ledger.chat(client, endpoint, request, nonce=nonce, enter=dialogue.pay)
    reply = recorded.reply
    dialogue.calls.append(recorded.ref)
    dialogue.marks.append(fingerprint(endpoint, request, nonce))
    dialogue.usage += reply.usage
    dialogue.latency_ms += reply.latency_ms
    if recorded.is_new or recorded.was_left_behind:
        dialogue.new_usage += reply.usage
    return reply


def _require_whole(reply: ChatReply, task: AiTask) -> None:
    match reply.finish_reason:
        case FinishReason.STOP:
            return
        case FinishReason.REFUSED:
            raise AnswerRefusedError(
                f"The model declined to answer task {task.name}; change its prompt or choose another model."
            )
        case FinishReason.LENGTH:
            raise AnswerTruncatedError(
                f"The answer to task {task.name} was cut at its longest; raise max_output_tokens of the task or model, "
                "or ask for less."
            )
        case _:
            message = f"The model's answer to task {task.name} broke off; it is asked again."
            raise RetryableError(message, code="engine.malformed_reply")


def _place(fault: str) -> str:
    return fault.partition(":")[0]
