"""`dragoman terms`: glossaries listed, imported and exported, candidates of a document, over the
API.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    cut,
    output,
    table,
)
from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.glossary_choice import GlossaryMissingError, found_among
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_PAGE = 200

terms_app = typer.Typer(
    no_args_is_help=True, help="Glossaries: list, import and export terms, find candidates."
)

_Glossary = Annotated[str, typer.Argument(metavar="GLOSSARY", help="Its name or its id.")]
_SourceTag = Annotated[
    str | None, typer.Option("--source", metavar="TAG", help="Language of the sources: en …")
]
_TargetTag = Annotated[
    str | None, typer.Option("--target", metavar="TAG", help="Language of the targets.")
]


class FileFormat(StrEnum):
    """The formats of glossaries."""

    TBX = "tbx"
    CSV = "csv"
    XLSX = "xlsx"


@terms_app.command("list")
def list_terms(
    glossary: Annotated[
        str | None, typer.Argument(metavar="[GLOSSARY]", help="Name or id; else all are listed.")
    ] = None,
    text: Annotated[str, typer.Option("--text", help="Only terms with this in them.")] = "",
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the glossaries, or the terms of one.

    Elsewhere than on a terminal each is a line of values with tabs between them.
    """
    if glossary is None:
        output(ask(state, url, lambda api: api.get("glossaries")), as_json, _glossary_table)
        return

    async def question(api: Api) -> Body:
        found = await _glossary(api, glossary)
        items: list[Body] = []
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = await api.get(
                f"glossaries/{found['glossary_id']}/terms", q=text, limit=_PAGE, **more
            )
            items += page["items"]
            cursor = page["next_cursor"]
        return {"glossary": found, "items": items}

    output(ask(state, url, question), as_json, _term_table)


@terms_app.command("import")
def import_terms(
    glossary: Annotated[
        str, typer.Argument(metavar="GLOSSARY", help="Its name or id; a new name makes a new one.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TBX, CSV or XLSX.")],
    source: _SourceTag = None,
    target: _TargetTag = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Project of a new glossary; else everybody's.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove terms that the file does not have.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the terms of a file terms of a glossary. Rows that cannot be taken are named on standard
    error with their reason.

    Exit status: 0 all was taken, 1 some rows were not.
    """
    if not file.is_file():
        raise UsageRefusedError(f"There is no file {file}; name a TBX, CSV or XLSX file.")
    data = file.read_bytes()

    async def question(api: Api) -> Body:
        found = found_among((await api.get("glossaries"))["items"], glossary)
        if found is None and dry_run:
            raise UsageRefusedError(
                f"There is no glossary {glossary!r} yet; import without --dry-run to make it."
            )
        if found is None:
            body: Body = {"name": glossary, "project_code": project}
            found = await api.post("glossaries", body)
        query: dict[str, str] = {
            "dry_run": str(dry_run).lower(),
            "mode": "replace" if replace else "merge",
        }
        query |= {"source_language": source} if source else {}
        query |= {"target_language": target} if target else {}
        return await api.post_form(
            f"glossaries/{found['glossary_id']}/imports", (file.name, data), **query
        )

    report = ask(state, url, question)
    output(report, as_json, _report_table)
    errors = Console(stderr=True)
    rejections: list[Body] = [] if as_json else report["rejections"]
    for each in rejections:
        errors.print(f"{each['place']}: {each['reason']}", markup=False, highlight=False)
    raise typer.Exit(ExitCode.FAILED if report["rejected"] else ExitCode.DONE)


@terms_app.command("export")
def export_terms(
    glossary: _Glossary,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file; its ending says the format.")
    ],
    format_: Annotated[
        FileFormat | None, typer.Option("--format", help="Else as OUT ends.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
) -> None:
    """Write a glossary as TBX-Basic, CSV or XLSX."""
    ending = out.suffix.lstrip(".").lower()
    if format_ is None and ending not in set(FileFormat):
        raise UsageRefusedError(f"{out} ends in no format; say --format tbx, csv or xlsx.")
    wanted = format_ or FileFormat(ending)

    async def question(api: Api) -> Body:
        found = await _glossary(api, glossary)
        path = f"/api/v1/glossaries/{found['glossary_id']}/export?format={wanted}"
        out.write_bytes(await api.download(path))
        return found

    found = ask(state, url, question)
    Console(stderr=True).print(f"{out}: {counted(found['term_count'], 'term')}", highlight=False)


@terms_app.command()
def extract(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A DOCX, or a text in UTF-8.")],
    source: Annotated[str, typer.Option("--source", metavar="TAG", help="Its language.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a CSV to fill in and import."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 100,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find phrases of a document that may be terms: what comes again, names, abbreviations.

    With --out they become a table: write the targets into it, and import it as a glossary. Rows
    without a target are then left out.
    """
    if not file.is_file():
        raise UsageRefusedError(f"There is no file {file}; name a DOCX or a text.")
    data = file.read_bytes()
    fields = {"source_language": source, "limit": str(limit)}
    found = ask(
        state, url, lambda api: api.post_fields("term-candidates", fields, (file.name, data))
    )
    if out is not None:
        out.write_bytes(_sheet(found))
        Console(stderr=True).print(
            f"{out}: {counted(len(found['items']), 'candidate')}", highlight=False
        )
        return
    output(found, as_json, _candidate_table)


async def _glossary(api: Api, said: str) -> Body:
    known = (await api.get("glossaries"))["items"]
    found = found_among(known, said)
    if found is None:
        raise GlossaryMissingError.of(said, [str(each["name"]) for each in known])
    return found


def _sheet(found: Body) -> bytes:
    """The candidates as a table with empty targets."""
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["source", "target", "note"])
    for each in found["items"]:
        writer.writerow([_plain(each["text"]), "", _plain(each["example"])])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _plain(text: str) -> str:
    # A spreadsheet would calculate what begins so; the import takes the apostrophe off again.
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _glossary_table(page: Body) -> Table:
    made = table("name", "languages", "terms", "version", "of", "used", "id")
    for each in page["items"]:
        pair = f"{each['source_locale'] or 'any'} → {each['target_locale'] or 'any'}"
        scope = each["project_code"] or each["domain_pack_code"] or "installation"
        used = "by itself" if each["is_automatic"] else "where named"
        made.add_row(
            each["name"],
            pair,
            str(each["term_count"]),
            str(each["version"]),
            scope,
            used,
            each["glossary_id"],
        )
    return made


def _term_table(page: Body) -> Table:
    made = table("source", "target", "languages", "status", "note", "id")
    for each in page["items"]:
        pair = f"{each['source_locale']} → {each['target_locale']}"
        status = "stays" if each["is_do_not_translate"] else each["status"]
        made.add_row(
            each["source"], each["target"], pair, status, cut(each["note"]), each["term_id"]
        )
    return made


def _report_table(report: Body) -> Table:
    names = ("added", "changed", "removed", "unchanged", "rejected")
    made = table("glossary", *names)
    made.add_row(report["glossary"]["name"], *(str(report[name]) for name in names))
    return made


def _candidate_table(page: Body) -> Table:
    made = table("candidate", "kind", "count", "example")
    for each in page["items"]:
        made.add_row(each["text"], each["kind"], str(each["count"]), cut(each["example"]))
    return made
