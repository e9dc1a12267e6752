"""Targets whose tags must keep their order.

The edges of a field that goes on in another paragraph must, and so must a field that stands partly
inside a tracked insertion or a link: moved, it would leave half of itself there. The words stay in
the target's order, the tags take the source's, and QA names the moved tags:

    source   <1>office</1> of <2/>
    target   <2/> hat sein <1>Büro</1>
    result   hat sein <1>Büro</1><2/>
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from dragoman_contracts.text import Tag, TagSpec


def moves_fixed(
    specs: Sequence[TagSpec],
    source: Sequence[str | Tag],
    target: Sequence[str | Tag],
) -> bool:
    """Whether tags that may not be reordered stand in another order than in the source."""
    fixed = {spec.id for spec in specs if not spec.can_reorder}
    if not fixed:
        return False
    wanted, found = (
        [part for part in content if isinstance(part, Tag) and part.id in fixed] for content in (source, target)
    )
    return [tag for tag in wanted if tag in found] != found


def in_source_order(source: Sequence[str | Tag], target: Sequence[str | Tag]) -> list[str | Tag]:
    """The target with the source's tags in the source's order, and its own words in their own
    order.

    Most tags stay where the target has them. Each other tag stands directly behind its predecessor
    in the source.
    """
    wanted = [part for part in source if isinstance(part, Tag)]
    found = [part for part in target if isinstance(part, Tag)]
    if wanted == found:
        return list(target)
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    kept = {block.b + step: block.a + step for block in blocks for step in range(block.size)}
    result: list[str | Tag] = []
    written = place = 0
    for part in target:
        if isinstance(part, str):
            result.append(part)
            continue
        if place in kept:
            result += wanted[written : kept[place] + 1]
            written = kept[place] + 1
        place += 1
    return [*result, *wanted[written:]]
