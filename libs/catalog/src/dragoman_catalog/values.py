"""The catalogue's entries as values: projects, language pairs, domain packs, users, tokens, a
request's overrides.

Every editable value has a `version` that grows by one with each edit; an edit names the version it
was made on.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, StrictBool

from dragoman_catalog.extraction import ExtractionChoices
from dragoman_catalog.quality import QaChoices, QaProfileName
from dragoman_catalog.redaction import RedactionChoices
from dragoman_contracts.analysis import PayableShares
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.previous import ContextChanged
from dragoman_contracts.redaction import Redaction
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import EngineChoice

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
"""A short name that people type: lower-case letters, digits, `_` and `-`."""

DisplayName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
OptionName = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9._:/-]*$")]
Version = Annotated[int, Field(ge=1)]
_PLAIN = r"^[^\x00]*$"
MemoryName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""The name of a memory, or its id."""


Fallbacks = Annotated[tuple[EngineChoice, ...], Field(max_length=5)]
"""The engines that are asked in turn for what the engine before failed at."""

CostCap = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=9)]
"""An amount in US dollars."""

_ASKED_LATER = (
    "extraction",
    "qa",
    "glossaries",
    "memories",
    "fallbacks",
    "cost_cap",
    "context_changed",
)
_ASKED_FIRST = (
    "engine",
    "model",
    "prompt_version",
    "batch_size",
    "segmentation_rules",
    "qa_profile",
    "nonce",
)


class Role(StrEnum):
    """The rights of a person (requirement E): an operator runs jobs,
    an admin also edits the configuration.
    """

    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        return self is Role.ADMIN or needed is Role.OPERATOR


class PolicyOverrides(Value):
    """Choices that go before those of the project; None where nothing else was chosen."""

    engine: OptionName | None = None
    model: OptionName | None = None
    batch_size: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    qa_profile: QaProfileName | None = None
    nonce: OptionName | None = None
    extraction: ExtractionChoices | None = None
    qa: QaChoices | None = None
    glossaries: Annotated[tuple[UUID, ...], Field(max_length=50)] | None = None
    memories: Annotated[tuple[MemoryName, ...], Field(max_length=20)] | None = None
    fallbacks: Fallbacks | None = None
    cost_cap: CostCap | None = None
    context_changed: ContextChanged | None = None

    def as_asked(self) -> dict[str, JsonValue]:
        """The choices to take a digest of, in an order that never changes, so that equal requests
        stay equal.

        A choice that came later is left out where nobody made it; one that is gone stays in, as one
        that nobody made.
        """
        said: dict[str, JsonValue] = self.model_dump(mode="json")
        asked: dict[str, JsonValue] = {name: said.get(name) for name in _ASKED_FIRST}
        return asked | {name: said[name] for name in _ASKED_LATER if said[name] is not None}


class ProjectMemory(Value):
    """A memory that the jobs of a project read. Of those that `is_writable`, the first gets what
    people wrote in reviews, as candidates.
    """

    memory_id: UUID
    is_writable: StrictBool = False


class ProjectSettings(Value):
    """How the jobs of a project are done where nobody chose otherwise.

    An empty `default_engine` is the installation's; `fallbacks` are asked in turn for the units that
    an engine fails at. With `accepts_unlisted_pairs` off, jobs are
    taken only for language pairs that were entered. `retention_days` None keeps artifacts until
    somebody deletes them. `pipeline_id` is the pipeline that documents get which come in without an
    order of their own, by themselves with `auto_process` on. `glossaries` are used in their order,
    before those that are used unasked. `memories` are searched in their order. `redaction` names
    the texts that no provider sees. `payable_pct` are the shares of a word's rate that are paid, by
    band of an analysis, where they are not the usual ones. `context_changed` says what becomes of a
    unit of a new version whose own text stayed and whose neighbours changed. `segmentation` is an
    SRX file of the project's objects, None for the built-in rules.
    """

    default_engine: OptionName = ""
    model: OptionName = ""
    fallbacks: Fallbacks = ()
    batch_size: Annotated[int, Field(ge=1, le=1000, strict=True)] = 25
    qa_profile: QaProfileName = "default"
    qa: QaChoices = Field(default_factory=dict)
    retention_days: Annotated[int, Field(ge=1, le=36500, strict=True)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=50, strict=True)] = 5
    extraction: ExtractionChoices = Field(default_factory=dict)
    is_auto_start: StrictBool = True
    accepts_unlisted_pairs: StrictBool = True
    pipeline_id: Annotated[str, Field(max_length=80, pattern=r"^([a-z0-9][a-z0-9_-]*)?$")] = ""
    auto_process: StrictBool = False
    glossaries: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    memories: Annotated[tuple[ProjectMemory, ...], Field(max_length=20)] = ()
    redaction: RedactionChoices = Redaction()
    payable_pct: PayableShares = Field(default_factory=dict)
    context_changed: ContextChanged = ContextChanged.KEEP
    segmentation: ObjectRef | None = None


