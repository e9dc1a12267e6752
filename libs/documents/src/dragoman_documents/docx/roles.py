"""The roles of parts, and the content types and relationships they are told by (ECMA-376 Part 1
§11.3, §15.2).

A part has a role whatever its name is:

    ContentType="application/vnd.….wordprocessingml.header+xml"     HEADER
    Type="http://….org/officeDocument/2006/relationships/chart"     CHART
"""

from __future__ import annotations

from enum import StrEnum


class PartRole(StrEnum):
    """The role of a part, by its content type or, if that is general, by the relationship to it."""

    MAIN = "main"
    HEADER = "header"
    FOOTER = "footer"
    FOOTNOTES = "footnotes"
    ENDNOTES = "endnotes"
    COMMENTS = "comments"
    GLOSSARY = "glossary"
    CHART = "chart"
    STATISTICAL_CHART = "statistical_chart"
    DIAGRAM = "diagram"
    CORE_PROPERTIES = "core_properties"
    EXTENDED_PROPERTIES = "extended_properties"
    NUMBERING = "numbering"
    STYLES = "styles"
    SETTINGS = "settings"
    FONT_TABLE = "font_table"
    CUSTOM_XML = "custom_xml"
    CUSTOM_XML_PROPERTIES = "custom_xml_properties"
    MACROS = "macros"
    EMBEDDED = "embedded"
    PICTURE = "picture"
    OTHER = "other"


BY_CONTENT_TYPE = (
    ("document.main+xml", PartRole.MAIN),
    ("template.main+xml", PartRole.MAIN),
    ("macroenabled.main+xml", PartRole.MAIN),
    ("macroenabledtemplate.main+xml", PartRole.MAIN),
    ("wordprocessingml.header+xml", PartRole.HEADER),
    ("wordprocessingml.footer+xml", PartRole.FOOTER),
    ("wordprocessingml.footnotes+xml", PartRole.FOOTNOTES),
    ("wordprocessingml.endnotes+xml", PartRole.ENDNOTES),
    ("wordprocessingml.comments+xml", PartRole.COMMENTS),
    ("document.glossary+xml", PartRole.GLOSSARY),
    ("drawingml.chart+xml", PartRole.CHART),
    (".chartex+xml", PartRole.STATISTICAL_CHART),
    ("drawingml.chartshapes+xml", PartRole.CHART),
    ("drawingml.diagramdata+xml", PartRole.DIAGRAM),
    ("drawingml.diagramdrawing+xml", PartRole.DIAGRAM),
    ("core-properties+xml", PartRole.CORE_PROPERTIES),
    ("extended-properties+xml", PartRole.EXTENDED_PROPERTIES),
    ("wordprocessingml.numbering+xml", PartRole.NUMBERING),
    ("wordprocessingml.styles+xml", PartRole.STYLES),
    ("wordprocessingml.settings+xml", PartRole.SETTINGS),
    ("wordprocessingml.fonttable+xml", PartRole.FONT_TABLE),
    ("customxmlproperties+xml", PartRole.CUSTOM_XML_PROPERTIES),
    ("vbaproject", PartRole.MACROS),
    ("oleobject", PartRole.EMBEDDED),
)
"""Roles by a piece of the content type, in lower case. The first that fits counts."""

BY_RELATIONSHIP = {
    "header": PartRole.HEADER,
    "footer": PartRole.FOOTER,
    "footnotes": PartRole.FOOTNOTES,
    "endnotes": PartRole.ENDNOTES,
    "comments": PartRole.COMMENTS,
    "glossaryDocument": PartRole.GLOSSARY,
    "chart": PartRole.CHART,
    "chartEx": PartRole.STATISTICAL_CHART,
    "chartUserShapes": PartRole.CHART,
    "diagramData": PartRole.DIAGRAM,
    "diagramDrawing": PartRole.DIAGRAM,
    "core-properties": PartRole.CORE_PROPERTIES,
    "extended-properties": PartRole.EXTENDED_PROPERTIES,
    "numbering": PartRole.NUMBERING,
    "styles": PartRole.STYLES,
    "settings": PartRole.SETTINGS,
    "fontTable": PartRole.FONT_TABLE,
    "customXml": PartRole.CUSTOM_XML,
    "customXmlProps": PartRole.CUSTOM_XML_PROPERTIES,
    "vbaProject": PartRole.MACROS,
    "oleObject": PartRole.EMBEDDED,
    "package": PartRole.EMBEDDED,
    "image": PartRole.PICTURE,
}
"""Roles by the last step of the relationship's type,
for parts whose content type is a general one.
"""

_STORIES = (
    PartRole.MAIN,
    PartRole.HEADER,
    PartRole.FOOTER,
    PartRole.FOOTNOTES,
    PartRole.ENDNOTES,
    PartRole.COMMENTS,
    PartRole.GLOSSARY,
    PartRole.CHART,
    PartRole.STATISTICAL_CHART,
    PartRole.DIAGRAM,
    PartRole.CORE_PROPERTIES,
)
STORY_ORDER = {role: rank for rank, role in enumerate(_STORIES)}
"""The parts that can hold text, by their place in the order of a document's units."""
