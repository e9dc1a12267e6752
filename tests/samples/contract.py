"""The bundled sample: a two-page English contract with every kind of text that a translation has to
carry over.

`python -m samples.contract` in the folder of the tests writes it into the package that ships it.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from samples import styles
from samples.wordml import (
    Links,
    field,
    listed,
    paragraph,
    part,
    plain_part,
    relationship,
    relationships,
    run,
    runs,
    table,
    text_box,
)

SAMPLE = (
    Path(__file__).parents[2] / "deploy/standalone/src/dragoman_standalone/samples/contract.docx"
)
_CHANGED = (2026, 1, 15, 9, 0, 0)
_OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_RIGHT = '<w:jc w:val="right"/>'

_TITLE = "Contract for Translation Services"
_FOOTNOTES = [
    "Every day is a working day, except Saturdays, Sundays and the public holidays of Ireland.",
    "A standard page has 1,500 characters, with spaces.",
]
_PRICES = [
    ("Service", "Unit", "Price", "Delivery"),
    ("Translation of contracts", "word", "€ 0.14", "10 working days"),
    ("Translation of manuals", "word", "€ 0.11", "15 working days"),
    ("Revision by a second translator", "standard page[^2]", "€ 9.50", "5 working days"),
    ("**Urgent work**, on Saturday or Sunday", "hour", "€ 72.00", "*on request*"),
]


def _facts() -> str:
    lines = [
        "**Summary of the agreement**",
        "Start: 1 February 2026",
        "Duration: two years",
        "Languages: English and Spanish",
        "Termination: *three months*",
    ]
    return "".join(paragraph(runs(line), "BoxText") for line in lines)


def _first_page(links: Links) -> str:
    heading = "Heading1"
    return "".join(
        [
            paragraph(run(_TITLE), "Title"),
            paragraph(
                run("Contract number 2026-041, signed in Dublin on 15 January 2026"), "Subtitle"
            ),
            paragraph(
                text_box(_facts(), width_pt=176, height_pt=84)
                + runs(
                    "This agreement is between **Brightwater Ltd**, a company with its office in Dublin "
                    "(the *client*), and **Nordhaven Translations**, a company with its office in Madrid "
                    "(the *provider*)."
                )
            ),
            paragraph(runs("The client and the provider accept the following conditions.")),
            paragraph(run("1. Purpose of the agreement"), heading),
            paragraph(
                runs(
                    "The provider translates the documents of the client from English into Spanish. The client sends "
                    "each document with a *written request*. The request contains the name of the document, the day of "
                    "delivery and the price. The request is valid after the **written confirmation** of the provider, "
                    "in two working days.[^1]"
                )
            ),
            paragraph(run("2. Obligations of the provider"), heading),
            paragraph(run("The provider has the following obligations:")),
            listed(runs("The provider translates each document **completely and correctly**."), 1),
            listed(
                runs("The provider uses the terms that the client has approved. In particular:"), 1
            ),
            listed(runs("the names of products are *not* translated;"), 1, 1),
            listed(runs("the numbers and the prices do not change;"), 1, 1),
            listed(runs("the format of the document does not change."), 1, 1),
            listed(runs("A second translator reads each translation before the delivery."), 1),
            listed(
                runs(
                    "The provider corrects all the errors **without additional cost** in five working days."
                ),
                1,
            ),
            paragraph(run("3. Obligations of the client"), heading),
            paragraph(run("The client has the following obligations:")),
            listed(runs("The client sends the documents in an electronic format."), 2),
            listed(
                runs("The client answers the questions of the provider in *three* working days."), 2
            ),
            listed(
                runs(
                    "The client publishes the list of terms at [www.example.com/terms](https://www.example.com/terms) "
                    "and informs the provider about each change.",
                    links,
                ),
                2,
            ),
        ]
    )


def _second_page(links: Links) -> str:
    heading = "Heading1"
    widths = (3800, 1900, 1400, 2254)
    cells = [
        [
            paragraph(runs(text), "TableText", _RIGHT if column == 2 else "")
            for column, text in enumerate(row)
        ]
        for row in _PRICES
    ]
    return "".join(
        [
            paragraph(run("4. Prices and payment"), heading, "<w:pageBreakBefore/>"),
            paragraph(runs("These are the prices of the services. They do **not** include taxes.")),
            table(cells, widths, "PriceTable", has_header=True),
            paragraph(
                runs(
                    "The provider sends an invoice at the end of each month. The client pays the invoice in "
                    "**thirty days**. If the payment is late, the provider can request an interest of *1.5 %* "
                    "each month."
                ),
                properties='<w:spacing w:before="160"/>',
            ),
            paragraph(run("5. Confidentiality"), heading),
            paragraph(
                runs(
                    "The documents of the client are **confidential**. The provider does not give the documents to "
                    "other persons and does not send them to external services. After the end of the agreement, this "
                    "obligation continues during *five years*."
                )
            ),
            paragraph(run("6. Duration and termination"), heading),
            paragraph(
                runs(
                    "The agreement begins on **1 February 2026** and has a duration of two years. The client or "
                    "the provider can terminate the agreement with a written notification, three months before the end "
                    "of a year. If the client or the provider violates an important obligation, the agreement can be "
                    "terminated *immediately*."
                )
            ),
            paragraph(run("7. Applicable law"), heading),
            paragraph(
                runs(
                    "The law of Ireland regulates this agreement. The client and the provider try to solve all the "
                    "conflicts with a conversation. The rules of the mediation can be consulted at "
                    "[www.example.com/mediation](https://www.example.com/mediation).",
                    links,
                )
            ),
            paragraph(run("Signatures"), heading),
            _signatures(),
            paragraph(""),
        ]
    )


def _signatures() -> str:
    border = '<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="1" w:color="595959"/></w:pBdr>'
    line = f'{border}<w:spacing w:before="560"/>'
    cells = [
        paragraph(runs(f"**For the {party}**"), "TableText")
        + paragraph("", "TableText", line)
        + paragraph(run("Name, place and day"), "TableText")
        for party in ("client", "provider")
    ]
    gap = paragraph("", "TableText")
    return table([[cells[0], gap, cells[1]]], (4300, 754, 4300), "SignatureTable", has_header=False)


def _document(links: Links) -> str:
    section = (
        '<w:sectPr><w:headerReference w:type="default" r:id="rId4"/><w:footerReference w:type="default" r:id="rId5"/>'
        '<w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1417" w:right="1276" w:bottom="1134" w:left="1276" w:header="624" w:footer="567"'
        ' w:gutter="0"/>'
        "</w:sectPr>"
    )
    return part(
        "w:document", f"<w:body>{_first_page(links)}{_second_page(links)}{section}</w:body>"
    )


def _footnotes() -> str:
    separators = "".join(
        f'<w:footnote w:type="{kind}" w:id="{index}"><w:p><w:r><w:{mark}/></w:r></w:p></w:footnote>'
        for index, kind, mark in [
            (-1, "separator", "separator"),
            (0, "continuationSeparator", "continuationSeparator"),
        ]
    )
    mark = '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>'
    notes = "".join(
        f'<w:footnote w:id="{index}">{paragraph(mark + run(" " + text), "FootnoteText")}</w:footnote>'
        for index, text in enumerate(_FOOTNOTES, start=1)
    )
    return part("w:footnotes", separators + notes)


def _content_types() -> str:
    overrides = {
        "/word/document.xml": f"{_OFFICE}.document.main+xml",
        **{
            f"/word/{name}.xml": f"{_OFFICE}.{name}+xml"
            for name in ("styles", "numbering", "settings", "footnotes")
        },
        "/word/header1.xml": f"{_OFFICE}.header+xml",
        "/word/footer1.xml": f"{_OFFICE}.footer+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    entries = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in overrides.items()
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return plain_part(
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{entries}</Types>"
    )


def _core_properties() -> str:
    return plain_part(
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{_TITLE}</dc:title><dc:creator>Dragoman</dc:creator><dc:language>en-GB</dc:language>"
        '<dcterms:created xsi:type="dcterms:W3CDTF">2026-01-15T09:00:00Z</dcterms:created></cp:coreProperties>'
    )


def parts() -> Mapping[str, str]:
    """The parts of the sample by name, in the order in which the package holds them."""
    links = Links(first_id=10)
    document = _document(links)
    header = paragraph(runs(f"**Brightwater Ltd**\t{_TITLE}"), "Header")
    pages = run("Confidential\tPage ") + field("PAGE", "1") + run(" of ") + field("NUMPAGES", "2")
    used = [("styles", "styles"), ("numbering", "numbering"), ("settings", "settings")]
    used += [("header", "header1"), ("footer", "footer1"), ("footnotes", "footnotes")]
    related = [
        relationship(f"rId{index}", kind, f"{name}.xml")
        for index, (kind, name) in enumerate(used, start=1)
    ]
    return {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": relationships(
            [
                relationship("rId1", "officeDocument", "word/document.xml"),
                relationship("rId2", "core-properties", "docProps/core.xml"),
            ]
        ),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": relationships([*related, *links.relationships()]),
        "word/styles.xml": styles.styles(),
        "word/numbering.xml": styles.numbering(),
        "word/settings.xml": styles.settings(),
        "word/header1.xml": part("w:hdr", header),
        "word/footer1.xml": part("w:ftr", paragraph(pages, "Footer")),
        "word/footnotes.xml": _footnotes(),
        "docProps/core.xml": _core_properties(),
    }


def write(path: Path) -> None:
    """Write the sample as a package whose parts bear a fixed date,
    so that it comes out the same every time.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts().items():
            package.writestr(
                zipfile.ZipInfo(name, _CHANGED), content.encode(), zipfile.ZIP_DEFLATED
            )


if __name__ == "__main__":
    write(SAMPLE)
