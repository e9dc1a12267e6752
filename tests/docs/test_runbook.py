"""Every stable error code has a line in the runbook, and every line's code exists."""

import re
from collections import Counter

from develop.write_errors_md import ROOT, error_codes

_LINE = re.compile(
    r"^\| `(?P<code>[a-z0-9_.]+)` \| (?P<means>[^|]+) \| (?P<do>[^|]+) \|$", re.MULTILINE
)
RUNBOOK = (ROOT / "docs" / "operate" / "runbook.md").read_text(encoding="utf-8")
LINES = [match["code"] for match in _LINE.finditer(RUNBOOK)]


def test_every_code_has_a_line_in_the_runbook() -> None:
    assert sorted({each.code for each in error_codes()} - set(LINES)) == []


def test_every_line_of_the_runbook_is_about_a_code_that_exists() -> None:
    assert sorted(set(LINES) - {each.code for each in error_codes()}) == []


def test_no_code_has_two_lines() -> None:
    assert [code for code, count in Counter(LINES).items() if count > 1] == []
