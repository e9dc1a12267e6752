"""The ports of the models: chat, embeddings and machine translation, whatever the provider.

A client raises these errors, with these codes, and no others:

    PermanentError  engine.unauthorised      the credential was refused; set another
                    engine.bad_request       the provider refused the request as such; check model and settings
                    engine.quota_exhausted   the account has no credit left
                    engine.context_exceeded  prompt and answer do not fit the model's context; ask for less
                    engine.pair_unsupported  the translation service cannot do this pair of locales
                    model.unsupported        the provider has no such ability; choose another provider
                    model.address_refused    the provider's address is one that may not be asked
    RetryableError  engine.rate_limited      too many requests or tokens; carries retry_after_s when the provider said
                    engine.timeout           the provider was silent for too long before it said anything
                    engine.unavailable       no connection, a 5xx
                    engine.malformed_reply   an answer that cannot be read

A model that declines has answered: its reply has the finish reason `refused`, since it was paid.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import Field, JsonValue

from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value


class FinishReason(StrEnum):
    """The reason why a model stopped.

    `malformed`: the answer has no text where it should have one. `interrupted`: it broke off or
    fell silent; its beginning counts.
    """

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    MALFORMED = "malformed"
    INTERRUPTED = "interrupted"


class Image(Value):
    """A picture for a model that sees: `image/png` with its bytes."""

    media_type: str
    data: bytes


class Message(Value):
    """One turn of a conversation; its images come before its text."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


class ChatRequest(Value):
    """One question.

    `answer_schema` is a JSON Schema that the answer should keep to; a server that cannot hold its model to
    one is asked without, so that the answer must be checked. `max_output_tokens` goes before the
    endpoint's. `temperature` is left out for models that refuse one. `idempotency_key` is sent where
    the API has a place for it.
    """

    messages: tuple[Message, ...]
    answer_schema: dict[str, JsonValue] | None = None
    max_output_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0, le=2)
    idempotency_key: str = ""


class ChatReply(Value):
    """A model's answer, with the record of the call.

    `prompt` is the exact request body and holds no credential, `envelope` the provider's answer
    without the text. `model` is the model that answered, as the provider names it. `latency_ms`
    passed between the request and the end of its answer, `waited_ms` of them before the first text
    (0 where the answer came as a whole).
    """

    text: str
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = Usage(call_count=1)
    model: str = ""
    prompt: JsonValue = None
    envelope: JsonValue = None
    latency_ms: int = 0
    waited_ms: int = 0
    provider_request_id: str = ""


class EmbeddingRequest(Value):
    """Texts to embed; `dimension` asks for shorter vectors where the model can give them."""

    inputs: tuple[str, ...]
    dimension: int | None = Field(default=None, gt=0)
    idempotency_key: str = ""


class EmbeddingReply(Value):
    """One vector for each input, in the order of the inputs, all of one length.

    `envelope` is the provider's answer without the vectors.
    """

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage = Usage(call_count=1)
    model: str = ""
    prompt: JsonValue = None
    envelope: JsonValue = None
    latency_ms: int = 0
    provider_request_id: str = ""


class GlossaryEntry(Value):
    """A term and its translation, for services that take glossaries with the request."""

    source: str
    target: str


class TranslationRequest(Value):
    """Texts to translate, each by itself.

    With `is_markup` the texts are XML fragments whose elements must survive. `context` helps and is
    not translated. `glossary_id` names a glossary that lies with the provider. `glossary` and
    `instructions` are used where the service takes them with a request.
    """

    texts: tuple[str, ...]
    source: Locale
    target: Locale
    is_markup: bool = False
    context: str = ""
    formality: Literal["", "more", "less"] = ""
    glossary_id: str = ""
    glossary: tuple[GlossaryEntry, ...] = ()
    instructions: tuple[str, ...] = ()


class TranslationReply(Value):
    """One translation for each text, in their order.

    `billed_characters` is the provider's own count, or the number of source characters where it
    gives none and charges for them; 0 where nothing is charged.
    """

    texts: tuple[str, ...]
    billed_characters: int = 0
    usage: Usage = Usage(call_count=1)
    model: str = ""
    prompt: JsonValue = None
    envelope: JsonValue = None
    latency_ms: int = 0
    provider_request_id: str = ""


TextListener = Callable[[str], bool | None]
"""Called with each piece of an answer's text as it arrives. It must be quick, and raise nothing.

Where it gives True, no more is read: the answer is cut off, as at the limit of its length.
"""


class ChatModel(Protocol):
    """A model that answers messages. Safe to use from several tasks at once."""

    async def chat(self, request: ChatRequest, listener: TextListener | None = None) -> ChatReply:
        """Make one call.

        Where the API streams, `listener` gets the text piece by piece. An answer that breaks off
        after it began is a reply with the finish reason `interrupted` and not an error: its
        beginning is paid for.

        Raises:
            RetryableError, PermanentError: with the codes that this module lists.
        """
        ...

    async def aclose(self) -> None:
        """End connections. Safe to call twice."""
        ...


class EmbeddingModel(Protocol):
    """A model that gives vectors for texts. Safe to use from several tasks at once."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingReply:
        """Make one call.

        Raises:
            RetryableError, PermanentError: with the codes that this module lists.
        """
        ...

    async def aclose(self) -> None:
        """End connections. Safe to call twice."""
        ...


class TextTranslator(Protocol):
    """A machine translation service. Safe to use from several tasks at once."""

    async def check_pair(self, source: Locale, target: Locale) -> None:
        """Return where the service lists the pair, or lists none. Nothing is paid for it, and no
        text is sent.

        Raises:
            PermanentError: engine.pair_unsupported.
        """
        ...

    async def translate(self, request: TranslationRequest) -> TranslationReply:
        """Make one call.

        Raises:
            RetryableError, PermanentError: with the codes that this module lists.
        """
        ...

    async def aclose(self) -> None:
        """End connections. Safe to call twice."""
        ...
