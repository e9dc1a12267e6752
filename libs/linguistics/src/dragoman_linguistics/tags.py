"""Protocol text of content, with inline tags as `<1>…</1>` and `<2/>`; comparison of tags.

Text that only looks like a tag survives: its number is never used as the protocol id of a tag, so
that an engine's `<5>` is read as text again:

    content          "Press <5> for ", opening 5, "help", closing 5     an author typed the first <5>
    protocol text    Press <5> for <1>help</1>                          the key says that 1 is tag 5
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Tag, TagRole, TagSide, TagSpec, normalised, plain_text
from dragoman_linguistics.blanks import blanks_of, is_narrow, restore_blanks, shrink_blanks

_LARGEST_ID = 999_999
# Links and insertions that documents never nest (ECMA-376 §17.13.5.18); other pairs may move into
# each other.
_NEVER_INSIDE = {
    TagRole.LINK: frozenset({TagRole.LINK, TagRole.MARKER}),
    TagRole.MARKER: frozenset({TagRole.MARKER}),
}
# Engines write `< 1 >` or `<1 />` for `<1>` and `<1/>`; both are meant as tags.
_LOOKALIKE = re.compile(r"<[ \t]*(?P<close>/?)[ \t]*(?P<id>[0-9]{1,6})[ \t]*(?P<alone>/?)[ \t]*>")


class TaggedText(Value):
    """Content as text for an engine, with the key to read its answer.

    `ids` pairs each protocol id in `text` with its tag id, in reading order. `literal_ids` are the
    numbers in text that only looks like a tag. `blanks` are pairs that are placeholders in `text`
    because they hold nothing but white space, each from its opening tag to its closing tag.
    """

    text: str
    ids: tuple[tuple[int, int], ...] = ()
    literal_ids: tuple[int, ...] = ()
    placeholders: tuple[int, ...] = ()
    blanks: tuple[Content, ...] = ()


class TagReport(Value):
    """The differences of a target's tags from those of its source.

    `missing`: tags that the target must have and lacks. `deleted`: tags that the target lacks and
    may lack. `added`: tags that the target has too often, or that the source does not have.
    `crossed`: ids of pairs that do not nest, or stand in a pair of their own role (a link in a
    link, an insertion in an insertion) where the source has them apart. `moved`: ids that may not
    be reordered and were. `emptied`: ids of pairs that hold text in the source and nothing in the
    target.
    """

    missing: tuple[Tag, ...] = ()
    deleted: tuple[Tag, ...] = ()
    added: tuple[Tag, ...] = ()
    crossed: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()
    emptied: tuple[int, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether all differences are allowed."""
        return not (self.missing or self.added or self.crossed or self.moved or self.emptied)


def render(content: Iterable[str | Tag]) -> TaggedText:
    """The protocol text of content. `parse` reads it back without loss.

    A tag keeps its own id, unless a lookalike in the text uses that number; then the tag gets a
    free one. A pair that holds only white space is written as a placeholder, unless it is a single
    space, which parts words.
    """
    parts = tuple(content)
    wide = {tag_id: blank for tag_id, blank in blanks_of(parts).items() if not is_narrow(blank)}
    shrunk = shrink_blanks(parts, wide)
    # In the joined text too: `<5` before a tag and `>` behind it read as a tag once the tag moves.
    literal = {int(match["id"]) for match in _LOOKALIKE.finditer(plain_text(parts))}
    for part in parts:
        if isinstance(part, str):
            literal.update(int(match["id"]) for match in _LOOKALIKE.finditer(part))
    own = list(dict.fromkeys(part.id for part in parts if isinstance(part, Tag)))
    taken = literal | {tag_id for tag_id in own if tag_id <= _LARGEST_ID}
    protocol: dict[int, int] = {}
    for tag_id in own:
        chosen = tag_id
        if tag_id in literal or tag_id > _LARGEST_ID:
            chosen = next(number for number in range(1, _LARGEST_ID) if number not in taken)
            taken.add(chosen)
        protocol[tag_id] = chosen
    text = _written(shrunk, protocol)
    alone = (
        part.id for part in shrunk if isinstance(part, Tag) and part.side is TagSide.PLACEHOLDER
    )
    return TaggedText(
        text=text,
        ids=tuple((protocol[tag_id], tag_id) for tag_id in own),
        literal_ids=tuple(sorted(literal)),
        placeholders=tuple(dict.fromkeys(alone)),
        blanks=tuple(wide.values()),
    )


