"""Providers of models and their models, as values of the catalogue.

An entry is what an admin writes; a stored value adds its id, its times and its version.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field, SecretStr, StrictBool

from dragoman_catalog.values import DisplayName, Version
from dragoman_contracts.identity import project_id
from dragoman_contracts.model import Value
from dragoman_contracts.models import ApiKind, Category
from dragoman_contracts.references import ObjectRef

INSTALLATION_PROJECT_ID = project_id("_installation")
"""The project of objects that belong to no project, such as calls from the playground. No project
has this code: codes begin with a letter or digit.
"""

LOCAL_VISION_PROVIDER_ID = uuid5(INSTALLATION_PROJECT_ID, "provider:local-vision")
PADDLEOCR_VL_ID = uuid5(LOCAL_VISION_PROVIDER_ID, "model:PaddleOCR-VL-1.5")
"""The id of the seeded model PaddleOCR-VL-1.5."""

LOCAL_EMBEDDING_PROVIDER_ID = uuid5(INSTALLATION_PROJECT_ID, "provider:local-embedding")
LOCAL_EMBEDDING_ID = uuid5(LOCAL_EMBEDDING_PROVIDER_ID, "model:multilingual-e5-small")
"""The id of the seeded model multilingual-e5-small, of 384 dimensions."""

NANOS = 10**9
"""Parts that a unit of currency has in sums of use."""

ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
BaseUrl = Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
Count = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)]
Money = Annotated[str, Field(max_length=24, pattern=r"^\d{1,9}(\.\d{1,12})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Seconds = Annotated[float, Field(gt=0, le=3_600)]


class ProviderEntry(Value):
    """A provider as an admin enters it, without its key.

    `base_url` is what the API's paths hang under. Limits hold over all processes; None sets none.
    """

    name: DisplayName
    api_kind: ApiKind
    base_url: BaseUrl
    max_concurrent_calls: Count | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    is_enabled: StrictBool = True


class Provider(ProviderEntry):
    """A stored provider. Whether it has a key is said; the key is not."""

    provider_id: UUID
    has_key: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: Version


class ModelConfig(Value):
    """How a model is asked where a request says nothing: None leaves it to the model.

    `dimension` asks an embedding model for shorter vectors. `timeout_s` is the longest silence.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    dimension: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    timeout_s: Seconds | None = None
    connect_timeout_s: Seconds | None = None


class ModelEntry(Value):
    """A model as an admin enters it. An empty `display_name` shows `model_name`, by which the
    provider knows it.
    """

    provider_id: UUID
    model_name: ModelName
    display_name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    category: Category
    is_default_in_category: StrictBool = False
    context_tokens: Count | None = None
    max_output_tokens: Count | None = None
    max_concurrent_calls: Count | None = None
    is_enabled: StrictBool = True
    config: ModelConfig = ModelConfig()


class ModelPrice(Value):
    """Prices of a million tokens from a time on, as decimals; None where a price is not known."""

    valid_from: AwareDatetime
    input: Money | None = None
    cache_read: Money | None = None
    cache_write: Money | None = None
    output: Money | None = None
    currency: Currency = "USD"
    source: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class RegisteredModel(ModelEntry):
    """A stored model, with its prices, the newest first."""

    model_id: UUID
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: Version
    prices: tuple[ModelPrice, ...] = ()

    @property
    def title(self) -> str:
        """The name that people see."""
        return self.display_name or self.model_name

    def price_at(self, when: AwareDatetime) -> ModelPrice | None:
        """The price that holds at a time; None where none does."""
        return next((each for each in self.prices if each.valid_from <= when), None)


class CallableModel(Value):
    """A model with its provider and the provider's key: all that a call needs."""

    provider: Provider
    model: RegisteredModel
    api_key: SecretStr


class CategoryDefault(Value):
    """A category, how many models it has, and its default; None where none was set."""

    category: Category
    model_count: int
    default_model_id: UUID | None


class UseCount(Value):
    """The tokens and cost of calls. `cost` is None where no price is known; then `currency` is empty."""

    call_count: int = 1
    failed_count: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None
    currency: str = ""


class ModelUse(UseCount):
    """The tokens and cost of a model's calls from `since` on; one for each currency."""

    model_id: UUID
    since: date


class ModelCall(Value):
    """One call from the playground: who made it, and the objects that hold it."""

    call_id: UUID
    model_id: UUID
    called_at: AwareDatetime
    actor: str
    code: str
    record: tuple[ObjectRef, ...]


class ProviderSeed(Value):
    """The provider that the settings describe, and its model; an empty name is no model."""

    name: DisplayName
    base_url: BaseUrl
    api_key: SecretStr
    model_name: str
