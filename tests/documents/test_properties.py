"""Whatever a paragraph is made of: identity changes no byte,
and a translation changes nothing but text.
"""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import canonicalize

from hypothesis import given, settings
from hypothesis import strategies as st

from documents.wordml import body, document, field, paragraph, part, pseudo, run
from dragoman_contracts.text import Tag, TagSide, Unit, closing, opening, placeholder, plain_text
from dragoman_documents import extract, merge

TEXTS = st.text("ab yz .", min_size=1, max_size=6)
LOOKS = st.sampled_from(
    [
        "",
        "<w:b/>",
        "<w:i/>",
        "<w:u/>",
        "<w:vanish/>",
        '<w:lang w:val="de-DE"/>',
        '<w:spacing w:val="2"/>',
    ]
)
RUNS = st.builds(run, TEXTS, LOOKS)
THINGS = st.sampled_from(
    [
        "<w:r><w:tab/></w:r>",
        "<w:r><w:br/></w:r>",
        '<w:r><w:t>mid</w:t><w:tab/><w:t xml:space="preserve"> run </w:t></w:r>',
        "<w:r><w:softHyphen/></w:r>",
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        '<w:bookmarkStart w:id="0" w:name="b"/>',
        '<w:bookmarkEnd w:id="0"/>',
        '<w:proofErr w:type="spellStart"/>',
        '<w:del w:id="9"><w:r><w:delText>gone</w:delText></w:r></w:del>',
        field("PAGE", run("1")),
        field("HYPERLINK x", run("link", "<w:u/>")),
        "<m:oMath/>",
    ]
)

HALF_FIELDS = st.sampled_from(
    [f'<w:r><w:fldChar w:fldCharType="{edge}"/></w:r>' for edge in ("begin", "separate", "end")]
    + ["<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"]
)


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Links, insertions, controls and tags around pieces."""
    shells = st.sampled_from(
        [
            ('<w:hyperlink w:anchor="x">', "</w:hyperlink>"),
            ('<w:ins w:id="3">', "</w:ins>"),
            ("<w:sdt><w:sdtPr/><w:sdtContent>", "</w:sdtContent></w:sdt>"),
            ('<w:smartTag w:element="e">', "</w:smartTag>"),
            ("<w:fldSimple w:instr='PAGE'>", "</w:fldSimple>"),
        ]
    )
    contents = st.lists(inner, max_size=4).map("".join)
    return st.tuples(shells, contents).map(lambda pair: pair[0][0] + pair[1] + pair[0][1])


def bodies(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Bodies of a few paragraphs made of these leaves."""
    pieces = st.recursive(leaves, wrapped, max_leaves=8)
    paragraphs = st.lists(pieces, max_size=8).map(lambda inner: paragraph(*inner))
    return st.lists(paragraphs, min_size=1, max_size=3).map("".join)


WHOLE = bodies(RUNS | THINGS)
BROKEN = bodies(RUNS | THINGS | HALF_FIELDS)


def skeleton(data: bytes) -> str:
    """The main document without what is in its text nodes."""
    return re.sub(r"(<w:t(?: [^>]*)?>)[^<]*", r"\1", canonicalize(part(data)))


@given(BROKEN)
def test_identity_gives_the_same_bytes(inner: str) -> None:
    data = document(inner)
    assert merge(data, {unit.unit_id: unit.source for unit in extract(data).units}) == data


@given(BROKEN)
def test_a_translation_of_the_same_length_changes_only_text_nodes(inner: str) -> None:
    data = document(inner)
    units = extract(data).units
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in units})
    assert skeleton(result) == skeleton(data)
    assert [unit.source for unit in extract(result).units] == [pseudo(unit) for unit in units]


@given(BROKEN)
def test_tags_of_a_unit_are_paired_nested_and_specified(inner: str) -> None:
    for unit in extract(document(inner)).units:
        stack: list[int] = []
        for piece in unit.source:
            if isinstance(piece, Tag) and piece.side is TagSide.OPEN:
                stack.append(piece.id)
            elif isinstance(piece, Tag) and piece.side is TagSide.CLOSE:
                assert stack.pop() == piece.id
        assert not stack
        assert {spec.id for spec in unit.tags} == {
            piece.id for piece in unit.source if isinstance(piece, Tag)
        }


def reordered(unit: Unit, order: Sequence[int]) -> list[str | Tag]:
    """The unit's tags in another order, each pair around words of its own, with words between."""
    target: list[str | Tag] = ["Start "]
    for tag_id in sorted(
        (spec.id for spec in unit.tags), key=lambda tag_id: order[tag_id % len(order)]
    ):
        is_pair = opening(tag_id) in unit.source
        target += (
            [opening(tag_id), f"w{tag_id}", closing(tag_id)] if is_pair else [placeholder(tag_id)]
        )
        target.append(" and ")
    return [*target, "end"]


@given(WHOLE, st.lists(st.integers(0, 20), min_size=1, max_size=12))
@settings(max_examples=150)
def test_tags_in_any_order_keep_their_words_in_that_order(inner: str, order: list[int]) -> None:
    data = document(inner)
    units = extract(data).units
    targets = {unit.unit_id: tuple(reordered(unit, order)) for unit in units}
    again = extract(merge(data, targets)).units
    assert [plain_text(unit.source) for unit in again] == [
        plain_text(target) for target in targets.values()
    ]


@given(WHOLE, st.data())
@settings(max_examples=150)
def test_tags_a_translator_broke_lose_no_words(inner: str, data: st.DataObject) -> None:
    source = document(inner)
    targets: dict[str, tuple[str | Tag, ...]] = {}
    for unit in extract(source).units:
        tags = st.builds(Tag, id=st.integers(1, len(unit.tags) + 2), side=st.sampled_from(TagSide))
        pieces = data.draw(st.lists(st.sampled_from(["uno ", "dos ", "tres "]) | tags, max_size=10))
        targets[unit.unit_id] = ("Inicio ", *pieces, "fin")
    result = merge(source, targets)
    again = [plain_text(unit.source) for unit in extract(result).units]
    assert again == [plain_text(target) for target in targets.values()]
    assert body(result).count("<w:footnoteReference") == inner.count("<w:footnoteReference")
