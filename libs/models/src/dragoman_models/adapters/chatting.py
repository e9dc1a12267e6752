"""The course of a chat that every API shares: ask, and ask otherwise where the way of asking is
refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.adapters.connection import Connection
from dragoman_models.adapters.http import Call, Limits, RefusedError
from dragoman_models.dialect import Dialect
from dragoman_models.ports import ChatModel, ChatReply, ChatRequest, FinishReason, TextListener
from dragoman_models.refusals import ServerError
from dragoman_models.server_events import Events, ServerEvents

_UNPROCESSABLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

Body = dict[str, JsonValue]


class ChatClient(ChatModel, ABC):
    """A chat model behind one API. The dialect is learnt from refusals, which cost nothing."""

    _EXPECTED: ClassVar[str]
    _DEFAULT_OUTPUT: ClassVar[int | None] = None
    """The limit of an answer where neither the request nor the endpoint has one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._endpoint = connection.endpoint
        self._dialect = Dialect(output_tokens=None)
        self._most_output: int | None = None

    @abstractmethod
    def _path(self, dialect: Dialect) -> str:
        """The path that is asked."""

    @abstractmethod
    def _body(self, request: ChatRequest, dialect: Dialect) -> Body:
        """The request in this dialect."""

    @abstractmethod
    def _answer(self) -> ChatAnswer:
        """An answer to read into."""

    def _events(self) -> Events:
        """The reader of the body."""
        return ServerEvents()

    def _headers(self, request: ChatRequest) -> dict[str, str]:
        """The headers of one request, beside the credential."""
        return {}

    @override
    async def chat(self, request: ChatRequest, listener: TextListener | None = None) -> ChatReply:
        dialect = self._dialect_for(request)
        while True:
            call = self._call(request, dialect, listener)
            try:
                answer = await call.make()
            except RefusedError as refused:
                if refused.error.is_declined:
                    return self._declined(call, refused.error)
                dialect = self._next(request, dialect, refused.error)
            else:
                self._learn(request, dialect)
                if listener is not None and call.events.is_whole and answer.response:
                    listener(answer.response)
                return self._reply(call)

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()

    def _dialect_for(self, request: ChatRequest) -> Dialect:
        output_tokens = (
            request.max_output_tokens or self._endpoint.max_output_tokens or self._DEFAULT_OUTPUT
        )
        if output_tokens is not None and self._most_output is not None:
            output_tokens = min(output_tokens, self._most_output)
        format_ = self._dialect.response_format if request.answer_schema else "text"
        return replace(self._dialect, output_tokens=output_tokens, response_format=format_)

    def _learn(self, request: ChatRequest, dialect: Dialect) -> None:
        """Keep the dialect that was understood, as far as this request tried it.

        The limit of the answer is kept only where the model has one of its own: one long prompt
        must not shorten all later answers.
        """
        learnt = replace(dialect, output_tokens=None)
        if not request.answer_schema:
            learnt = replace(learnt, response_format=self._dialect.response_format)
        if request.temperature is None:
            learnt = replace(learnt, has_temperature=self._dialect.has_temperature)
        self._dialect = learnt

    def _next(self, request: ChatRequest, dialect: Dialect, error: ServerError) -> Dialect:
        """The next dialect in which the request differs from what was refused.

        Raises:
            DragomanError: there is none.
        """
        refused = (self._path(dialect), self._body(request, dialect))
        changed: Dialect | None = dialect
        if error.status not in _UNPROCESSABLE and not error.is_output_limit:
            raise self._connection.error_of(error) from None
        while changed is not None:
            changed = changed.after(error)
            if changed is not None and error.is_output_limit and not error.is_context:
                self._most_output = changed.output_tokens
            if changed is not None and refused != (
                self._path(changed),
                self._body(request, changed),
            ):
                return changed
        raise self._connection.error_of(error) from None

    def _call(
        self, request: ChatRequest, dialect: Dialect, listener: TextListener | None
    ) -> Call[ChatAnswer]:
        def tell(text: str) -> bool | None:
            return listener(text) if listener is not None and text else None

        return Call(
            client=self._connection.client(),
            path=self._path(dialect),
            body=self._body(request, dialect),
            answer=self._answer(),
            limits=Limits(self._endpoint.timeout_s, dialect.output_tokens),
            headers=self._headers(request),
            api=self._endpoint.api_kind,
            events=self._events(),
            expected=self._EXPECTED,
            on_text=tell,
        )

    def _reply(self, call: Call[ChatAnswer]) -> ChatReply:
        answer = call.answer
        finish = answer.finish_reason
        is_too_long = call.is_cut_off or self._ran_out_of_room(answer)
        if finish is FinishReason.INTERRUPTED and is_too_long:
            finish = FinishReason.LENGTH
        if finish is FinishReason.STOP and not answer.response.strip():
            finish = FinishReason.MALFORMED
        return ChatReply(
            text=answer.response,
            finish_reason=finish,
            usage=answer.usage_of(len(call.content)),
            model=self._connection.named(answer.model),
            prompt=call.body,
            envelope=self._connection.recorded(answer.envelope),
            latency_ms=round(call.elapsed_s * 1000),
            waited_ms=round((call.waited_s or 0) * 1000),
            provider_request_id=self._connection.named(call.request_id or answer.request_id),
        )

    def _ran_out_of_room(self, answer: ChatAnswer) -> bool:
        """Whether the server broke an answer off because it or its prompt was too long."""
        if not answer.error:
            return False
        error: JsonValue = {"error": answer.error}
        return ServerError.of(HTTPStatus.OK, {}, error, self._endpoint.api_kind).is_context

    def _declined(self, call: Call[ChatAnswer], error: ServerError) -> ChatReply:
        return ChatReply(
            text="",
            finish_reason=FinishReason.REFUSED,
            usage=Usage(call_count=1),
            prompt=call.body,
            envelope=self._connection.recorded(error.body),
            latency_ms=round(call.elapsed_s * 1000),
            provider_request_id=self._connection.named(call.request_id),
        )
