"""Files that other programs opened and saved come back as they were, or as they were edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents.examples import content_of
from documents.office import SOFFICE
from dragoman_contracts.text import Content, TagRole, TagSpec
from dragoman_exchange import ExchangeFormat, ReviewDocument, read_review, write_review
from exchange.foreign import HAS_CALC, OMEGAT, OmegatProject, saved_by_office
from exchange.reviews import COMMENT, FINDING, assert_unchanged, document, unit

needs_omegat = pytest.mark.skipif(not OMEGAT, reason="OmegaT is not on this machine")
needs_office = pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not on this machine")

SOURCE = content_of("Pay <1>now</1>, page <2/>.")
TARGETS: list[Content] = [
    content_of("Jetzt <1>zahlen</1>, Seite <2/>."),
    ("  zwei  Leerzeichen, A < B & C  ",),
    ("Text wie <5> und </6> und <\\7>", *content_of("<1>fett<2/></1>")),
    ("=1+1",),
    ("+41 44 000 00 00",),
    ("@home; -5; 007",),
    ("𝒳🙂 e\u0301 – „Zitat“ \u00a0| \u2011 | \u200f|",),
    ("مرحبا 12 ", *content_of("<1>عالم</1> (a)")),
    ("你好。「世界」",),
    ("TRUE",),
    ("1/2",),
    ("12345678901234567890",),
]
REVIEW = document(
    *(
        unit(
            f"word/document.xml#{number}.0",
            SOURCE,
            target,
            findings=(FINDING,) if number % 2 else (),
            comments=(COMMENT,) if number % 3 else (),
        )
        for number, target in enumerate(TARGETS)
    )
)
XLIFF = [ExchangeFormat.XLIFF_1_2, ExchangeFormat.XLIFF_2_1]


@needs_omegat
@pytest.mark.parametrize("format", XLIFF)
def test_omegat_translates_xliff_and_leaves_what_is_not_translated(
    format: ExchangeFormat, tmp_path: Path
) -> None:
    project = OmegatProject(tmp_path, "review.xlf", write_review(format, REVIEW))
    assert_unchanged(read_review(REVIEW, project.translated()), REVIEW)


@needs_omegat
def test_a_target_that_was_corrected_in_omegat_comes_back(tmp_path: Path) -> None:
    data = write_review(ExchangeFormat.XLIFF_1_2, REVIEW)
    project = OmegatProject(tmp_path, "review.xlf", data)
    project.remember(
        "Jetzt &lt;g0&gt;zahlen&lt;/g0&gt;, Seite &lt;x1/&gt;.",
        "Bitte &lt;g0&gt;sofort&lt;/g0&gt; zahlen (Seite &lt;x1/&gt;).",
    )
    reading = read_review(REVIEW, project.translated())
    assert reading.rejected == ()
    assert reading.imported[0].target == content_of("Bitte <1>sofort</1> zahlen (Seite <2/>).")
    assert [each.target for each in reading.imported[1:]] == TARGETS[1:]


@needs_omegat
def test_a_memory_that_omegat_exports_is_told_by_source_texts(tmp_path: Path) -> None:
    untranslated = document(unit("u1", SOURCE, SOURCE), unit("u2", ("Yes",), ("Ja",)))
    project = OmegatProject(
        tmp_path, "review.xlf", write_review(ExchangeFormat.XLIFF_1_2, untranslated)
    )
    project.remember(
        "Pay &lt;g0&gt;now&lt;/g0&gt;, page &lt;x1/&gt;.",
        "Jetzt &lt;g0&gt;zahlen&lt;/g0&gt;, Seite &lt;x1/&gt;.",
    )
    project.translated()
    reading = read_review(untranslated, project.memory())
    assert [(each.unit_id, each.target) for each in reading.imported] == [("u1", TARGETS[0])]
    assert "exchange.id_lost" in {each.code for each in reading.repairs}


def of_locales(review: ReviewDocument, source: str, target: str) -> ReviewDocument:
    return ReviewDocument.model_validate(
        {**review.model_dump(), "source_locale": source, "target_locale": target}
    )


@needs_office
@pytest.mark.parametrize("target", ["de-CH", "ar", "ja"])
@pytest.mark.parametrize(
    "format",
    [
        ExchangeFormat.BILINGUAL_DOCX,
        pytest.param(
            ExchangeFormat.BILINGUAL_XLSX,
            marks=pytest.mark.skipif(
                not HAS_CALC, reason="LibreOffice Calc is not on this machine"
            ),
        ),
    ],
)
def test_a_table_that_libreoffice_saved_is_the_same(
    format: ExchangeFormat, target: str, tmp_path: Path
) -> None:
    review = of_locales(REVIEW, "en", target)
    lined = document(
        *review.units,
        unit("lines", ("a\nb\tc",), ("d\n e\tf ",), tags=(TagSpec(id=1, role=TagRole.TAB),)),
        target=target,
    )
    data = write_review(format, lined)
    saved = saved_by_office(tmp_path, f"review{format.suffix}", data)
    assert saved != data
    assert_unchanged(read_review(lined, saved), lined)
