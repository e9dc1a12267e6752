"""The results of the steps of declarative pipelines: the fields that a script changed, and the
answers of the models. Views of objects and the phases behind are made from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from dragoman_contracts.events.base import Count, Usage
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef


class ScriptResult(Value):
    """The output of a `script` phase: the fields that the script changed, with their new values;
    None where it took a field away. `PhaseFinished.output` points to it.
    """

    script: str
    is_built_in: bool = False
    changed: dict[str, JsonValue] = Field(default_factory=dict)


class AiTaskStatus(StrEnum):
    """How far a task is, in requirement C's words."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    ERROR = "ERROR"


class AiTaskResult(Value):
    """The result of one task; `PhaseBatchDone.output` of the task's index points to it.

    `response` is the answer parsed, `response_text` the very text of the model. `usage` counts all
    calls, also of an answer that was asked for again; `latency_ms` is their time together. `cost` is
    in `currency`, a decimal in digits; empty where the model's price is not known. `prompt` is the
    prompt as it was sent, `calls` the records of the calls, in order. Results are of tasks that are
    DONE; a task that failed is parked work of its job, and `classes` make an ERROR of it.
    """

    task_name: str
    status: AiTaskStatus = AiTaskStatus.DONE
    response: JsonValue = None
    response_text: str = ""
    error_code: str = ""
    error_message: str = ""
    usage: Usage = Usage()
    calls: tuple[ObjectRef, ...] = ()
    latency_ms: Count = 0
    prompt: ObjectRef | None = None
    provider: str = ""
    model: str = ""
    cost: Annotated[str, Field(max_length=40)] = ""
    currency: Annotated[str, Field(max_length=3)] = ""
    was_corrected: bool = False


class AiTaskResults(Value):
    """Results of tasks, in the order in which the tasks were declared."""

    results: tuple[AiTaskResult, ...] = ()
