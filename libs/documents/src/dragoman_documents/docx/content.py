"""From the items of a paragraph to the content of its unit: edges trimmed, tags numbered.

The look that most of the text has needs no tag. White space and opaques at the edges stay outside
the unit:

    before   <w:p><w:r><w:tab/><w:t xml:space="preserve"> Pay </w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t>now</w:t></w:r>
             <w:r><w:t xml:space="preserve"> or later. </w:t></w:r></w:p>
    items    Opaque tab, Text " Pay ", Text "now", Text " or later. "
    unit     Pay <1>now</1> or later.

A group around all words stays outside as well, so that a link alone in its paragraph is a unit
without tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dragoman_contracts.text import Tag, TagRole, TagSpec, closing, normalised, opening, placeholder
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, has_words, prevailing


@dataclass(eq=False, slots=True)
class TagIndex:
    """The meaning of each tag number of a unit in its paragraph.

    `formats` maps a pair to a visible run format, `groups` a pair to a group, `opaques` a
    placeholder to an opaque. `ids` maps groups and opaques back to numbers. `group_bases` has the
    format of untagged text inside each group.
    """

    specs: list[TagSpec] = field(default_factory=list[TagSpec])
    formats: dict[int, int] = field(default_factory=dict[int, int])
    groups: dict[int, Group] = field(default_factory=dict[int, Group])
    opaques: dict[int, Opaque] = field(default_factory=dict[int, Opaque])
    ids: dict[Group | Opaque, int] = field(default_factory=dict["Group | Opaque", int])
    group_bases: dict[Group, int] = field(default_factory=dict[Group, int])


_ENDS_SENTENCE = frozenset({TagRole.TAB, TagRole.BREAK})
_NO_TAGS = TagIndex()  # shared: most units have no tags, and there are many units


@dataclass(eq=False, slots=True)
class Tagged:
    """A unit's content with the meaning of its tags. `base` is the format of untagged text."""

    items: list[Item]
    base: int
    content: tuple[str | Tag, ...]
    tags: TagIndex = _NO_TAGS


@lru_cache(maxsize=1024)  # tags are many, and few of them differ
def _spec(
    tag_id: int,
    role: TagRole,
    can_delete: bool = False,
    can_copy: bool = False,
    can_reorder: bool = True,
    equivalent: str = "",
) -> TagSpec:
    return TagSpec(
        id=tag_id,
        role=role,
        can_delete=can_delete,
        can_copy=can_copy,
        can_reorder=can_reorder,
        equivalent=equivalent,
    )


def tag_content(items: list[Item]) -> Tagged | None:
    """The content of the unit that the items make; None where they hold no words.

    Tags and white space before the first and after the last word stay outside. Fields beside these
    words do not: they are part of the sentence, as in `{MERGEFIELD name} has ordered`. The items
    lose white space at their ends.
    """
    if len(items) == 1 and isinstance(items[0], Text):
        return _plain_content(items[0])
    items = trimmed(items)
    _strip_start(items)
    _strip_end(items)
    # The base is chosen after the edges are cut: items at an edge have no say in it.
    base = prevailing(items)
    if base is None:
        return None
    items = _with_spaces_absorbed(items, base)
    writer = _Writer()
    parts: list[str | Tag] = []
    writer.write(items, base, parts)
    return Tagged(items, base, normalised(parts), writer.tags)


def _plain_content(text: Text) -> Tagged | None:
    """The content of a paragraph that has one look, as most paragraphs have."""
    if not _holds_words(text):
        return None
    items: list[Item] = [text]
    _strip_start(items)
    _strip_end(items)
    return Tagged(items, text.format, (text.content,))


def trimmed(items: list[Item]) -> list[Item]:
    """The items from the first with words to the last, with the fields of their sentence.

    A group that alone holds all words gives way to its own items.
    """
    while True:
        words = [index for index, item in enumerate(items) if _holds_words(item)]
        if not words:
            return []
        first, last = words[0], words[-1]
        before = _outermost_field(items[:first][::-1])
        after = _outermost_field(items[last + 1 :])
        items = items[first - before : last + 1 + after]
        # A link around the whole paragraph is no tag: the translator has nothing to place.
        if len(items) == 1 and isinstance(items[0], Group):
            items = items[0].items
            continue
        return items


def _outermost_field(beside: Sequence[Item]) -> int:
    """The number of items beside the words, nearest first, up to the last field of their sentence;
    0 without a field.

    A tab or a break ends the sentence: the page number behind the leader of a table of contents is
    no part of an entry.
    """
    count = 0
    for number, item in enumerate(beside, start=1):
        if isinstance(item, Opaque) and item.is_whole_field:
            if item.field is not None and item.field.is_part_of_text:
                count = number
        elif isinstance(item, Opaque) and (item.edge or item.role in _ENDS_SENTENCE):
            break
    return count


def _holds_words(item: Item) -> bool:
    return has_words([item])


