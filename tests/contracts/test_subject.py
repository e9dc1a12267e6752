"""The document: which version a submitted file is, and the jobs opened on it."""

from __future__ import annotations

from uuid import uuid5

import pytest

from contracts.streams import PROJECT, JobStream, ref
from dragoman_contracts import events as e
from dragoman_contracts.events import RevisionStrategy
from dragoman_contracts.identity import document_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.subject import document_scope
from dragoman_contracts.subject_state import Subject, VersionRefusedError, decide_version, fold

HANDBOOK = document_id(PROJECT, "handbook")
FIRST, SECOND, RECORD = ref("first content"), ref("second content"), ref("the intake record")
REGISTERED = e.DocumentRegistered(record=RECORD)


def version(number: int, content: str) -> e.DocumentVersionAdded:
    return e.DocumentVersionAdded(number=number, source=ref(content), record=RECORD)


def opened(job: str, locale: str = "es", number: int = 1) -> e.JobOpened:
    return e.JobOpened(
        job_id=uuid5(PROJECT, job),
        document_version=number,
        target_locale=Locale(locale),
        pipeline_name="translate-docx",
    )


def given(*events: e.Event) -> Subject:
    stream = JobStream(HANDBOOK)
    stream.append(*events)
    document = fold(stream.recorded)
    assert document is not None
    return document


ONE_VERSION = given(REGISTERED, version(1, "first content"))
TWO_VERSIONS = given(REGISTERED, version(1, "first content"), version(2, "second content"))
SAME_TWICE = given(REGISTERED, version(1, "first content"), version(2, "first content"))


def test_there_is_no_document_before_its_first_event() -> None:
    assert fold([]) is None


@pytest.mark.parametrize("strategy", [RevisionStrategy.AUTO, RevisionStrategy.NEW_VERSION])
def test_the_first_file_registers_the_document_and_is_version_1(strategy: RevisionStrategy) -> None:
    assert decide_version(None, FIRST, RECORD, strategy) == (
        1,
        (REGISTERED, version(1, "first content")),
    )


def test_other_content_is_a_new_version() -> None:
    assert decide_version(ONE_VERSION, SECOND, RECORD, RevisionStrategy.AUTO) == (
        2,
        (version(2, "second content"),),
    )


def test_known_content_is_the_version_it_was() -> None:
    assert decide_version(TWO_VERSIONS, FIRST, RECORD, RevisionStrategy.AUTO) == (1, ())
    assert decide_version(TWO_VERSIONS, SECOND, RECORD, RevisionStrategy.SAME_VERSION) == (2, ())


def test_content_of_two_versions_is_the_later_one() -> None:
    assert decide_version(SAME_TWICE, FIRST, RECORD, RevisionStrategy.AUTO) == (2, ())


def test_a_new_version_can_be_asked_for_with_known_content() -> None:
    decided = decide_version(ONE_VERSION, FIRST, RECORD, RevisionStrategy.NEW_VERSION)
    assert decided == (2, (version(2, "first content"),))


@pytest.mark.parametrize("document", [None, ONE_VERSION], ids=["unknown document", "other content"])
def test_the_same_version_with_other_content_is_refused(document: Subject | None) -> None:
    with pytest.raises(VersionRefusedError, match="revision_strategy") as caught:
        decide_version(document, SECOND, RECORD, RevisionStrategy.SAME_VERSION)
    assert caught.value.code == "document.version_refused"


def test_what_was_decided_folds_to_the_version_decided() -> None:
    number, events = decide_version(ONE_VERSION, SECOND, RECORD, RevisionStrategy.AUTO)
    document = given(REGISTERED, version(1, "first content"), *events)
    assert document.sources[number - 1] == SECOND
    assert decide_version(document, SECOND, RECORD, RevisionStrategy.AUTO) == (number, ())


def test_a_version_locale_and_pipeline_know_the_job_last_opened_for_them() -> None:
    document = given(
        REGISTERED, version(1, "first content"), opened("a"), opened("b", "fr"), opened("c")
    )
    spanish, french = (document_scope(1, Locale(tag), "translate-docx") for tag in ("es", "fr"))
    assert document.last_job(spanish) == uuid5(PROJECT, "c")
    assert document.last_job(french) == uuid5(PROJECT, "b")
    assert document.last_job(document_scope(2, Locale("es"), "translate-docx")) is None
    assert document.version == 5


def test_an_event_that_does_not_follow_is_refused() -> None:
    mine, other = JobStream(HANDBOOK), JobStream(document_id(PROJECT, "leaflet"))
    for stream in (mine, other):
        stream.append(REGISTERED, version(1, "first content"))
    for broken in (mine.recorded[1:], [mine.recorded[0], other.recorded[1]]):
        with pytest.raises(ValueError, match="does not follow"):
            fold(broken)
