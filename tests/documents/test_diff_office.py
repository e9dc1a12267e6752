"""LibreOffice lists our tracked changes,
and comes to both documents by accepting and rejecting them.
"""

from pathlib import Path

import pytest

from documents.office import SOFFICE, Office
from documents.test_diff_gate import translated
from documents.test_diff_tracked import NOW, table
from documents.wordml import bold, document, paragraph, pseudo, run
from dragoman_documents import extract, merge, tracked

pytestmark = pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not on this machine")
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "docx"
REAL = sorted(path for path in CORPUS.glob("*.docx") if 10_000 < path.stat().st_size < 40_000)[
    ::24
][:3]

OLD = document(
    paragraph(run("The old "), bold("bold cat"), run(" sat."))
    + paragraph(run("To be removed"))
    + table(("north", "1"), ("south", "2"), ("west", "3"))
    + paragraph(run("The end"))
)
NEW = document(
    paragraph(run("The new "), bold("bold dog"), run(" sat."))
    + table(("north", "1"), ("west", "4"), ("east", "5"))
    + paragraph(run("Quite new"))
    + paragraph(run("The end"))
    + paragraph(run("And more"))
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


def leads_to_both(office: Office, before: bytes, after: bytes) -> int:
    """The number of changes that LibreOffice lists, once they led to both documents."""
    changes = tracked(before, after, "Dragoman", NOW)
    accepted, count = office.settled(changes, "Accept")
    assert accepted == office.settled(after, "Accept")[0]
    assert office.settled(changes, "Reject")[0] == office.settled(before, "Accept")[0]
    return count


@pytest.mark.parametrize(("before", "after"), [(OLD, NEW), (NEW, OLD), (OLD, translated(OLD))])
def test_libreoffice_accepts_and_rejects_all_changes(
    office: Office, before: bytes, after: bytes
) -> None:
    assert leads_to_both(office, before, after) >= 8


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_libreoffice_does_so_with_real_files(office: Office, path: Path) -> None:
    data = path.read_bytes()
    units = extract(data).units
    edited = merge(data, {unit.unit_id: pseudo(unit) for unit in units[::2]})
    assert leads_to_both(office, data, edited) >= 2
