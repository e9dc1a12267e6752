"""The bodies of providers and models, as they go over the wire. No answer holds a key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from dragoman_catalog import (
    CategoryDefault,
    ModelEntry,
    ModelPrice,
    ModelUse,
    Provider,
    ProviderEntry,
    RegisteredModel,
)
from dragoman_catalog.model_values import Currency, Money
from dragoman_contracts.models import ApiKind
from dragoman_gateway.web.fields import NUL_FREE, UtcTime

MOST_INPUTS = 8
_TEXT = 200_000


def _sendable(key: SecretStr) -> SecretStr:
    # It is sent in a header, whose value is of visible ASCII (RFC 9110 §5.5).
    text = key.get_secret_value()
    if any(not "!" <= char <= "~" for char in text):
        raise ValueError("a key has no spaces, line breaks or letters beyond ASCII; copy it again")
    return key


ApiKey = Annotated[SecretStr, Field(max_length=4_000), AfterValidator(_sendable)]


class NewProvider(ProviderEntry):
    """A provider to enter. Servers of one's own need no key."""

    api_key: ApiKey = Field(
        default=SecretStr(""), description="It is stored encrypted, and never given back."
    )


class ProviderChange(ProviderEntry):
    """A provider as it shall be."""

    api_key: ApiKey | None = Field(
        default=None, description="Null keeps the key, an empty text removes it."
    )


class ProviderDetail(Provider):
    """A provider with the number of its models."""

    is_key_readable: bool = Field(
        description="False where the key was stored under another DRAGOMAN_ENCRYPTION_KEY; enter it anew."
    )
    model_count: int


class ProviderList(BaseModel):
    """Providers by name."""

    items: list[ProviderDetail]


class PriceEntry(BaseModel):
    """Prices of a million tokens from a time on; null where a price is not known."""

    model_config = ConfigDict(extra="forbid")

    valid_from: UtcTime | None = Field(default=None, description="Null: from now on.")
    input: Money | None = None
    cache_read: Money | None = None
    cache_write: Money | None = None
    output: Money | None = None
    currency: Currency = "USD"
    source: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    def price(self, now: datetime) -> ModelPrice:
        """The price as it is stored."""
        fields: dict[str, object] = self.model_dump()
        return ModelPrice.model_validate(fields | {"valid_from": self.valid_from or now})


class NewModel(ModelEntry):
    """A model to enter, or one as it shall be."""

    prices: Annotated[list[PriceEntry], Field(max_length=100)] | None = Field(
        default=None,
        description="Null takes the known price of a new model, and keeps the prices of one that is edited.",
    )


class ModelProvider(BaseModel):
    """The provider of a model: its connection."""

    name: str
    api_kind: ApiKind
    base_url: str
    has_key: bool
    is_enabled: bool


class ModelDetail(RegisteredModel):
    """A model with its connection, and what was used of it since this month began (UTC)."""

    provider: ModelProvider
    use_this_month: list[ModelUse] = Field(
        description="One for each currency; in the list of models, empty."
    )


class ModelList(BaseModel):
    """Models by category and name."""

    items: list[ModelDetail]


class CategoryList(BaseModel):
    """The categories there are."""

    items: list[CategoryDefault]


class TrialMessage(BaseModel):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(max_length=_TEXT, pattern=NUL_FREE)]


class ChatTrial(BaseModel):
    """A conversation to go on with."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[TrialMessage], Field(min_length=1, max_length=200)]
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None


class EmbeddingTrial(BaseModel):
    """Texts to embed: one, or up to eight."""

    model_config = ConfigDict(extra="forbid")

    input: (
        Annotated[str, Field(min_length=1, max_length=_TEXT, pattern=NUL_FREE)]
        | Annotated[
            list[Annotated[str, Field(min_length=1, max_length=_TEXT, pattern=NUL_FREE)]],
            Field(min_length=1, max_length=MOST_INPUTS),
        ]
    )

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, in order."""
        return (self.input,) if isinstance(self.input, str) else tuple(self.input)


class TrialUsage(BaseModel):
    """The tokens of a call; of all input, those from the provider's cache are counted beside."""

    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int


class TrialResult(BaseModel):
    """The answer of a model, with its tokens and cost.

    `content` and `finish_reason` are of a conversation; `dimension`, `values` and `norm` of the
    first text that was embedded, `cosines` how near each further text is to it.
    """

    content: str | None = None
    finish_reason: str | None = None
    dimension: int | None = None
    values: list[float] | None = None
    norm: float | None = None
    cosines: list[float | None] | None = None
    model: str = Field(description="The model that answered, as the provider names it.")
    usage: TrialUsage
    latency_ms: int
    cost: str | None = Field(description="Null where no price is known.")
    currency: str | None


class TrialPiece(BaseModel):
    """A piece of an answer, as the event `piece` of a stream carries it."""

    text: str


class TrialFailure(BaseModel):
    """Why an answer failed, as the event `failed` of a stream carries it."""

    code: str
    detail: str
