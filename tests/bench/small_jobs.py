"""Jobs for the real stages: a document of one paragraph, another one each time,
so that no outcome is found again.
"""

from __future__ import annotations

from documents import wordml

SOURCE, TARGET, ENGINE = "en", "ru", "pseudo"


def one_paragraph(number: int) -> bytes:
    """A document whose only paragraph names the number, with one bold word."""
    text = f"The goods of order {number} are delivered within "
    return wordml.document(
        wordml.paragraph(wordml.run(text), wordml.bold("14 days"), wordml.run(" of the order."))
    )


def file_name(number: int) -> str:
    """The file's name, which is also what the document is known by."""
    return f"order-{number}.docx"