def _strip_start(items: list[Item]) -> None:
    """Take white space before the first word out of the unit. It stays in its nodes."""
    if not items or not isinstance(items[0], Text):
        return
    slots = items[0].slots
    while slots and slots[0].text.isspace():
        del slots[0]
    strip_left(slots[0])


def _strip_end(items: list[Item]) -> None:
    if not items or not isinstance(items[-1], Text):
        return
    slots = items[-1].slots
    while slots and slots[-1].text.isspace():
        del slots[-1]
    strip_right(slots[-1])


def strip_left(slot: Slot) -> None:
    """Move white space at the start of a slot out of the unit."""
    # Python counts the no-break space (U+00A0) as white space too, which keeps it in its node.
    inner = slot.text.lstrip()
    slot.before = slot.text[: len(slot.text) - len(inner)]
    slot.text = inner


def strip_right(slot: Slot) -> None:
    """Move white space at the end of a slot out of the unit."""
    inner = slot.text.rstrip()
    slot.after = slot.text[len(inner) :]
    slot.text = inner


def _with_spaces_absorbed(items: Sequence[Item], base: int) -> list[Item]:
    """The items with white space of another look joined to the text beside it, where the look does
    not show on it.

    Word writes such runs around a bold word: without the join, each would be a pair of tags around
    a space.
    """
    result: list[Item] = []
    for index, item in enumerate(items):
        before = result[-1] if result else None
        after = items[index + 1] if index + 1 < len(items) else None
        if isinstance(item, Text) and isinstance(before, Text) and before.format == item.format:
            item.slots[0].has_seam = True
            before.slots += item.slots
        elif isinstance(item, Text) and _is_invisible(item):
            looks = [beside.format for beside in (before, after) if isinstance(beside, Text)]
            if looks:
                # The base is preferred, since its text needs no tag.
                item.format = base if base in looks else looks[0]
            if isinstance(before, Text) and before.format == item.format:
                item.slots[0].has_seam = True
                before.slots += item.slots
            else:
                result.append(item)
        else:
            result.append(item)
    return result


def _is_invisible(text: Text) -> bool:
    return all(slot.text.isspace() and not slot.format.shows_on_space for slot in text.slots)


class _Writer:
    """Numbers the tags of one unit in reading order."""

    def __init__(self) -> None:
        self._next = 1
        self.tags = TagIndex()

    def write(self, items: Sequence[Item], base: int, parts: list[str | Tag]) -> None:
        for look, run in _alike(items):
            if look is None or look == base:
                self._plain(run, parts)
            else:
                # Numbered before the items inside it, so that numbers rise in reading order.
                tag_id = self._number(
                    _spec(self._next, TagRole.FORMAT, can_delete=True, can_copy=True)
                )
                self.tags.formats[tag_id] = look
                parts.append(opening(tag_id))
                self._plain(run, parts)
                parts.append(closing(tag_id))

    def _plain(self, run: Sequence[Item], parts: list[str | Tag]) -> None:
        for item in run:
            if isinstance(item, Text):
                parts.append(item.content)
            elif isinstance(item, Opaque):
                parts.append(placeholder(self._opaque(item)))
            else:
                self._group(item, parts)

    def _opaque(self, item: Opaque) -> int:
        spec = _spec(
            self._next,
            item.role,
            can_delete=item.can_delete,
            can_copy=item.can_copy,
            can_reorder=item.can_reorder,
            equivalent=item.equivalent,
        )
        tag_id = self._number(spec)
        self.tags.opaques[tag_id] = item
        self.tags.ids[item] = tag_id
        return tag_id

    def _group(self, item: Group, parts: list[str | Tag]) -> None:
        tag_id = self._number(_spec(self._next, item.role, can_reorder=item.can_reorder))
        self.tags.groups[tag_id] = item
        self.tags.ids[item] = tag_id
        base = prevailing(item.items) or 0
        item.items = _with_spaces_absorbed(item.items, base)
        self.tags.group_bases[item] = base
        parts.append(opening(tag_id))
        self.write(item.items, base, parts)
        parts.append(closing(tag_id))

    def _number(self, spec: TagSpec) -> int:
        self.tags.specs.append(spec)
        self._next += 1
        return spec.id


def _alike(items: Sequence[Item]) -> Iterator[tuple[int | None, list[Item]]]:
    """Stretches of items of one format.

    Opaques between two texts of one format belong to that format, other opaques to none.
    """
    run: list[Item] = []
    waiting: list[Item] = []
    look: int | None = None
    for item in items:
        if isinstance(item, Opaque):
            waiting.append(item)
        elif isinstance(item, Text) and item.format == look:
            run += [*waiting, item]
            waiting = []
        else:
            if run:
                yield look, run
            if waiting:
                yield None, waiting
            waiting = []
            look = item.format if isinstance(item, Text) else None
            run = [item]
    if run:
        yield look, run
    if waiting:
        yield None, waiting
