"""The ports of translate: an engine that translates, and a ledger of the calls made to the engine.

An engine raises these errors, with these codes, and no others:

    PermanentError  engine.unauthorised      the credential was refused; set another
                    engine.pair_unsupported  the engine cannot do this pair of locales; install or choose another
                    engine.bad_request       the server refused the request as such; check model and settings
                    engine.not_installed     the engine's program is not on this machine
                    engine.not_configured    a setting is missing, which the message names
                    engine.quota_exhausted   the account has no credit left
                    engine.refused           the model declines to translate any unit of the batch
                    engine.context_exceeded  prompt and answer do not fit the model's context; ask for less
    RetryableError  engine.rate_limited      too many requests or tokens; carries retry_after_s when the server said
                    engine.timeout           the server was silent for too long before it said anything
                    engine.unavailable       no connection, a 5xx, a process that died
                    engine.malformed_reply   not one unit could be read from any reply
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from operator import not_
from typing import Annotated, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from pydantic import Field, JsonValue

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import EngineChoice, MatchList, MemoryPin
from dragoman_contracts.text import UnitList
from dragoman_linguistics import TaggedText
from dragoman_models.ports import FinishReason as FinishReason
from dragoman_runtime.worker import ProjectObjects


class EngineUnit(Value):
    """One unit to translate: its id, and its source as protocol text with the key to its tags.

    `separators` are the tag ids of placeholders that stand for white space, a tab or a line break:
    they part words.
    """

    unit_id: str
    source: TaggedText
    separators: tuple[int, ...] = ()


class PromptTerm(Value):
    """A term of the termbase that occurs in the batch, and how it must be translated."""

    source: str
    target: str
    note: str = ""
    is_forbidden: bool = False


class PromptMatch(Value):
    """A translation from memory that is near to a unit of the batch; texts without tags."""

    source: str
    target: str
    score_pct: int


class UnitHints(Value):
    """The terms and the translations from memory that are shown for one unit."""

    terms: tuple[PromptTerm, ...] = ()
    matches: tuple[PromptMatch, ...] = ()


class EngineContext(Value):
    """The context that helps an engine translate a batch well.

    Engines that cannot use it ignore it.

    `preceding` and `following` are plain texts of neighbouring units, nearest last and nearest
    first.
    """

    instructions: str = ""
    domain: str = ""
    terms: tuple[PromptTerm, ...] = ()
    matches: tuple[PromptMatch, ...] = ()
    preceding: tuple[str, ...] = ()
    following: tuple[str, ...] = ()


class ReplyFault(StrEnum):
    """The fault for which a unit's part of a reply cannot be used as it is."""

    MISSING = "missing"
    DUPLICATE = "duplicate"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    ENDLESS = "endless"
    TAGS = "tags"
    DOUBTFUL = "doubtful"


class Correction(Value):
    """The fault of an earlier answer for a unit.

    `previous` is that answer, empty where there was none.

    `reasons` are the findings behind the fault `doubtful`, in words for the engine.
    """

    unit_id: str
    fault: ReplyFault
    previous: str = ""
    reasons: tuple[str, ...] = ()


class EngineRequest(Value):
    """One call: some units of one batch, in document order.

    `corrections` name the faults of earlier answers, when this call asks again. `model` is empty
    for the engine's own model. `nonce` makes otherwise equal calls different: a job that was told
    to pay anew has one. `round` counts the repetitions inside one job. `part` counts, from 0, the
    calls in which one question about many units is asked. `idempotency_key` is the call's
    fingerprint; a server that supports such keys charges equal ones once.
    """

    source_locale: Locale
    target_locale: Locale
    units: tuple[EngineUnit, ...]
    context: EngineContext = EngineContext()
    corrections: tuple[Correction, ...] = ()
    model: str = ""
    nonce: str = ""
    round: int = 1
    part: int = 0
    idempotency_key: str = ""


class RawTarget(Value):
    """A unit's target as the engine wrote it, not yet checked.

    `is_damaged` says that characters which no document can hold (lone surrogates, controls) were
    left out, `is_endless` that the engine wrote far more than the source gives reason for and was
    stopped; such a target is empty.
    """

    unit_id: str
    target: str
    is_damaged: bool = False
    is_endless: Annotated[bool, Field(exclude_if=not_)] = False


class ReplyProgress(Value):
    """The progress of an answer: the targets read so far, and the number of tokens written.

    `waited_s` passed before the first token, `elapsed_s` since the request was sent. `token_count`
    is the server's own count where it gives one, else an estimate from the text.
    """

    targets: tuple[RawTarget, ...]
    token_count: int
    waited_s: float
    elapsed_s: float


