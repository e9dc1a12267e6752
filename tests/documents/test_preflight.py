"""What a document holds is found before anybody pays for its translation."""

import pytest

from documents.wordml import document, field, package, paragraph, run, story
from dragoman_documents import DocumentFacts, Severity, inspect


def codes(facts: DocumentFacts) -> set[str]:
    """The codes of the findings."""
    return {finding.code for finding in facts.findings}


def test_a_plain_document_has_counts_and_no_findings() -> None:
    facts = inspect(document(paragraph(run("three plain words")) + paragraph(run("and more"))))
    assert (facts.units, facts.words, facts.paragraphs, facts.stories) == (2, 5, 2, {"body": 2})
    assert not facts.findings


def test_a_document_without_text_is_warned_of_and_not_blocked() -> None:
    (finding,) = inspect(document(paragraph())).findings
    assert (finding.code, finding.severity) == ("no_text", Severity.WARNING)


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (f'<w:ins w:id="1">{run("new")}</w:ins>', "tracked_changes"),
        (run("hidden", "<w:vanish/>"), "hidden_text"),
        (run("one", "<w:rtl/>"), "right_to_left"),
        ("<m:oMath><m:r><m:t>x</m:t></m:r></m:oMath>", "mathematics"),
        (
            '<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText="Yes"/></w:dropDownList></w:sdtPr></w:sdt>',
            "choices",
        ),
        ("<w:sdt><w:sdtPr><w:dataBinding/></w:sdtPr></w:sdt>", "data_bound"),
        (field('XE "pump:oil" \\b', ""), "index_entries"),
        (field("MACROBUTTON NoMacro [Type here]", ""), "field_texts"),
        ('<w:fldSimple w:instr="FILLIN &quot;Your name?&quot;"/>', "field_texts"),
        (field('INCLUDETEXT "a.docx"', run("their text")), "included_texts"),
        (field("SAVEDATE", run("2 May")), "computed_fields"),
    ],
)
def test_what_matters_in_the_text_is_found(inner: str, code: str) -> None:
    assert codes(inspect(document(paragraph(run("text "), inner)))) == {code}


def test_a_switch_that_is_off_is_no_finding() -> None:
    assert not inspect(
        document(paragraph(run("text", '<w:rtl w:val="0"/><w:vanish w:val="false"/>')))
    ).findings


def test_imported_files_cannot_be_reached() -> None:
    assert "imported_chunks" in codes(
        inspect(document(paragraph(run("text")) + '<w:altChunk r:id="rId5"/>'))
    )


def test_languages_and_fonts_are_listed_by_use() -> None:
    properties = '<w:rFonts w:ascii="Cambria"/><w:lang w:val="{}"/>'
    runs = [run("a", properties.format(language)) for language in ("fr-FR", "de-DE", "fr-FR")]
    facts = inspect(document(paragraph(*runs)))
    assert facts.languages == ("fr-FR", "de-DE")
    assert facts.fonts == ("Cambria",)
    assert codes(facts) == {"fonts", "languages"}


def test_a_mark_counts_for_the_letters_that_it_is_for() -> None:
    language = '<w:lang w:val="fr-FR" w:eastAsia="ja-JP" w:bidi="ar-SA"/>'
    facts = inspect(document(paragraph(run("a", language))))
    assert facts.languages == ("fr-FR",)
    assert not facts.findings
    facts = inspect(document(paragraph(run("prix \u4fa1\u683c \u0633\u0639\u0631", language))))
    assert facts.languages == ("fr-FR", "ja-JP", "ar-SA")
    assert codes(facts) == {"languages"}


def test_the_languages_of_the_finding_are_named_and_as_many_as_it_says() -> None:
    marks = ("en-US", "de-DE", "en-AU", "x-none", "und", "not a language, but words of a person")
    runs = [run("a", f'<w:lang w:val="{mark}" w:eastAsia="ja-JP"/>') for mark in marks]
    facts = inspect(document(paragraph(*runs)))
    (finding,) = facts.findings
    assert finding.message.startswith("Text is marked as 2 languages: en (en-US, en-AU), de-DE. ")
    assert facts.languages == ("en-US", "de-DE", "en-AU")  # the same, as they stand
    many = [run("a", f'<w:lang w:val="q{a}{b}"/>') for a in "abcde" for b in "abc"]
    (finding,) = inspect(document(paragraph(*many))).findings
    assert finding.message.startswith("Text is marked as 15 languages: qaa, qab, ")
    assert ", qdc, 3 more. " in finding.message


def test_macros_are_named_and_no_obstacle() -> None:
    parts = {
        "word/document.xml": story("document", paragraph(run("text"))),
        "word/vbaProject.bin": "macro",
    }
    data = package(parts, main_type="application/vnd.ms-word.document.macroEnabled.main+xml")
    assert not inspect(data).has_macros
    linked = data_with_macro_relationship(parts)
    facts = inspect(linked)
    assert facts.has_macros
    assert codes(facts) == {"macros"}


def test_a_workbook_behind_a_chart_is_told_from_an_embedded_one() -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    space = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    chart = '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"/>'
    data = package(
        {
            "word/document.xml": story("document", paragraph(run("text"))),
            "word/_rels/document.xml.rels": f'<Relationships {space}><Relationship Id="a" Type="{kind}/chart" '
            f'Target="chart1.xml"/><Relationship Id="b" Type="{kind}/package" Target="other.xlsx"/></Relationships>',
            "word/chart1.xml": chart,
            "word/_rels/chart1.xml.rels": f'<Relationships {space}><Relationship Id="a" Type="{kind}/package" '
            'Target="data.xlsx"/></Relationships>',
            "word/data.xlsx": "PK",
            "word/other.xlsx": "PK",
        }
    )
    found = {finding.code: finding.message for finding in inspect(data).findings}
    assert set(found) == {"chart_workbooks", "embedded_objects"}
    assert all(": 1." in message for message in found.values())


def data_with_macro_relationship(parts: dict[str, str]) -> bytes:
    """The package with its macros linked as Word links them."""
    kind = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="vbaProject.bin"/></Relationships>'
    )
    return package({**parts, "word/_rels/document.xml.rels": links})
