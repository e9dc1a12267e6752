"""The documents of a chaos run: small ones, each with text of its own,
so that every job makes its own model calls.
"""

from __future__ import annotations

from documents import wordml

REVIEW_MARK = "inspection"
"""A word that the model server answers with a wrong number, so that QA asks for a review."""

_TOPICS = (
    "carrier",
    "goods",
    "invoice",
    "warranty",
    "delivery",
    "customs",
    "payment",
    "notice",
    "penalty",
    "storage",
)
_BLOCKED_EACH, _REVIEW_EACH, _LARGE_EACH, _MIDDLE_EACH = 29, 23, 40, 6


def name_of(number: int) -> str:
    """The file name of document `number`,
    which is also its idempotency key and external reference.
    """
    return f"order-{number:05}.docx"


def document(number: int) -> bytes:
    """Document `number`: of one batch mostly, every sixth of three, every fortieth of four.

    Some cannot be read, so that preflight blocks them, and some need a review.
    """
    if number % _BLOCKED_EACH == 7:
        return wordml.zipped({"readme.txt": f"Order {number} is no Word document."})
    paragraphs = 200 if number % _LARGE_EACH == 11 else 130 if number % _MIDDLE_EACH == 0 else 8
    body = [wordml.paragraph(wordml.bold(f"Terms of order {number}"))]
    body += [_paragraph(number, each) for each in range(paragraphs)]
    if number % _REVIEW_EACH == 5:
        body.append(
            wordml.paragraph(
                wordml.run(f"Keep the {REVIEW_MARK} report of order {number} for 4711 days.")
            )
        )
    return wordml.document("".join(body))


def _paragraph(number: int, place: int) -> str:
    topic = _TOPICS[(number + place) % len(_TOPICS)]
    return wordml.paragraph(
        wordml.run(f"Clause {place} of order {number} governs the {topic} "),
        wordml.bold(f"within {place + 3} days"),
        wordml.run(" of the order."),
    )
