"""Merge: targets put back into the document they were extracted from, by unit id.

Everything but the text comes back byte by byte, and a unit without a target stays:

    before   <w:p w:rsidR="00AB12CD"><w:r><w:t>Hello</w:t></w:r></w:p>
             <w:p><w:r><w:t>World</w:t></w:r></w:p>
    unit     Hello
    unit     World
    target   Hallo
    after    <w:p w:rsidR="00AB12CD"><w:r><w:t>Hallo</w:t></w:r></w:p>
             <w:p><w:r><w:t>World</w:t></w:r></w:p>
"""

from __future__ import annotations

from collections.abc import Mapping

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, normalised, plain_text
from dragoman_documents.budget import Budget
from dragoman_documents.docx.databinding import BoundControls
from dragoman_documents.docx.direction import mirror_rest
from dragoman_documents.docx.drawn import turn_labels
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.quick import quick_reader
from dragoman_documents.docx.reader import PlainReader
from dragoman_documents.docx.repeats import Repeats, paragraph_texts
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.stories import locate_units, prose_parts, style_parts
from dragoman_documents.docx.styles import Styles
from dragoman_documents.errors import UnknownUnitError

# Fewer than in extraction: beside a change, paragraphs left in bytes are not serialised again.
_QUICK_BYTES = 16 * 1024


def merge(
    data: bytes,
    targets: Mapping[str, Content],
    options: ExtractOptions | None = None,
    budget: Budget | None = None,
    target_locale: Locale | None = None,
) -> bytes:
    """The document with its text replaced by `targets`, keyed by unit id, and nothing else changed.

    `data` and `options` must be those of the extraction. Units without a target stay as they are,
    and a target equal to its source touches nothing: where no text changes the result is `data`,
    byte by byte. With a locale, runs with new text also get its language and, for a right-to-left
    language, its direction. Two runs give equal bytes.

    Raises:
        UnknownUnitError: a target names a unit this document does not have; extract it again.
        DocumentError: the file is no readable Word document or passes the budget.
    """
    with paused_garbage_collection():
        is_mirrored = target_locale is not None and target_locale.is_right_to_left
        # Mirroring changes every paragraph, its tables and its styles: nothing could stay in bytes.
        read_part = PlainReader if is_mirrored else quick_reader(_QUICK_BYTES)
        package = Package(data, budget or Budget(), read_part)
        return _merged(package, targets, options or ExtractOptions(), target_locale)


def _merged(
    package: Package,
    targets: Mapping[str, Content],
    options: ExtractOptions,
    target_locale: Locale | None,
) -> bytes:
    is_mirrored = target_locale is not None and target_locale.is_right_to_left
    sheets = (package.root(name) for name in style_parts(package)) if is_mirrored else iter(())
    styles = Styles(next(sheets, None))
    is_changed = _write(package, targets, options, target_locale, styles)
    if is_mirrored and is_changed:
        _mirror_rest(package, options)
    return package.saved()


def _write(
    package: Package,
    targets: Mapping[str, Content],
    options: ExtractOptions,
    target_locale: Locale | None,
    styles: Styles,
) -> bool:
    """Put the targets in wherever their texts are shown.

    Gives whether any target is another text than its source.
    """
    # Made first: it parses stubs into the tree, which must not happen once units are located.
    repeats = Repeats(package)
    controls = BoundControls(package)
    found = locate_units(package, options, controls, is_writing=True)
    units = {unit.unit_id: unit for unit in found}
    unknown = targets.keys() - units.keys()
    if unknown:
        raise UnknownUnitError(
            f"{len(unknown)} targets name units that this document does not have. "
            "It changed, or other options were used: extract it again."
        )
    is_changed = False
    for unit_id, unit in units.items():
        if unit_id in targets:
            target = normalised(targets[unit_id])
            for shown in (unit, *unit.mirrors):
                if shown.write(target, target_locale, styles):
                    package.mark_changed(shown.part)
                    is_changed = True
    controls.follow()
    if is_changed and repeats.count:
        pairs = ((unit.content, targets.get(unit.unit_id, unit.content)) for unit in units.values())
        texts = paragraph_texts(
            (plain_text(source), plain_text(target)) for source, target in pairs
        )
        repeats.follow(texts, target_locale, styles)
    return is_changed


def _mirror_rest(package: Package, options: ExtractOptions) -> None:
    for name in package.with_role(PartRole.CHART):
        root = package.root(name)
        if root is not None and package.is_changed(name):
            turn_labels(root)
    for name in prose_parts(package, options):
        root = package.root(name)
        if root is not None and mirror_rest(root):
            package.mark_changed(name)
