"""Fields in pieces, nested and at the edges of paragraphs: words stay out of codes,
and every field stays itself.
"""

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.wordml import body, bold, document, field, paragraph, run, sources
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    Tag,
    TagSide,
    Unit,
    closing,
    opening,
    placeholder,
    plain_text,
)
from dragoman_documents import extract, merge, text_only
from dragoman_documents.docx.fields import NESTED
from dragoman_documents.docx.instructions import texts_in_code

_PIECE = re.compile(r'w:fldCharType="(\w+)"|<w:instrText[^>]*>([^<]*)<|<w:t(?: [^>]*)?>([^<]*)<')


def edge(kind: str) -> str:
    """One edge of a field."""
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def code(text: str) -> str:
    """A piece of a field's code."""
    return f'<w:r><w:instrText xml:space="preserve">{text}</w:instrText></w:r>'


def nested(*pieces: str, result: str) -> str:
    """A field whose code is made of the given pieces."""
    return f"{edge('begin')}{''.join(pieces)}{edge('separate')}{result}{edge('end')}"


def fields(markup: str) -> tuple[Counter[str], str]:
    """The codes of the fields in markup, nested ones in braces, and the text that is in no code.

    Raises:
        ValueError: the edges are out of order.
    """
    codes: Counter[str] = Counter()
    shown: list[str] = []
    stack: list[tuple[list[str], bool]] = []
    for kind, instruction, text in _PIECE.findall(markup):
        if kind == "begin":
            stack.append(([], False))
        elif kind == "separate" and stack and not stack[-1][1]:
            stack[-1] = (stack[-1][0], True)
        elif kind == "end" and stack:
            ended = "".join(stack.pop()[0])
            codes[ended] += 1
            if stack and not stack[-1][1]:
                stack[-1][0].append("{" + ended + "}")
        elif kind or (instruction and (not stack or stack[-1][1])):
            raise ValueError(kind or "a code outside of a field")
        elif instruction:
            stack[-1][0].append(instruction)
        elif all(in_result for _, in_result in stack):
            shown.append(text)
    if stack:
        raise ValueError("a field without an end")
    return codes, "".join(shown)


def translated(data: bytes, *target: str | Tag, number: int = 0) -> str:
    """The body after one unit has become `target`, which the gate must let pass."""
    unit = extract(data).units[number]
    result = merge(data, {unit.unit_id: target}, target_locale=Locale("de"))
    assert text_only(data, result).is_text_only
    return body(result)


MAIL = nested(
    code(' HYPERLINK "mailto:'),
    field(" MERGEFIELD mail ", run("«mail»")),
    code('" '),
    result=run("our office", "<w:u/>"),
)


def test_a_field_in_the_code_of_a_link_is_part_of_that_code() -> None:
    assert sources(document(paragraph(run("Write to "), MAIL, run(" soon.")))) == [
        "Write to <1>our office</1> soon."
    ]


def test_words_never_go_into_a_code() -> None:
    data = document(paragraph(run("Write to "), MAIL, run(" soon.")))
    result = translated(data, "Bald an ", opening(1), "unser Büro", closing(1), " schreiben.")
    before = translated(data, opening(1), "Unser Büro", closing(1), " will bald Post.")
    assert fields(result) == (fields(body(data))[0], "Bald an unser Büro schreiben.")
    assert fields(before) == (fields(body(data))[0], "Unser Büro will bald Post.")


def test_a_simple_field_in_the_code_of_a_link_is_part_of_that_code() -> None:
    inner = f'<w:fldSimple w:instr="MERGEFIELD id">{run("17")}</w:fldSimple>'
    link = nested(code('HYPERLINK "a/'), inner, code('"'), result=run("list"))
    assert sources(document(paragraph(run("The "), link, run(" is new")))) == [
        "The <1>list</1> is new"
    ]


def test_a_condition_shows_its_result_and_keeps_its_code() -> None:
    chosen = nested(
        code(" IF "),
        field("MERGEFIELD sex", run("f")),
        code(' = "f" "Madam" "Sir" '),
        result=run("Madam"),
    )
    data = document(paragraph(run("Dear "), chosen, run(",")))
    assert sources(data) == ["Dear <1>Madam</1>,"]
    assert "MERGEFIELD sex" in translated(
        data, "Sehr geehrte ", opening(1), "Frau", closing(1), "!"
    )


