"""Puts a target into its paragraph.

Where the target has the source's tags in their order, only texts change:

    before   <w:p><w:r><w:t xml:space="preserve">Pay </w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t>now</w:t></w:r></w:p>
    unit     Pay <1>now</1>
    target   Zahlen Sie <1>jetzt</1>
    after    <w:p><w:r><w:t xml:space="preserve">Zahlen Sie </w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t>jetzt</w:t></w:r></w:p>

Else source and target are compared level by level: the paragraph, then each link, control or
insertion. Entries in the same order stay where they are. Other links and opaques are moved, and for
other text a new run is made with the properties of a run of that format. The emptied run stays,
since it may be the end of a bookmark or comment:

    before   <w:p><w:r><w:t xml:space="preserve">Pay </w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t>now</w:t></w:r></w:p>
    target   <1>Jetzt</1> zahlen
    after    <w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Jetzt</w:t></w:r>
             <w:r><w:t xml:space="preserve"> zahlen</w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t/></w:r></w:p>

A target with lost or crossed tags is written too: text takes the format around it, and opaques that
the target lacks stay in the paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from dragoman_contracts.text import Tag, TagSide
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.distribute import distribute, set_text
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, texts
from dragoman_documents.docx.nesting import may_hold
from dragoman_documents.docx.order import in_source_order, moves_fixed
from dragoman_documents.docx.splice import detach, empty_like, isolated, put, twins
from dragoman_documents.docx.xml import Element, legal_text

Key = tuple[str, int]


@dataclass(eq=False, slots=True)
class _Entry:
    """An entry of a level: text of a format, opaque, field's edge, or group with its own level."""

    key: Key
    text: str = ""
    source: Text | None = None
    opaque: Opaque | None = None
    group: Group | None = None
    inside: list[_Entry] = field(default_factory=list["_Entry"])


def place(tagged: Tagged, target: Sequence[str | Tag]) -> list[Element]:
    """Write a target into the paragraph. Gives the runs whose text changed."""
    if stays_in_place(tagged.content, target):
        return [slot.run for slot in _fill(tagged, target)]
    # No word is lost by this, only the order of tags; QA has told the reviewer about moved tags.
    if _is_knotted(tagged) or moves_fixed(tagged.tags.specs, tagged.content, target):
        target = in_source_order(tagged.content, target)
    placer = _Placer(tagged)
    source_level = placer.learn(_source_level(tagged, tagged.items))
    placer.level(source_level, _TargetReader(tagged).read(target), None)
    placer.finish()
    return placer.changed


def _is_knotted(tagged: Tagged) -> bool:
    """Whether a field of the unit stands partly in another element, which would keep a piece."""
    tags = tagged.tags
    whole_fields = (opaque for opaque in tags.opaques.values() if opaque.is_whole_field)
    return not all(item.can_reorder for item in (*whole_fields, *tags.groups.values()))


def stays_in_place(source: Sequence[str | Tag], target: Sequence[str | Tag]) -> bool:
    """Whether the target has the tags of the source in the same order, and text where that has."""
    return len(target) == len(source) and all(
        new is old or (isinstance(new, str) if isinstance(old, str) else new == old)
        for old, new in zip(source, target, strict=True)
    )


def _fill(tagged: Tagged, target: Sequence[str | Tag]) -> list[Slot]:
    """Write a target that stays in place over the slots. Gives the slots that changed."""
    wanted = (part for part in target if isinstance(part, str))
    changed: list[Slot] = []
    for text, part in zip(texts(tagged.items), wanted, strict=True):
        changed += distribute(text.slots, part)
    return changed


def _source_level(tagged: Tagged, items: Sequence[Item]) -> list[_Entry]:
    entries: list[_Entry] = []
    for item in items:
        if isinstance(item, Text):
            entries.append(_Entry(("text", item.format), item.content, source=item))
        elif isinstance(item, Opaque):
            entries.append(_Entry(("opaque", tagged.tags.ids[item]), opaque=item))
        elif item.node is not None:
            inside = _source_level(tagged, item.items)
            entries.append(_Entry(("group", tagged.tags.ids[item]), group=item, inside=inside))
        else:
            tag_id = tagged.tags.ids[item]
            entries.append(_Entry(("open", tag_id), opaque=item.opening))
            entries += _source_level(tagged, item.items)
            entries.append(_Entry(("close", tag_id), opaque=item.closing))
    return entries


