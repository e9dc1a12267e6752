"""The copies a job takes when it is submitted: its policy, and the intake record.
Both are immutable objects.
"""

from __future__ import annotations

from decimal import Decimal
from operator import not_
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from dragoman_contracts.events import RevisionStrategy
from dragoman_contracts.model import Value
from dragoman_contracts.previous import ContextChanged, PreviousPin
from dragoman_contracts.redaction import Redaction
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import EngineChoice, MemoryPin
from dragoman_contracts.sampling import UnitSample

UNIT_RULES = 2
"""Raised when the same document would give units with other texts or tags:
jobs that older rules began must go on.
"""


def _is_none(value: object) -> bool:
    return value is None


def _is_kept(value: object) -> bool:
    return value is ContextChanged.KEEP


class Policy(Value):
    """Everything of the catalogue and the settings that decides how a job's text comes out.

    Two jobs with equal policies on equal sources give equal documents, as far as the engine is
    deterministic. `nonce` is set by a rerun that asks for fresh model calls. `extraction` and `qa`
    hold option names and values as their rooms define them. `unit_rules` are the rules of reading
    units when the job was submitted. `dismissals` point to the `RememberedDismissals` of the project.
    `memories` are searched in their order; `terms` point to a `TermList`, `pack` to a
    `PackSnapshot`. `fallbacks` are asked in their order for the units that `engine` failed at.
    `cost_cap` is the most that the job's calls may cost, in US dollars. `redaction` names the texts
    that no provider sees. With `sample` only some units are translated. `previous_version` is taken
    over, and `context_changed` says how, where neighbours are others now. `segmentation` is an SRX
    file by whose rules units are cut into segments, instead of the built-in ones. These are left out
    of what is stored where there are none.
    """

    engine: str
    model: str = ""
    batch_size: Annotated[int, Field(ge=1)] = 25
    domain_pack_code: str = ""
    qa_profile: str = "default"
    extraction: dict[str, JsonValue] = Field(default_factory=dict)
    qa: dict[str, JsonValue] = Field(default_factory=dict)
    nonce: str = ""
    unit_rules: Annotated[int, Field(ge=1)] = 1
    dismissals: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    memories: Annotated[tuple[MemoryPin, ...], Field(exclude_if=not_)] = ()
    terms: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    pack: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    fallbacks: Annotated[tuple[EngineChoice, ...], Field(exclude_if=not_)] = ()
    cost_cap: Annotated[Decimal | None, Field(ge=0, exclude_if=_is_none)] = None
    redaction: Annotated[Redaction | None, Field(exclude_if=not_)] = None
    sample: Annotated[UnitSample | None, Field(exclude_if=not_)] = None
    previous_version: Annotated[PreviousPin | None, Field(exclude_if=not_)] = None
    context_changed: Annotated[ContextChanged, Field(exclude_if=_is_kept)] = ContextChanged.KEEP
    segmentation: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None


class IntakeRecord(Value):
    """The submitter's statements, kept outside the events so that they can be erased (DESIGN §2
    Erasure).

    `choices` are the policy's fields that the request named itself; a rerun keeps to them.
    """

    project_code: str
    domain_pack_code: str
    file_name: str
    external_reference: str
    document_title: str = ""
    version_label: str
    family_key: str = ""
    revision_strategy: RevisionStrategy = RevisionStrategy.AUTO
    submitted_by: str = ""
    idempotency_key: str = ""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    choices: dict[str, JsonValue] = Field(default_factory=dict)


class ActorRecord(Value):
    """Who acted, for the audit: found from an event's `actor_record`, and erasable."""

    actor_id: UUID | None
    display_name: str
    source_address: str