def test_what_is_tracked_as_deleted_in_a_code_moves_with_it() -> None:
    gone = '<w:del w:id="4"><w:r><w:delInstrText>OLD</w:delInstrText></w:r></w:del>'
    page = nested(code("NEW "), gone, result=run("7"))
    result = translated(
        document(paragraph(run("On page "), page, run(" of it"))), placeholder(1), " davon"
    )
    assert (
        result.index('"begin"')
        < result.index("<w:del ")
        < result.index('"separate"')
        < result.index("davon")
    )


def test_fields_cut_into_pieces_may_change_places() -> None:
    page = nested(code(" PAGE "), code(r" \* MERGEFORMAT "), result=run("2"))
    pages = nested(code(" NUM"), code("PAGES "), code(r"  \* MERGEFORMAT "), result=run("9"))
    data = document(paragraph(run("Page "), page, run(" of "), pages, run(" pages.")))
    result = translated(data, "共", placeholder(2), "页，第", placeholder(1), "页。")
    assert fields(result)[1] == "共9页，第2页。"
    assert result.index("NUM") < result.index(" PAGE ")


def test_a_field_that_is_half_in_an_insertion_keeps_its_place() -> None:
    tracked = (
        f'<w:ins w:id="1" w:author="a">{run("The ")}{edge("begin")}{code("HYPERLINK x")}</w:ins>'
    )
    data = document(
        paragraph(
            tracked, edge("separate"), run("customer"), edge("end"), run(" is "), bold("king")
        )
    )
    assert sources(data) == ["The <1>customer</1> is <2>king</2>"]
    assert not extract(data).units[0].tags[0].can_reorder
    result = translated(
        data,
        opening(2),
        "König",
        closing(2),
        " ist der ",
        opening(1),
        "Kunde",
        closing(1),
        " in allem",
    )
    assert fields(result) == (Counter(["HYPERLINK x"]), "König ist der Kunde in allem")
    assert re.search(r"<w:ins [^>]*>.*HYPERLINK x.*</w:ins>.*separate", result)


@pytest.mark.parametrize(
    ("runs", "source"),
    [
        ((run("Dear "), field("MERGEFIELD name", run("«name»"))), "Dear <1/>"),
        ((field("MERGEFIELD name", run("«name»")), run(" has paid")), "<1/> has paid"),
        (
            (run("See "), f'<w:fldSimple w:instr="REF a">{run("part one")}</w:fldSimple>'),
            "See <1/>",
        ),
        (
            (run("See "), f'<w:hyperlink w:anchor="a">{field("REF a", run("one"))}</w:hyperlink>'),
            "See <1/>",
        ),
        ((run("Name: "), field("FORMTEXT", run("     ")), run(" ")), "Name: <1/>"),
        ((field("PAGE", run("1")), run(" / "), field("NUMPAGES", run("9"))), "<1/> / <2/>"),
        ((run("Chapter"), "<w:r><w:tab/></w:r>", field("PAGEREF a", run("1"))), "Chapter"),
        ((field("FORMCHECKBOX", ""), run(" I agree")), "I agree"),
        ((run("The pump"), field('XE "pump"', "")), "The pump"),
    ],
    ids=["last", "first", "simple", "linked", "form", "both", "behind a tab", "box", "index"],
)
def test_a_field_beside_the_words_of_its_sentence_is_in_the_unit(
    runs: tuple[str, ...], source: str
) -> None:
    assert sources(document(paragraph(*runs))) == [source]


def test_words_may_stand_on_either_side_of_a_field_at_the_edge() -> None:
    data = document(paragraph(run("Dear "), field("MERGEFIELD name", run("«name»"))))
    assert (
        fields(translated(data, "Hallo ", placeholder(1), ", guten Tag"))[1]
        == "Hallo «name», guten Tag"
    )


def test_a_paragraph_of_a_field_alone_is_no_unit() -> None:
    assert sources(document(paragraph(field("MERGEFIELD name", run("«name»"))))) == []


def test_the_gate_sees_words_that_are_in_a_code() -> None:
    good = paragraph(run("Go "), field("HYPERLINK x", run("there")), run(" now", "<w:b/>"))
    bad = paragraph(
        edge("begin"),
        code("HYPERLINK x"),
        run("Go "),
        edge("separate"),
        run("there"),
        edge("end"),
        bold(" now"),
    )
    assert not text_only(document(good), document(bad)).is_text_only


