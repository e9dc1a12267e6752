"""Documents that histories translate: pairs of sentences, as units with tags."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_contracts import events as e
from dragoman_contracts.text import (
    Anchor,
    Content,
    Segment,
    StoryKind,
    TagRole,
    TagSpec,
    Unit,
    closing,
    opening,
)

SENTENCES = (
    ("Master Services Agreement", "Acuerdo marco de servicios"),
    (
        "This Agreement is entered into by and between the Supplier and the Customer named in Schedule 1.",
        "El presente Acuerdo se celebra entre el Proveedor y el Cliente indicados en el Anexo 1.",
    ),
    (
        "The Supplier shall deliver the Services with reasonable skill and care, within 30 days of signature.",
        "El Proveedor prestará los Servicios con la debida diligencia, dentro de los 30 días siguientes a la firma.",
    ),
    ("Confidentiality", "Confidencialidad"),
    (
        "Neither party shall disclose the other's Confidential Information without prior written consent.",
        "Ninguna de las partes divulgará la Información Confidencial de la otra sin consentimiento previo por escrito.",
    ),
    ("Invoices are payable within 14 days.", "Las facturas son pagaderas en un plazo de 15 días."),
    ("Governing law and jurisdiction", "Ley aplicable y jurisdicción"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a job translates: pairs of source and target, `units_a_batch` to a batch, the last two
    to be reviewed.

    After them come the texts `left` as they are: nobody translates or checks them. In a document
    that `is_plain` no unit has tags, and equal texts are repetitions. Where `has_tagged_targets`,
    the first word of a target stands between the tags of the source's.
    """

    pairs: tuple[tuple[str, str], ...] = SENTENCES
    units_a_batch: int = 4
    left: tuple[str, ...] = ()
    verdict: e.QaVerdict = e.QaVerdict.REASSEMBLY_PENDING
    is_plain: bool = False
    has_tagged_targets: bool = False

    @property
    def ids(self) -> list[str]:
        """The ids of the units in order."""
        return [f"u{index}" for index in range(len(self.pairs))]

    @property
    def batches(self) -> list[list[str]]:
        """The ids by batch."""
        ids = self.ids
        return [
            ids[start : start + self.units_a_batch]
            for start in range(0, len(ids), self.units_a_batch)
        ]


def repeated(count: int) -> Document:
    """A document of `count` units."""
    pairs = tuple(
        (f"{source} ({index})", f"{target} ({index})")
        for index in range(count)
        for source, target in (SENTENCES[index % len(SENTENCES)],)
    )
    return Document(pairs, units_a_batch=25)


def numbered(document: Document) -> list[tuple[int, tuple[str, str]]]:
    """The pairs with their numbers."""
    return list(enumerate(document.pairs))


def untagged(text: str) -> Content:
    """A text as content."""
    return (text,)


def tagged(text: str) -> Content:
    """A text whose first word stands between tags."""
    first, _, rest = text.partition(" ")
    return (opening(1), first, closing(1), f" {rest}") if rest else (text,)


def unit_of(index: int, text: str, *, is_translatable: bool = True, is_plain: bool = False) -> Unit:
    """The unit of a text, at a place."""
    source = untagged(text) if is_plain else tagged(text)
    return Unit(
        unit_id=f"u{index}",
        anchor=Anchor(part="word/document.xml", path=f"body/p[{index + 1}]"),
        story=StoryKind.BODY,
        content_key=text if is_plain else f"c{index}",
        context_key=f"x{index}",
        segments=(Segment(segment_id=f"u{index}.s0", source=source),),
        is_translatable=is_translatable,
        tags=(TagSpec(id=1, role=TagRole.FORMAT),) if len(source) > 1 else (),
    )
