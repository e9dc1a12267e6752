"""From the job's state, its records and the views' rows to the bodies of answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import due_at, owed, progress_pct
from dragoman_contracts.policy import Policy
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.under_way import WorkUnderWay, remaining_s, translated_count
from dragoman_contracts.vocabulary import LIVE, RESTING, PhaseKind, views_of_status
from dragoman_gateway.jobs.detail.commands import CommandView, commands_of
from dragoman_gateway.jobs.detail.facts import JobRecords, Standing, duration_s
from dragoman_gateway.jobs.detail.work_words import under_way_text
from dragoman_gateway.jobs.rules import allowed_actions, trouble_code, troubles
from dragoman_gateway.jobs.schemas import (
    VERDICTS,
    ArtifactView,
    CommandOfJob,
    Counts,
    EventView,
    IntakeView,
    JobDetail,
    JobMoment,
    JobSummary,
    ModelOfJob,
    OwedView,
    PhaseView,
    PipelineView,
    PreviousView,
    TroubleView,
    WorkUnderWayView,
    job_links,
)
from dragoman_gateway.jobs.view.rows import JobRow
from dragoman_gateway.web.downloads import DownloadSigner, artifact_file_name, served_media_type
from dragoman_runtime.eventstore import Stored


def job_detail(
    job: Job, records: JobRecords, standing: Standing, signer: DownloadSigner, now: datetime
) -> JobDetail:
    """A job's whole answer. Of what it tells,
    only the download addresses and the standing depend on the present.
    """
    submitted, intake, policy = job.submitted, records.intake, records.policy
    document = _document(submitted.subject)
    has_checkpoint = bool(job.checkpoint_phases) and not job.is_checkpoint_discarded
    views = views_of_status(job.status, has_checkpoint=has_checkpoint)
    return JobDetail(
        job_id=job.job_id,
        project_id=job.project_id,
        project_code=intake.project_code if intake else None,
        subject=submitted.subject,
        document_id=document.id if document else None,
        document_version=document.version if document else None,
        version=job.version,
        latest_version=standing.latest_version,
        is_past=job.version < standing.latest_version,
        status=job.status,
        stage=job.stage,
        is_resting=job.status in RESTING,
        is_waiting_for_start=is_waiting_for_start(job),
        is_interrupted=job.is_interrupted,
        is_marked_failed=job.is_marked_failed,
        is_checkpoint_discarded=job.is_checkpoint_discarded,
        stopped_at=job.stopped_at,
        finished_phases=list(job.checkpoint_phases),
        progress_pct=progress_pct(job, standing.under_way),
        remaining_s=remaining_s(job, standing.under_way),
        work_under_way=[under_way_view(each, now) for each in standing.under_way],
        status_views={str(name): word for name, word in views.items()},
        pipeline=PipelineView(name=job.pipeline.name, version=job.pipeline.version),
        engine=policy.engine if policy else None,
        model=policy.model if policy else None,
        source_language=submitted.locales.source if submitted.locales else None,
        target_language=submitted.locales.target if submitted.locales else None,
        submitted_by=job.submitted_by,
        submitted_at=job.submitted_at,
        updated_at=job.head_at,
        parent_job_id=submitted.parent_job_id,
        superseded_by=standing.superseded_by,
        submission_id=submitted.submission_id,
        intake=_intake(records),
        preflight_status=job.preflight_verdict,
        preflight_findings=list(job.finding_codes),
        qa_verdict=VERDICTS[job.verification.verdict] if job.verification else None,
        file_name=intake.file_name if intake else "",
        document_title=intake.document_title if intake else "",
        external_reference=intake.external_reference if intake else "",
        version_label=intake.version_label if intake else "",
        unit_count=job.extraction.unit_count if job.extraction else None,
        translated_count=job.plan.done_count if job.plan else 0,
        review_count=job.verification.review_count if job.verification else 0,
        blocked_count=job.verification.blocked_count if job.verification else 0,
        trouble_code=trouble_code(job),
        counts=_counts(job),
        usage=job.plan.usage if job.plan else Usage(),
        reused_units=job.plan.reused_count if job.plan else 0,
        savings=job.plan.savings if job.plan else None,
        previous_version=_previous(policy),
        phases=[_phase(job, phase) for phase in job.pipeline.phases],
        commands=[_command(each) for each in commands_of(job)],
        troubles=_troubles(job, records),
        owed=_owed(job, standing),
        artifacts=artifact_views(job, records, signer, now),
        actions=sorted(allowed_actions(job)),
        links=job_links(job.job_id, submitted.parent_job_id),
    )


def _previous(policy: Policy | None) -> PreviousView | None:
    pin = policy.previous_version if policy else None
    if pin is None:
        return None
    return PreviousView(
        job_id=pin.job_id,
        document_version=pin.document_version,
        unit_count=pin.unit_count,
        person_count=pin.person_count,
    )


def _command(view: CommandView) -> CommandOfJob:
    model = view.model
    return CommandOfJob(
        phase=view.phase,
        command=view.line,
        timeout_s=view.timeout_s,
        model=None if model is None else ModelOfJob(**model.model_dump()),
    )


def under_way_view(work: WorkUnderWay, now: datetime) -> WorkUnderWayView:
    """A piece of work under way, as of `now`."""
    note = work.note
    return WorkUnderWayView(
        kind=work.kind,
        index=work.index,
        phase=work.phase,
        attempt=work.attempt,
        since=work.since,
        doing=note.doing,
        doing_since=work.doing_since,
        said_at=work.said_at,
        done_units=note.done_count,
        units=note.item_count,
        tokens=note.token_count,
        tokens_per_s=note.tokens_per_s,
        units_per_s=work.units_per_s,
        remaining_s=work.remaining_s,
        model=note.model,
        text=under_way_text(work, now),
    )


def is_waiting_for_start(job: Job) -> bool:
    """Whether the job was submitted with auto-start off, has passed preflight,
    and waits to be told to go on.
    """
    return not job.is_started and job.status in LIVE and job.preflight_verdict is not None


def artifact_views(
    job: Job, records: JobRecords, signer: DownloadSigner, now: datetime
) -> list[ArtifactView]:
    """The job's artifacts with fresh download addresses."""
    views: list[ArtifactView] = []
    for artifact in job.artifacts:
        signed = signer.sign(job.job_id, artifact, now)
        name = artifact_file_name(job, artifact, records.intake)
        views.append(
            ArtifactView(
                kind=artifact.kind,
                name=artifact.name,
                file_name=name,
                media_type=served_media_type(artifact, name),
                size_bytes=artifact.object.size_bytes,
                sha256=artifact.object.digest,
                created_at=artifact.created_at,
                retention_expires_at=artifact.retention_expires_at,
                download_url=signed.url,
                download_expires_at=signed.expires_at,
            )
        )
    return views


