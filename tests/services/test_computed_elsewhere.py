"""What the stages compute is the same in a child process as in the process itself, refusals too."""

from collections.abc import AsyncGenerator

import pytest

from documents.wordml import bold, document, paragraph, run
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import canonical_json, from_json
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import TranslationPlan
from dragoman_contracts.text import ResultSource, TargetList, UnitList, UnitTarget
from dragoman_documents import DocumentError
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.domain import extracted
from dragoman_intake.adapters.docx import DocxInspector
from dragoman_intake.domain import inspected
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.domain import verified
from dragoman_reassemble.adapters.docx import DocxMerger
from dragoman_reassemble.domain import reassembled
from dragoman_runtime.computing import Computing, Processes, Threads

SOURCE = document(
    "".join(paragraph(run(f"Clause {number}. "), bold("The tenant pays.")) for number in range(40))
)
EN = Locale("en")


@pytest.fixture
async def processes() -> AsyncGenerator[Processes]:
    made = Processes(2)
    yield made
    await made.close()


async def all_stages(computing: Computing) -> list[object]:
    """What each stage gives for the document."""
    found = await computing.run(inspected, DocxInspector(), SOURCE, {})
    units = await computing.run(
        extracted, DocxUnitExtractor(), SOURCE, {}, EN, source_digest="0" * 64
    )
    read = from_json(UnitList, units.units).units
    targets = tuple(
        UnitTarget(unit_id=each.unit_id, target=each.source, result_source=ResultSource.SOURCE_COPY)
        for each in read
    )
    lists = [canonical_json(TargetList(target_locale=Locale("es"), targets=targets))]
    plan = canonical_json(TranslationPlan(batches=(tuple(each.unit_id for each in read),)))
    checked = await computing.run(
        verified, BuiltInChecker(), Policy(engine="x"), Locale("es"), units.units, plan, lists
    )
    made = await computing.run(
        reassembled, DocxMerger(), SOURCE, units.units, lists, Policy(engine="x"), Locale("es")
    )
    return [found, units, checked, made]


async def test_every_stage_gives_the_same(processes: Processes) -> None:
    assert await all_stages(processes) == await all_stages(Threads())


async def test_a_document_that_cannot_be_read_is_refused_in_the_same_words(
    processes: Processes,
) -> None:
    refusals: list[DocumentError] = []
    for computing in (processes, Threads()):
        with pytest.raises(DocumentError) as refused:
            await computing.run(
                extracted, DocxUnitExtractor(), SOURCE[:200], {}, EN, source_digest="0" * 64
            )
        refusals.append(refused.value)
    one, other = refusals
    assert (type(one), one.code, one.message) == (type(other), other.code, other.message)
