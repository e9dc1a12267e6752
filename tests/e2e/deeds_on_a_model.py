"""Requirement C's declaration over deeds, with a real model server that speaks OpenAI's API.

    python -m e2e.deeds_on_a_model --base-url http://127.0.0.1:8099/v1 --model qwen --documents 20

Each deed is a DOCX that becomes Markdown, is asked about by two tasks, and summed up by a script.
Prints statuses, answers that are right, tokens and time; exits with 1 unless every job is completed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from documents.wordml import document, paragraph, run
from dragoman_contracts.events import Usage
from dragoman_contracts.vocabulary import JobStatus
from models.kinds import OPENAI
from services.extract.task_jobs import TaskShop, task, task_shop

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_NAMES = ("Alpine Timber", "Blue Lantern", "Cedar Works", "Delta Foods", "Ember Tools")
FILES = {
    "prompts/extractInfo": (
        "Read this deed and answer with its share capital and currency as JSON.\n\n{{markdownContent}}"
    ),
    "prompts/extractCompany": (
        "Read this deed and answer with the company's name and its seat as JSON.\n\n{{markdownContent}}"
    ),
    "schemas/extractInfo": {
        "type": "object",
        "properties": {"shareCapital": {"type": "string"}, "currency": {"type": "string"}},
        "required": ["shareCapital", "currency"],
    },
    "schemas/extractCompany": {
        "type": "OBJECT",
        "properties": {"company": {"type": "STRING"}, "seat": {"type": "STRING"}},
        "required": ["company", "seat"],
    },
    "scripts/aggregateDeed": (
        "function execute(api, dataObject, params) {\n"
        "  dataObject.summary = params.extractCompany.company + ': ' + params.extractInfo.shareCapital\n"
        "    + ' ' + params.extractInfo.currency;\n"
        "}"
    ),
}
PHASES = [
    {"name": "init", "kind": "script", "config": {"script": "convertToMarkdown"}},
    {
        "name": "extraction",
        "kind": "ai_tasks",
        "config": {
            "tasks": [
                task(name, f"prompts/{name}") | {"schema_file": f"schemas/{name}", "timeout_s": 600}
                for name in ("extractInfo", "extractCompany")
            ]
        },
    },
    {"name": "aggregate", "kind": "script", "config": {"script": "aggregateDeed"}},
]


@dataclass(frozen=True)
class _Elsewhere:
    """A server that somebody else runs."""

    base_url: str


async def _deed(shop: TaskShop, job_id: UUID, number: int) -> bool:
    """Do one deed; whether the capital was read right."""
    name, capital = _NAMES[number % len(_NAMES)], f"{(number + 1) * 25_000:,}"
    deed = document(
        paragraph(run(f"Deed No. {number + 1}"))
        + paragraph(run(f"There is formed a company called {name} AG, with its seat in Basel."))
        + paragraph(run(f"The share capital of the company amounts to CHF {capital}."))
    )
    await shop.submit(PHASES, FILES, documents={"document": (deed, _DOCX)}, job_id=job_id)
    job = await shop.run(job_id)
    if job.status is not JobStatus.COMPLETED:
        sys.stdout.write(f"deed {number + 1}: {await shop.troubles(job_id)}\n")
        return False
    summary = str((await shop.script_result("aggregate", job_id)).changed["summary"])
    if not number:
        sys.stdout.write(f"deed 1: {summary}\n")
    digits = capital.replace(",", "")
    return (
        digits in "".join(each for each in summary if each.isdigit() or each == " ")
        and name in summary
    )


async def _run(base_url: str, model: str, count: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with task_shop(Path(folder)) as shop:
            await shop.register(_Elsewhere(base_url), replace(OPENAI, model=model))
            began, usage, right = time.monotonic(), Usage(), 0
            statuses: Counter[str] = Counter()
            corrected = 0
            for number in range(count):
                job_id = uuid4()
                right += await _deed(shop, job_id, number)
                statuses[(await shop.shop.job(job_id)).status.value] += 1
                for each in (await shop.results("extraction", job_id)).values():
                    usage += each.usage
                    corrected += each.was_corrected
    sys.stdout.write(
        f"{count} deeds: {dict(statuses)}; summed up right: {right}; asked again: {corrected}\n"
        f"{usage.call_count} calls, {usage.prompt_tokens} tokens in ({usage.cached_tokens} cached), "
        f"{usage.response_tokens} out; {time.monotonic() - began:.0f} s\n"
    )
    return set(statuses) == {"completed"}


def main() -> None:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(prog="python -m e2e.deeds_on_a_model")
    parser.add_argument("--base-url", required=True, help="address of the server, up to /v1")
    parser.add_argument("--model", required=True, help="the server's name for the model")
    parser.add_argument("--documents", type=int, default=20)
    asked = parser.parse_args()
    raise SystemExit(0 if asyncio.run(_run(asked.base_url, asked.model, asked.documents)) else 1)


if __name__ == "__main__":
    main()