class Project(Value):
    """A project: the border of objects, documents and tokens. Its id is made from its code,
    which never changes.
    """

    project_id: UUID
    code: Code
    name: DisplayName
    settings: ProjectSettings
    version: Version


class LanguagePair(Value):
    """A source and a target locale that a project translates between.
    An inactive pair takes no new jobs.
    """

    pair_id: UUID
    project_id: UUID
    source_locale: Locale
    target_locale: Locale
    is_active: bool
    overrides: PolicyOverrides
    version: Version


class PackEntry(Value):
    """A domain pack as a person says it: a field of work, and how its texts are translated.

    `prompt` and `style_guide` are instructions to engines that take any, in plain words. Engine,
    model, `qa_profile` and `qa` go before those of the project; empty ones leave it at these.
    `glossaries` are used by the pack's jobs, in their order.
    """

    name: DisplayName
    description: Annotated[str, Field(max_length=2000, pattern=_PLAIN)] = ""
    prompt: Annotated[str, Field(max_length=8000, pattern=_PLAIN)] = ""
    style_guide: Annotated[str, Field(max_length=20_000, pattern=_PLAIN)] = ""
    qa_profile: QaProfileName = ""
    qa: QaChoices = Field(default_factory=dict)
    engine: OptionName = ""
    model: OptionName = ""
    glossaries: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()


class DomainPack(PackEntry):
    """A domain pack at one of its versions. A version is never changed: an edit makes the next."""

    code: Code
    version: Version = 1


class PackVersion(Value):
    """A version of a domain pack, and who saved it when."""

    pack: DomainPack
    saved_at: AwareDatetime
    saved_by: str


class SavedPipeline(Value):
    """One version of a pipeline. One that is built in was saved by nobody.

    A pipeline that `is_retired` takes no new jobs; those it has keep the version they were
    submitted with. `title` is for people; empty where the name is all they need.
    """

    name: str
    version: int
    phases: tuple[Phase, ...]
    title: Annotated[str, Field(max_length=200)] = ""
    is_retired: bool = False
    saved_at: AwareDatetime | None = None
    saved_by: str = ""

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline as a job takes it."""
        return Pipeline(name=self.name, version=self.version, phases=self.phases)


class SubmissionTerms(Value):
    """The catalogue's entries for a submission, as of one moment;
    None for an entry that is not there.
    """

    project: Project | None
    pair: LanguagePair | None
    pack: DomainPack | None


class User(Value):
    """A person who can sign in. Whether a password was set is said; the password is not.

    `project_codes` are the projects that an operator sees; None means every project, and an admin
    sees every project whatever they are.
    """

    user_id: UUID
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$", max_length=120)]
    display_name: DisplayName
    role: Role
    is_active: bool
    has_password: bool
    version: Version
    project_codes: tuple[Code, ...] | None = None

    @property
    def scope(self) -> frozenset[str] | None:
        """The projects that the user sees; None means every project."""
        if self.role is Role.ADMIN or self.project_codes is None:
            return None
        return frozenset(self.project_codes)


class OpenSession(Value):
    """A browser session that has not ended."""

    session_id: UUID
    opened_at: AwareDatetime
    expires_at: AwareDatetime
    source_address: str


class Editor(Value):
    """Who edits: what an audit row says of the person."""

    actor: str
    actor_name: str = ""
    source_address: str = ""


class DismissedFinding(Value):
    """A finding that a person said is none, wherever these texts stand in the project.

    The digests are sha256 of source and target without tags.
    """

    project_id: UUID
    code: str
    source_digest: str
    target_digest: str
    reason: str
    dismissed_by: str
    dismissed_at: datetime


class CatalogAuditRow(Value):
    """One edit of the catalogue. Digests are of the entry before and after it,
    empty where there was none.
    """

    entry_id: UUID
    occurred_at: AwareDatetime
    project_id: UUID | None
    actor: str
    actor_name: str
    source_address: str
    action: str
    entity: str
    entity_id: str
    before_digest: str
    after_digest: str


class ApiToken(Value):
    """A token of a user, without its secret. An empty scope means every project."""

    token_id: UUID
    user_id: UUID
    name: DisplayName
    role: Role
    project_codes: tuple[Code, ...]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    is_revoked: bool

    def is_valid_at(self, now: datetime) -> bool:
        """Whether the token opens anything at `now`."""
        return not self.is_revoked and (self.expires_at is None or now < self.expires_at)
