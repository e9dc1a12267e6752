"""The steps of translation memories: a file taken in, and segments built for the search.

memory-import    memory_import: TMX → units, published wholly or dropped · memory_index
memory-index     memory_index: new units → segments
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value

TMX_MEDIA_TYPE = "application/x-tmx+xml"
"""The media type of a TMX file."""

TMX_INPUT = "tmx"
"""The name under which a job of `memory_import` holds its file."""

RECORD_INPUT = "import"
"""The name under which a job of `memory_import` holds its `ImportRecord`."""

IMPORT_REPORT = "import-report.json"
"""The name of the artifact that says what became of a file's units."""

IMPORT_PHASE, INDEX_PHASE = "import", "index"

TrustedState = Literal["candidate", "reviewed", "approved"]


class MemoryImportConfig(Value):
    """Config of `memory_import`: the memory that the job's TMX is taken into, and the pair of
    locales that is read of it.

    `state` is how far units are trusted; with `keeps_states` a state that the file says itself is
    kept, as in an export of ours. A `dry_run` reports all and keeps nothing.
    """

    memory_id: UUID
    source_language: Locale
    target_language: Locale
    state: TrustedState = "reviewed"
    keeps_states: bool = False
    segment_type: Literal["sentence", "paragraph"] = "sentence"
    domain: Annotated[str, Field(max_length=60)] = ""
    dry_run: bool = False


class ImportRecord(Value):
    """The importer's statements, kept outside the events so that it can be erased: where units come
    from that do not say so themselves.
    """

    origin: Annotated[str, Field(max_length=200)] = ""


class MemoryIndexConfig(Value):
    """Config of `memory_index`: the memory whose new units get segments."""

    memory_id: UUID
