"""Real files: what holds for the small ones holds for those people made."""

import io
import time
import zipfile
from pathlib import Path

import pytest

from documents.wordml import PSEUDO, pseudo
from dragoman_contracts.text import plain_text
from dragoman_documents import DocumentError, extract, inspect, merge

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ALL = sorted((CORPUS / "docx").glob("*.docx"))
HOSTILE = sorted((CORPUS / "hostile").glob("*.docx"))
SAMPLE = [path for path in ALL[::4] if path.stat().st_size < 300_000]

pytestmark = pytest.mark.skipif(
    not ALL, reason="the corpus of real files is not beside this checkout"
)


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_identity_gives_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    assert merge(data, {unit.unit_id: unit.source for unit in extract(data).units}) == data


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_a_translation_reads_back_as_what_was_put_in(path: Path) -> None:
    data = path.read_bytes()
    units = extract(data).units
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in units})
    again = extract(result).units
    assert [unit.unit_id for unit in again] == [unit.unit_id for unit in units]
    assert [plain_text(unit.source) for unit in again] == [
        plain_text(unit.source).translate(PSEUDO) for unit in units
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(result)) as after:
        assert after.testzip() is None
        assert after.namelist() == before.namelist()


def refused(data: bytes) -> DocumentError | None:
    """Why the file is not read, None where it is."""
    try:
        inspect(data)
    except DocumentError as refusal:
        return refusal
    return None


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.stem)
def test_a_hostile_file_is_refused_with_a_cure_or_read_within_two_seconds(path: Path) -> None:
    started = time.process_time()
    refusal = refused(path.read_bytes())
    assert time.process_time() - started < 2
    assert refusal is None or (refusal.code.startswith("document.") and len(refusal.message) > 40)
