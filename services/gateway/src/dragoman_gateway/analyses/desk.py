"""The use case of an analysis: files in, counts and prices out. Nothing is kept and nothing paid."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from pydantic import JsonValue

from dragoman_catalog import Catalog, Project
from dragoman_catalog.values import PolicyOverrides
from dragoman_contracts.analysis import Analysis, CostRange, TextLoad, TokenRange
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.policy import Policy
from dragoman_contracts.resources import EngineChoice, MatchList
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.text import Unit, UnitList
from dragoman_documents import ExtractOptions, extract
from dragoman_gateway.analyses.matching import PinnedMatches
from dragoman_gateway.analyses.rules import gave
from dragoman_gateway.jobs.earlier import Candidate, EarlierWork
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.prices import (
    FREE_ENGINES,
    Priced,
    asked_engine,
    language_models,
    price_of_engine,
    price_of_model,
)
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_linguistics import rules_in, segment
from dragoman_models.estimates import cost_range, token_range
from dragoman_runtime.clock import Clock
from dragoman_runtime.objects import ObjectStore

if TYPE_CHECKING:
    from dragoman_memory import DocumentUnits


@dataclass(frozen=True, slots=True)
class AnalysisOrder:
    """The terms under which documents would be translated. `references` are the documents that the
    files would be versions of, in their order; those of the files' names where none is said.
    """

    project_code: str
    domain_pack_code: str
    locales: LocalePair
    overrides: PolicyOverrides = field(default_factory=PolicyOverrides)
    references: tuple[str, ...] = ()
    new_version_of: str = ""
    is_new_version: bool = False


@dataclass(frozen=True, slots=True)
class Analysed:
    """An analysis with the policy that it holds for. `spared` are the tokens of what is reused."""

    order: AnalysisOrder
    policy: Policy
    analysis: Analysis
    costs: tuple[CostRange, ...]
    spared: TokenRange


class JobTerms(Protocol):
    """The policy that a job would have."""

    async def policy_of(
        self,
        project_code: str,
        domain_pack_code: str,
        locales: LocalePair,
        overrides: PolicyOverrides,
        principal: Principal,
    ) -> tuple[Project, Policy]:
        """The project, and the policy of a job that is submitted to it under these terms.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: project, domain pack, engine or language pair cannot be taken.
        """
        ...


class WorkBefore(Protocol):
    """The work of earlier jobs on a document."""

    async def on(
        self, file: Candidate, policy: Policy, locales: LocalePair, principal: Principal
    ) -> EarlierWork:
        """The work that a job on this file would use under this policy.

        Raises:
            FieldRefusedError: what it is said to be a new version of is not there, or was erased.
        """
        ...


class AnalysisDesk:
    """Counts documents under the terms that a job would have."""

    def __init__(
        self,
        *,
        terms: JobTerms,
        before: WorkBefore,
        catalog: Catalog,
        clock: Clock,
        max_upload_bytes: int,
        memories: PinnedMatches,
        objects: ObjectStore,
    ) -> None:
        self._objects = objects
        self._terms = terms
        self._before = before
        self._catalog = catalog
        self._clock = clock
        self._max_upload_bytes = max_upload_bytes
        self._memories = memories
        # A document is read in memory; those of other requests wait on disk meanwhile.
        self._turn = asyncio.Semaphore(1)

    async def analyse(
        self, order: AnalysisOrder, uploads: Sequence[Upload], principal: Principal
    ) -> Analysed:
        """Count the files together, in their order, and put prices on their tokens.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: the terms cannot be taken, or a file cannot be read.
            UploadTooLargeError: a file is larger than a job may have.
        """
        from dragoman_memory import DocumentUnits, analyse  # with numpy, slow to import

        if len(order.references) > len(uploads):
            raise FieldRefusedError("external_reference", "There are more references than files.")
        project, policy = await self._terms.policy_of(
            order.project_code, order.domain_pack_code, order.locales, order.overrides, principal
        )
        rules = None
        if policy.segmentation is not None:
            rules = await self._objects.get(project.project_id, policy.segmentation)
        engine = await asked_engine(self._catalog, policy.engine, policy.model)
        documents: list[DocumentUnits] = []
        sources: list[Mapping[str, object]] = []
        unsaid = [""] * (len(uploads) - len(order.references))
        for upload, reference in zip(uploads, (*order.references, *unsaid), strict=True):
            require_content(upload, self._max_upload_bytes)
            async with self._turn:
                units = await _units(upload, policy, order.locales, rules)
            matches = await self._matches(project.project_id, policy, units, order.locales)
            file = Candidate(
                project.project_id, upload, reference, order.new_version_of, order.is_new_version
            )
            work = await self._before.on(file, policy, order.locales, principal)
            sources.append(_source_of(work))
            document = DocumentUnits(upload.base_name, units, matches)
            documents.append(
                await asyncio.to_thread(
                    _with_earlier, document, work, policy, order.locales, engine
                )
            )
        analysis = await asyncio.to_thread(
            analyse,
            documents,
            order.locales.source,
            order.locales.target,
            project.settings.payable_pct,
        )
        analysis = _with_sources(analysis, sources)
        spared = token_range(analysis.total.reused.load, policy.batch_size)
        costs = await self._costs(analysis, policy)
        return Analysed(order, policy, analysis, costs, spared)

    async def _matches(
        self, project_id: UUID, policy: Policy, units: Sequence[Unit], locales: LocalePair
    ) -> MatchList:
        if not policy.memories:
            return MatchList()
        return await self._memories.matches(project_id, policy.memories, units, locales)

    async def _costs(self, analysis: Analysis, policy: Policy) -> tuple[CostRange, ...]:
        models = await language_models(self._catalog)
        return _cost_ranges(analysis.total.load, policy, models, self._clock.now())


def _with_earlier(
    document: DocumentUnits,
    work: EarlierWork,
    policy: Policy,
    locales: LocalePair,
    engine: EngineChoice,
) -> DocumentUnits:
    """The document with its units that would keep their translation, by the rule that a job's plan
    has, and the texts whose answers are on record.
    """
    from dragoman_memory import KeepingTerms, previous_matches, tag_pattern  # slow to import

    kept: dict[str, bool] = {}
    if work.previous is not None:
        terms = KeepingTerms(
            source=locales.source,
            target=locales.target,
            keeps_engines=gave(work.previous.made_by, engine),
            context_changed=policy.context_changed,
        )
        units = UnitList(source_locale=locales.source, units=tuple(document.units))
        found = previous_matches(units, work.previous.version, terms)
        kept = {each.unit_id: each.is_persons for each in found.units if each.is_kept}
    is_free = policy.engine in FREE_ENGINES  # nothing is paid, and no answer looked up
    paid = frozenset[Hashable](
        tag_pattern(source)
        for each in work.jobs
        if not is_free and gave(each.made_by, engine)
        for source in each.answered
    )
    return replace(document, kept=kept, paid=paid)


def _source_of(work: EarlierWork) -> dict[str, object]:
    """The job that a document would take over from, in the fields of its analysis."""
    if work.previous is None:
        return {}
    return {
        "previous_job_id": work.previous.version.job_id,
        "previous_document_version": work.previous.document_version,
    }


def _with_sources(analysis: Analysis, sources: Sequence[Mapping[str, object]]) -> Analysis:
    files = zip(analysis.files, sources, strict=True)
    named = tuple(each.model_copy(update=source) for each, source in files)
    return analysis.model_copy(update={"files": named})


def _cost_ranges(
    load: TextLoad, policy: Policy, models: Sequence[Priced], now: datetime
) -> tuple[CostRange, ...]:
    """The tokens and their costs: with the engine of the policy first, then with each registered
    language model, the cheapest first.
    """
    tokens = token_range(load, policy.batch_size)
    own = price_of_engine(policy.engine, policy.model, models, now)
    others = [
        cost_range(provider.name, model.model_name, tokens, price_of_model(model, provider, now))
        for model, provider in models
    ]
    others.sort(key=lambda each: (each.cost_high is None, each.cost_high or 0, each.model))
    return (cost_range(policy.engine, policy.model, tokens, own), *others)


async def _units(
    upload: Upload, policy: Policy, locales: LocalePair, rules: bytes | None
) -> tuple[Unit, ...]:
    """The units of a file, as a job's extraction would take them out; `rules` are an SRX file's.

    Raises:
        FieldRefusedError: it is no document that can be read.
    """
    try:
        return await asyncio.to_thread(_read, upload, policy.extraction, locales, rules)
    except PermanentError as error:
        raise FieldRefusedError(
            "file", f"{upload.base_name}: {error.message}", code=error.code
        ) from error


def _read(
    upload: Upload, switches: dict[str, JsonValue], locales: LocalePair, rules: bytes | None
) -> tuple[Unit, ...]:
    found = extract(upload.content, ExtractOptions.model_validate(switches)).units
    chosen = None if rules is None else rules_in(rules)
    return tuple(segment(unit, locales.source, chosen) for unit in found)
