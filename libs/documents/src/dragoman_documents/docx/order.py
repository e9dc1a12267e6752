"""Targets whose tags must keep their order.

Two kinds of tags must: the edges of a field that goes on in another paragraph, and a field that
stands partly inside a tracked insertion or a link, where it would leave half of itself behind. The
words stay in the order of the target, the tags take the order of the source, and QA names the moved
tags:

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
    wanted, found = _with_ids(source, fixed), _with_ids(target, fixed)
    return [tag for tag in wanted if tag in found] != found


def _with_ids(content: Sequence[str | Tag], ids: set[int]) -> list[Tag]:
    return [part for part in content if isinstance(part, Tag) and part.id in ids]


def in_source_order(source: Sequence[str | Tag], target: Sequence[str | Tag]) -> list[str | Tag]:
    """The words of the target in their order, with the tags of the source in the source's order.

    Most tags stay where the target has them: the longest row of tags in which both orders agree.
    Each other tag stands directly behind the tag that precedes it in the source.
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
