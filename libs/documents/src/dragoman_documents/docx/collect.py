"""Reads one paragraph into items: which nodes hold its text, what stands between them, what is
nested in it.

    before   <w:p><w:r><w:t xml:space="preserve">See </w:t></w:r>
             <w:hyperlink w:anchor="a"><w:r><w:t>terms</w:t></w:r></w:hyperlink>
             <w:r><w:tab/></w:r><w:r><w:t>1</w:t></w:r></w:p>
    items    Text "See ", Group link [Text "terms"], Opaque tab, Text "1"
    unit     See <1>terms</1><2/>1

Elements between two texts that are nothing to read, such as bookmarks, are seams: see `inline`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from dragoman_contracts.text import TagRole
from dragoman_documents.docx.fieldgroups import are_side_by_side, shown_in, with_field_groups
from dragoman_documents.docx.fields import Field, FieldEdge, FieldMap, Flow, has_typed_result
from dragoman_documents.docx.formats import Formats, RunFormat
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, has_words
from dragoman_documents.docx.kinds import (
    ATOMS,
    COPYABLE,
    DELETABLE,
    GROUPS,
    MATH,
    MAX_DEPTH,
    OBJECTS,
    REMOVED,
    RUN_PROPERTIES,
    SEAMS,
    SILENT,
    THROUGH,
    content_of,
    direct_texts,
    shown_text,
    style_of,
)
from dragoman_documents.docx.ruby import ruby_base
from dragoman_documents.docx.xml import Element, attribute, short_name

# Stands for "left as it is": hidden and untranslated text side by side makes one opaque.
_KEPT = Field()


class Collector:
    """Reads paragraphs of one part.

    Of the last paragraph, `nested` holds the elements with text of their own (text boxes,
    drawings), and `tips` those with text in attributes. `hidden_count` counts the stretches that
    stay because they are hidden. `kept_controls` are content controls that stay as they are. With
    `has_table_styles`, a paragraph's markup alone does not say how it looks.
    """

    def __init__(
        self,
        formats: Formats,
        fields: FieldMap,
        kept_controls: Container[Element] = (),
    ) -> None:
        self._formats = formats
        self._fields = fields
        self.kept_controls = kept_controls
        self.has_table_styles = bool(formats.styles.tables)
        self._flow = Flow()
        self._seam = False
        self._depth = 0
        self._slots: list[Slot] = []
        self._is_hidden = False
        self.nested: list[Element] = []
        self.tips: list[Element] = []
        self.hidden_count = 0

    def learn_fields(self, element: Element) -> None:
        """Add the fields of an element that came into the tree after the part was read."""
        self._fields.learn(element)

    def paragraph(self, element: Element, flow: Flow) -> list[Item]:
        """The items of a paragraph, or of a run that stands outside any paragraph."""
        self._flow = flow
        self._seam = False
        self._depth = 0
        self._slots = []
        self.nested, self.tips = [], []
        if self._formats.styles.needs_place:
            styles = self._formats.styles
            is_paragraph = short_name(element) == "w:p"
            self._is_hidden = is_paragraph and styles.around(element, style_of(element))
        items: list[Item] = []
        name = short_name(element)
        # A link in a drawing is a property of its run (`a:hlinkClick`), and its tooltip is text.
        if name == "a:p":
            looks = element.iter("{*}rPr")
            self.tips += [look for look in looks if len(look) and short_name(look) == "a:rPr"]
        if name == "w:r" or name == "a:r":
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
        # A deletion gives no text, but a field may begin in it and end outside (§17.16.18).
        elif name in REMOVED:
            self._skim(child, items)
        # A hostile document nests links a thousand deep; Python's stack would end before.
        elif self._depth >= MAX_DEPTH:
            self._opaque(items, child, TagRole.OTHER)
        elif child in self.kept_controls:
            self._keep_control(items, child, GROUPS[name])
        # A link that holds only one end of a field cannot be a pair: moved, it would tear the
        # field.
        elif name in THROUGH or child in self._fields.torn:
            self._through(child, name, items)
        elif name in GROUPS:
            self._group(child, name, items)
        elif name == "mc:AlternateContent":
            self._alternate(child, items, in_run=None)
        elif name in ATOMS:
            self._atom(child, name, items)
        elif name in MATH:
            self._opaque(items, child, TagRole.OTHER)
        else:
            self._unknown(child, items)

    def _unknown(self, child: Element, items: list[Item]) -> None:
        """Read an element of an unknown kind: an opaque where it holds runs or paragraphs, else a
        seam.
        """
        # Elements of later versions of Word must not lose their text, so it is read as nested text.
        if any(short_name(inner) in {"w:r", "w:p", "a:p"} for inner in child.iter()):
            self._opaque(items, child, TagRole.OTHER)
            self.nested.append(child)
        else:
            self._seam = True

    def _through(self, child: Element, name: str, items: list[Item]) -> None:
        """Read the children of an element as if they stood beside it.

        An element around only one end of a field is read in this way too.
        """
        inner = content_of(child, name)
        self._seam = True
        if inner is not None:
            self._depth += 1
            self._children(inner, items)
            self._depth -= 1
            self._seam = True

    def _simple_field(self, child: Element, items: list[Item]) -> None:
        known = Field(attribute(child, "w:instr") or "", in_result=True)
        is_alone = self._flow.computing is None
        self._opaque(items, child, TagRole.FIELD, equivalent=shown_text(child), joins=known)
        last = items[-1]
        if is_alone and isinstance(last, Opaque):
            last.has_begin = last.has_end = True
        self._nest_objects(child)

    def _group(self, child: Element, name: str, items: list[Item]) -> None:
        role = GROUPS[name]
        if name == "w:fldSimple" and not has_typed_result(attribute(child, "w:instr") or ""):
            self._simple_field(child, items)
            return
        # Tooltips are units of their own, so that they come behind the paragraph (`attributes`).
        if name == "w:hyperlink":
            self.tips.append(child)
        inner = content_of(child, name)
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

    def _keep_control(self, items: list[Item], control: Element, role: TagRole) -> None:
        """Add a content control that stays as it is.

        Fields that begin or end in the control move the flow.
        """
        for element in control.iter():
            if short_name(element) == "w:fldChar":
                self._turn(element)
        self._opaque(items, control, role, equivalent=shown_text(control))

    def _keep_field(self, opaque: Item, held: list[Item]) -> None:
        """Make an opaque around one computed field and no words stand for that field."""
        fields = [item for item in held if isinstance(item, Opaque) and item.is_whole_field]
        is_one = len({item.field for item in fields}) == len(held)
        if isinstance(opaque, Opaque) and fields and is_one:
            opaque.field, opaque.has_begin, opaque.has_end = fields[0].field, True, True

    def _skim(self, removed: Element, items: list[Item]) -> None:
        """Pass over text that is tracked as deleted, and move the flow over its fields.

        A deletion inside a computed field is a part of that field.
        """
        self._seam = True
        around = self._flow.computing
        edges = [element for element in removed.iter() if short_name(element) == "w:fldChar"]
        fields = [known[0] for known in map(self._turn, edges) if known is not None]
        if around is not None and around is self._flow.computing and around not in fields:
            self._opaque(items, removed, TagRole.FIELD)

    def _run(self, run: Element, items: list[Item]) -> None:
        children = list(run)
        # The schema has w:rPr first in a run (§17.3.2.28); some writers put it later.
        if children and short_name(children[0]) in RUN_PROPERTIES:
            properties = children.pop(0)
        else:
            properties = next(
                (child for child in children if short_name(child) in RUN_PROPERTIES), None
            )
        look = self._formats.of_run(run, properties, self._is_hidden)
        self._run_children(children, run, look, items)

    def _run_children(
        self,
        children: Iterable[Element],
        run: Element,
        look: RunFormat,
        items: list[Item],
    ) -> None:
        for child in children:
            name = short_name(child)
            if name == "w:t" or name == "a:t":
                self._text(child, run, look, items)
            elif name in SILENT:
                continue
            elif name in SEAMS:
                self._seam = True
            elif name == "w:fldChar":
                # An old form field has its help text in `w:ffData`, inside the begin of the field
                # (§17.16.17).
                if len(child):
                    self.tips.append(child)
                self._edge(child, items)
            elif name == "w:instrText":
                self._instruction(child, items)
            elif (
                name == "w:ruby"
                and self._depth < MAX_DEPTH
                and (base := ruby_base(child)) is not None
            ):
                self._depth += 1
                self._children(base, items)
                self._depth -= 1
            elif name == "mc:AlternateContent":
                self._alternate(child, items, in_run=(run, look))
            else:
                self._atom(child, name, items)

    def _text(self, node: Element, run: Element, look: RunFormat, items: list[Item]) -> None:
        self._piece(node, node.text or "", run, look, items)
        if len(node):
            # XML comments are child nodes for lxml, and the text behind one is its tail.
            for mark in node:
                behind = (mark.tail or "") if not short_name(mark) else ""
                self._piece(mark, behind, run, look, items)

    def _piece(
        self,
        node: Element,
        text: str,
        run: Element,
        look: RunFormat,
        items: list[Item],
    ) -> None:
        if not text:
            return
        if look.is_kept or (self._flow.fields and self._flow.computing):
            if look.is_hidden and text.strip() and not _ends_kept(items):
                self.hidden_count += 1
            shown = text if self._flow.is_shown else ""
            self._opaque(items, node, TagRole.OTHER, equivalent=shown, joins=_KEPT)
            return
        # The first slot of a text has a seam too: nothing is joined to it from before.
        slot = Slot(node, run, look, text, has_seam=True)
        last = items[-1] if items else None
        # Word cuts text into runs wherever somebody typed: a run alone makes no tag, a look does.
        if isinstance(last, Text) and last.format == look.visible:
            slot.has_seam = self._seam or last.slots[-1].format.exact != look.exact
            last.slots.append(slot)
        else:
            items.append(Text([slot], look.visible))
        self._slots.append(slot)
        self._seam = False

    def _atom(self, child: Element, name: str, items: list[Item]) -> None:
        role, equivalent = ATOMS.get(name, (TagRole.OTHER, ""))
        self._opaque(items, child, role, equivalent=equivalent, name=name)
        # A drawing, or an element that is not known, may hold paragraphs of its own.
        if role in {TagRole.IMAGE, TagRole.OTHER}:
            self.nested.append(child)

    def _nest_objects(self, parent: Element) -> None:
        self.nested += [item for item in parent.iter() if short_name(item) in OBJECTS]

    def _opaque(
        self,
        items: list[Item],
        node: Element,
        role: TagRole,
        equivalent: str = "",
        name: str = "",
        joins: Field | None = None,
    ) -> None:
        """Add a node that is no text.

        Nodes of one computed field, and neighbours with the same `joins`, make one opaque.
        """
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
                can_delete=name in DELETABLE and joins is None,
                can_copy=name in COPYABLE and joins is None,
                field=joins,
            )
        )

    def _piece_of_field(
        self,
        items: list[Item],
        node: Element,
        field: Field,
        side: str | None = None,
        equivalent: str = "",
    ) -> Opaque:
        """Add a node of a field: to the whole field, or to an edge of a field with typed text.

        Everything in the code of a typed field belongs to its opening, nested fields included.
        """
        self._seam = True
        edge = side if side is not None else "open" if field.is_typed else ""
        last = items[-1] if items else None
        is_same = isinstance(last, Opaque) and last.field is field and last.edge == edge
        if isinstance(last, Opaque) and is_same and not last.has_end:
            last.nodes.append(node)
            last.equivalent += equivalent
            return last
        role = TagRole.LINK if edge and field.kind == "HYPERLINK" else TagRole.FIELD
        made = Opaque(
            [node], role, equivalent=equivalent, can_reorder=not edge, field=field, edge=edge
        )
        items.append(made)
        return made

    def _turn(self, char: Element) -> tuple[Field, FieldEdge] | None:
        """Move the flow over a `w:fldChar`.

        Gives its field and edge; None where it belongs to no complete field.
        """
        known = self._fields.edges.get(char)
        if known is None:
            return None
        field, edge = known
        if edge == "begin":
            field.in_result = False
            self._flow.fields.append(field)
        elif edge == "separate":
            field.in_result = True
        # A branch of alternate content has a flow of its own, in which the field may not be open.
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
        # Edges of a field nested in a computed field belong to the outer one, and stay with it.
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

    def _alternate(
        self,
        element: Element,
        items: list[Item],
        in_run: tuple[Element, RunFormat] | None,
    ) -> None:
        """Read the first choice of alternate content.

        Fallbacks with the same texts are written in step (ECMA-376 Part 3, AlternateContent).
        """
        # A reader takes the first choice that it understands. Word understands all that it writes.
        choice = next((child for child in element if short_name(child) == "mc:Choice"), None)
        if choice is None or not direct_texts(choice, in_run is not None):
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
            branch = direct_texts(other, in_run is not None) if other is not choice else []
            nodes = [node for node in branch if node.text]
            # Only a fallback that reads the same can be written in step; others keep the source's
            # text.
            if nodes and [node.text for node in nodes] == [slot.node.text for slot in added]:
                for slot, node in zip(added, nodes, strict=True):
                    slot.mirrors += (node,)
            if other is not choice and short_name(other):
                self._nest_objects(other)


def _ends_kept(items: list[Item]) -> bool:
    """Whether the last item is text that is left as it is."""
    return bool(items) and isinstance(items[-1], Opaque) and items[-1].field is _KEPT
