"""The port of models that judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Recorded
from dragoman_models.limits import ProviderGate
from dragoman_models.ports import ChatModel, ChatReply
from dragoman_runtime.eventstore import EventStore


@dataclass(frozen=True, slots=True)
class JudgeModel:
    """A registered model that judges: its client and endpoint, the gate of its provider, and the names
    that people know.
    """

    model_id: UUID
    provider: str
    name: str
    client: ChatModel
    endpoint: Endpoint
    gate: ProviderGate
    temperature: float | None = None


class JudgeModels(Protocol):
    """The registered models, and the budgets their calls are paid from."""

    async def find(self, model_id: UUID, store: EventStore) -> JudgeModel:
        """The model; `store` holds the leases of its provider's limit.

        Raises:
            PermanentError: there is none, or it cannot be asked; the message names the cure.
        """
        ...

    async def allow(self, job: Job, policy: Policy, model: JudgeModel) -> None:
        """Return where the job may pay for one more call.

        Raises:
            PermanentError: budget.reached, budget.price_unknown.
        """
        ...

    async def pay(self, job: Job, model: JudgeModel, recorded: Recorded[ChatReply]) -> None:
        """Enter what a call cost, or what the job saved where another one had paid it; entering it
        again changes nothing. A new one is counted in the use of its model.
        """
        ...

    async def save(self, job: Job, calls: Sequence[ObjectRef]) -> None:
        """Enter that the job got the answers of these calls from the record; again changes nothing."""
        ...
