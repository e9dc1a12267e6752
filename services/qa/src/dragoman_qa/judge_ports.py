"""The port of models that judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_models.endpoint import Endpoint
from dragoman_models.limits import ProviderGate
from dragoman_models.ports import ChatModel
from dragoman_runtime.eventstore import EventStore


@dataclass(frozen=True, slots=True)
class JudgeModel:
    """A registered model that judges: its client and endpoint, and the gate of its provider."""

    model_id: UUID
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

    async def pay(
        self, job: Job, call: str, model: JudgeModel, usage: Usage, *, is_new: bool
    ) -> None:
        """Enter the cost of a call by its fingerprint, which changes nothing where it was entered; one
        that `is_new` is counted in the use of its model.
        """
        ...
