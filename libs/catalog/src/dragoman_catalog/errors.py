"""Refusals by the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_contracts.errors import ConflictError, PermanentError, RetryableError
from dragoman_contracts.pipeline_checks import PipelineFault


class EntryMissingError(PermanentError):
    """There is no such entry."""

    default_code = "catalog.missing"


class EntryExistsError(PermanentError):
    """There is such an entry already; edit it or choose another name."""

    default_code = "catalog.exists"


class StaleEditError(ConflictError):
    """Somebody edited the entry after it was read; read it again and decide anew."""

    default_code = "catalog.stale_edit"


class PipelineRefusedError(PermanentError):
    """The phases of a pipeline cannot be as they are.

    Attributes:
        faults: what is wrong, each with its place.
    """

    default_code = "pipeline.invalid"

    def __init__(self, faults: Sequence[PipelineFault]) -> None:
        said = "; ".join(f"{'.'.join(map(str, fault.place))}: {fault.message}" for fault in faults)
        super().__init__(f"The pipeline cannot be saved. {said}")
        self.faults = tuple(faults)


class CatalogUnavailableError(RetryableError):
    """The catalogue's database cannot be reached."""

    default_code = "catalog.unavailable"


class WeakPasswordError(PermanentError):
    """The password is short or easily guessed."""

    default_code = "password.weak"


class HashingBusyError(RetryableError):
    """As many passwords as may be are being hashed or wait for it; try again in a moment."""

    default_code = "auth.busy"


class LastAdminError(PermanentError):
    """The edit would leave nobody who may edit the configuration."""

    default_code = "user.last_admin"


class EntryInUseError(PermanentError):
    """Other entries depend on the entry; the message names them."""

    default_code = "catalog.in_use"


class EncryptionKeyMissingError(PermanentError):
    """A provider's key, or a webhook's secret, cannot be stored: the installation has no encryption
    key.
    """

    default_code = "provider.no_encryption_key"

    def __init__(self) -> None:
        super().__init__(
            "Keys of providers and secrets of webhooks are stored encrypted, and there is nothing to encrypt with: "
            "set DRAGOMAN_ENCRYPTION_KEY, 32 characters or more, and start again."
        )


class KeyUnreadableError(PermanentError):
    """A provider's stored key cannot be decrypted any more."""

    default_code = "provider.key_unreadable"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The key of provider {name} cannot be decrypted: it was stored under another encryption key. "
            "Set the DRAGOMAN_ENCRYPTION_KEY of then (in one process: the file encryption.key of the state folder), "
            "or enter the provider's key anew."
        )


class AddressMovedError(PermanentError):
    """The provider's address leads to another server, which the stored key is not to be sent to."""

    default_code = "provider.address_moved"

    def __init__(self) -> None:
        super().__init__(
            "The address leads to another server now: enter the key for it, or an empty one."
        )


class SecretUnreadableError(PermanentError):
    """A webhook's stored secret cannot be decrypted any more."""

    default_code = "webhook.secret_unreadable"

    def __init__(self, title: str) -> None:
        super().__init__(
            f"The secret of webhook {title} cannot be decrypted: it was stored under another encryption key. "
            "Set the DRAGOMAN_ENCRYPTION_KEY of then, or give the webhook a new secret."
        )


class TooManyWebhooksError(PermanentError):
    """There are as many webhooks as may be."""

    default_code = "webhook.too_many"

    def __init__(self) -> None:
        super().__init__(
            "There are as many webhooks as may be; remove one, or let one tell of more."
        )


class MemoryBatchGoneError(PermanentError):
    """An import cannot be published: what was staged of it was given up."""

    default_code = "memory.import_gone"


class SegmentsChangedError(RetryableError):
    """Another worker built segments of the memory at the same moment; build it again."""

    default_code = "memory.segments_changed"