TEXTS = st.builds(
    run, st.text("ab yz.", min_size=1, max_size=5), st.sampled_from(["", "<w:b/>", "<w:u/>"])
)
CODES = st.sampled_from(
    ["HYPERLINK x", "PAGE ", "REF a ", "IF ", "FORMTEXT ", 'XE "a"', "MERGEFIELD n "]
)


def made(name: str, inner: Sequence[str], result: Sequence[str]) -> list[str]:
    """A field in pieces, its name cut in two and fields in its code."""
    return [
        edge("begin"),
        code(name[:2]),
        code(name[2:]),
        *inner,
        edge("separate"),
        *result,
        edge("end"),
    ]


def flat(pieces: Sequence[Sequence[str]]) -> list[str]:
    return [piece for each in pieces for piece in each]


FIELDS = st.recursive(
    st.builds(made, CODES, st.just(()), st.lists(TEXTS, max_size=2)),
    lambda inner: st.builds(
        made,
        CODES,
        st.lists(inner, max_size=2).map(flat),
        st.lists(TEXTS.map(lambda text: [text]) | inner, max_size=3).map(flat),
    ),
    max_leaves=5,
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Paragraphs of texts and fields, with elements around any stretch of pieces and ends of
    paragraphs between any.
    """
    pieces = flat(draw(st.lists(TEXTS.map(lambda text: [text]) | FIELDS, min_size=1, max_size=4)))
    cut = draw(st.integers(0, len(pieces)))
    paragraphs: list[str] = []
    for stretch in (pieces[:cut], pieces[cut:]):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(stretch))] * 2)))
        shell = draw(st.sampled_from(["ins", "hyperlink", "smartTag", ""]))
        inside = "".join(stretch[start:end])
        inside = f'<w:{shell} w:id="5">{inside}</w:{shell}>' if shell else inside
        paragraphs.append(paragraph(*stretch[:start], inside, *stretch[end:]))
    return "".join(paragraphs)


def shuffled(unit: Unit, draw: st.DataObject) -> Content:
    """The unit with its things in another order and words of its own around
    each; pairs hold a word.
    """
    target: list[str | Tag] = ["Zuerst "]
    for tag in draw.draw(st.permutations([part for part in unit.source if isinstance(part, Tag)])):
        if tag.side is TagSide.OPEN:
            target += [tag, f"w{tag.id}", closing(tag.id), " und "]
        elif tag.side is TagSide.PLACEHOLDER:
            target += [tag, " dann "]
    return (*target, "zuletzt")


@given(bodies(), st.data())
@settings(max_examples=200)
def test_whatever_a_translator_does_to_tags_fields_stay_themselves(
    inner: str, draw: st.DataObject
) -> None:
    data = document(inner)
    targets = {unit.unit_id: shuffled(unit, draw) for unit in extract(data).units}
    result = merge(data, targets, target_locale=Locale("de"))
    codes, shown = fields(body(result))
    assert codes == fields(inner)[0]
    assert all("".join(plain_text(target).split()) for target in targets.values())
    for target in targets.values():
        for words in (part for part in target if isinstance(part, str)):
            assert words.strip() in shown
    assert text_only(data, result).is_text_only


@pytest.mark.parametrize(
    ("instruction", "texts"),
    [
        (r' XE "pump:oil pump" \b \t "see engine" \r mark ', ["pump:oil pump", "see engine"]),
        (r' TC "Chapter A" \f c \l 2 ', ["Chapter A"]),
        (f' IF {NESTED} = "f" "Madam" "Sir" ', ["Madam", "Sir"]),
        (r'IF DATE \@ "yyyy" = "1998" "1998-"', []),
        (" MACROBUTTON NoMacro [Click here] ", ["[Click here]"]),
        (r' AUTOTEXTLIST "Dear Sir:" \s "Salutation" \t "Pick one" ', ["Dear Sir:", "Pick one"]),
        (r' HYPERLINK "http://a.b" \l "c" \o "A tip" \t "_blank" ', ["A tip"]),
        (r' FILLIN “Your name?” \d "nobody" \o ', ["Your name?", "nobody"]),
        (r" REF _Ref1 \h  \* MERGEFORMAT ", []),
        (r' QUOTE "say \"no\"" ', [r"say \"no\""]),
        ('XE "never closed', ["never closed"]),
        ("", []),
    ],
)
def test_texts_in_codes_are_found(instruction: str, texts: list[str]) -> None:
    found = texts_in_code(instruction)
    assert [piece.text for piece in found] == texts
    assert [instruction[piece.start : piece.end] for piece in found] == texts
