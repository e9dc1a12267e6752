"""The ports of scripts and tasks to the outside: a place where scripts run, and registered models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from dragoman_contracts.ai import AiTask
from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.references import ObjectRef
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Recorded
from dragoman_models.limits import ProviderGate
from dragoman_models.ports import ChatModel, ChatReply
from dragoman_runtime.eventstore import EventStore
from dragoman_scripting.scripts import ScriptEnd, ScriptRun


class ScriptHost(Protocol):
    """A place where scripts and templates of people run, with limits."""

    async def run_script(self, run: ScriptRun) -> ScriptEnd:
        """The end of a script: what it changed and logged, or how it failed.

        Raises:
            RetryableError: its process was killed from outside; it may run again.
        """
        ...

    async def render(
        self, template: str, context: Mapping[str, JsonValue], *, timeout_s: float = 10.0
    ) -> str:
        """The text of a Handlebars template with these fields.

        Raises:
            PermanentError: the template cannot be used; the message names the cure.
            RetryableError: its process was killed from outside; it may run again.
        """
        ...


@dataclass(frozen=True, slots=True)
class TaskModel:
    """A registered model as a task asks it: its client and endpoint, the gate of its provider, and
    the names that people know.
    """

    model_id: UUID
    provider: str
    name: str
    client: ChatModel
    endpoint: Endpoint
    gate: ProviderGate
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of calls as a decimal, and its currency; both empty where a price is not known."""

    amount: str = ""
    currency: str = ""


class TaskModels(Protocol):
    """The registered models."""

    async def find(self, task: AiTask, store: EventStore) -> TaskModel:
        """The model of a task; `store` holds the leases of its provider's limit.

        Raises:
            PermanentError: there is none, or it cannot be asked; the message names the cure.
        """
        ...

    async def allow(self, job: Job, cap: Decimal | None, model: TaskModel) -> None:
        """Return where the job may pay for another call; `cap` is the one it was submitted with.

        Raises:
            PermanentError: budget.reached, or budget.price_unknown where a cap holds and the price of
                the model's calls is not known.
        """
        ...

    async def pay(self, job: Job, model: TaskModel, recorded: Recorded[ChatReply]) -> None:
        """Enter what a call cost the job, or what the job saved where another one had paid it;
        entering it again changes nothing.
        """
        ...

    async def save(self, job: Job, calls: Sequence[ObjectRef]) -> None:
        """Enter that the job got the answers of these calls from the record; again changes nothing."""
        ...

    async def note(self, model: TaskModel, usage: Usage) -> Cost:
        """Count calls in the use of their model, and give what they cost now."""
        ...

    async def cost(self, model: TaskModel, usage: Usage) -> Cost:
        """The cost of calls at the price of now; they were counted before."""
        ...
