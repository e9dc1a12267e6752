"""What of a changed file is taken, and what is rejected, in every format."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from uuid import UUID

import pytest

from documents.examples import content_of
from dragoman_contracts.reports import ReviewStage, UnitVerdict
from dragoman_contracts.text import Content, TagRole, TagSpec
from dragoman_exchange import (
    ExchangeFormat,
    ExchangeRefusedError,
    Reading,
    ReviewDocument,
    ReviewUnit,
    read_review,
    target_digest,
    write_review,
)
from exchange.reviews import COMMENT, FINDING, READABLE, document, unit

SOURCE = content_of("See <1>Acme</1>, page <2/>.")
TAGS = (
    TagSpec(id=1, role=TagRole.LINK),
    TagSpec(id=2, role=TagRole.FIELD, can_reorder=False),
    TagSpec(id=3, role=TagRole.FORMAT, can_delete=True, can_copy=True),
)
U1 = unit(
    "u1", SOURCE, content_of("Siehe <1>Acme</1>, Seite <2/>."), tags=TAGS, findings=(FINDING,)
)
U2 = unit("u2", ("A & B",), ("A und B",), comments=(COMMENT,))
REVIEW = document(U1, U2)
TABLES = (ExchangeFormat.BILINGUAL_DOCX, ExchangeFormat.BILINGUAL_XLSX)
every_readable = pytest.mark.parametrize("format", READABLE)


def with_target(target: Content, **changes: object) -> ReviewDocument:
    """The job as the reviewer leaves it."""
    changed = U1.model_copy(update={"target": target, **changes})
    return document(changed, U2)


def reviewed(format: ExchangeFormat, changed: ReviewDocument) -> Reading:
    """The file of the changed job with the marks of the job as it was exported."""
    data = write_review(format, changed)
    marks = {
        _mark(after): _mark(before)
        for before, after in zip(REVIEW.units, changed.units, strict=True)
        if _mark(after) != _mark(before)
    }
    return read_review(REVIEW, replaced(data, marks))


def _mark(each: ReviewUnit) -> str:
    return f"{target_digest(each.target)} {each.stage}"


def replaced(data: bytes, changes: Mapping[str, str]) -> bytes:
    """The file with other text in it, also where it is packed."""
    if not data.startswith(b"PK"):
        for old, new in changes.items():
            data = data.replace(old.encode(), new.encode())
        return data
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            after.writestr(name, replaced(before.read(name), changes))
    return buffer.getvalue()


@every_readable
def test_a_changed_target_is_taken_with_the_digest_of_its_export(format: ExchangeFormat) -> None:
    target = content_of("Siehe bei <1>Acme</1> Seite <2/>!")
    reading = reviewed(format, with_target(target))
    assert (reading.format, reading.rejected, reading.repairs) == (format, (), ())
    first, second = reading.imported
    assert (first.target, first.stage, first.base) == (target, None, target_digest(U1.target))
    assert (second.target, second.comment) == (U2.target, "")


@every_readable
@pytest.mark.parametrize(
    "stage", [each for each in ReviewStage if each is not ReviewStage.TRANSLATED]
)
def test_a_stage_that_the_reviewer_set_is_said(format: ExchangeFormat, stage: ReviewStage) -> None:
    reading = reviewed(format, with_target(U1.target, stage=stage))
    assert [each.stage for each in reading.imported] == [stage, None]


@pytest.mark.parametrize("format", [ExchangeFormat.TMX, ExchangeFormat.XLIFF_2_1])
def test_human_verified_is_said_where_the_file_says_it(format: ExchangeFormat) -> None:
    changed = with_target(U1.target, verification_state=UnitVerdict.HUMAN_VERIFIED)
    assert [each.is_verified for each in reviewed(format, changed).imported] == [True, False]


WRONG: dict[str, tuple[str, str]] = {
    "a tag that must stay is missing": ("Siehe Acme, Seite <2/>.", "Put <1>, </1> back"),
    "a tag the source does not have": (
        "Siehe <1>Acme</1>, Seite <2/><9/>.",
        "Take <9/> out: the source has no tag",
    ),
    "a copy that is not allowed": (
        "<1>Acme</1>, <1>Acme</1>, Seite <2/>.",
        "Take the copy of <1>, </1> out",
    ),
    "a pair that does not nest": ("Siehe </1>Acme<1>, Seite <2/>.", "Close <1>"),
    "a pair without text": ("Siehe Acme<1></1>, Seite <2/>.", "Put text between the tags of <1>"),
}


@every_readable
@pytest.mark.parametrize("kind", WRONG)
def test_tags_that_do_not_fit_reject_their_unit(format: ExchangeFormat, kind: str) -> None:
    text, reason = WRONG[kind]
    reading = reviewed(format, with_target(content_of(text)))
    assert [each.unit_id for each in reading.imported] == ["u2"]
    (rejection,) = reading.rejected
    assert (rejection.unit_id, rejection.code) == ("u1", "exchange.tags")
    assert reason in rejection.reason
    assert rejection.place


@every_readable
@pytest.mark.parametrize(
    ("target", "code"),
    [((), "exchange.empty"), ((" ",), "exchange.empty"), (("x" * 100_001,), "exchange.too_long")],
)
def test_a_target_that_is_none_is_rejected(
    format: ExchangeFormat, target: Content, code: str
) -> None:
    is_cut = format is ExchangeFormat.BILINGUAL_XLSX and len("".join(map(str, target))) > 32_767
    if is_cut:  # a cell cannot hold it: the file has no such target
        code = "exchange.empty"
    reading = reviewed(format, with_target(target))
    assert [each.code for each in reading.rejected] == [code]
    assert [each.unit_id for each in reading.imported] == ["u2"]


@every_readable
def test_line_breaks_become_spaces_where_the_job_has_none(format: ExchangeFormat) -> None:
    changed = document(U1, U2.model_copy(update={"target": ("A \n und\nB",)}))
    reading = reviewed(format, changed)
    assert reading.imported[1].target == ("A und B",)
    assert [(each.code, each.count) for each in reading.repairs] == [("exchange.line_break", 1)]


@every_readable
def test_an_unknown_unit_is_rejected(format: ExchangeFormat) -> None:
    data = write_review(format, REVIEW)
    reading = read_review(document(U2), data)
    assert [(each.unit_id, each.code) for each in reading.rejected] == [
        ("u1", "exchange.unit_unknown")
    ]
    assert [each.unit_id for each in reading.imported] == ["u2"]


@every_readable
def test_a_unit_that_stands_twice_with_different_targets_is_rejected(
    format: ExchangeFormat,
) -> None:
    other = U2.model_copy(update={"target": ("A plus B",)})
    data = write_review(format, document(U1, U2, other))
    reading = read_review(REVIEW, data)
    assert [(each.unit_id, each.code) for each in reading.rejected] == [
        ("u2", "exchange.doubled")
    ] * 2
    assert len({each.place for each in reading.rejected}) == (1 if "xliff" in format else 2)
    same = read_review(REVIEW, write_review(format, document(U1, U2, U2)))
    assert [each.unit_id for each in same.imported] == ["u1", "u2"]
    assert [each.code for each in same.repairs] == ["exchange.repeated"]


@pytest.mark.parametrize("format", [each for each in READABLE if each not in TABLES])
def test_a_unit_whose_source_has_changed_is_rejected(format: ExchangeFormat) -> None:
    data = replaced(write_review(format, REVIEW), {"A &amp; B": "A or B"})
    reading = read_review(REVIEW, data)
    assert [(each.unit_id, each.code) for each in reading.rejected] == [
        ("u2", "exchange.source_changed")
    ]


@pytest.mark.parametrize("format", TABLES)
def test_source_and_findings_of_a_table_are_not_read_back(format: ExchangeFormat) -> None:
    data = replaced(write_review(format, REVIEW), {"A &amp; B": "x", "numbers.missing": "y"})
    assert read_review(REVIEW, data) == read_review(REVIEW, write_review(format, REVIEW))


OTHERS: dict[str, tuple[dict[str, object], str]] = {
    "another job": ({"job_id": UUID(int=1)}, "exchange.other_job"),
    "another document": ({"document_id": UUID(int=1)}, "exchange.other_job"),
    "another version": ({"version": 4}, "exchange.other_version"),
    "another source": ({"source_locale": "fr"}, "exchange.other_locales"),
    "another target": ({"target_locale": "it"}, "exchange.other_locales"),
}


@every_readable
@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_something_else_is_refused_whole(format: ExchangeFormat, kind: str) -> None:
    changes, code = OTHERS[kind]
    data = write_review(format, REVIEW)
    now = ReviewDocument.model_validate({**REVIEW.model_dump(), **changes})
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(now, data)
    assert refused.value.code == code
    assert ";" in refused.value.message  # the cure follows


@every_readable
def test_a_file_that_is_too_large_is_refused(format: ExchangeFormat) -> None:
    data = write_review(format, REVIEW)
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(REVIEW, data, max_bytes=len(data) - 1)
    assert refused.value.code == "exchange.too_large"


COMMENTED: dict[ExchangeFormat, Callable[[bytes], bytes]] = {
    ExchangeFormat.TMX: lambda data: data.replace(
        b'<tu tuid="u2">', b'<tu tuid="u2"><note>Mine &amp; new</note>'
    ),
    ExchangeFormat.XLIFF_1_2: lambda data: re.sub(
        rb"</trans-unit>\n</body>", rb"<note>Mine &amp; new</note></trans-unit></body>", data
    ),
    ExchangeFormat.XLIFF_2_1: lambda data: data.replace(
        b"</note></notes>\n<segment", b"</note><note>Mine &amp; new</note></notes>\n<segment"
    ),
}


@pytest.mark.parametrize("format", COMMENTED)
def test_a_new_note_is_a_comment_and_the_old_ones_are_not(format: ExchangeFormat) -> None:
    data = COMMENTED[format](write_review(format, REVIEW))
    reading = read_review(REVIEW, data)
    assert [each.comment for each in reading.imported] == ["", "Mine & new"]
