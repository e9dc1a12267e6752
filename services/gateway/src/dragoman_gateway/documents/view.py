"""The view of documents: its table, its projection, and how it is read.

A document's status is that of its newest job, which the view of jobs has: the two are joined when
they are read, so that no event is written twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from cachetools import LRUCache
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.events import StreamType
from dragoman_contracts.model import Value
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.documents.rules import (
    Document,
    DocumentStatus,
    evolve,
    fold,
    status_of_job,
    statuses_of,
)
from dragoman_gateway.jobs.view.projection import Streams
from dragoman_gateway.jobs.view.tables import jobs
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import DamagedEventError, Stored
from dragoman_runtime.eventstore.reading import UNREADABLE
from dragoman_runtime.projection import Write, translated_errors, versioned
from dragoman_runtime.rebuild import Row, beside
from dragoman_runtime.table_differences import ERASED

DOCUMENTS_VERSION = 1
"""Raise it with every change of the table, which is then built anew."""

_CAPACITY = 4096
_log = structlog.stdlib.get_logger()

documents_metadata = MetaData()

_documents = versioned("view_documents", DOCUMENTS_VERSION)
documents = Table(
    _documents,
    documents_metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("version_count", Integer, nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("project_code", Text, nullable=False, info={ERASED: ""}),
    Column("file_name", Text, nullable=False, info={ERASED: ""}),
    Column("document_title", Text, nullable=False, info={ERASED: ""}),
    Column("external_reference", Text, nullable=False, info={ERASED: ""}),
    Column("registered_at", BigInteger, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("reset_at", BigInteger),
    Column("is_removed", Boolean, nullable=False),
    Column("search_text", Text, nullable=False, info={ERASED: "\n\n"}),
    Index(f"{_documents}_newest", "added_at", "document_id"),
    Index(f"{_documents}_project", "project_id", "added_at", "document_id"),
)
"""One row a document, as its stream stands at the view's position."""