class _TargetReader:
    """Turns target content into levels.

    Tags may be crossed, doubled, unknown or unclosed: no target is refused.
    """

    def __init__(self, tagged: Tagged) -> None:
        self._tagged = tagged
        self._used: set[tuple[TagSide, int]] = set()
        self._root: list[_Entry] = []
        self._stack: list[tuple[int, list[_Entry], int]] = []

    def read(self, target: Sequence[str | Tag]) -> list[_Entry]:
        for part in target:
            if isinstance(part, str):
                self._text(legal_text(part))
            elif part.side is TagSide.OPEN:
                self._open(part.id)
            elif part.side is TagSide.CLOSE:
                self._close(part.id)
            else:
                self._placeholder(part.id)
        while self._stack:
            self._pop()
        return self._root

    @property
    def _level(self) -> list[_Entry]:
        return self._stack[-1][1] if self._stack else self._root

    def _text(self, text: str) -> None:
        look = self._stack[-1][2] if self._stack else self._tagged.base
        last = self._level[-1] if self._level else None
        if last is not None and last.key == ("text", look):
            last.text += text
        elif text:
            self._level.append(_Entry(("text", look), text))

    def _open(self, tag_id: int) -> None:
        tagged = self._tagged
        group = tagged.tags.groups.get(tag_id)
        if tag_id in tagged.tags.formats:
            self._stack.append((tag_id, self._level, tagged.tags.formats[tag_id]))
        elif group is None or (TagSide.OPEN, tag_id) in self._used:
            return
        elif group.node is not None:
            self._leave_what_may_not_hold([group.node])
            entry = _Entry(("group", tag_id), group=group)
            self._level.append(entry)
            self._stack.append((tag_id, entry.inside, tagged.tags.group_bases[group]))
        else:
            self._level.append(_Entry(("open", tag_id), opaque=group.opening))
            self._stack.append((tag_id, self._level, tagged.tags.group_bases[group]))
        self._used.add((TagSide.OPEN, tag_id))

    def _close(self, tag_id: int) -> None:
        if any(open_id == tag_id for open_id, _, _ in self._stack):
            while self._pop() != tag_id:
                pass

    def _leave_what_may_not_hold(self, nodes: Sequence[Element]) -> None:
        """Close the groups that may not hold the nodes, and all that is open in them: a link ends
        where another begins.
        """
        for depth, (tag_id, _, _) in enumerate(self._stack):
            outer = self._tagged.tags.groups.get(tag_id)
            if outer is not None and outer.node is not None:
                node = outer.node
                if not all(may_hold(node, inner) for inner in nodes):
                    while len(self._stack) > depth:
                        self._pop()
                    return

    def _pop(self) -> int:
        tag_id, level, _ = self._stack.pop()
        group = self._tagged.tags.groups.get(tag_id)
        if group is not None and group.node is None:
            level.append(_Entry(("close", tag_id), opaque=group.closing))
        return tag_id

    def _placeholder(self, tag_id: int) -> None:
        opaque = self._tagged.tags.opaques.get(tag_id)
        # A doubled placeholder is written once: two references to one note would be a broken
        # document.
        if opaque is None or ((TagSide.PLACEHOLDER, tag_id) in self._used and not opaque.can_copy):
            return
        self._used.add((TagSide.PLACEHOLDER, tag_id))
        self._leave_what_may_not_hold(opaque.nodes)
        self._level.append(_Entry(("opaque", tag_id), opaque=opaque))


