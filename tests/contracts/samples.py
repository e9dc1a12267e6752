"""One sample of every event as it is now, with every optional field filled: the expected side of
the golden files.

A golden file is the stored state of one event under one schema version:
`golden/<event name>.v<version>.json`. A file that was released never changes. A new event or
version needs a sample here and a file written once:

    python -m contracts.samples        (with `tests` on the path; writes the missing files, never changes one)
"""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import uuid5

from contracts import streams as s
from dragoman_contracts import events as e
from dragoman_contracts.envelope import Origin, RecordedEvent, encode, record
from dragoman_contracts.identity import document_id, work_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ArtifactKind, NamedObject
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.vocabulary import WorkKind

GOLDEN = Path(__file__).parent / "golden"


def _on_a_document() -> e.JobSubmitted:
    lineage = {
        "parent_job_id": uuid5(s.PROJECT, "parent"),
        "submission_id": uuid5(s.PROJECT, "submission"),
    }
    return s.submitted().model_copy(update={**lineage, "rules": e.JobRules(retention_days=90)})


def _events() -> tuple[e.Event, ...]:
    return (
        _on_a_document().model_copy(
            update={
                "subject": SubjectRef(
                    kind=SubjectKind.OBJECT, id=uuid5(s.PROJECT, "deed 12"), version=3
                ),
                "scope": "a trial",
                "inputs": (NamedObject(name="deed.pdf", object=s.ref("the deed")),),
            }
        ),
        e.StartRequested(next_kind=WorkKind.EXTRACTION),
        s.started(WorkKind.EXTRACTION),
        e.PhasePlanned(
            phase="tasks",
            kind="ai_tasks_batch",
            plan=s.ref("the tasks"),
            batch_count=3,
            item_count=3,
        ),
        e.PhaseBatchDone(
            phase="index",
            kind="index_online",
            index=1,
            output=s.ref("batch 1"),
            item_count=100,
            failed_count=2,
            cursor=s.ref("where batch 2 begins"),
            has_next=True,
            calls=(s.ref("a call"),),
            usage=e.Usage(call_count=1, prompt_tokens=900),
        ),
        e.PhaseFinished(
            phase="parse",
            output=s.ref("the output"),
            artifacts=(NamedObject(name="document.md", object=s.ref("the document")),),
            next_kind="script",
            next_phase="aggregate",
        ),
        e.PhaseRefused(phase="parse", report=s.ref("why"), codes=("command.no_input",)),
        s.preflight_passed().model_copy(
            update={"finding_codes": ("docx.tracked_changes",), "detected_locale": Locale("en")}
        ),
        s.preflight_blocked(),
        s.extracted(),
        s.planned(),
        s.batch(1),
        s.completed_translation(),
        s.verified(),
        e.ReviewOpened(session_id=uuid5(s.JOB, "session")),
        e.ReviewAssigned(
            session_id=uuid5(s.JOB, "session"),
            due_at=s.NOON,
            reviewer_ids=(uuid5(s.PROJECT, "a reviewer"),),
        ),
        s.units_reviewed().model_copy(update={"state": s.ref("the state")}),
        s.retranslation_requested(),
        s.units_retranslated().model_copy(
            update={"calls": (s.ref("a call"),), "usage": e.Usage(call_count=1, prompt_tokens=40)}
        ),
        s.review_exported(),
        s.review_imported(),
        s.review_closed(),
        s.reassembled(),
        e.JobCompleted(),
        e.CancelRequested(),
        e.JobCancelled(),
        e.ResumeRequested(batch_indexes=(1, 3)),
        e.JobMarkedFailed(),
        e.CheckpointDiscarded(),
        e.JobRemoved(),
        e.DocumentStatusReset(),
        e.DocumentRemoved(),
        s.failed(WorkKind.TRANSLATION_BATCH, 1),
        s.parked(WorkKind.TRANSLATION_BATCH, 1),
        e.WorkRedriven(
            work_id=work_id(s.JOB, WorkKind.TRANSLATION_BATCH, 1),
            kind=WorkKind.TRANSLATION_BATCH,
            index=1,
            batch_indexes=(1, 3),
        ),
        s.discarded(WorkKind.TRANSLATION_BATCH, 1),
        e.ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=s.ref("the source document").digest),
        e.ReplayPackaged(artifact=s.ref("package.zip")),
        e.DocumentRegistered(
            record=s.ref("the intake record"), family_key_digest=s.ref("the family key").digest
        ),
        e.DocumentVersionAdded(number=2, source=s.ref("source"), record=s.ref("the intake record")),
        e.JobOpened(
            job_id=s.JOB,
            document_version=2,
            target_locale=Locale("es"),
            pipeline_name="translate-docx",
        ),
        e.SourceRegistered(record=s.ref("the source's record")),
        e.ObjectCreated(record=s.ref("the object's record")),
        e.ObjectEdited(
            record=s.ref("the new values"),
            documents=(NamedObject(name="deed", object=s.ref("the deed's bytes")),),
        ),
        e.ObjectRemoved(),
        e.SubjectJobOpened(kind=SubjectKind.SOURCE, job_id=s.JOB, scope="a trial"),
    )


def _recorded(event: e.Event) -> RecordedEvent:
    of_job = event.told_in is e.StreamType.JOB
    return record(
        event,
        project_id=s.PROJECT,
        stream_id=s.JOB if of_job else document_id(s.PROJECT, "handbook"),
        version=7,
        occurred_at=s.NOON,
        origin=Origin(
            actor="user:1",
            correlation_id=uuid5(s.PROJECT, "correlation"),
            causation_id=uuid5(s.PROJECT, "causation"),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            attempt=2,
            producer="0.1.0+3f2a",
            actor_record=s.ref("the actor record").digest,
        ),
        previous_digest=s.ref("the event before").digest,
    )


SAMPLES: dict[str, RecordedEvent] = {event.name: _recorded(event) for event in _events()}
"""By event name, as this version of Dragoman reads the golden file of the
event's newest version.
"""

OLDER: dict[tuple[str, int], RecordedEvent] = {
    (e.JobSubmitted.name, 1): _recorded(_on_a_document())
}
"""By event name and version, as this version of Dragoman reads the golden
files of older versions.
"""


def write_missing() -> list[str]:
    """Write the golden files that are not there yet; their names."""
    written: list[str] = []
    for name, sample in SAMPLES.items():
        path = GOLDEN / f"{name}.v{sample.schema_version}.json"
        if not path.exists():
            path.write_bytes(encode(sample))
            written.append(path.name)
    return written


if __name__ == "__main__":
    sys.stdout.write("\n".join(write_missing()) + "\n")
