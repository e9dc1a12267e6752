"""The styles, lists and settings of the bundled sample."""

from samples.wordml import part

_BLUE = "1F4E79"
_GREY = "595959"


def styles() -> str:
    """word/styles.xml."""
    defaults = (
        "<w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="Arial" w:cs="Arial"/>'
        '<w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="en-GB"/></w:rPr></w:rPrDefault>'
        '<w:pPrDefault><w:pPr><w:spacing w:after="100" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault>'
        "</w:docDefaults>"
    )
    return part("w:styles", defaults + _paragraph_styles() + _character_styles() + _table_styles())


def _style(
    kind: str, name: str, shown: str, content: str, *, based_on: str = "", is_default: bool = False
) -> str:
    default = ' w:default="1"' if is_default else ""
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="{kind}"{default} w:styleId="{name}"><w:name w:val="{shown}"/>{base}<w:qFormat/>'
        f"{content}</w:style>"
    )


def _paragraph_styles() -> str:
    rule = f'<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="4" w:color="{_BLUE}"/></w:pBdr>'
    right_tab = '<w:tabs><w:tab w:val="right" w:pos="9354"/></w:tabs>'
    outlined = '<w:outlineLvl w:val="0"/>'
    named = [
        ("Title", "Title", f"{rule}{_spacing(0, 120)}", f"<w:b/>{_look(_BLUE, 40)}"),
        ("Subtitle", "Subtitle", _spacing(0, 200), f"<w:i/>{_look(_GREY, 20)}"),
        (
            "Heading1",
            "heading 1",
            f"<w:keepNext/>{_spacing(220, 80)}{outlined}",
            f"<w:b/>{_look(_BLUE, 24)}",
        ),
        ("ListParagraph", "List Paragraph", _spacing(0, 60), ""),
        ("TableText", "Table Text", _spacing(40, 40), ""),
        ("BoxText", "Box Text", _spacing(0, 40), '<w:sz w:val="18"/>'),
        ("Header", "header", f"{rule}{right_tab}", _look(_GREY, 16)),
        ("Footer", "footer", right_tab, _look(_GREY, 16)),
        ("FootnoteText", "footnote text", _spacing(0, 0), '<w:sz w:val="16"/>'),
    ]
    return _style("paragraph", "Normal", "Normal", "", is_default=True) + "".join(
        _style(
            "paragraph",
            name,
            shown,
            f"<w:pPr>{around}</w:pPr><w:rPr>{look}</w:rPr>",
            based_on="Normal",
        )
        for name, shown, around, look in named
    )


def _spacing(before: int, after: int) -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}"/>'


def _look(colour: str, half_points: int) -> str:
    return f'<w:color w:val="{colour}"/><w:sz w:val="{half_points}"/>'


def _character_styles() -> str:
    link = '<w:rPr><w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr>'
    raised = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    return _style("character", "Hyperlink", "Hyperlink", link) + _style(
        "character", "FootnoteReference", "footnote reference", raised
    )


def _table_styles() -> str:
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="9DB4C8"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    first_row = (
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:color w:val="FFFFFF"/></w:rPr>'
        f'<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="{_BLUE}"/></w:tcPr></w:tblStylePr>'
    )
    margins = '<w:tblCellMar><w:left w:w="108" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar>'
    plain = f"<w:tblPr>{margins}</w:tblPr>"
    grid = f"<w:tblPr><w:tblBorders>{borders}</w:tblBorders>{margins}</w:tblPr>{first_row}"
    return (
        _style("table", "TableNormal", "Normal Table", plain, is_default=True)
        + _style("table", "PriceTable", "Price Table", grid, based_on="TableNormal")
        + _style("table", "SignatureTable", "Signature Table", "", based_on="TableNormal")
    )


def numbering() -> str:
    """word/numbering.xml: list 1 has numbers with letters below, list 2 has bullets."""
    levels = [("decimal", "%1."), ("lowerLetter", "%2)")]
    numbers = "".join(_level(index, kind, shown) for index, (kind, shown) in enumerate(levels))
    bullets = _level(0, "bullet", "•")
    lists = "".join(
        f'<w:abstractNum w:abstractNumId="{index}"><w:multiLevelType w:val="hybridMultilevel"/>'
        f"{content}</w:abstractNum>"
        for index, content in enumerate([numbers, bullets])
    )
    return part(
        "w:numbering",
        lists
        + "".join(
            f'<w:num w:numId="{n + 1}"><w:abstractNumId w:val="{n}"/></w:num>' for n in range(2)
        ),
    )


def _level(index: int, kind: str, shown: str) -> str:
    indent = 360 * (index + 1)
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{shown}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{indent}" w:hanging="360"/></w:pPr></w:lvl>'
    )


def settings() -> str:
    """word/settings.xml, in the compatibility mode of current Word."""
    separators = '<w:footnotePr><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr>'
    mode = '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    return part(
        "w:settings", f'<w:defaultTabStop w:val="709"/>{separators}<w:compat>{mode}</w:compat>'
    )
