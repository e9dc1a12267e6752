"""Reads one paragraph into items: which nodes hold its text, what stands between them, what is nested in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman_contracts.text import TagRole
from dragoman_documents.docx.fieldgroups import are_side_by_side, shown_in, with_field_groups
from dragoman_documents.docx.fields import Field, FieldEdge, FieldMap, has_typed_result
from dragoman_documents.docx.formats import Formats, RunFormat
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, has_words
from dragoman_documents.docx.xml import Element, attribute, names, short_name

SILENT = frozenset({""}) | names(
    "w:pPr w:rPr a:pPr a:rPr a:endParaRPr w:proofErr w:lastRenderedPageBreak w:sdtPr w:sdtEndPr"
)
SEAMS = names(
    "w:bookmarkStart w:bookmarkEnd w:commentRangeStart w:commentRangeEnd w:commentReference w:annotationRef "
    "w:permStart w:permEnd w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart w:moveToRangeEnd "
    "w:customXmlInsRangeStart w:customXmlInsRangeEnd w:customXmlDelRangeStart w:customXmlDelRangeEnd "
    "w:customXmlMoveFromRangeStart w:customXmlMoveFromRangeEnd w:customXmlMoveToRangeStart "
    "w:customXmlMoveToRangeEnd w:delText w:delInstrText w:smartTagPr w:customXmlPr w:subDoc w:contentPart"
)
_THROUGH = frozenset({"w:smartTag", "w:customXml"})
_REMOVED = frozenset({"w:del", "w:moveFrom"})
_GROUPS = {
    "w:hyperlink": TagRole.LINK,
    "w:ins": TagRole.MARKER,
    "w:moveTo": TagRole.MARKER,
    "w:sdt": TagRole.FIELD,
    "w:dir": TagRole.FORMAT,
    "w:bdo": TagRole.FORMAT,
    "w:fldSimple": TagRole.FIELD,
}
_RUN_PROPERTIES = frozenset({"w:rPr", "a:rPr"})
_MATH = frozenset({"m:oMath", "m:oMathPara"})
_ATOMS = {
    "w:tab": (TagRole.TAB, "\t"),
    "w:ptab": (TagRole.TAB, "\t"),
    "w:br": (TagRole.BREAK, "\n"),
    "w:cr": (TagRole.BREAK, "\n"),
    "a:br": (TagRole.BREAK, "\n"),
    "w:noBreakHyphen": (TagRole.SYMBOL, "\u2011"),
    "w:softHyphen": (TagRole.SYMBOL, "\u00ad"),
    "w:sym": (TagRole.SYMBOL, ""),
    "w:footnoteReference": (TagRole.NOTE, ""),
    "w:endnoteReference": (TagRole.NOTE, ""),
    "w:footnoteRef": (TagRole.NOTE, ""),
    "w:endnoteRef": (TagRole.NOTE, ""),
    "w:drawing": (TagRole.IMAGE, ""),
    "w:pict": (TagRole.IMAGE, ""),
    "w:object": (TagRole.IMAGE, ""),
    "a:fld": (TagRole.FIELD, ""),
}
_DELETABLE = frozenset({"w:softHyphen"})
_COPYABLE = frozenset({"w:noBreakHyphen", "w:softHyphen"})
_MAX_DEPTH = 60
_KEPT = Field()  # stands for "left as it is": hidden and untranslated text side by side is one thing


class Flow:
    """Walking state of one text flow (a story): the fields that are open where the reader stands."""

    def __init__(self, open_fields: Sequence[Field] = ()) -> None:
        self.fields: list[Field] = list(open_fields)

    def branch(self) -> Flow:
        """A flow that goes on from here without moving this one, for the other reading of alternate content."""
        return Flow(self.fields)

    @property
    def computing(self) -> Field | None:
        """The outermost open field whose text must stay: one that computes, or one still in its instruction."""
        if not self.fields:  # as is most text
            return None
        return next((item for item in self.fields if not item.in_result or not item.is_typed), None)

    @property
    def is_shown(self) -> bool:
        """Whether a reader sees what stands here: nothing of it is a field's code."""
        return all(item.in_result for item in self.fields)