def render_by(content: Iterable[str | Tag], key: TaggedText) -> str:
    """The protocol text of a target, with the ids that `render` gave to the source's tags."""
    protocol = {tag_id: number for number, tag_id in key.ids}
    return _written(shrink_blanks(tuple(content), _blanks_by_id(key)), protocol)


def _written(content: Content, protocol: Mapping[int, int]) -> str:
    """Content as protocol text. A tag that the key does not know is written with its own number."""
    return "".join(
        part
        if isinstance(part, str)
        else str(Tag(id=protocol.get(part.id, part.id), side=part.side))
        for part in content
    )


def parse(text: str, key: TaggedText) -> Content:
    """Read protocol text back into content, by the key that `render` gave for the source.

    Tags that were never sent come back as tags with their written number: `align_tags` reports them
    as added and `repair` drops them. A placeholder written as an opening tag is read as the
    placeholder. A blank gets the source's white space back, whatever the engine wrote into it.
    """
    blanks = _blanks_by_id(key)
    known = dict(key.ids)
    literal = set(key.literal_ids)
    alone = set(key.placeholders) - set(blanks)
    parts: list[str | Tag] = []
    end = 0
    for match in _LOOKALIKE.finditer(text):
        number = int(match["id"])
        # Lookalikes of the source are text; ids begin at 1, so `<0>` is text too.
        if number in literal or number == 0:
            continue
        tag = _tag(match, known.get(number, number), is_placeholder=known.get(number) in alone)
        parts.append(text[end : match.start()])
        if tag is not None:
            parts.append(tag)
        end = match.end()
    parts.append(text[end:])
    content = normalised(parts)
    return restore_blanks(shrink_blanks(content, blanks), blanks) if blanks else content


def _blanks_by_id(key: TaggedText) -> dict[int, Content]:
    return {blank[0].id: blank for blank in key.blanks if isinstance(blank[0], Tag)}


def _tag(match: re.Match[str], tag_id: int, *, is_placeholder: bool) -> Tag | None:
    """The tag of a lookalike; None for the closing half of a placeholder, which is dropped."""
    if is_placeholder:
        is_closing = match["close"] and not match["alone"]
        return None if is_closing else Tag(id=tag_id, side=TagSide.PLACEHOLDER)
    side = (
        TagSide.CLOSE if match["close"] else TagSide.PLACEHOLDER if match["alone"] else TagSide.OPEN
    )
    return Tag(id=tag_id, side=side)


def specs_by_id(specs: Iterable[TagSpec]) -> dict[int, TagSpec]:
    """The tag specs of a unit, by tag id."""
    return {spec.id: spec for spec in specs}


def spec_of(tag_id: int, specs: Mapping[int, TagSpec]) -> TagSpec:
    """The spec of a tag.

    Where the unit does not describe the tag, the spec allows nothing but moving.
    """
    return specs.get(tag_id) or TagSpec(id=tag_id, role=TagRole.OTHER)


def unpaired_ids(content: Iterable[str | Tag]) -> tuple[int, ...]:
    """The ids whose opening and closing tags do not nest, in the order of their faults."""
    stack: list[int] = []
    faults: dict[int, None] = {}
    for tag in tags_of(content):
        if tag.side is TagSide.OPEN:
            stack.append(tag.id)
        elif tag.side is TagSide.CLOSE:
            if tag.id not in stack:
                faults[tag.id] = None
                continue
            if stack[-1] != tag.id:
                faults[tag.id] = None
            del stack[len(stack) - 1 - stack[::-1].index(tag.id)]
    faults.update(dict.fromkeys(stack))
    return tuple(faults)


def tags_of(content: Iterable[str | Tag]) -> list[Tag]:
    """The tags of content, in reading order."""
    return [part for part in content if isinstance(part, Tag)]


