"""Text in attributes: tooltips, alternative text of groups, help of form fields."""

from documents.wordml import PSEUDO, document, field, paragraph, part, pseudo, replaced, run
from dragoman_contracts.text import StoryKind, Unit
from dragoman_documents import ExtractOptions, extract, inspect, merge, text_only

_GROUP = "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup"


def texts(data: bytes) -> list[str]:
    return ["".join(map(str, unit.source)) for unit in extract(data).units]


def translated(data: bytes) -> str:
    """The main document in pseudo letters; the gate agrees that nothing but text differs."""
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in extract(data).units})
    assert text_only(data, result).is_text_only
    return part(result)


def test_the_tooltip_of_a_link_is_a_unit_of_its_own() -> None:
    link = f'<w:hyperlink r:id="rId9" w:tooltip="a &amp; b" w:history="1">{run("the report")}</w:hyperlink>'
    data = document(paragraph(run("See "), link, run(".")))
    about, tip = extract(data).units
    assert "".join(map(str, about.source)) == "See <1>the report</1>."
    assert (tip.source, tip.story) == (("a & b",), StoryKind.ALTERNATIVE_TEXT)
    result = translated(data)
    assert 'w:tooltip="а &amp; б"' in result
    assert 'w:history="1"' in result
    assert len(extract(data, ExtractOptions(tooltips=False)).units) == 1


def test_paragraphs_that_differ_in_their_tooltips_alone_keep_them_apart_in_long_documents() -> None:
    body = "".join(
        paragraph(
            run("See "),
            f'<w:hyperlink w:anchor="a" w:tooltip="tip {n % 7}">{run("it")}</w:hyperlink>',
        )
        for n in range(2_500)
    )
    units = extract(document(body)).units
    assert [unit.source[0] for unit in units[1::2]] == [f"tip {n % 7}" for n in range(2_500)]


def test_the_tooltip_of_a_drawing_is_written_where_it_stands_twice() -> None:
    click = '<a:hlinkClick r:id="rId2" tooltip="top of page"/>'
    drawing = (
        f'<w:drawing><wp:inline><wp:docPr id="1" name="x" descr="logo" title="sign">{click}</wp:docPr><a:graphic>'
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="p" descr="logo">{click}</pic:cNvPr></pic:nvPicPr></pic:pic>'
        "</a:graphic></wp:inline></w:drawing>"
    )
    data = document(paragraph(f"<w:r>{drawing}</w:r>"))
    assert texts(data) == ["logo", "sign", "top of page"]
    result = translated(data)
    assert result.count(f'tooltip="{"top of page".translate(PSEUDO)}"') == 2
    assert result.count(f'descr="{"logo".translate(PSEUDO)}"') == 2


def test_members_of_a_group_are_described_each_by_itself() -> None:
    member = '<wps:wsp><wps:cNvPr id="2" name="n" descr="{}" title="{}"/></wps:wsp>'
    picture = '<pic:pic><pic:nvPicPr><pic:cNvPr id="3" name="p.png" descr="leaf"/></pic:nvPicPr></pic:pic>'
    inner = f'<wpg:grpSp><wpg:cNvPr id="5" name="g" descr="inner"/>{picture}</wpg:grpSp>'
    group = (
        f'<w:drawing><wp:inline><wp:docPr id="1" name="x" descr="whole"/><wpg:wgp xmlns:wpg="{_GROUP}">'
        f"{member.format('tree', 'oak')}{member.format('tree', 'ash')}{inner}</wpg:wgp></wp:inline></w:drawing>"
    )
    data = document(paragraph(f"<w:r>{group}</w:r>"))
    assert texts(data) == ["whole", "tree", "oak", "ash", "inner", "leaf"]
    result = translated(data)
    assert not any(f'"{word}"' in result for word in texts(data))
    assert 'name="p.png"' in result


def test_a_picture_that_stands_alone_is_described_by_its_frame() -> None:
    picture = '<pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="p" descr="IMG_0001.JPG"/></pic:nvPicPr></pic:pic>'
    drawing = f'<w:drawing><wp:inline><wp:docPr id="1" name="x" descr="oak"/>{picture}</wp:inline></w:drawing>'
    assert texts(document(paragraph(f"<w:r>{drawing}</w:r>"))) == ["oak"]