class _Placer:
    """Brings the levels of one paragraph into the order of a target.

    `changed` has the runs whose text changed, new runs included.
    """

    def __init__(self, tagged: Tagged) -> None:
        self._templates = {slot.format.visible: slot for slot in _all_slots(tagged)}
        # The properties of a new run are copied from a run of its look, never made up.
        self._fallback = self._templates.get(tagged.base) or next(iter(_all_slots(tagged)))
        self._insides: dict[Group, list[_Entry]] = {}
        self._opaques: list[Opaque] = []
        self._placed: set[Opaque] = set()
        self._kept: set[Opaque] = set()
        self._filled: set[Group] = set()
        self.changed: list[Element] = []

    def learn(self, source: list[_Entry]) -> list[_Entry]:
        """Remember what each group holds, to fill it wherever the target has it."""
        for entry in source:
            if entry.opaque is not None:
                self._opaques.append(entry.opaque)
            if entry.group is not None:
                self._insides[entry.group] = self.learn(entry.inside)
        return source

    def finish(self) -> None:
        """Take out the opaques and the texts that the target does not have.

        A group that the target lacks loses its text, and nothing else. An opaque is taken out where
        the target left it out and its spec allows that, or where only copies of it were placed.
        """
        for opaque in self._opaques:
            # Only what its spec allows is deleted. A lost picture stays: better in a wrong place
            # than gone.
            is_left_out = opaque.can_delete and opaque not in self._placed
            if is_left_out or (opaque.can_copy and opaque in self._placed - self._kept):
                detach(opaque.nodes)
        for group, inside in self._insides.items():
            if group not in self._filled:
                for entry in inside:
                    if entry.source is not None:
                        self._write(entry.source, "")

    def _fill(self, group: Group, inside: list[_Entry]) -> None:
        self._filled.add(group)
        self.level(self._insides[group], inside, group.inner)

    def level(self, source: list[_Entry], target: list[_Entry], home: Element | None) -> None:
        """Make one level read as the target does.

        `home` takes the entries that have nothing before them on the level.
        """
        kept = _kept_in_place(source, target)
        # Edges move on the paragraph's own level only; inside a link all space belongs to the link.
        if home is None:
            _free_edges(source, kept, len(target))
        # Texts that move are emptied first, so that a word never stands twice.
        for index, entry in enumerate(source):
            if index not in kept.values() and entry.source is not None:
                self._write(entry.source, "")
        start = _first_node(source[0]) if source else None
        anchor: Element | None = None
        for index, entry in enumerate(target):
            if index in kept:
                anchor = self._keep(source[kept[index]], entry)
            else:
                anchor = self._insert(entry, anchor, start, home)

    def _keep(self, source: _Entry, target: _Entry) -> Element:
        if source.source is not None:
            self._write(source.source, target.text)
        elif source.group is not None:
            self._fill(source.group, target.inside)
        elif source.opaque is not None:
            self._placed.add(source.opaque)
            self._kept.add(source.opaque)
        return _last_node(source)

    def _write(self, text: Text, target: str) -> None:
        self.changed += [slot.run for slot in distribute(text.slots, target)]

    def _insert(
        self,
        entry: _Entry,
        anchor: Element | None,
        start: Element | None,
        home: Element | None,
    ) -> Element:
        if entry.opaque is not None:
            moved = self._movable(entry.opaque)
        elif entry.group is not None and entry.group.node is not None:
            moved = [entry.group.node]
        else:
            moved = [self._new_run(entry)]
        put(moved, anchor, start, home)
        if entry.group is not None:
            self._fill(entry.group, entry.inside)
        return moved[-1]

    def _movable(self, opaque: Opaque) -> list[Element]:
        """The opaque's nodes in runs of their own: copies if the target may repeat the opaque."""
        self._placed.add(opaque)
        return twins(opaque.nodes) if opaque.can_copy else isolated(opaque.nodes)

    def _new_run(self, entry: _Entry) -> Element:
        template = self._templates.get(entry.key[1], self._fallback)
        run = empty_like(template.run)
        node = run.makeelement(template.node.tag)
        run.append(node)
        set_text(node, entry.text)
        self.changed.append(run)
        return run


def _all_slots(tagged: Tagged) -> Iterator[Slot]:
    for text in texts(tagged.items):
        yield from text.slots


def _free_edges(source: Sequence[_Entry], kept: dict[int, int], size: int) -> None:
    """Drop the white space kept outside the unit, at each edge where another entry stands now."""
    first, last = (source[index].source if source else None for index in (0, -1))
    if first is not None and kept.get(0) != 0:
        _drop_space(first.slots[0], before="", after=first.slots[0].after)
    if last is not None and kept.get(size - 1) != len(source) - 1:
        _drop_space(last.slots[-1], before=last.slots[-1].before, after="")


def _drop_space(slot: Slot, before: str, after: str) -> None:
    if (slot.before, slot.after) != (before, after):
        slot.before, slot.after = before, after
        set_text(slot.node, before + slot.text + after)


def _kept_in_place(source: Sequence[_Entry], target: Sequence[_Entry]) -> dict[int, int]:
    """The entries that stay, as a map from their numbers in the target to those in the source."""
    source_keys, target_keys = [entry.key for entry in source], [entry.key for entry in target]
    if source_keys == target_keys:
        return {index: index for index in range(len(target))}
    # The longest common order stays, so that the fewest nodes move.
    blocks = SequenceMatcher(None, source_keys, target_keys, autojunk=False).get_matching_blocks()
    return {block.b + step: block.a + step for block in blocks for step in range(block.size)}


def _first_node(entry: _Entry) -> Element | None:
    return _edge_node(entry, 0)


def _last_node(entry: _Entry) -> Element:
    node = _edge_node(entry, -1)
    if node is None:
        raise ValueError("an entry of the source has a node")
    return node


def _edge_node(entry: _Entry, index: int) -> Element | None:
    if entry.source is not None:
        return entry.source.slots[index].node
    if entry.opaque is not None:
        return entry.opaque.nodes[index]
    return entry.group.node if entry.group is not None else None
