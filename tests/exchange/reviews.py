"""Documents under review for the tests: a fixed one, and any one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, ReviewStage, Severity, UnitVerdict
from dragoman_contracts.text import (
    Content,
    ResultSource,
    Tag,
    TagRole,
    TagSpec,
    normalised,
)
from dragoman_exchange import (
    ExchangeFormat,
    Reading,
    ReviewComment,
    ReviewDocument,
    ReviewUnit,
    read_review,
    target_digest,
    write_review,
)
from linguistics.contents import damaged, nested_content

JOB = UUID("25e85430-cf0e-5ba5-9969-16a578c762e0")
WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
READABLE = [each for each in ExchangeFormat if each.is_readable]


def unit(
    unit_id: str,
    source: Content,
    target: Content,
    *,
    stage: ReviewStage = ReviewStage.TRANSLATED,
    verdict: UnitVerdict = UnitVerdict.NEEDS_REVIEW,
    tags: tuple[TagSpec, ...] | None = None,
    findings: tuple[QaFinding, ...] = (),
    comments: tuple[ReviewComment, ...] = (),
) -> ReviewUnit:
    """A unit; where no specs are given, its tags may be neither deleted nor copied."""
    ids = dict.fromkeys(part.id for part in source if isinstance(part, Tag))
    specs = tuple(TagSpec(id=each, role=TagRole.FORMAT) for each in ids) if tags is None else tags
    return ReviewUnit(
        unit_id=unit_id,
        source=source,
        target=target,
        tags=specs,
        stage=stage,
        verification_state=verdict,
        result_source=ResultSource.ENGINE,
        findings=findings,
        comments=comments,
    )


def document(
    *units: ReviewUnit, source: str = "en", target: str = "de-CH", version: int = 3
) -> ReviewDocument:
    """A document of these units."""
    return ReviewDocument(
        job_id=JOB,
        document_id=UUID(int=7),
        version=version,
        source_locale=Locale(source),
        target_locale=Locale(target),
        tool_version="1.0",
        created_at=WHEN,
        title="Supply contract",
        units=units,
    )


FINDING = QaFinding(code="numbers.missing", severity=Severity.WARNING, message="12 is missing.")
COMMENT = ReviewComment(author="Ana", text="Use <Sie> here & there.", written_at=WHEN)


def written_and_read(format: ExchangeFormat, review: ReviewDocument) -> Reading:
    """The reading of a file that nobody changed."""
    return read_review(review, write_review(format, review))


def assert_unchanged(reading: Reading, review: ReviewDocument) -> None:
    """All units come back as the job has them, and nothing else is said of them."""
    assert reading.rejected == ()
    found = {each.unit_id: each for each in reading.imported}
    assert list(found) == [each.unit_id for each in review.units]
    for each in review.units:
        imported = found[each.unit_id]
        assert imported.target == each.target
        assert (imported.stage, imported.comment) == (None, "")
        assert imported.base == target_digest(each.target)


_AWKWARD = st.one_of(
    st.text(max_size=6),
    st.text(alphabet="ab <>/&\"'\\1259;_x\t\n\r\x00\x1f\ufffe", max_size=8),
    st.sampled_from(["<5>", "</1>", "<2/>", "<\\4>", "< 3 >", "<", "]]>", "&#x1F;", "None"]),
    st.sampled_from(["=1+1", "+", "@a", "-", "_x000D_", "_x0041_", "  ", " a ", "\ttab"]),
    st.sampled_from(["מזומן", "دفع", "你好。", "𝒳🙂", "e\u0301", "\ufffd", "\xad", "\u2011"]),
    st.sampled_from(["line\nline", "\r\n", "\xa0", "\x85", "\u2028", "\u200f", "\ufeff"]),
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Content with awkward text; most of its tags nest."""
    nested = draw(nested_content())
    mixed = normalised(
        draw(_AWKWARD) if isinstance(part, str) and draw(st.booleans()) else part for part in nested
    )
    return draw(damaged(mixed)) if draw(st.integers(0, 4)) == 0 else mixed


@st.composite
def reviews(draw: st.DrawFn) -> ReviewDocument:
    """Any document under review."""
    units = [
        unit(
            f"word/document.xml#{number}.0",
            draw(contents()),
            draw(contents()),
            stage=draw(st.sampled_from(ReviewStage)),
            verdict=draw(st.sampled_from(UnitVerdict)),
            tags=tuple(
                TagSpec(
                    id=each,
                    role=draw(st.sampled_from(TagRole)),
                    can_delete=draw(st.booleans()),
                    can_copy=draw(st.booleans()),
                    can_reorder=draw(st.booleans()),
                    equivalent=draw(st.sampled_from(["", "\t", "\n", "-", "<"])),
                )
                for each in draw(st.lists(st.integers(1, 40), unique=True, max_size=4))
            ),
            findings=draw(st.sampled_from([(), (FINDING,)])),
            comments=draw(st.sampled_from([(), (COMMENT,), (COMMENT, COMMENT)])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    locales = st.sampled_from(["en", "de-CH", "ar", "he", "zh-Hant", "ja", "ko", "fa-AF"])
    return document(*units, source=draw(locales), target=draw(locales))