ReplyListener = Callable[[ReplyProgress], None]
"""Called as an answer arrives, at least once for each unit. It must be quick, and raise nothing."""


class CallCircumstances(Value):
    """The facts of a call that differ from run to run even where the answer is the same.

    `latency_ms` passed between the request and the end of its answer, `waited_ms` of them before
    the first token (0 where the answer came as a whole). Neither counts the wait for a free turn of
    our own.
    """

    started_at: str = ""
    latency_ms: int = 0
    waited_ms: int = 0
    provider_request_id: str = ""
    envelope: JsonValue = None


class EngineReply(Value):
    """An engine's answer, with the record of the call.

    `targets` are the targets that could be read, as the engine wrote them. `prompt` is the exact
    request body (never a credential), `response` the text that came back. A reply that cannot be
    read at all has no targets and the finish reason `malformed`: it was paid, so it is recorded
    like any other.
    """

    targets: tuple[RawTarget, ...]
    model: str
    prompt: JsonValue
    response: str
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = Usage(call_count=1)
    circumstances: CallCircumstances = CallCircumstances()


class EngineSignature(Value):
    """The things besides the request that an engine's answer depends on.

    They are part of a call's fingerprint.
    """

    name: str
    model: str = ""
    prompt_version: str = ""
    parameters: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class EngineCapabilities(Value):
    """The abilities and limits of an engine, for planning batches and for QA.

    `max_output_tokens` and `max_batch_chars` are None where nothing limits them.
    `inapplicable_checks` are codes of QA checks that say nothing about this engine's targets. An
    engine that `writes_slowly` is asked for a few units first, and then for as many as its measured
    pace allows. Answers of an engine that `keeps_answers` are found again unit by unit, since each
    was paid for.
    """

    max_units_per_batch: int = 25
    max_output_tokens: int | None = None
    max_batch_chars: int | None = None
    needs_network: bool = False
    uses_context: bool = False
    writes_slowly: bool = False
    keeps_answers: bool = False
    inapplicable_checks: tuple[str, ...] = ()


class ModelCall(Value):
    """One call as it is stored: equal calls with equal answers are equal but for
    `reply.circumstances`.

    `unit_ids` are the units it asked for where they are fewer than the question's; empty means all
    of them. `payer` is the id of the job that it was made for; calls of older versions have none.
    """

    fingerprint: str
    signature: EngineSignature
    reply: EngineReply
    unit_ids: tuple[str, ...] = ()
    payer: Annotated[str, Field(exclude_if=not_)] = ""


class RecordedCall(Value):
    """A call and the object it is stored as."""

    call: ModelCall
    ref: ObjectRef


class EarlierAnswer(Value):
    """The place of a unit's answer on record: a call, and the id that the unit had in it."""

    call: ObjectRef
    unit_id: str


class AnswerPage(Value):
    """Places of answers by the keys of their units, as they are stored.

    `calls` are digests and sizes; each answer is a key, the number of a call among them, and the
    unit's id in that call. A page holds no text, and does not keep a call from being erased.
    """

    calls: tuple[tuple[str, int], ...] = ()
    answers: tuple[tuple[str, int, str], ...] = ()


class AnswerBook(Protocol):
    """The answers of a project on record, by the keys of units.

    It is asked before a batch's units are, so that no unit is paid for twice. `shelf` names what
    all units of a question have in common.
    """

    async def find(self, shelf: str, keys: Sequence[str]) -> Mapping[str, EarlierAnswer]:
        """The places of the answers with these keys; those without an answer are left out."""
        ...

    async def load(self, answer: EarlierAnswer) -> ModelCall | None:
        """The call that holds an answer; None where it was erased."""
        ...

    async def add(self, shelf: str, answers: Mapping[str, EarlierAnswer]) -> None:
        """Let these answers be found from now on."""
        ...


class Answers(Protocol):
    """The answers on record of all projects."""

    def book(self, project_id: UUID, objects: ProjectObjects) -> AnswerBook:
        """The answers of a project, whose objects are these."""
        ...


