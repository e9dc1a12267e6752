"""Notes for reviewers: findings and comments as lines of text, and told from new ones.

[warning] numbers.missing: 12 is missing     a finding
Ana, 2026-03-04: use "Sie" here              a comment
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dragoman_contracts.reports import QaFinding
from dragoman_exchange.model import ReviewComment, ReviewUnit
from dragoman_exchange.xml import xml_text

# Findings may have changed since the export: one that is gone is no comment.
_FINDING = re.compile(r"\[(?:info|warning|blocker)\] [a-z0-9_.-]+: ")


def finding_line(finding: QaFinding) -> str:
    """A finding in one line."""
    return f"[{finding.severity}] {finding.code}: {finding.message}"


def comment_line(comment: ReviewComment) -> str:
    """A comment with its author and day."""
    return f"{comment.author}, {comment.written_at:%Y-%m-%d}: {comment.text}"


def notes_of(unit: ReviewUnit) -> tuple[str, ...]:
    """The unit's findings, then its comments."""
    return (*map(finding_line, unit.findings), *map(comment_line, unit.comments))


def new_comments(unit: ReviewUnit, texts: Iterable[str]) -> str:
    """Those of the texts that are no finding and no comment that the unit has, one a line."""
    known = {_spaced(text) for text in notes_of(unit)}
    known |= {_spaced(comment.text) for comment in unit.comments}
    new = [text.strip() for text in texts if _spaced(text) not in known]
    return "\n".join(dict.fromkeys(text for text in new if text and not _FINDING.match(text)))


def _spaced(text: str) -> str:
    return " ".join(xml_text(text).split())
