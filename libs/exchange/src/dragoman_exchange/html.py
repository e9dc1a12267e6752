"""The review as one HTML page to read and to print; it is not read back.

<td lang="de-CH" dir="ltr">Jetzt <b class="tag">&lt;1&gt;</b>zahlen…</td>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape as _html

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag
from dragoman_exchange.model import ReviewDocument, ReviewUnit
from dragoman_exchange.notes import comment_line
from dragoman_exchange.xml import xml_text

_STYLE = """\
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--line:#c9c9c9;--soft:#595959;--head:#f2f2f2}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#161616;--line:#4a4a4a;--soft:#a8a8a8;--head:#242424}}
body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1rem}
table{border-collapse:collapse;width:100%}.counts{width:auto;margin-bottom:1.5rem}
th,td{border:1px solid var(--line);padding:.35rem .5rem;text-align:start;vertical-align:top}
thead th{background:var(--head);position:sticky;top:0}
.text{white-space:pre-wrap;overflow-wrap:anywhere;width:32%}
.tag{color:var(--soft);font-weight:400;font-size:.85em;unicode-bidi:isolate}
.soft{color:var(--soft)}ul{margin:0;padding-inline-start:1.1rem}
@media print{@page{size:landscape;margin:12mm}body{margin:0;font-size:10px}tr{break-inside:avoid}
thead{display:table-header-group}thead th{position:static}
:root{--ink:#000;--paper:#fff;--line:#999;--soft:#444;--head:#eee}}
"""


def write_html(document: ReviewDocument) -> bytes:
    """The document as a page that needs nothing else."""
    return "".join(_page(document)).encode()


def _page(document: ReviewDocument) -> Iterator[str]:
    title = _text(document.title or "Translation for review")
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="soft">{document.source_locale} to {document.target_locale}, version '
        f"{document.version}, {len(document.units)} units, {document.created_at:%Y-%m-%d %H:%M} UTC, "
        f"job {document.job_id}</p>\n"
    )
    yield from _counts("Stages", Counter(str(unit.stage) for unit in document.units))
    yield from _counts("Verdicts", Counter(str(unit.verification_state) for unit in document.units))
    yield from _counts(
        "Findings", Counter(each.code for unit in document.units for each in unit.findings)
    )
    heads = ("#", "Source", "Target", "State", "Findings and comments")
    yield "<table>\n<thead><tr>"
    yield "".join([f'<th scope="col">{head}</th>' for head in heads])
    yield "</tr></thead>\n<tbody>\n"
    source, target = _language(document.source_locale), _language(document.target_locale)
    for number, unit in enumerate(document.units, start=1):
        yield (
            f'<tr><td>{number}</td><td class="text" {source}>{_content(unit.source)}</td>'
            f'<td class="text" {target}>{_content(unit.target)}</td>'
            f'<td>{unit.stage}<br><span class="soft">{_spaced(unit.verification_state)}</span></td>'
            f"<td>{_notes(unit)}</td></tr>\n"
        )
    yield "</tbody>\n</table>\n</body>\n</html>\n"


def _counts(caption: str, counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        rows = "".join(
            [
                f'<tr><th scope="row">{_text(_spaced(name))}</th><td>{count}</td></tr>'
                for name, count in sorted(counts.items())
            ]
        )
        yield f'<h2>{caption}</h2>\n<table class="counts"><tbody>{rows}</tbody></table>\n'


def _language(locale: Locale) -> str:
    return f'lang="{_text(locale)}" dir="{"rtl" if locale.is_right_to_left else "ltr"}"'


def _content(content: Content) -> str:
    return "".join(
        [
            f'<b class="tag">{_text(str(part))}</b>' if isinstance(part, Tag) else _text(part)
            for part in content
        ]
    )


def _notes(unit: ReviewUnit) -> str:
    notes = [
        f'{_text(each.message)} <span class="soft">{each.severity}, {_text(each.code)}</span>'
        for each in unit.findings
    ]
    notes += [_text(comment_line(each)) for each in unit.comments]
    items = "".join(['<li dir="auto">' + note + "</li>" for note in notes])
    return f"<ul>{items}</ul>" if items else ""


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _text(text: str) -> str:
    # A parser reads a bare carriage return as a line feed.
    return _html(xml_text(text)).replace("\r", "&#13;")
