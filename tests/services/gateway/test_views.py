"""The views tell what the log tells: jobs, artifacts, units and audit,
on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts import events as e
from dragoman_contracts.identity import project_id
from dragoman_contracts.policy import ActorRecord
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.reports import UnitVerdict
from dragoman_contracts.vocabulary import JobStatus, Stage, WorkKind
from dragoman_gateway.audit.view import AuditFilter, AuditQueries
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow, VerificationState
from dragoman_gateway.jobs.view.tables import artifacts, jobs
from dragoman_gateway.views import projectors, views_position
from dragoman_gateway.web.cursors import InvalidCursorError, Page
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.values import put_value
from dragoman_runtime.projection import create_views_engine
from services.gateway.histories import ATLAS, Document, History

NEEDS_REVIEW = Document(verdict=e.QaVerdict.NEEDS_REVIEW)


@dataclass
class Gateway:
    """The views over a store that a history is written to."""

    store: SqliteEventStore
    objects: FileObjectStore
    engine: AsyncEngine
    history: History
    views: JobQueries
    audit: AuditQueries

    async def project(self) -> None:
        """Bring every view to the end of the log, as a process that has just begun."""
        for projector in projectors(self.store, self.objects, self.engine):
            await projector.open()
            await projector.catch_up()

    async def jobs(
        self, which: JobFilter | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> Page[JobRow]:
        """The projected list of jobs."""
        await self.project()
        return await self.views.list_jobs(which or JobFilter(), cursor=cursor, limit=limit)


@pytest.fixture(params=["sqlite", "postgresql"])
def views_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'views.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url.replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def gateway(tmp_path: Path, views_url: str) -> AsyncIterator[Gateway]:
    store = SqliteEventStore(tmp_path / "events.db")
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    engine = create_views_engine(views_url)
    yield Gateway(
        store, objects, engine, History(store, objects), JobQueries(engine), AuditQueries(engine)
    )
    await engine.dispose()
    await store.aclose()


async def test_a_completed_job_is_listed_as_its_stream_tells_it(gateway: Gateway) -> None:
    job_id = await gateway.history.submit("contract.docx")
    await gateway.history.advance(job_id)
    (row,) = (await gateway.jobs()).rows
    job, head = await Jobs(gateway.store).load(job_id)
    assert (row.job_id, row.status, row.stage) == (job_id, JobStatus.COMPLETED, Stage.DELIVERY)
    assert (row.version, row.progress_pct) == (head.version, 100)
    assert (row.submitted_at, row.updated_at) == (job.submitted_at, job.head_at)
    assert (row.file_name, row.project_code, row.engine) == ("contract.docx", "atlas", "apertium")
    assert (row.submitted_by, row.submitted_by_name) == ("user:ada", "Ada Lovelace")
    assert (row.unit_count, row.translated_count, row.trouble_code) == (7, 7, None)


async def test_reading_the_log_event_by_event_gives_the_same_rows_as_reading_it_at_once(
    gateway: Gateway,
) -> None:
    job_id = await gateway.history.submit("contract.docx", document=NEEDS_REVIEW)
    await gateway.project()
    for step in ("preflight", "extraction", "plan", "batches", "translation", "qa"):
        await gateway.history.advance(job_id, after=_before(step), to=step)
        await gateway.project()
    await gateway.history.review(job_id, "u6", "Derecho aplicable", pending_count=1)
    listed = await gateway.jobs()

    async with gateway.engine.begin() as connection:
        for projector in projectors(gateway.store, gateway.objects, gateway.engine):
            await connection.run_sync(projector.projection.metadata.drop_all)
        await connection.exec_driver_sql("DELETE FROM projection_positions")
    assert await gateway.jobs() == listed


def _before(step: str) -> str | None:
    steps = (None, "preflight", "extraction", "plan", "batches", "translation", "qa")
    return steps[steps.index(step) - 1]


async def test_a_batch_that_is_projected_twice_changes_nothing(gateway: Gateway) -> None:
    job_id = await gateway.history.submit("contract.docx", document=NEEDS_REVIEW)
    await gateway.history.advance(job_id, to="qa")
    listed = await gateway.jobs()
    audited = await gateway.audit.page(AuditFilter())
    async with gateway.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE projection_positions SET position = 3")
    assert await gateway.jobs() == listed
    assert await gateway.audit.page(AuditFilter()) == audited


async def test_what_went_wrong_is_on_the_row(gateway: Gateway) -> None:
    parked = await gateway.history.submit("parked.docx")
    await gateway.history.advance(parked, to="plan")
    await gateway.history.fail(parked, WorkKind.TRANSLATION_BATCH, index=1)
    await gateway.history.park(parked, WorkKind.TRANSLATION_BATCH)
    blocked = await gateway.history.submit("blocked.docx")
    await gateway.history.block(blocked)
    retried = await gateway.history.submit("retried.docx")
    await gateway.history.advance(retried, to="plan")
    await gateway.history.fail(retried, WorkKind.TRANSLATION_BATCH)
    rows = {row.file_name: row for row in (await gateway.jobs()).rows}
    assert (rows["parked.docx"].status, rows["parked.docx"].trouble_code) == (
        JobStatus.FAILED,
        "engine.unauthorised",
    )
    assert (rows["blocked.docx"].status, rows["blocked.docx"].trouble_code) == (
        JobStatus.BLOCKED,
        "docx.encrypted",
    )
    assert (rows["retried.docx"].status, rows["retried.docx"].trouble_code) == (
        JobStatus.IN_PROGRESS,
        "engine.timeout",
    )


async def test_pages_of_the_list_follow_each_other_without_gap_or_repetition(
    gateway: Gateway,
) -> None:
    names = [f"{number:02}.docx" for number in range(11)]
    for name in names:
        gateway.history.now += timedelta(seconds=int(name[:2]) % 3 == 0)  # some at the same moment
        await gateway.history.submit(name)
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while cursor or not pages:
        page = await gateway.jobs(cursor=cursor, limit=4)
        seen += [row.file_name for row in page.rows]
        cursor, pages = page.next_cursor, pages + 1
    assert sorted(seen) == names
    assert pages == 3
    assert seen[0] in names[9:]


@pytest.mark.parametrize("cursor", ["", "nonsense", "WyJ1bml0cyIsM10", "WyJqb2JzIiwxLCJ4Il0"])
async def test_a_cursor_of_another_list_is_refused(gateway: Gateway, cursor: str) -> None:
    await gateway.project()
    with pytest.raises(InvalidCursorError):
        await gateway.views.list_jobs(JobFilter(), cursor=cursor)


async def test_filters_narrow_the_list_and_an_empty_project_scope_shows_nothing(
    gateway: Gateway,
) -> None:
    done = await gateway.history.submit("Straße.docx")
    await gateway.history.advance(done)
    await gateway.history.submit("100%_sure.docx", code="borealis")

    async def names(which: JobFilter) -> set[str]:
        return {row.file_name for row in (await gateway.jobs(which)).rows}

    assert await names(JobFilter(statuses=frozenset({JobStatus.COMPLETED}))) == {"Straße.docx"}
    assert await names(JobFilter(stage="intake")) == {"100%_sure.docx"}
    assert await names(JobFilter(project_ids=frozenset({project_id("borealis")}))) == {
        "100%_sure.docx"
    }
    assert await names(JobFilter(project_ids=frozenset())) == set()
    assert await names(JobFilter(text="STRASSE")) == {"Straße.docx"}
    assert await names(JobFilter(text="0%_s")) == {"100%_sure.docx"}
    assert await names(JobFilter(text="r%e")) == set()


async def test_jobs_are_found_by_language_engine_pipeline_submitter_and_day(
    gateway: Gateway,
) -> None:
    await gateway.history.submit("a.docx", target="de")
    await gateway.history.submit("b.docx", target="es", engine="pseudo")
    (row, _) = (await gateway.jobs(JobFilter())).rows
    day = row.submitted_at.astimezone(UTC).date()

    async def names(which: JobFilter) -> set[str]:
        return {row.file_name for row in (await gateway.jobs(which)).rows}

    assert await names(JobFilter(target_locale="de")) == {"a.docx"}
    assert await names(JobFilter(engine="pseudo")) == {"b.docx"}
    assert await names(JobFilter(pipeline_name=row.pipeline_name)) == {"a.docx", "b.docx"}
    assert await names(JobFilter(pipeline_name="another")) == set()
    assert row.submitted_by_name
    assert await names(JobFilter(submitter=row.submitted_by_name[1:].upper())) == {
        "a.docx",
        "b.docx",
    }
    assert await names(JobFilter(submitter="%")) == set()
    assert await names(JobFilter(first_day=day, last_day=day)) == {"a.docx", "b.docx"}
    assert await names(JobFilter(first_day=day + timedelta(days=1))) == set()
    assert await names(JobFilter(last_day=day - timedelta(days=1))) == set()


async def test_counts_say_how_many_jobs_stand_where_within_the_scope(gateway: Gateway) -> None:
    for number in range(3):
        await gateway.history.submit(f"{number}.docx")
    await gateway.history.submit("other.docx", code="borealis")
    await gateway.history.advance(await gateway.history.submit("done.docx"))
    await gateway.project()
    scope = frozenset({ATLAS})
    counts = await gateway.views.count_by_status(
        JobFilter(scope, statuses=frozenset({JobStatus.FAILED}))
    )
    assert counts == {JobStatus.QUEUED: 3, JobStatus.COMPLETED: 1}


def test_the_states_of_verification_are_the_verdicts_of_qa_and_two_without_one() -> None:
    assert set(VerificationState) == set(UnitVerdict) | {"pending", "left_as_is"}


async def test_an_erased_artifact_leaves_the_view_and_an_erased_record_leaves_no_name(
    gateway: Gateway,
) -> None:
    job_id = await gateway.history.submit("secret.docx")
    await gateway.history.advance(job_id, to="preflight")
    await gateway.project()
    job, _ = await Jobs(gateway.store).load(job_id)
    source = job.source
    await gateway.objects.delete(ATLAS, source)
    await gateway.objects.delete(ATLAS, job.needed_input(e.INTAKE_INPUT))
    await gateway.history.say(
        job_id, e.ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=source.digest)
    )
    (row,) = (await gateway.jobs()).rows
    assert (row.file_name, row.document_title, row.external_reference) == ("", "", "")
    async with gateway.engine.connect() as connection:
        kinds = (await connection.execute(select(artifacts.c.kind))).scalars().all()
        searchable = (await connection.execute(select(jobs.c.search_text))).scalar_one()
    assert kinds == [ArtifactKind.PREFLIGHT_REPORT.value]
    assert "secret" not in searchable


async def test_the_audit_names_the_person_and_the_address_until_they_are_erased(
    gateway: Gateway,
) -> None:
    job_id = await gateway.history.submit("contract.docx")
    await gateway.history.say(job_id, e.CancelRequested(), actor="user:ada")
    await gateway.project()
    newest, oldest = await gateway.audit.page(AuditFilter(entity_id=str(job_id)))
    assert (newest.action, oldest.action) == ("job.cancel_requested", "job.submitted")
    assert (newest.actor, newest.actor_name, newest.source_address) == (
        "user:ada",
        "Ada Lovelace",
        "192.0.2.7",
    )
    assert newest.before_digest == oldest.after_digest

    actor = ActorRecord(actor_id=None, display_name="Ada Lovelace", source_address="192.0.2.7")
    await gateway.objects.delete(ATLAS, await put_value(gateway.objects, ATLAS, actor))
    async with gateway.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE projection_positions SET position = 0")
    await gateway.project()
    rows = await gateway.audit.page(AuditFilter(actor="user:ada"))
    assert [(row.actor_name, row.source_address) for row in rows] == [("", ""), ("", "")]


async def test_the_audit_is_searched_by_time_and_action_and_read_in_pages(gateway: Gateway) -> None:
    job_id = await gateway.history.submit("contract.docx")
    await gateway.history.advance(job_id)
    await gateway.project()
    everything = await gateway.audit.page(AuditFilter(project_ids=frozenset({ATLAS})))
    first = await gateway.audit.page(AuditFilter(), limit=5)
    rest = await gateway.audit.page(AuditFilter(), before=first[-1].key)
    assert [*first, *rest] == everything
    moment = everything[4].occurred_at
    since = await gateway.audit.page(AuditFilter(since=moment))
    until = await gateway.audit.page(AuditFilter(until=moment))
    assert [*since, *until] == everything
    started = await gateway.audit.page(AuditFilter(action="phase.started"))
    assert len(started) == 5
    assert await gateway.audit.page(AuditFilter(project_ids=frozenset({uuid4()}))) == []


async def test_position_is_that_of_the_view_which_lags_most(gateway: Gateway) -> None:
    await gateway.history.submit("contract.docx")
    jobs_view, *others = projectors(gateway.store, gateway.objects, gateway.engine)
    for projector in (jobs_view, *others):
        await projector.open()
    await jobs_view.catch_up()
    assert await views_position(gateway.engine, gateway.store).position() == 0
    for projector in others:
        await projector.catch_up()
    assert (
        await views_position(gateway.engine, gateway.store).position()
        == await gateway.store.head_position()
        == 1
    )


async def test_a_process_that_begins_in_the_midst_of_a_job_goes_on_where_the_last_one_ended(
    gateway: Gateway,
) -> None:
    job_id = await gateway.history.submit("contract.docx")
    await gateway.history.advance(job_id, to="plan")
    await gateway.project()
    await gateway.history.translate(job_id, 0)
    await gateway.project()
    await gateway.history.translate(job_id, 1)
    (row,) = (await gateway.jobs()).rows
    assert row.translated_count == 7


async def test_a_row_holds_a_job_s_key_its_project_what_a_list_shows_and_what_it_is_searched_by() -> (
    None
):
    """What is kept for nobody is projected, stored and migrated for nobody."""
    of_subject = {"subject_kind", "subject_id", "subject_version"}
    of_coverage = {
        f"covered_{each}"
        for each in ("units", "words", "translated", "pending", "reviewed", "approved")
    }
    assert set(jobs.c.keys()) - set(JobRow.model_fields) == {
        "is_removed",
        "search_text",
        *of_subject,
        *of_coverage,
    }
