"""A task as it would be asked, before anything is paid."""

from __future__ import annotations

import json

from dragoman_contracts.ai import AiTask
from dragoman_scripting.explaining import explained_task
from dragoman_scripting.sandbox import Sandbox

FILES = {
    "prompts/ask.hbs": b"Capital of {{title}} by {{inputTasks.first}}? {{gone}}",
    "prompts/broken": b"{{#if",
    "schemas/deed.json": json.dumps(
        {"type": "OBJECT", "properties": {"amount": {"type": "NUMBER"}}}
    ).encode(),
}


async def test_a_task_is_explained_with_its_prompt_schema_and_warnings() -> None:
    task = AiTask(name="a", prompt_file="prompts/ask", schema_file="schemas/deed", model="gpt")
    async with Sandbox() as sandbox:
        found = await explained_task(sandbox, task, FILES, {"title": "Deed"}, {"first": {"n": "ä"}})
    assert found.prompt is not None
    assert found.prompt.text == 'Capital of Deed by {"n": "ä"}? '
    assert (found.prompt_file, found.schema_file) == ("prompts/ask.hbs", "schemas/deed.json")
    assert found.problems == ()
    assert [each.partition(" ")[0] for each in found.warnings] == ["gone", "/properties/amount"]
    assert found.token_estimate == found.prompt.token_estimate + found.schema_tokens
    assert found.schema_tokens > 0


async def test_everything_that_is_wrong_is_told_at_once() -> None:
    async with Sandbox() as sandbox:
        broken = AiTask(name="a", prompt_file="prompts/broken", schema_file="schemas/none")
        found = await explained_task(sandbox, broken, FILES, {}, {})
        missing = await explained_task(sandbox, AiTask(name="b", prompt_file="x"), {}, {}, {})
    assert [each.code for each in found.problems] == ["template.invalid", "task.file_missing"]
    assert [each.code for each in missing.problems] == ["task.file_missing"]
    assert found.prompt is None