class TranslationEngine(Protocol):
    """Translates units from one locale into another. Safe to use from several tasks at once."""

    @property
    def name(self) -> str:
        """The engine's stable name: `apertium`."""
        ...

    @property
    def capabilities(self) -> EngineCapabilities:
        """The engine's abilities and limits."""
        ...

    @property
    def signature(self) -> EngineSignature:
        """The things besides a request that the engine's answers depend on."""
        ...

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Return when the engine can translate this pair, as far as known without a paid call.

        Raises:
            PermanentError: engine.pair_unsupported, with what to install or choose instead.
        """
        ...

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        """Make one call.

        The reply's targets are unchecked; their order and number are the engine's.

        An answer that breaks off after it began is a reply with the finish reason `interrupted` and
        not an error: its beginning is paid for and counts. Where the engine streams, `listener` is
        called with the progress.

        Raises:
            RetryableError, PermanentError: with the codes that this module lists, when the engine
                wrote nothing.
        """
        ...

    async def aclose(self) -> None:
        """End processes and connections. Safe to call twice."""
        ...


@runtime_checkable
class PricedEngine(TranslationEngine, Protocol):
    """An engine that knows what its calls cost."""

    def cost(self, usage: Usage) -> Decimal | None:
        """The cost of calls in US dollars; None where a price is not known."""
        ...


class Payee(NamedTuple):
    """The names of whoever is paid for a call, as people know them."""

    provider: str
    model: str


@runtime_checkable
class RegisteredEngine(TranslationEngine, Protocol):
    """An engine of a registered model."""

    @property
    def payee(self) -> Payee:
        """The registered names of its provider and model."""
        ...


class Found(NamedTuple):
    """A call on record, by its fingerprint, and the share of its answers that were taken: above 0, at
    most 1. `part` tells apart the parts of a job that took different shares.
    """

    call: str
    share: Decimal = Decimal(1)
    part: str = ""


class Purse(Protocol):
    """The budgets that calls are paid from."""

    async def allow(self, job: Job, cap: Decimal | None, engine: TranslationEngine) -> None:
        """Return where the job may pay for another call; `cap` is the one it was submitted with.

        Raises:
            PermanentError: budget.reached, or budget.price_unknown where a cap holds and the price
                of the engine's calls is not known.
        """
        ...

    async def pay(self, job: Job, call: str, engine: TranslationEngine, usage: Usage) -> None:
        """Enter what a call with this fingerprint cost."""
        ...

    async def save(self, job: Job, found: Sequence[Found]) -> None:
        """Enter that the job got answers of these calls from the record; again changes nothing."""
        ...


class CallLedger(Protocol):
    """The calls of a project that were made before.

    It is asked before each call, so that no call is paid twice.
    """

    async def allow(self, engine: TranslationEngine) -> None:
        """Return where another call may be paid for.

        Raises:
            PermanentError: budget.reached, budget.price_unknown.
        """
        ...

    async def recall(self, fingerprint: str, engine: TranslationEngine) -> RecordedCall | None:
        """The recorded call with this fingerprint, which the engine would be asked; None when it was
        never made.
        """
        ...

    async def record(self, call: ModelCall, engine: TranslationEngine) -> ObjectRef:
        """Store a call that was made, before anything else is done with its answer."""
        ...


def fingerprint(signature: EngineSignature, request: EngineRequest) -> str:
    """The sha256 that is equal for calls that would pay for the same answer.

    The request is the whole question, and `part` the number of the call. The units of the call are
    no part of the fingerprint, since their number depends on the engine's pace: so a repetition
    finds each call at any pace.

    Fields at their default are left out, so that a field added later does not make recorded calls
    unknown.
    """
    document = {
        "engine": signature.model_dump(mode="json", exclude_defaults=True),
        "request": request.model_dump(
            mode="json", exclude_defaults=True, exclude={"idempotency_key"}
        ),
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Engines(Protocol):
    """The engines this installation is set up for."""

    async def get(self, choice: EngineChoice) -> TranslationEngine:
        """The engine of this name, asking for its model where it has several (empty: its own); or
        the registered model whose id is the engine's name.

        Raises:
            PermanentError: engine.unknown or engine.not_configured, with the setting that is
                missing.
        """
        ...

    async def chain(self, choices: Sequence[EngineChoice]) -> Sequence[TranslationEngine]:
        """The engines to ask in turn, for these choices in their order.

        Raises:
            PermanentError: as `get`.
        """
        ...


class Memories(Protocol):
    """The translation memories that jobs have pinned."""

    async def matches(
        self,
        objects: ProjectObjects,
        pins: tuple[MemoryPin, ...],
        units: UnitList,
        source: Locale,
        target: Locale,
        *,
        document: str = "",
    ) -> MatchList:
        """The matches of a document's units in the pinned memories, the best of each unit first.

        `document` is the id of the document where matches of its earlier versions count as such.
        """
        ...
