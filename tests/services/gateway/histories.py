"""Job histories with real objects, as the services would leave them: for tests of the views and of
the console.

history = History(store, objects)
job_id = await history.submit("contract.docx")
await history.advance(job_id, to="qa")          # everything up to a translation that QA has judged
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.streams import inputs
from dragoman_contracts import events as e
from dragoman_contracts.ai_results import ScriptResult
from dragoman_contracts.envelope import Origin
from dragoman_contracts.identity import document_id, job_id_for_key, new_id, project_id, work_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.objects import FieldValues, ObjectRecord
from dragoman_contracts.phases import TRANSLATE_DOCX, Phase, Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import ActorRecord, IntakeRecord, Policy
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ObjectRef
from dragoman_contracts.reports import (
    ExtractionManifest,
    PreflightFinding,
    PreflightReport,
    QaFinding,
    QaReport,
    ReassemblyManifest,
    Severity,
    TranslationPlan,
    UnitVerdict,
    UnitVerification,
    VerificationResults,
)
from dragoman_contracts.subject import LocalePair, SubjectKind, SubjectRef, document_scope
from dragoman_contracts.text import (
    ResultSource,
    TargetList,
    UnitList,
    UnitTarget,
)
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.objects.values import put_value
from services.gateway.history_documents import (
    SENTENCES,
    Document,
    numbered,
    repeated,
    tagged,
    unit_of,
    untagged,
)

__all__ = ["ATLAS", "NOON", "SENTENCES", "STEPS", "Document", "History", "repeated"]

ATLAS = project_id("atlas")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STEPS = ("preflight", "extraction", "plan", "batches", "translation", "qa", "reassembly")


@dataclass
class History:
    """Appends what the services would, a second of the history's own time each."""

    store: EventStore
    objects: ObjectStore
    now: datetime = NOON
    documents: dict[UUID, Document] = field(default_factory=dict[UUID, Document])
    person: str = "Ada Lovelace"

    async def submit(
        self,
        file_name: str,
        *,
        document: Document | None = None,
        target: str = "es",
        engine: str = "apertium",
        code: str = "atlas",
        key: str | None = None,
        is_auto_start: bool = True,
        pipeline: Pipeline = TRANSLATE_DOCX,
        policy: Policy | None = None,
    ) -> UUID:
        """Open a job, as the gateway does."""
        project = project_id(code)
        intake = IntakeRecord(
            project_code=code,
            domain_pack_code="legal",
            file_name=file_name,
            external_reference=file_name.removesuffix(".docx"),
            document_title=file_name.removesuffix(".docx").replace("-", " ").title(),
            version_label="1",
            submitted_by=self.person,
        )
        submitted = e.JobSubmitted(
            subject=SubjectRef(
                kind=SubjectKind.DOCUMENT, id=document_id(project, file_name), version=1
            ),
            scope=document_scope(1, Locale(target), pipeline.name),
            inputs=inputs(
                await self.objects.put(project, f"source {file_name}".encode(), DOCX_MEDIA_TYPE),
                await put_value(self.objects, project, intake),
            ),
            locales=LocalePair(source=Locale("en"), target=Locale(target)),
            policy=await put_value(
                self.objects,
                project,
                policy or Policy(engine=engine, domain_pack_code="legal"),
            ),
            pipeline=pipeline,
            rules=e.JobRules(is_auto_start=is_auto_start, retention_days=30),
            request_digest="0" * 64,
            first_kind=first_kind(pipeline),
        )
        job_id = job_id_for_key(project, key or str(new_id()))
        self.documents[job_id] = document or Document()
        await self._append(
            job_id, project, Head(), await self._person_origin(project, job_id), submitted
        )
        return job_id

    async def register(self, file_name: str, *, code: str = "atlas") -> UUID:
        """Take a document in, as the gateway does, without a job."""
        project = project_id(code)
        intake = IntakeRecord(
            project_code=code,
            domain_pack_code="",
            file_name=file_name,
            external_reference=file_name,
            version_label="1",
        )
        record = await put_value(self.objects, project, intake)
        source = await self.objects.put(project, f"source {file_name}".encode(), "application/pdf")
        document = document_id(project, file_name)
        await self._append(
            document,
            project,
            Head(),
            await self._person_origin(project, document),
            e.DocumentRegistered(record=record),
            e.DocumentVersionAdded(number=1, source=source, record=record),
        )
        return document

    async def fill(self, class_name: str, *, code: str = "atlas") -> UUID:
        """Create an object of a class, whose script writes a field, and edit another."""
        project, object_id, job_id = project_id(code), new_id(), new_id()
        record = ObjectRecord(
            class_name=class_name,
            class_version=1,
            project_code=code,
            values={"title": "A note", "count": 1},
        )
        phase = Phase(name="write", kind="script", config={"script": "write"})
        pipeline = Pipeline(name=class_name, phases=(phase,))
        submitted = e.JobSubmitted(
            subject=SubjectRef(kind=SubjectKind.OBJECT, id=object_id),
            pipeline=pipeline,
            rules=e.JobRules(),
            request_digest="0" * 64,
            first_kind=first_kind(pipeline),
            first_phase=phase.key,
        )
        origin = await self._person_origin(project, object_id)
        created = e.ObjectCreated(record=await put_value(self.objects, project, record))
        opened = e.SubjectJobOpened(kind=SubjectKind.OBJECT, job_id=job_id, scope="")
        await self._append(object_id, project, Head(), origin, created, opened)
        await self._append(job_id, project, Head(), origin, submitted)
        result = ScriptResult(script="write", changed={"title": "By script"})
        output = await put_value(self.objects, project, result)
        started = e.PhaseStarted(phase="write", kind="script")
        finished = e.PhaseFinished(phase="write", output=output)
        await self.say(job_id, started, finished, e.JobCompleted())
        stored = await self.store.read(object_id)
        head = Head(stored[-1].recorded.version, stored[-1].digest)
        values = await put_value(self.objects, project, FieldValues(values={"count": 2}))
        await self._append(object_id, project, head, origin, e.ObjectEdited(record=values))
        return object_id

    async def advance(
        self, job_id: UUID, *, to: str = "reassembly", after: str | None = None
    ) -> None:
        """Perform the steps behind `after` up to and with `to`."""
        first = STEPS.index(after) + 1 if after else 0
        for step in STEPS[first : STEPS.index(to) + 1]:
            await getattr(self, f"_{step}")(job_id)

    async def say(
        self, job_id: UUID, *events: e.Event, actor: str = "service:test", seconds: float = 1
    ) -> None:
        """Append events, `seconds` after the last ones."""
        self.now += timedelta(seconds=seconds)
        job, head = await Jobs(self.store).load(job_id)
        person = actor.startswith("user:")
        origin = (
            await self._person_origin(job.project_id, job_id)
            if person
            else Origin(actor=actor, correlation_id=job_id, producer="test")
        )
        await self._append(job_id, job.project_id, head, origin, *events)

    async def fail(
        self, job_id: UUID, kind: WorkKind, code: str = "engine.timeout", *, index: int = 0
    ) -> None:
        """An attempt fails and is due again in a minute."""
        retry_at = self.now + timedelta(minutes=1)
        failed = e.WorkFailed(
            work_id=work_id(job_id, kind, index),
            kind=kind,
            index=index,
            attempt=1,
            code=code,
            retry_at=retry_at,
        )
        await self.say(job_id, failed)

    async def park(
        self, job_id: UUID, kind: WorkKind, code: str = "engine.unauthorised", *, index: int = 0
    ) -> None:
        """The work is set aside."""
        parked = e.WorkParked(
            work_id=work_id(job_id, kind, index), kind=kind, index=index, attempt=5, code=code
        )
        await self.say(job_id, parked)

    async def block(self, job_id: UUID) -> None:
        """Preflight refuses the document."""
        await self.say(job_id, e.PhaseStarted(phase="preflight", kind=WorkKind.PREFLIGHT))
        finding = PreflightFinding(
            code="docx.encrypted",
            severity=Severity.BLOCKER,
            message="The document is protected by a password.",
            action="Open it in Word, remove the password under File, Info, Protect Document, and submit it again.",
        )
        report = PreflightReport(
            verdict=e.PreflightVerdict.BLOCKED, source_digest="0" * 64, findings=(finding,)
        )
        ref = await self._put(job_id, report)
        await self.say(job_id, e.PreflightBlocked(report=ref, finding_codes=("docx.encrypted",)))

    async def warn(self, job_id: UUID) -> None:
        """Preflight lets the document pass, and has something to say about it."""
        await self._preflight(
            job_id,
            PreflightFinding(
                code="language.differs",
                severity=Severity.WARNING,
                message="The text looks like de.",
            ),
            PreflightFinding(
                code="docx.fonts", severity=Severity.INFO, message="It names two fonts."
            ),
        )

    async def tell(self, job_id: UUID) -> None:
        """Preflight accepts the document, and has something to tell that is no warning."""
        await self._preflight(
            job_id,
            PreflightFinding(
                code="docx.fonts", severity=Severity.INFO, message="It names two fonts."
            ),
        )

    async def _put(self, job_id: UUID, value: Value) -> ObjectRef:
        job, _ = await Jobs(self.store).load(job_id)
        return await put_value(self.objects, job.project_id, value)

    async def _preflight(self, job_id: UUID, *findings: PreflightFinding) -> None:
        warns = any(each.severity is Severity.WARNING for each in findings)
        verdict = (
            e.PreflightVerdict.ACCEPTED_WITH_WARNINGS if warns else e.PreflightVerdict.ACCEPTED
        )
        report = PreflightReport(verdict=verdict, source_digest="0" * 64, findings=findings)
        await self.say(job_id, e.PhaseStarted(phase="preflight", kind=WorkKind.PREFLIGHT))
        ref = await self._put(job_id, report)
        passed = e.PreflightPassed(
            verdict=report.verdict,
            report=ref,
            finding_codes=tuple(each.code for each in findings),
            next_kind=WorkKind.EXTRACTION,
            detected_locale=Locale("en"),
        )
        await self.say(job_id, passed)

    async def _extraction(self, job_id: UUID) -> None:
        document = self.documents[job_id]
        await self.say(job_id, e.PhaseStarted(phase="extraction", kind=WorkKind.EXTRACTION))
        translated = tuple(
            unit_of(i, text, is_plain=document.is_plain) for i, (text, _) in numbered(document)
        )
        count, total = len(translated), len(translated) + len(document.left)
        left = tuple(
            unit_of(count + i, text, is_translatable=False) for i, text in enumerate(document.left)
        )
        units_ref = await self._put(
            job_id, UnitList(source_locale=Locale("en"), units=translated + left)
        )
        manifest = ExtractionManifest(
            source_digest="0" * 64,
            units=units_ref.digest,
            unit_count=total,
            translatable_count=count,
            segment_count=count,
            word_count=count * 9,
            character_count=count * 60,
            units_by_story={"body": total},
            units_by_part={"word/document.xml": total},
        )
        extracted = e.DocumentExtracted(
            units=units_ref,
            manifest=await self._put(job_id, manifest),
            unit_count=total,
            translatable_count=count,
            segment_count=count,
            word_count=count * 9,
            next_kind=WorkKind.TRANSLATION_PLAN,
        )
        await self.say(job_id, extracted, seconds=2)

    async def _plan(self, job_id: UUID) -> None:
        document = self.documents[job_id]
        plan = TranslationPlan(batches=tuple(tuple(batch) for batch in document.batches))
        ref = await self._put(job_id, plan)
        planned = e.TranslationPlanned(
            plan=ref, batch_count=len(document.batches), unit_count=len(document.pairs)
        )
        await self.say(job_id, planned)
        await self.say(job_id, e.PhaseStarted(phase="translation", kind=WorkKind.TRANSLATION_BATCH))

    async def _batches(self, job_id: UUID) -> None:
        for index in range(len(self.documents[job_id].batches)):
            await self.translate(job_id, index)

    async def translate(self, job_id: UUID, index: int) -> None:
        """One batch comes back."""
        document = self.documents[job_id]
        ids = document.batches[index]
        texts = dict(zip(document.ids, (target for _, target in document.pairs), strict=True))
        content_of = tagged if document.has_tagged_targets else untagged
        targets = TargetList(
            target_locale=Locale("es"),
            targets=tuple(
                UnitTarget(
                    unit_id=each,
                    target=content_of(texts[each]),
                    result_source=ResultSource.ENGINE,
                )
                for each in ids
            ),
        )
        translated = e.BatchTranslated(
            index=index,
            targets=await self._put(job_id, targets),
            unit_count=len(ids),
            usage=e.Usage(call_count=1, prompt_tokens=500, response_tokens=400),
        )
        await self.say(job_id, translated, seconds=3)

    async def _translation(self, job_id: UUID) -> None:
        await self.say(job_id, e.TranslationCompleted(next_kind=WorkKind.QA), seconds=0)

    async def _qa(self, job_id: UUID) -> None:
        document = self.documents[job_id]
        await self.say(job_id, e.PhaseStarted(phase="qa", kind=WorkKind.QA))
        clean = document.verdict is e.QaVerdict.REASSEMBLY_PENDING
        verdict = (
            UnitVerdict.BLOCKED
            if document.verdict is e.QaVerdict.BLOCKED
            else UnitVerdict.NEEDS_REVIEW
        )
        finding = QaFinding(
            code="qa.numbers", severity=Severity.WARNING, message="14 is missing, 15 was added."
        )
        doubtful = set[str]() if clean else set(document.ids[-2:])
        verdicts = tuple(
            UnitVerification(unit_id=each, verdict=verdict, findings=(finding,))
            if each in doubtful
            else UnitVerification(unit_id=each, verdict=UnitVerdict.PASSED)
            for each in document.ids
        )
        await self._verified(job_id, document.verdict, verdicts, len(doubtful))

    async def _verified(
        self,
        job_id: UUID,
        verdict: e.QaVerdict,
        verdicts: tuple[UnitVerification, ...],
        doubtful: int,
    ) -> None:
        blocked = doubtful if verdict is e.QaVerdict.BLOCKED else 0
        report = QaReport(
            verdict=verdict,
            unit_count=len(verdicts),
            passed_count=len(verdicts) - doubtful,
            review_count=doubtful - blocked,
            blocked_count=blocked,
            findings_by_code={"qa.numbers": doubtful} if doubtful else {},
        )
        event = e.TranslationVerified(
            verdict=verdict,
            results=await self._put(job_id, VerificationResults(units=verdicts)),
            qa_report=await self._put(job_id, report),
            passed_count=report.passed_count,
            review_count=report.review_count,
            blocked_count=report.blocked_count,
            next_kind=None if doubtful else WorkKind.REASSEMBLY,
        )
        await self.say(job_id, event)

    async def review(
        self, job_id: UUID, unit_id: str, text: str, *, pending_count: int = 0
    ) -> None:
        """A reviewer's text for one unit comes back."""
        target = UnitTarget(unit_id=unit_id, target=(text,), result_source=ResultSource.REVIEW)
        ref = await self._put(job_id, TargetList(target_locale=Locale("es"), targets=(target,)))
        imported = e.ReviewImported(
            session_id=new_id(),
            artifact=ref,
            targets=ref,
            changed_count=1,
            pending_count=pending_count,
            next_kind=None if pending_count else WorkKind.REASSEMBLY,
        )
        await self.say(job_id, imported, actor="service:qa")

    async def _reassembly(self, job_id: UUID) -> None:
        await self.say(job_id, e.PhaseStarted(phase="reassembly", kind=WorkKind.REASSEMBLY))
        job, _ = await Jobs(self.store).load(job_id)
        final = await self.objects.put(
            job.project_id, f"final {job_id}".encode() * 2000, DOCX_MEDIA_TYPE
        )
        manifest = ReassemblyManifest(
            source_digest="0" * 64,
            final_digest=final.digest,
            target_lists=(),
            unit_count=len(self.documents[job_id].pairs),
            changed_parts=("word/document.xml",),
        )
        reassembled = e.DocumentReassembled(
            final_docx=final, manifest=await self._put(job_id, manifest)
        )
        await self.say(job_id, reassembled, e.JobCompleted(), seconds=2)

    async def _person_origin(self, project: UUID, correlation: UUID) -> Origin:
        actor = ActorRecord(actor_id=None, display_name=self.person, source_address="192.0.2.7")
        ref = await put_value(self.objects, project, actor)
        return Origin(
            actor="user:ada", correlation_id=correlation, producer="test", actor_record=ref.digest
        )

    async def _append(
        self, job_id: UUID, project: UUID, head: Head, origin: Origin, *events: e.Event
    ) -> None:
        append = Append(job_id, project, head, events, origin, self.now)
        await self.store.commit([append])
