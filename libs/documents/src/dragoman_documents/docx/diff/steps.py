"""The blocks of two containers in one order, paired so that every change can be tracked.

Controls do not count: a paragraph inside a control pairs with a paragraph outside. The last
paragraphs of both sides are made a pair where the container would else end with a paragraph that
only one side has: no mark can take away the last paragraph.

    old     <w:p>one</w:p> <w:tbl>…</w:tbl> <w:p/>
    new     <w:sdt><w:p>one</w:p></w:sdt> <w:p>two</w:p>
    steps   (one, one), (table, None), ("", two)
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_documents.docx.diff.align import Block, Step, aligned, flat_blocks_of
from dragoman_documents.docx.xml import Element

_CELL = "w:tc"


def paired_steps(old: Element, new: Element) -> list[Step]:
    """The blocks of two containers in one order: pairs, and blocks that only one side has."""
    left, right = flat_blocks_of(old), flat_blocks_of(new)
    if any(block.kind == _CELL for block in right):
        # The cells of two rows are paired by their places: rows that differ in their number of
        # cells are no pair.
        return list(zip(left, right, strict=False))
    steps: list[Step] = []
    for a, b in aligned(left, right):
        if a is not None and b is not None and _differ_in_cells(a, b):
            steps += [(a, None), (None, b)]
        else:
            steps.append((a, b))
    steps = _with_an_end_in_common(steps)
    both_end = bool(left and right) and left[-1].kind == right[-1].kind == "w:p"
    if both_end and not _ends_in_common(steps, right[-1]):
        return _with_last_ones_paired(steps, left[-1], right[-1])
    return steps


def _with_an_end_in_common(steps: Sequence[Step]) -> list[Step]:
    """The steps, where in each stretch of paragraphs without partners the last two, one of each
    side, are made a pair.
    """
    result: list[Step] = []
    stretch: list[Step] = []
    for step in [*steps, (None, None)]:
        if _is_paragraph(step):
            stretch.append(step)
            continue
        gone = [a for a, b in stretch if b is None and a is not None]
        come = [b for a, b in stretch if a is None and b is not None]
        if gone and come and len(gone) + len(come) == len(stretch):
            stretch = [
                *((a, None) for a in gone[:-1]),
                *((None, b) for b in come[:-1]),
                (gone[-1], come[-1]),
            ]
        result += stretch
        stretch = []
        if step != (None, None):
            result.append(step)
    return result


def _ends_in_common(steps: Sequence[Step], last: Block) -> bool:
    """Whether a pair is among the last paragraphs, in the control or container of the very last."""
    home = last.element.getparent()
    for step in reversed(steps):
        a, b = step
        if not _is_paragraph(step) or (b is not None and b.element.getparent() is not home):
            return False
        if a is not None and b is not None:
            return True
    return False


def _with_last_ones_paired(steps: Sequence[Step], old: Block, new: Block) -> list[Step]:
    result: list[Step] = []
    for a, b in steps:
        if a is not old and b is not new:
            result.append((a, b))
        else:
            result += [(each, None) for each in (a,) if each is not None and each is not old]
            result += [(None, each) for each in (b,) if each is not None and each is not new]
    return [*result, (old, new)]


def _is_paragraph(step: Step) -> bool:
    block = step[0] or step[1]
    return block is not None and block.kind == "w:p"


def _differ_in_cells(old: Block, new: Block) -> bool:
    return old.kind == "w:tr" and _cell_count(old) != _cell_count(new)


def _cell_count(row: Block) -> int:
    return sum(block.kind == _CELL for block in flat_blocks_of(row.element))