def test_shapes_of_old_have_their_titles_translated_and_their_files_names_not() -> None:
    image = '<v:imagedata xmlns:o="urn:schemas-microsoft-com:office:office" o:title="file"/>'
    data = document(
        paragraph(f'<w:r><w:pict><v:shape alt="oak" title="tree">{image}</v:shape></w:pict></w:r>')
    )
    assert texts(data) == ["oak", "tree"]


def _form(help_type: str = "text", kind: str = "") -> str:
    inner = (
        f'<w:ffData><w:name w:val="T1"/><w:helpText w:type="{help_type}" w:val="your name"/>'
        f'<w:statusText w:type="text" w:val="name here"/><w:textInput>{kind}<w:default w:val="type"/></w:textInput>'
        "</w:ffData>"
    )
    code = field(" FORMTEXT ", run("type"))
    return code.replace(
        '<w:fldChar w:fldCharType="begin"/>',
        f'<w:fldChar w:fldCharType="begin">{inner}</w:fldChar>',
    )


def _limits(units: tuple[Unit, ...]) -> list[int | None]:
    return [unit.max_length_chars for unit in units]


def test_help_of_form_fields_is_translated_within_the_length_the_schema_allows() -> None:
    data = document(paragraph(run("Name: "), _form()))
    units = extract(data).units
    assert texts(data) == ["Name: <1>type</1>", "your name", "name here", "type"]
    assert _limits(units) == [None, 256, 140, None]
    assert all(
        Unit.model_validate_json(unit.model_dump_json(exclude_unset=True)) == unit for unit in units
    )
    result = translated(data)
    assert replaced(result, ('w:val="T1"', "")).count('w:val="') == 3
    assert 'w:val="your name"' not in result


def test_names_of_building_blocks_and_values_of_dates_are_no_text() -> None:
    data = document(paragraph(_form("autoText", '<w:type w:val="date"/>')))
    assert texts(data) == ["type", "name here"]


def test_help_that_is_longer_than_the_schema_allows_is_cut() -> None:
    data = document(paragraph(_form()))
    help_unit = extract(data).units[1]
    result = part(merge(data, {help_unit.unit_id: ("ж" * 300,)}))
    assert 'w:val="' + "ж" * 255 + '…"' in result


def test_a_document_whose_entries_stay_says_so() -> None:
    menu = '<w:ffData><w:ddList><w:listEntry w:val="Yes"/></w:ddList></w:ffData>'
    code = field(" FORMDROPDOWN ", "").replace(
        '<w:fldChar w:fldCharType="begin"/>', f'<w:fldChar w:fldCharType="begin">{menu}</w:fldChar>'
    )
    found = {each.code for each in inspect(document(paragraph(run("Answer "), code))).findings}
    assert found == {"choices"}


def test_a_state_is_no_text_to_the_gate() -> None:
    box = '<w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{}"/></w:checkBox></w:ffData>'
    before, after = (
        document(paragraph(run("x"), f"<w:r>{box.format(state)}</w:fldChar></w:r>"))
        for state in ("0", "1")
    )
    assert not text_only(before, after).is_text_only


def test_captions_of_tables_are_translated() -> None:
    table = (
        '<w:tbl><w:tblPr><w:tblCaption w:val="prices"/><w:tblDescription w:val="by year"/></w:tblPr>'
        f"<w:tr><w:tc>{paragraph(run('cell'))}</w:tc></w:tr></w:tbl>"
    )
    assert sorted(texts(document(table))) == ["by year", "cell", "prices"]


def test_the_links_of_drawn_text_have_tooltips() -> None:
    text = '<a:r><a:rPr><a:hlinkClick r:id="r" tooltip="more"/></a:rPr><a:t>read</a:t></a:r>'
    drawing = (
        f"<w:drawing><wp:inline><a:txBody><a:p>{text}</a:p></a:txBody></wp:inline></w:drawing>"
    )
    data = document(paragraph(f"<w:r>{drawing}</w:r>"))
    assert texts(data) == ["read", "more"]
    assert f'tooltip="{"more".translate(PSEUDO)}"' in translated(data)
