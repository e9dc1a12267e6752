"""Every decision record has the form of all."""

import re

import pytest

from docs.pages import ROOT, Page, pages

_PARTS = ["Decision", "What now must be done", "Rejected", "Check"]
RECORDS = [page for page in pages() if re.fullmatch(r"docs/adr/\d{4}-.*\.md", page.name)]


def _named(page: Page) -> str:
    return page.path.stem


def _sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?=\s|$)", re.sub(r"`[^`]*`", "", text)))


@pytest.mark.parametrize("record", RECORDS, ids=_named)
def test_a_record_says_what_was_the_matter_what_was_decided_and_what_enforces_it(
    record: Page,
) -> None:
    title, *parts = re.split(r"^##? ", record.text, flags=re.MULTILINE)[1:]
    context = title.partition("\n")[2]
    decision = parts[0].partition("\n")[2]

    assert [part.partition("\n")[0] for part in parts] == _PARTS
    assert 3 <= _sentences(context) <= 5
    assert 1 <= _sentences(decision) <= 2
    assert all(part.partition("\n")[2].strip() for part in parts)


def test_records_are_numbered_without_gap_and_listed() -> None:
    numbers = [int(record.path.stem[:4]) for record in RECORDS]
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")

    assert numbers == list(range(1, len(RECORDS) + 1))
    assert all(f"({record.path.name})" in index for record in RECORDS)