class DocumentsProjection:
    """Writes `view_documents`."""

    name = "documents"
    version = DOCUMENTS_VERSION

    def __init__(self, store: Streams, records: Records, suffix: str = "") -> None:
        """Tables whose names end with `suffix` are those of a rebuild."""
        self._store = store
        self._records = records
        self._metadata = beside(documents_metadata, suffix)
        self._documents = self._metadata.tables[documents.name + suffix]
        self._kept: LRUCache[UUID, Document] = LRUCache(_CAPACITY)
        self._changed: dict[UUID, Document] = {}
        self._unfoldable: frozenset[UUID] = frozenset()

    @property
    def metadata(self) -> MetaData:
        """The documents' table."""
        return self._metadata

    def cost(self, stored: Stored) -> int:
        """One place: a document of many events in a batch is still one row."""
        return 1

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """The rows of every document the batch tells of."""
        self._changed = {}
        for stored in batch:
            if stored.recorded.stream_type is StreamType.DOCUMENT:
                await self._fold(stored)
        rows = await asyncio.gather(*(self._row(each) for each in self._changed.values()))
        if not rows:
            return []
        ids = list(self._changed)
        table = self._documents
        return [
            Write(delete(table).where(table.c.document_id.in_(ids))),
            Write(insert(table), list(rows)),
        ]

    @property
    def incomplete(self) -> frozenset[UUID]:
        """None: what was erased leaves columns empty, which is compared as such."""
        return frozenset()

    @property
    def unfoldable(self) -> frozenset[UUID]:
        """The documents of the last `rows_of` whose events make no sense together."""
        return self._unfoldable

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[Row]]]:
        """One row for each of these documents."""
        told = [
            stream for stream in streams if stream[0].recorded.stream_type is StreamType.DOCUMENT
        ]
        self._unfoldable = frozenset()
        folded = [self._folded(stream) for stream in told]
        rows = await asyncio.gather(*(self._row(each) for each in folded if each is not None))
        return ((self._documents, list(rows)),)

    def _folded(self, stream: Sequence[Stored]) -> Document | None:
        try:
            return fold(each.recorded for each in stream)
        except UNREADABLE as error:
            document_id = stream[0].recorded.stream_id
            _log.error("projection.document_damaged", document_id=str(document_id), exc_info=error)
            self._unfoldable |= {document_id}
            return None

    def committed(self) -> None:
        """Keep the folded documents, the ones of longest ago no more."""
        self._kept.update(self._changed)
        self._changed = {}

    async def _fold(self, stored: Stored) -> None:
        recorded = stored.recorded
        document_id = recorded.stream_id
        try:
            known = self._changed.get(document_id) or self._kept.get(document_id)
            if recorded.version > 1 and (
                known is None or known.subject.version < recorded.version - 1
            ):
                stream = await self._store.read(document_id)
                known = fold(each.recorded for each in stream[: recorded.version - 1])
            if known is None or known.subject.version < recorded.version:
                known = evolve(known, recorded)
            self._changed[document_id] = known
        except (DamagedEventError, *UNREADABLE) as error:
            _log.error("projection.document_damaged", document_id=str(document_id), exc_info=error)

    async def _row(self, document: Document) -> dict[str, object]:
        subject = document.subject
        source = subject.sources[-1] if subject.sources else None
        ref = subject.records[-1] if subject.records else subject.record
        record = await self._records.find(subject.project_id, ref, IntakeRecord) if ref else None
        names = (
            (record.file_name, record.document_title, record.external_reference)
            if record
            else ("", "", "")
        )
        return {
            "document_id": subject.subject_id,
            "project_id": subject.project_id,
            "version_count": len(subject.sources),
            "media_type": source.media_type if source else "",
            "size_bytes": source.size_bytes if source else 0,
            "project_code": record.project_code if record else "",
            "file_name": names[0],
            "document_title": names[1],
            "external_reference": names[2],
            "registered_at": to_micros(document.registered_at),
            "added_at": to_micros(
                document.added_at[-1] if document.added_at else document.registered_at
            ),
            "reset_at": to_micros(document.reset_at) if document.reset_at else None,
            "is_removed": subject.is_removed,
            "search_text": "\n".join(names).casefold(),
        }


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents a list shows. `project_ids` None means every project, an empty set none.
    `text` is looked for, case folded, in file name, title and external reference.
    """

    project_ids: frozenset[UUID] | None = None
    status: DocumentStatus | None = None
    text: str = ""


class DocumentRow(Value):
    """A document as the list shows it. `job_id`, `job_status` and `pipeline_name` are those of the
    job that says its status; None where it has none.
    """

    document_id: UUID
    project_id: UUID
    project_code: str
    file_name: str
    document_title: str
    external_reference: str
    media_type: str
    size_bytes: int
    version_count: int
    registered_at: datetime
    added_at: datetime
    job_id: UUID | None
    job_status: JobStatus | None
    pipeline_name: str | None

    @property
    def status(self) -> DocumentStatus:
        """How far the document is."""
        return (
            DocumentStatus.UPLOADED if self.job_status is None else status_of_job(self.job_status)
        )


_codec = CursorCodec("documents", tuple[int, UUID])
_JOINED = frozenset({"job_id", "job_status", "pipeline_name"})
_own = [documents.c[name] for name in DocumentRow.model_fields if name not in _JOINED]
_newest_job = (
    select(jobs.c.job_id)
    .where(
        jobs.c.subject_id == documents.c.document_id,
        jobs.c.submitted_at > func.coalesce(documents.c.reset_at, -1),
    )
    .order_by(jobs.c.submitted_at.desc(), jobs.c.job_id.desc())
    .limit(1)
    .correlate(documents)
    .scalar_subquery()
)
# Where the newest job was removed, nothing is said of the document: as `rules.newest` decides.
_joined = documents.outerjoin(
    jobs, and_(jobs.c.job_id == _newest_job, jobs.c.is_removed.is_(False))
)


class DocumentQueries:
    """Documents as the projection wrote them.

    Every method raises RetryableError while the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_documents(
        self, which: DocumentFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[DocumentRow]:
        """Documents, the one whose newest version came in last first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        statement = (
            select(
                *_own,
                jobs.c.job_id,
                jobs.c.status.label("job_status"),
                jobs.c.pipeline_name,
            )
            .select_from(_joined)
            .where(_matches(which))
            .order_by(documents.c.added_at.desc(), documents.c.document_id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(
                tuple_(documents.c.added_at, documents.c.document_id) < _codec.key(cursor)
            )
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_document_row(row) for row in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, last and _codec.cursor((to_micros(last.added_at), last.document_id)))

    async def count_by_status(self, which: DocumentFilter) -> Mapping[DocumentStatus, int]:
        """How many documents have which status, whatever status the filter asks for."""
        everywhere = DocumentFilter(which.project_ids, None, which.text)
        statement = (
            select(jobs.c.status, func.count())
            .select_from(_joined)
            .where(_matches(everywhere))
            .group_by(jobs.c.status)
        )
        counts: dict[DocumentStatus, int] = {}
        async with translated_errors(), self._engine.connect() as connection:
            for status, count in await connection.execute(statement):
                word = (
                    DocumentStatus.UPLOADED if status is None else status_of_job(JobStatus(status))
                )
                counts[word] = counts.get(word, 0) + int(count)
        return counts


def _matches(which: DocumentFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [documents.c.is_removed.is_(False)]
    if which.project_ids is not None:
        ids = which.project_ids
        terms.append(documents.c.project_id.in_(ids) if ids else false())
    if which.status is not None:
        of_job = jobs.c.status.in_([status.value for status in statuses_of(which.status)])
        is_uploaded = which.status is DocumentStatus.UPLOADED
        terms.append(or_(of_job, jobs.c.status.is_(None)) if is_uploaded else of_job)
    if which.text.strip():
        text = which.text.strip().casefold()
        terms.append(documents.c.search_text.contains(text, autoescape=True))
    return and_(*terms)


def _document_row(row: RowMapping) -> DocumentRow:
    times = {name: from_micros(row[name]) for name in ("registered_at", "added_at")}
    return DocumentRow.model_validate({**row, **times})
