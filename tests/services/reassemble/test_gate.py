"""What reassemble delivers differs from its source in text alone, or is not delivered."""

import pytest

from documents.wordml import bold, document, paragraph, pseudo, run
from dragoman_contracts.locale import Locale
from dragoman_documents import extract
from dragoman_reassemble.adapters.docx import DocxMerger, admitted
from dragoman_reassemble.errors import NotTextOnlyError

SOURCE = document(paragraph(run("Some "), bold("very secret"), run(" words")))


def test_a_translation_is_delivered_with_the_names_of_the_parts_that_changed() -> None:
    targets = {unit.unit_id: pseudo(unit) for unit in extract(SOURCE).units}
    merged = DocxMerger().merge(SOURCE, targets, {}, Locale("ru"))
    assert merged.changed_parts == ("word/document.xml",)


def test_a_result_that_lost_formatting_is_not_delivered_and_no_text_is_told() -> None:
    damaged = document(paragraph(run("Some "), run("very secret"), run(" words")))
    with pytest.raises(NotTextOnlyError) as refusal:
        admitted(SOURCE, damaged)
    assert refusal.value.code == "reassemble.not_text_only"
    assert "formatting in word/document.xml" in refusal.value.message
    assert "secret" not in refusal.value.message