def job_summary(row: JobRow) -> JobSummary:
    """A row of the jobs view."""
    document = _document(row.subject)
    same = row.model_dump(exclude={"project_id", "pipeline_name", "source_locale", "target_locale"})
    return JobSummary.model_validate(
        {
            **same,
            "document_id": document.id if document else None,
            "document_version": document.version if document else None,
            "pipeline": row.pipeline_name,
            "source_language": row.source_locale,
            "target_language": row.target_locale,
            "links": job_links(row.job_id, row.parent_job_id),
        }
    )


def _document(subject: SubjectRef | None) -> SubjectRef | None:
    """The subject, where it is a document."""
    return subject if subject is not None and subject.kind is SubjectKind.DOCUMENT else None


def job_moment(job: Job, under_way: Sequence[WorkUnderWay] = ()) -> JobMoment:
    """Where the job stands; units that work under way has brought count as translated."""
    return JobMoment(
        status=job.status,
        stage=job.stage,
        progress_pct=progress_pct(job, under_way),
        translated_units=translated_count(job, under_way),
        planned_units=job.plan.item_count if job.plan else None,
        owed_count=len(owed(job)),
    )


def event_view(stored: Stored) -> EventView:
    """An event as the API tells it."""
    return EventView(
        event_id=stored.recorded.event_id,
        type=stored.recorded.type,
        schema_version=stored.recorded.schema_version,
        version=stored.recorded.version,
        occurred_at=stored.recorded.occurred_at,
        actor=stored.recorded.origin.actor,
        attempt=stored.recorded.origin.attempt,
        data=stored.recorded.data.model_dump(mode="json"),
    )


def _intake(records: JobRecords) -> IntakeView | None:
    record = records.intake
    if record is None:
        return None
    same = record.model_dump(exclude={"project_code", "submitted_by", "idempotency_key", "choices"})
    return IntakeView.model_validate({**same, "submitted_by_note": record.submitted_by})


def _counts(job: Job) -> Counts:
    extraction, plan, verification = job.extraction, job.plan, job.verification
    return Counts(
        units=extraction.unit_count if extraction else None,
        translatable_units=extraction.translatable_count if extraction else None,
        segments=extraction.segment_count if extraction else None,
        words=extraction.word_count if extraction else None,
        planned_units=plan.item_count if plan else None,
        translated_units=plan.done_count if plan else None,
        batches=len(plan.batches) if plan else None,
        batches_translated=len(plan.batches) - len(plan.batches.pending) if plan else None,
        passed_units=verification.passed_count if verification else None,
        review_units=verification.review_count if verification else None,
        blocked_units=verification.blocked_count if verification else None,
        review_pending_units=job.review_pending_count if verification else None,
    )


def _phase(job: Job, phase: Phase) -> PhaseView:
    run = job.runs[phase.name]
    if run.finished_at is not None:
        is_instant = phase.kind == PhaseKind.DELIVERY
        state = "done" if run.started_at is not None or is_instant else "skipped"
    else:
        state = "running" if run.started_at is not None and job.stage == phase.name else "pending"
    return PhaseView(
        name=phase.name,
        kind=phase.kind,
        share_pct=round(job.pipeline.share_pct(phase), 2),
        state=state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_s=duration_s(run.started_at, run.finished_at, job.head_at),
    )


def _troubles(job: Job, records: JobRecords) -> list[TroubleView]:
    return [
        TroubleView(
            kind=key.kind,
            index=key.index,
            phase=key.phase,
            code=trouble.code,
            attempt=trouble.attempt,
            occurred_at=trouble.occurred_at,
            retry_at=trouble.retry_at,
            is_parked=trouble.retry_at is None,
            reason=records.reasons.get(key),
        )
        for key, trouble in troubles(job)
    ]


def _owed(job: Job, standing: Standing) -> list[OwedView]:
    leases = standing.leases
    return [
        OwedView(
            kind=item.kind,
            index=item.index,
            phase=item.phase,
            due_at=due_at(job, item.key),
            is_held=None if leases is None else item.work_id in leases,
            held_until=leases[item.work_id].expires_at
            if leases and item.work_id in leases
            else None,
        )
        for item in owed(job)
    ]