class Collector:
    """Reads paragraphs of one part. `nested` holds what the last paragraph contains that has text of its own."""

    def __init__(self, formats: Formats, fields: FieldMap) -> None:
        self._formats = formats
        self._fields = fields
        self._flow = Flow()
        self._seam = False
        self._depth = 0
        self._slots: list[Slot] = []
        self.nested: list[Element] = []

    def learn_fields(self, element: Element) -> None:
        """Know the fields of an element that was not there when the part was read."""
        self._fields.learn(element)

    def paragraph(self, element: Element, flow: Flow) -> list[Item]:
        """The items of a paragraph, or of a run that stands outside any paragraph."""
        self._flow, self._seam, self._depth, self._slots, self.nested = flow, False, 0, [], []
        items: list[Item] = []
        if short_name(element) in {"w:r", "a:r"}:
            self._run(element, items)
        else:
            self._children(element, items)
        return with_field_groups(items)

    def _children(self, parent: Element, items: list[Item]) -> None:
        for child in parent:
            name = short_name(child)
            if name == "w:r" or name == "a:r":
                self._run(child, items)
            elif name not in SILENT:
                self._inline(child, name, items)

    def _inline(self, child: Element, name: str, items: list[Item]) -> None:
        if name in SEAMS:
            self._seam = True
        elif name in _REMOVED:
            self._skim(child, items)
        elif self._depth >= _MAX_DEPTH:
            self._opaque(items, child, TagRole.OTHER)
        elif name in _THROUGH or child in self._fields.torn:
            self._through(child, name, items)
        elif name in _GROUPS:
            self._group(child, name, items)
        elif name == "mc:AlternateContent":
            self._alternate(child, items, in_run=None)
        elif name in _ATOMS:
            self._atom(child, name, items)
        elif name in _MATH:
            self._opaque(items, child, TagRole.OTHER)
        else:
            self._unknown(child, items)

    def _unknown(self, child: Element, items: list[Item]) -> None:
        """An element of no kind we know: a thing with text of its own when it holds any, else a mark."""
        if any(short_name(inner) in {"w:r", "w:p", "a:p"} for inner in child.iter()):
            self._opaque(items, child, TagRole.OTHER)
            self.nested.append(child)
        else:
            self._seam = True

    def _through(self, child: Element, name: str, items: list[Item]) -> None:
        """Read what an element holds as if it stood beside it; so is read what holds one end of a field only."""
        inner = _content(child, name)
        self._seam = True
        if inner is not None:
            self._depth += 1
            self._children(inner, items)
            self._depth -= 1
            self._seam = True

    def _simple_field(self, child: Element, items: list[Item]) -> None:
        known = Field(attribute(child, "w:instr") or "", in_result=True)
        is_alone = self._flow.computing is None
        self._opaque(items, child, TagRole.FIELD, equivalent=_shown(child), joins=known)
        last = items[-1]
        if is_alone and isinstance(last, Opaque):
            last.has_begin = last.has_end = True
        self._nest_objects(child)

    def _group(self, child: Element, name: str, items: list[Item]) -> None:
        role = _GROUPS[name]
        if name == "w:fldSimple" and not has_typed_result(attribute(child, "w:instr") or ""):
            self._simple_field(child, items)
            return
        inner = _content(child, name)
        if inner is None:
            self._seam = True
            return
        held: list[Item] = []
        self._seam = False
        self._depth += 1
        self._children(inner, held)
        self._depth -= 1
        self._seam = True
        held = with_field_groups(held)
        if has_words(held):
            items.append(Group(role, held, node=child, inner=inner))
        elif held:
            self._opaque(items, child, role, equivalent=shown_in(held))
            if self._flow.computing is None:
                self._keep_field(items[-1], held)

    def _keep_field(self, opaque: Item, held: list[Item]) -> None:
        """A group without words that holds one computed field is that field."""
        fields = [item for item in held if isinstance(item, Opaque) and item.is_whole_field]
        if isinstance(opaque, Opaque) and fields and len({item.field for item in fields}) == len(held):
            opaque.field, opaque.has_begin, opaque.has_end = fields[0].field, True, True

    def _skim(self, removed: Element, items: list[Item]) -> None:
        """Pass over text that is tracked as deleted, keeping count of its fields; inside a field it is part of that."""
        self._seam = True
        around = self._flow.computing
        edges = [element for element in removed.iter() if short_name(element) == "w:fldChar"]
        fields = [known[0] for known in map(self._turn, edges) if known is not None]
        if around is not None and around is self._flow.computing and around not in fields:
            self._opaque(items, removed, TagRole.FIELD)

    def _run(self, run: Element, items: list[Item]) -> None:
        children = list(run)
        if children and short_name(children[0]) in _RUN_PROPERTIES:  # where the schema has it (§17.3.2.28)
            properties = children.pop(0)
        else:
            properties = next((child for child in children if short_name(child) in _RUN_PROPERTIES), None)
        self._run_children(children, run, self._formats.of_run(run, properties), items)

    def _run_children(self, children: Iterable[Element], run: Element, look: RunFormat, items: list[Item]) -> None:
        for child in children:
            name = short_name(child)
            if name == "w:t" or name == "a:t":
                self._text(child, run, look, items)
            elif name in SILENT:
                continue
            elif name in SEAMS:
                self._seam = True
            elif name == "w:fldChar":
                self._edge(child, items)
            elif name == "w:instrText":
                self._instruction(child, items)
            elif name == "mc:AlternateContent":
                self._alternate(child, items, in_run=(run, look))
            else:
                self._atom(child, name, items)

    def _text(self, node: Element, run: Element, look: RunFormat, items: list[Item]) -> None:
        self._piece(node, node.text or "", run, look, items)
        if len(node):
            for mark in node:  # a comment or an instruction inside a text node cuts it in two
                self._piece(mark, (mark.tail or "") if not short_name(mark) else "", run, look, items)

    def _piece(self, node: Element, text: str, run: Element, look: RunFormat, items: list[Item]) -> None:
        if not text:
            return
        if look.is_kept or (self._flow.fields and self._flow.computing):
            shown = text if self._flow.is_shown else ""
            self._opaque(items, node, TagRole.OTHER, equivalent=shown, joins=_KEPT)
            return
        slot = Slot(node, run, look, text, has_seam=True)
        last = items[-1] if items else None
        if isinstance(last, Text) and last.format == look.visible:
            slot.has_seam = self._seam or last.slots[-1].format.exact != look.exact
            last.slots.append(slot)
        else:
            items.append(Text([slot], look.visible))
        self._slots.append(slot)
        self._seam = False

    def _atom(self, child: Element, name: str, items: list[Item]) -> None:
        role, equivalent = _ATOMS.get(name, (TagRole.OTHER, ""))
        self._opaque(items, child, role, equivalent=equivalent, name=name)
        if role in {TagRole.IMAGE, TagRole.OTHER}:
            self.nested.append(child)

    def _nest_objects(self, parent: Element) -> None:
        self.nested += [item for item in parent.iter() if short_name(item) in {"w:drawing", "w:pict", "w:object"}]

    def _opaque(
        self,
        items: list[Item],
        node: Element,
        role: TagRole,
        equivalent: str = "",
        name: str = "",
        joins: Field | None = None,
    ) -> None:
        """Add a thing; what belongs to one computed field, or neighbours that `joins` says are one, make one thing."""
        computing = self._flow.computing
        if computing is not None:
            self._piece_of_field(items, node, computing, equivalent=equivalent)
            return
        self._seam = True
        last = items[-1] if items else None
        if isinstance(last, Opaque) and joins is not None and last.field is joins:
            last.nodes.append(node)
            last.equivalent += equivalent
            return
        items.append(
            Opaque(
                [node],
                role,
                equivalent=equivalent,
                can_delete=name in _DELETABLE and joins is None,
                can_copy=name in _COPYABLE and joins is None,
                field=joins,
            )
        )

    def _piece_of_field(
        self, items: list[Item], node: Element, field: Field, side: str | None = None, equivalent: str = ""
    ) -> Opaque:
        """Add a node to what its field is here: the field itself, or the opening or closing of one with typed text.

        A typed field that is still in its code makes its opening, and with it whatever that code holds.
        """
        self._seam = True
        edge = side if side is not None else "open" if field.is_typed else ""
        last = items[-1] if items else None
        if isinstance(last, Opaque) and last.field is field and last.edge == edge and not last.has_end:
            last.nodes.append(node)
            last.equivalent += equivalent
            return last
        role = TagRole.LINK if edge and field.kind == "HYPERLINK" else TagRole.FIELD
        made = Opaque([node], role, equivalent=equivalent, can_reorder=not edge, field=field, edge=edge)
        items.append(made)
        return made

    def _turn(self, char: Element) -> tuple[Field, FieldEdge] | None:
        """Move the flow over a field character; None where it belongs to no complete field."""
        known = self._fields.edges.get(char)
        if known is None:
            return None
        field, edge = known
        if edge == "begin":
            field.in_result = False
            self._flow.fields.append(field)
        elif edge == "separate":
            field.in_result = True
        elif field in self._flow.fields:
            self._flow.fields.remove(field)
        return known

    def _edge(self, char: Element, items: list[Item]) -> None:
        around = self._flow.computing
        known = self._turn(char)
        if known is None:
            self._seam = True
            return
        field, edge = known
        if around is not None and around is not field:
            self._piece_of_field(items, char, around)
            return
        side = "" if not field.is_typed else "close" if edge == "end" else "open"
        piece = self._piece_of_field(items, char, field, side)
        piece.has_begin |= edge == "begin"
        piece.has_end |= edge == "end"
        if piece.is_whole_field:
            piece.can_reorder = are_side_by_side(piece.nodes)

    def _instruction(self, node: Element, items: list[Item]) -> None:
        field = self._flow.computing
        if field is None:
            self._seam = True
        else:
            self._piece_of_field(items, node, field)

    def _alternate(self, element: Element, items: list[Item], in_run: tuple[Element, RunFormat] | None) -> None:
        """Alternate content: the first choice is read, a fallback with the same text nodes is written in step."""
        choice = next((child for child in element if short_name(child) == "mc:Choice"), None)
        if choice is None or not _direct_text(choice, in_run is not None):
            self._opaque(items, element, TagRole.IMAGE)
            self.nested.append(element)
            return
        self._seam = True
        known = len(self._slots)
        if in_run:
            self._run_children(choice, in_run[0], in_run[1], items)
        else:
            self._children(choice, items)
        self._seam = True
        added = self._slots[known:]
        for other in element:
            nodes = (
                [node for node in _direct_text(other, in_run is not None) if node.text] if other is not choice else []
            )
            if nodes and [node.text for node in nodes] == [slot.node.text for slot in added]:
                for slot, node in zip(added, nodes, strict=True):
                    slot.mirrors += (node,)
            if other is not choice and short_name(other):
                self._nest_objects(other)


