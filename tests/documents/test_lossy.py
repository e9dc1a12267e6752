"""An engine that loses, doubles, swaps and invents tags: nothing comes out wrong in silence."""

from pathlib import Path

import pytest

from documents.lossy import Fault, Tally, tried
from documents.test_corpus import ALL
from dragoman_contracts.text import TagRepair
from samples.contract import write


@pytest.mark.parametrize("seed", range(3))
def test_a_rich_document_comes_through_with_every_repair_on_record(
    seed: int, tmp_path: Path
) -> None:
    path = tmp_path / "contract.docx"
    write(path)
    tally = tried(path, rate=0.25, seed=seed)
    assert tally.wrong > 5
    assert not tally.silent
    assert not tally.broken


@pytest.mark.skipif(not ALL, reason="the corpus of real files is not beside this checkout")
def test_real_documents_come_through_with_every_repair_on_record() -> None:
    total = Tally()
    for path in [path for path in ALL[::5] if path.stat().st_size < 100_000]:
        total.add(tried(path, rate=0.1, seed=1))
    assert {fault for fault, _ in total.rungs} == set(Fault)
    assert {rung for _, rung in total.rungs} >= {
        TagRepair.REORDERED,
        TagRepair.PROJECTED,
        TagRepair.WHOLE_UNIT,
    }
    assert not total.silent
    assert not total.broken
