"""Preflight: the facts of a document and their meaning for a translation, before it is paid.

A document with two comments and a tracked insertion has the facts `comments=2`,
`tracked_changes=1`, and the findings `comments` (info) and `tracked_changes` (warning), each with a
message that names the cure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dragoman_contracts.counting import TextCount, count_text
from dragoman_contracts.model import Value
from dragoman_contracts.text import plain_text
from dragoman_documents.budget import Budget
from dragoman_documents.docx.databinding import BoundControls
from dragoman_documents.docx.fieldcounts import FieldCounts
from dragoman_documents.docx.findings import Finding, finding
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.located import LocatedUnit, has_letters
from dragoman_documents.docx.marks import LanguageMarks, by_language, joined
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.stories import locate_units
from dragoman_documents.docx.xml import SHORT_NAMES, Element, attribute, short_name

_LONG_WORDS = 50_000
_CHANGES = frozenset({"w:ins", "w:del", "w:moveFrom", "w:moveTo"})
_CHOICES = frozenset({"w:dropDownList", "w:comboBox", "w:ddList"})
_SWITCHES = frozenset({"w:rtl", "w:bidi"})
_LOOKED_AT = tuple(
    f"{{*}}{name.removeprefix('w:')}"
    for name in (*sorted(_SWITCHES), "w:lang", "w:rFonts", "w:framePr")
)
_OFF = frozenset({"0", "false", "off"})


class DocumentFacts(Value):
    """The facts of a document.

    `units` are all, as extraction finds them; `words` and `characters` are of those that have
    something to translate (`dragoman_contracts.counting`). Languages and fonts come in order of
    use; languages are those that its text is marked as.
    """

    size_bytes: int
    parts: int
    units: int
    words: int
    characters: int
    paragraphs: int
    tables: int
    sections: int
    pictures: int
    comments: int
    tracked_changes: int
    embedded_objects: int
    formulas: int
    has_macros: bool
    has_signature: bool
    has_right_to_left: bool
    is_protected: bool
    is_template: bool
    is_strict: bool
    stories: Mapping[str, int]
    languages: tuple[str, ...]
    fonts: tuple[str, ...]
    findings: tuple[Finding, ...]


def inspect(
    data: bytes,
    options: ExtractOptions | None = None,
    budget: Budget | None = None,
) -> DocumentFacts:
    """The facts of a DOCX file, each finding with what it means for the translation and what to do.

    Raises:
        DocumentError: the file is no readable Word document or passes the budget; the message names
            the cure.
    """
    return inspect_and_read(data, options, budget)[0]


def inspect_and_read(
    data: bytes, options: ExtractOptions | None = None, budget: Budget | None = None
) -> tuple[DocumentFacts, tuple[str, ...]]:
    """The facts of a DOCX file as `inspect` tells them, and the text of each unit that `extract`
    finds, without tags.

    Raises:
        DocumentError: the file is no readable Word document or passes the budget; the message names
            the cure.
    """
    options = options or ExtractOptions()
    with paused_garbage_collection():
        package = Package(data, budget or Budget())
        survey = _Survey(package)
        controls = BoundControls(package)
        left = Counter[str]()
        units = locate_units(package, options, controls, left=left)
        texts = tuple([plain_text(unit.content) for unit in units])
        survey.left = left | _also_left(package, options, controls)
        return _facts(package, options, survey, units, texts), texts


def _facts(
    package: Package,
    options: ExtractOptions,
    survey: _Survey,
    units: Sequence[LocatedUnit],
    texts: Sequence[str],
) -> DocumentFacts:
    count, languages = survey.elements, survey.marks.of(texts)
    translatable = (
        unit
        for unit, text in zip(units, texts, strict=True)
        if unit.is_translatable and has_letters(text)
    )
    total = sum((count_text(unit.content, unit.specs) for unit in translatable), TextCount())
    return DocumentFacts(
        size_bytes=package.size_bytes,
        parts=len(package.names),
        units=len(units),
        words=total.words,
        characters=total.characters,
        paragraphs=count["w:p"],
        tables=count["w:tbl"],
        sections=count["w:sectPr"],
        pictures=len(package.with_role(PartRole.PICTURE)),
        comments=count["w:comment"],
        tracked_changes=sum(count[name] for name in _CHANGES),
        embedded_objects=len(package.with_role(PartRole.EMBEDDED)),
        formulas=count["m:oMath"],
        has_macros=bool(package.with_role(PartRole.MACROS)),
        has_signature=survey.has_signature,
        has_right_to_left=bool(count["w:rtl"] or count["w:bidi"]),
        is_protected=survey.is_protected,
        is_template="template" in package.content_type(package.main),
        is_strict=survey.is_strict,
        stories=dict(Counter(str(unit.story) for unit in units)),
        languages=languages,
        fonts=tuple(name for name, _ in survey.fonts.most_common()),
        findings=(
            *_findings(package, survey, units, total.words, options),
            *_language_findings(languages),
        ),
    )


def unreadable_parts(package: Package) -> tuple[Finding, ...]:
    """A warning where parts that hold text are not well-formed and were left as they are."""
    broken = sum(1 for name in package.stories() if package.root(name) is None)
    return (finding("part.unreadable", broken),) if broken else ()


def _also_left(package: Package, options: ExtractOptions, controls: BoundControls) -> Counter[str]:
    """The numbers of controls and charts that stay as they are, by code of finding."""
    charts = len(package.with_role(PartRole.STATISTICAL_CHART))
    return Counter(
        {
            "data_bound_left": len(controls.kept) + controls.refilled_count,
            "statistical_charts": 0 if options.statistical_charts else charts,
        }
    )


class _Survey:
    """Counts the elements of every story part, and reads the settings.

    `left` has counts of the text that stays as it is, by code of finding.
    """

    def __init__(self, package: Package) -> None:
        self.left: Counter[str] = Counter()
        self.elements: Counter[str] = Counter()
        self.marks = LanguageMarks()
        self.fonts: Counter[str] = Counter()
        for name in (*package.stories(), *package.with_role(PartRole.STYLES)):
            root = package.root(name)
            if root is not None:
                self._count(root)
        self.settings = Counter(short_name(item) for item in _settings(package))
        self.is_protected = any(_is_enforced(item) for item in _settings(package))
        main = package.root(package.main)
        # The namespaces of the strict edition (ISO/IEC 29500-1) begin with this host.
        self.is_strict = main is not None and "purl.oclc.org" in main.tag
        self.has_signature = any(
            "digital-signature" in package.content_type(name) for name in package.names
        )

    def _count(self, root: Element) -> None:
        for tag, number in Counter([element.tag for element in root.iter()]).items():
            self.elements[SHORT_NAMES[tag]] += number
        for element in root.iter(*_LOOKED_AT):
            name = short_name(element)
            if name in _SWITCHES and (attribute(element, "w:val") or "1").lower() in _OFF:
                self.elements[name] -= 1
            elif name == "w:lang":
                self.marks.add(element)
            elif name == "w:framePr":
                self.elements["drop_cap"] += attribute(element, "w:dropCap") in {"drop", "margin"}
            elif name == "w:rFonts":
                self._add(self.fonts, element, "w:ascii", "w:hAnsi", "w:eastAsia", "w:cs")

    def _add(self, counter: Counter[str], element: Element, *names: str) -> None:
        values = [attribute(element, name) for name in names]
        counter.update({value: 1 for value in values if value})  # each once for one element


def _settings(package: Package) -> Iterator[Element]:
    for name in package.related(package.main, "settings"):
        root = package.root(name)
        if root is not None:
            yield from root


def _is_enforced(setting: Element) -> bool:
    # The setting alone restricts nothing: without `w:enforcement` it waits to be switched on.
    enforcement = attribute(setting, "w:enforcement") or "0"
    return short_name(setting) == "w:documentProtection" and enforcement not in _OFF


def _findings(
    package: Package,
    survey: _Survey,
    units: Sequence[LocatedUnit],
    words: int,
    options: ExtractOptions,
) -> Iterator[Finding]:
    if not units:
        yield finding("no_text")
    yield from unreadable_parts(package)
    count, left = survey.elements, survey.left
    workbooks, fields = _chart_workbooks(package), FieldCounts(package, units)
    for code, number in (
        ("macros", len(package.with_role(PartRole.MACROS))),
        ("signature", int(survey.has_signature)),
        ("protection", int(survey.is_protected)),
        ("write_protection", survey.settings["w:writeProtection"]),
        ("tracked_changes", sum(count[name] for name in _CHANGES)),
        ("comments", count["w:comment"] if options.comments else 0),
        ("embedded_objects", len(package.with_role(PartRole.EMBEDDED)) - workbooks),
        ("chart_workbooks", workbooks),
        ("choices", sum(count[name] for name in _CHOICES)),
        ("index_entries", fields.entries),
        ("field_texts", fields.texts),
        ("included_texts", fields.included),
        ("repeating_fields", fields.in_step),
        ("computed_fields", fields.computed),
        ("imported_chunks", count["w:altChunk"]),
        ("subdocuments", count["w:subDoc"]),
        ("pictures", len(package.with_role(PartRole.PICTURE))),
        ("hidden_text", left["hidden_text"]),
        ("numbering", left["numbering"]),
        ("numbering_left", left["numbering_left"]),
        ("statistical_charts", left["statistical_charts"]),
        ("drop_caps", count["drop_cap"]),
        ("ruby", count["w:ruby"]),
        ("mathematics", count["m:oMath"]),
        ("right_to_left", count["w:rtl"] + count["w:bidi"]),
        ("mail_merge", survey.settings["w:mailMerge"]),
        ("data_bound", count["w:dataBinding"] + count["w15:dataBinding"] - left["data_bound_left"]),
        ("data_bound_left", left["data_bound_left"]),
        ("fonts", len(survey.fonts)),
        ("embedded_fonts", survey.settings["w:embedTrueTypeFonts"]),
        ("external_links", _external(package)),
        ("very_long", words if words > _LONG_WORDS else 0),
        ("strict", int(survey.is_strict)),
    ):
        if number:
            yield finding(code, number)


def _language_findings(marked: Sequence[str]) -> Iterator[Finding]:
    languages = by_language(marked)
    if len(languages) > 1:
        yield finding("languages", len(languages), joined(languages))


def _chart_workbooks(package: Package) -> int:
    charts = package.with_role(PartRole.CHART, PartRole.STATISTICAL_CHART)
    behind = {name.lower() for chart in charts for name in package.related(chart, "package")}
    return sum(name.lower() in behind for name in package.with_role(PartRole.EMBEDDED))


def _external(package: Package) -> int:
    """Pictures, templates and frames linked from outside; ordinary hyperlinks are not counted."""
    return sum(
        item.is_external and not item.kind.endswith("/hyperlink")
        for name in package.names
        if package.role(name) is not PartRole.OTHER
        for item in package.relationships(name)
    )
