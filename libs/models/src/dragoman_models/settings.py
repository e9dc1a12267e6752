"""Settings of who calls models of providers that people entered."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from dragoman_contracts.errors import PermanentError
from dragoman_models.addresses import private_hosts_of
from dragoman_runtime.settings import Settings


class ProviderSettings(Settings):
    """The providers of models that people entered."""

    private_providers: str = Field(
        default="",
        description="Hosts, addresses and networks, with commas, that providers of models and webhooks may have though "
        "they are private: `models.internal,10.2.0.0/16`.",
    )
    encryption_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Secret, the same for all replicas, under which keys of providers and secrets of webhooks are "
        "stored. Not set: `dragoman up` makes one, `encryption.key` in the state folder; servers take neither.",
    )

    @field_validator("private_providers")
    @classmethod
    def _check_private_providers(cls, value: str) -> str:
        try:
            private_hosts_of(value)
        except PermanentError as error:
            raise ValueError(error.message) from error
        return value

    @property
    def private_hosts(self) -> frozenset[str]:
        """The private hosts and networks that may be asked."""
        return private_hosts_of(self.private_providers)