def atom_role(name: str) -> TagRole | None:
    """The role of an element that stands for itself in text, such as a tab; None for any other."""
    return _ATOMS[name][0] if name in _ATOMS else None


def atom(name: str) -> Opaque:
    """Such an element as a thing of a paragraph, without its node."""
    role, equivalent = _ATOMS[name]
    return Opaque([], role, equivalent=equivalent, can_delete=name in _DELETABLE, can_copy=name in _COPYABLE)


def style_of(paragraph: Element) -> str:
    """The id of a paragraph's style; empty where it states none."""
    properties = next(iter(paragraph), None)  # the schema has pPr first, and pStyle first in it
    style = next(iter(properties), None) if properties is not None and short_name(properties) == "w:pPr" else None
    return attribute(style, "w:val") or "" if style is not None and short_name(style) == "w:pStyle" else ""


def _content(element: Element, name: str) -> Element | None:
    """The element with the runs of a group: itself, or what a content control has for them."""
    return element if name != "w:sdt" else next((part for part in element if short_name(part) == "w:sdtContent"), None)


def _direct_text(branch: Element, in_run: bool, depth: int = 0) -> list[Element]:
    """The text nodes of a branch of alternate content that belong to the paragraph around it."""
    if not short_name(branch) or depth > _MAX_DEPTH:
        return []
    if in_run:
        return [child for child in branch if short_name(child) == "w:t"]
    found: list[Element] = []
    for child in branch:
        if short_name(child) == "w:r":
            found += [item for item in child if short_name(item) == "w:t"]
        elif short_name(child) in _GROUPS or short_name(child) in _THROUGH or short_name(child) == "w:sdtContent":
            found += _direct_text(child, in_run=False, depth=depth + 1)
    return found


def _shown(element: Element) -> str:
    return "".join(node.text or "" for node in element.iter() if short_name(node) == "w:t")
