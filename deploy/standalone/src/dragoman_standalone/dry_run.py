"""`dragoman translate --dry-run`: what a run would count and cost. It pays nothing and opens no job."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from dragoman_standalone.asking import Body, ask
from dragoman_standalone.inputs import gather_for_server
from dragoman_standalone.passwords import password_for
from dragoman_standalone.printing import counted

if TYPE_CHECKING:
    from pydantic import JsonValue

    from dragoman_contracts.locale import Locale
    from dragoman_standalone.client import Api

_FREE = frozenset({"apertium", "identity", "memory", "pseudo"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choices of the command line that an analysis depends on; None where settings choose."""

    engine: str | None
    model: str | None
    extraction: dict[str, JsonValue] | None
    memories: Sequence[str] | None
    project: str
    domain_pack: str
    new_version_of: str | None = None
    glossaries: Sequence[str] = ()


def dry_run(
    inputs: Sequence[Path],
    locales: tuple[Locale, Locale],
    chosen: Chosen,
    *,
    state: Path | None,
    url: str | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Print the analysis of these files under the terms of `chosen`.

    Raises:
        DragomanError: a file or a choice cannot be taken, or the server cannot be reached.
    """
    from dragoman_runtime.settings import load  # with the platform behind it, slow to import
    from dragoman_standalone.glossary_choice import with_known_glossaries
    from dragoman_standalone.remote import fields_of, reference_of
    from dragoman_standalone.settings import StandaloneSettings
    from dragoman_standalone.translating import Order, overrides_of, with_earlier
    from dragoman_standalone.translation_options import Unfinished

    files = gather_for_server(inputs)
    settings = load(StandaloneSettings, {"state_dir": state} if state else {})
    password = password_for(files, password_file, settings.document_password)
    overrides = overrides_of(chosen.engine, chosen.model, chosen.extraction, chosen.memories)
    order = Order(
        *locales, overrides, Unfinished.REFUSE, password, chosen.project, chosen.domain_pack
    )

    order = with_earlier(order, chosen.new_version_of)

    async def question(api: Api) -> Body:
        asked, left_out = await with_known_glossaries(api, order, chosen.glossaries)
        if left_out:
            told = "are not entered yet: under their terms less may be kept of the engine."
            Console(stderr=True).print(f"{', '.join(left_out)} {told}", highlight=False)
        contents = [(each.name, each.path.read_bytes()) for each in files]
        references = [reference_of(each.name) for each in files]
        return await api.analyse(fields_of("", asked), references, contents)

    found = ask(state, url, question)
    if as_json:
        import json

        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(found)


def _print(found: Body) -> None:
    console = Console(highlight=False, markup=False)
    counts = Table(box=None, pad_edge=False)
    for column in ("band", "paragraphs", "words", "paid", "payable"):
        counts.add_column(column, justify="left" if column == "band" else "right")
    total: dict[str, Any] = found["total"]
    for each in total["bands"]:
        if each["unit_count"]:
            counts.add_row(
                each["band"].replace("_", " "),
                f"{each['unit_count']:,}",
                f"{each['word_count']:,}",
                f"{each['payable_pct']} %",
                _number(each["payable_words"]),
            )
    counts.add_row(
        "total",
        f"{total['unit_count']:,}",
        f"{total['word_count']:,}",
        "",
        _number(total["payable_words"]),
    )
    console.print(counts)
    for line in _reused_lines(found):
        console.print(line, soft_wrap=True)
    for each in found["costs"]:
        console.print(_cost_line(each), soft_wrap=True)


def _reused_lines(found: Body) -> list[str]:
    """The units for which no engine is asked, and where their translations are."""
    taken = [each for each in found["files"] if each["previous_job_id"]]
    lines = [
        f"{each['name']}: takes over from job {each['previous_job_id']}"
        + (f", version {number}" if (number := each["previous_document_version"]) else "")
        for each in taken
    ]
    reused: Body = found["total"]["reused"]
    words = {
        "from_people": "kept as people left them",
        "from_engine": "kept of the engine",
        "on_record": "answered on record",
    }
    parts = [
        f"{counted(reused[name]['unit_count'], 'paragraph')} "
        f"({counted(reused[name]['word_count'], 'word')}) {said}"
        for name, said in words.items()
        if reused[name]["unit_count"]
    ]
    if parts:
        tokens: dict[str, int] = found["reused_tokens"]
        spared = (
            ""
            if found["engine"] in _FREE
            else f"; {tokens['input_low']:,} to {tokens['input_high']:,} tokens in and "
            f"{tokens['output_low']:,} to {tokens['output_high']:,} out are not paid"
        )
        lines.append(f"reused, about: {', '.join(parts)}{spared}")
    return lines


def _cost_line(cost: Body) -> str:
    tokens: dict[str, int] = cost["tokens"]
    name = " ".join(filter(None, (cost["engine"], cost["model"])))
    if cost["engine"] in _FREE:
        return f"{name}: no tokens, no cost"
    counted = (
        f"{tokens['input_low']:,} to {tokens['input_high']:,} tokens in, "
        f"{tokens['output_low']:,} to {tokens['output_high']:,} out"
    )
    if cost["cost_high"] is None:
        return f"{name}: {counted}; price not known"
    low, high = (Decimal(cost[key]) for key in ("cost_low", "cost_high"))
    return f"{name}: {counted}; {low:.4f} to {high:.4f} USD"


def _number(text: str) -> str:
    return f"{Decimal(text):,.1f}".removesuffix(".0")