def align_tags(source: Content, target: Content, specs: Iterable[TagSpec]) -> TagReport:
    """Compare the inline tags of a translation with those of its source.

    Both belong to one unit, or to one segment of a unit. Tags without a partner in the source, as
    of a pair that segmentation cut, count as standing alone. The report is clean when all
    differences are allowed by the specs.
    """
    by_id = specs_by_id(specs)
    source_tags, target_tags = tags_of(source), tags_of(target)
    wanted, found = Counter(source_tags), Counter(target_tags)
    absent = [tag for tag in wanted if found[tag] < wanted[tag]]
    too_many = (tag for tag in found if found[tag] > wanted[tag])
    added = [tag for tag in too_many if not wanted[tag] or not spec_of(tag.id, by_id).can_copy]
    # Segmentation may have cut a pair: its half is no fault of the translation.
    isolated = set(unpaired_ids(source))
    reported = {tag.id for tag in (*absent, *added)}
    swallowed = sorted(_inside_their_like(target, by_id) - _inside_their_like(source, by_id))
    wrong_pairs = [
        *(each for each in unpaired_ids(target) if each not in isolated),
        *(inner for inner, _ in swallowed),
    ]
    return TagReport(
        missing=tuple(tag for tag in absent if not _may_delete(tag, by_id, found)),
        deleted=tuple(tag for tag in absent if _may_delete(tag, by_id, found)),
        added=tuple(added),
        crossed=tuple(dict.fromkeys(tag_id for tag_id in wrong_pairs if tag_id not in reported)),
        moved=_moved(source_tags, target_tags, by_id),
        emptied=tuple(sorted(empty_pairs(target) - empty_pairs(source))),
    )


def _inside_their_like(content: Content, specs: Mapping[int, TagSpec]) -> set[tuple[int, int]]:
    """The ids of links inside links or markers, and of markers inside markers, each with the id of
    the pair around it.
    """
    found: set[tuple[int, int]] = set()
    open_ids: list[int] = []
    for tag in tags_of(content):
        role = spec_of(tag.id, specs).role
        if tag.side is TagSide.OPEN:
            barred = _NEVER_INSIDE.get(role, frozenset())
            found |= {(tag.id, each) for each in open_ids if spec_of(each, specs).role in barred}
            open_ids.append(tag.id)
        elif tag.side is TagSide.CLOSE and tag.id in open_ids:
            open_ids.remove(tag.id)
    return found


def _may_delete(tag: Tag, specs: Mapping[int, TagSpec], found: Counter[Tag]) -> bool:
    """Whether a tag may be left out. Half a pair never may."""
    return spec_of(tag.id, specs).can_delete and not any(
        found[Tag(id=tag.id, side=side)] for side in (TagSide.OPEN, TagSide.CLOSE)
    )


def _moved(source: list[Tag], target: list[Tag], specs: Mapping[int, TagSpec]) -> tuple[int, ...]:
    """Ids of fixed tags in another order than in the source.

    Tags that one side lacks are left out first.
    """
    fixed = [tag for tag in source if not spec_of(tag.id, specs).can_reorder]
    in_target = dict.fromkeys(tag for tag in target if tag in fixed)
    in_source = [tag for tag in fixed if tag in in_target]
    pairs = zip(in_source, in_target, strict=False)
    return tuple(dict.fromkeys(found.id for expected, found in pairs if expected != found))


def empty_pairs(content: Iterable[str | Tag]) -> set[int]:
    """Ids of pairs that hold neither text nor a placeholder.

    A copied pair is empty when all its copies are.
    """
    filled: set[int] = set()
    closed: set[int] = set()
    open_ids: list[int] = []
    for part in content:
        if isinstance(part, Tag) and part.side is TagSide.OPEN:
            open_ids.append(part.id)
        elif isinstance(part, Tag) and part.side is TagSide.CLOSE:
            if part.id in open_ids:
                open_ids.remove(part.id)
                closed.add(part.id)
        elif not isinstance(part, str) or part.strip():
            filled.update(open_ids)
    return closed - filled
