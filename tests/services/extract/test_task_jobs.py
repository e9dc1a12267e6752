"""Scripts and AI tasks in jobs: V8, model servers and workers are real."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Iterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from documents.wordml import document, paragraph, run
from dragoman_contracts.pipeline import owed, resume_request
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.prompts import explained_task_of
from dragoman_runtime.bus import Delivery
from dragoman_scripting.sandbox import Sandbox
from models.faithful.base import Provider
from models.kinds import ANTHROPIC, GEMINI, OLLAMA, OPENAI, Kind
from services.extract.task_jobs import SCHEMA, TaskShop, task, task_shop

FILES = {
    "prompts/ask": "Capital of {{title}}?",
    "prompts/again": "Again {{title}}?",
    "prompts/hold": "Holders of {{title}}, {{inputTasks.extractInfo}}?",
    "schemas/deed": SCHEMA,
    "scripts/aggregate": (
        "function execute(api, dataObject, params) {\n"
        "  dataObject.capital = params.extractInfo.shareCapital;\n"
        "  api.log('tasks', Object.keys(params).join());\n"
        "}"
    ),
}
TASKS = {"name": "extraction", "kind": "ai_tasks"}
AGGREGATE = {"name": "aggregate", "kind": "script", "config": {"script": "aggregate"}}


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[TaskShop]:
    async with task_shop(tmp_path / "shop") as made:
        yield made


@pytest.fixture
def server() -> Iterator[Provider]:
    with OPENAI.serve() as made:
        yield made


@pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC, GEMINI, OLLAMA], ids=lambda kind: kind.api)
async def test_tasks_are_asked_and_a_script_gets_their_parsed_results(
    shop: TaskShop, kind: Kind
) -> None:
    with kind.serve() as server:
        await shop.register(server, kind)
        tasks = [task("extractInfo"), task("other", "prompts/again")]
        later = {
            "name": "more",
            "kind": "ai_tasks",
            "config": {"tasks": [task("holders", "prompts/hold")]},
        }
        await shop.submit(
            [{**TASKS, "config": {"tasks": tasks}}, later, AGGREGATE], FILES, {"title": "Deed 7"}
        )
        job = await shop.run()
        assert job.status is JobStatus.COMPLETED
        result = (await shop.results("extraction"))["extractInfo"]
        assert result.response == {"shareCapital": "CAPITAL OF DEED 7?"}
        assert result.usage.prompt_tokens > 0
        assert result.usage.response_tokens > 0
        assert result.cost
        assert result.currency == "USD"
        assert result.calls
        holders = (await shop.results("more"))["holders"]
        assert holders.response == {
            "shareCapital": 'HOLDERS OF DEED 7, {"SHARECAPITAL": "CAPITAL OF DEED 7?"}?'
        }
        assert (await shop.script_result("aggregate")).changed == {"capital": "CAPITAL OF DEED 7?"}
        assert await shop.logs() == {"aggregate.log": "tasks extractInfo,other,holders\n"}
        assert len(server.seen) == 3


async def test_a_class_has_its_own_script_in_the_place_of_one_that_is_built_in(
    shop: TaskShop,
) -> None:
    source = "function execute(api, o) { o.markdownContent = '# own'; }"
    phase = {"name": "init", "kind": "script", "config": {"script": "convertToMarkdown"}}
    await shop.submit([phase], {"scripts/convertToMarkdown.js": source})
    assert (await shop.run()).status is JobStatus.COMPLETED
    assert (await shop.script_result("init")).changed == {"markdownContent": "# own"}


async def test_a_document_becomes_markdown(shop: TaskShop) -> None:
    phase = {"name": "init", "kind": "script", "config": {"script": "convertToMarkdown"}}
    say = {"name": "say", "kind": "script", "config": {"script": "say"}}
    files = {"scripts/say": "function execute(api, o) { o.length = o.markdownContent.length; }"}
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    deed = document(paragraph(run("The deed of the company.")))
    await shop.submit([phase, say], files, documents={"document": (deed, media_type)})
    job = await shop.run()
    assert job.status is JobStatus.COMPLETED, await shop.troubles()
    markdown = (await shop.script_result("init")).changed["markdownContent"]
    assert isinstance(markdown, str)
    assert "The deed of the company." in markdown
    assert (await shop.script_result("say")).changed == {"length": len(markdown)}
    assert "document.md" in {each.name for each in job.artifacts}


@pytest.mark.parametrize(
    ("script", "documents", "code"),
    [
        ("convertToMarkdown", {}, "script.no_document"),
        (
            "convertToMarkdown",
            {"a": (b"a", "text/plain"), "b": (b"b", "text/plain")},
            "script.no_document",
        ),
        ("convertToMarkdown", {"a": (b"\x00\x01", "application/pdf")}, "command.failed"),
        ("missing", {}, "script.not_found"),
    ],
)
async def test_a_script_that_cannot_run_is_parked_with_its_cure(
    shop: TaskShop, script: str, documents: dict[str, tuple[bytes, str]], code: str
) -> None:
    phase = {"name": "init", "kind": "script", "config": {"script": script}}
    await shop.submit([phase], documents=documents)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == code


async def test_a_script_that_loops_is_parked_and_its_worker_goes_on(shop: TaskShop) -> None:
    files = {"scripts/loop": "function execute() {\n  console.log('begun');\n  while (true) {}\n}"}
    phase = {"name": "init", "kind": "script", "config": {"script": "loop", "timeout_s": 1}}
    await shop.submit([phase], files)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == "script.timed_out"
    assert await shop.logs() == {"init.log": "begun\n"}


@pytest.mark.parametrize("what", ["no JSON", "a number"])
async def test_an_answer_that_breaks_the_schema_is_asked_for_again_once(
    shop: TaskShop, server: Provider, what: str
) -> None:
    await shop.register(server)
    files = {**FILES, "prompts/ask": f"(say {what}) {{{{title}}}}"}
    await shop.submit([{**TASKS, "config": {"tasks": [task("extractInfo")]}}], files)
    assert (await shop.run()).status is JobStatus.COMPLETED
    result = (await shop.results("extraction"))["extractInfo"]
    assert result.was_corrected
    assert result.usage.call_count == 2
    again = server.seen[1].body["messages"]
    assert [each["role"] for each in again] == ["user", "assistant", "user"]
    assert "does not keep to the schema" in str(again[2])


async def test_an_answer_in_a_fence_is_taken(shop: TaskShop, server: Provider) -> None:
    await shop.register(server)
    files = {**FILES, "prompts/ask": "(say a fence)"}
    await shop.submit([{**TASKS, "config": {"tasks": [task("extractInfo")]}}], files)
    assert (await shop.run()).status is JobStatus.COMPLETED
    assert (await shop.results("extraction"))["extractInfo"].response == {
        "shareCapital": "25,000.00"
    }


async def test_only_the_task_that_failed_is_asked_again_on_resume(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    files = {**FILES, "prompts/bad": "(insist on a number)"}
    tasks = [task("bad", "prompts/bad"), task("extractInfo"), task("third", "prompts/ask")]
    await shop.submit([{**TASKS, "config": {"tasks": tasks}}, AGGREGATE], files, {"title": "x"})
    job = await shop.run()
    assert job.status is JobStatus.FAILED
    code, message = (await shop.troubles())[0]
    assert code == "answer.breaks_schema"
    assert "/shareCapital" in message
    assert "25000" not in message
    assert "25000" in (await shop.logs())["extraction.log"]
    assert set(await shop.results("extraction")) == {"extractInfo", "third"}
    asked = len(server.seen)
    assert (await shop.resume()).status is JobStatus.FAILED
    # The bad one was asked anew, with its correction; nothing else was.
    assert len(server.seen) == asked + 2
    assert all("insist on a number" in str(each.body) for each in server.seen[asked:])


async def test_a_task_that_is_parked_holds_itself_alone_until_the_others_are_done(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    files = {**FILES, "prompts/bad": "(insist on a number)"}
    tasks = [task("bad", "prompts/bad"), task("extractInfo"), task("third", "prompts/again")]
    await shop.submit([{**TASKS, "config": {"tasks": tasks}}, AGGREGATE], files, {"title": "x"})
    worker = shop.worker()
    seen: list[tuple[str, list[int]]] = []
    while items := owed(await shop.shop.job()):
        seen.append(((await shop.shop.job()).status.value, [item.index for item in items]))
        await worker.receive(Delivery(items[0]))
    assert seen == [
        ("queued", [0]), ("queued", [0, 1, 2]), ("in_progress", [1, 2]), ("in_progress", [2]),
    ]  # fmt: skip
    job = await shop.shop.job()
    assert job.status is JobStatus.FAILED
    assert resume_request(job).batch_indexes == (0,)


async def test_what_fails_for_now_is_tried_again_as_often_as_the_task_says(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    server.modes += ["rate_limited", "overloaded"]
    await shop.submit([{**TASKS, "config": {"tasks": [task("extractInfo")]}}], FILES)
    assert (await shop.run()).status is JobStatus.COMPLETED
    assert len(server.seen) == 3


async def test_a_task_is_given_up_after_its_own_attempts(shop: TaskShop, server: Provider) -> None:
    await shop.register(server)
    server.modes += ["overloaded"] * 2
    config = {"tasks": [task("extractInfo", max_attempts=2)]}
    await shop.submit([{**TASKS, "config": config}], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == "engine.unavailable"
    assert (await shop.resume()).status is JobStatus.COMPLETED
    assert len(server.seen) == 3


async def test_a_provider_that_is_down_parks_the_task_and_a_resume_goes_on(
    shop: TaskShop,
) -> None:
    with OPENAI.serve() as server:
        await shop.register(server)
    config = {"tasks": [task("extractInfo", max_attempts=1)]}
    await shop.submit([{**TASKS, "config": config}], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == "engine.unavailable"


async def test_a_call_is_broken_off_after_the_time_of_its_task(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    server.modes += ["held"]
    config = {"tasks": [task("extractInfo", timeout_s=1, max_attempts=1)]}
    await shop.submit([{**TASKS, "config": config}], FILES)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == "engine.timeout"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "gpt-unknown"}, "task.model_missing"),
        ({"prompt_file": "prompts/none"}, "task.file_missing"),
        ({"schema_file": "schemas/none"}, "task.file_missing"),
        ({"prompt_file": "prompts/broken"}, "template.invalid"),
        ({"schema_file": "schemas/broken"}, "schema.invalid"),
    ],
)
async def test_a_task_that_cannot_be_asked_is_parked_before_anything_is_paid(
    shop: TaskShop, server: Provider, change: dict[str, str], code: str
) -> None:
    await shop.register(server)
    files = {**FILES, "prompts/broken": "{{#if", "schemas/broken": {"type": "objekt"}}
    await shop.submit([{**TASKS, "config": {"tasks": [{**task("extractInfo"), **change}]}}], files)
    assert (await shop.run()).status is JobStatus.FAILED
    assert (await shop.troubles())[0][0] == code
    assert server.seen == []


async def test_tasks_are_at_most_two_at_once_where_their_provider_sets_no_limit(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    server.modes += ["slow"] * 9
    files = {**FILES, **{f"prompts/{i}": f"Question {i}" for i in range(9)}}
    tasks = [task(f"t{i}", f"prompts/{i}") for i in range(9)]
    await shop.submit([{**TASKS, "config": {"tasks": tasks}}], files)
    assert (await shop.run()).status is JobStatus.COMPLETED
    assert server.most_at_once == 2


async def test_nothing_is_paid_twice_after_a_worker_is_killed(
    tmp_path: Path, server: Provider
) -> None:
    folder = tmp_path / "shop"
    files = {**FILES, **{f"prompts/{i}": f"Question {i}" for i in range(6)}}
    tasks = [task(f"t{i}", f"prompts/{i}") for i in range(6)]
    async with task_shop(folder) as shop:
        await shop.register(server, limit=6)  # the places of the dead end after 30 s
        await shop.submit([{**TASKS, "config": {"tasks": tasks}}], files)
    server.modes += ["good", "good", "good", "held", "held"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.extract.task_jobs", str(folder)),
        cwd=Path(__file__).parents[2],
    )
    async with task_shop(folder) as shop:
        async with asyncio.timeout(60):
            while len(await shop.results("extraction")) < 3 or len(server.seen) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # another process works
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        server.released.set()
        await asyncio.sleep(2.2)  # until the leases of the dead have ended
        job = await shop.run(owner="the second")
    assert job.status is JobStatus.COMPLETED
    asked = [str(each.body["messages"]) for each in server.seen]
    # Two calls were under way when their worker was killed; no answer that came was asked for again.
    assert len(asked) <= 6 + 2
    assert all(asked.count(each) == 1 for each in asked[:3])


async def test_a_call_is_not_paid_twice_by_a_kill_between_its_two_writes(
    tmp_path: Path, server: Provider
) -> None:
    folder = tmp_path / "shop"
    async with task_shop(folder) as shop:
        model_id = await shop.register(server)
        await shop.submit([{**TASKS, "config": {"tasks": [task("extractInfo")]}}], FILES)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.extract.task_jobs", str(folder), "--die-unpointed"),
        cwd=Path(__file__).parents[2],
    )
    assert await process.wait() == -signal.SIGKILL
    assert len(server.seen) == 1
    await asyncio.sleep(2.2)  # until the lease of the dead has ended
    async with task_shop(folder) as shop:
        job = await shop.run(owner="the second")
        assert job.status is JobStatus.COMPLETED
        (result,) = (await shop.results("extraction")).values()
        (use,) = await shop.catalog.model_uses.since(model_id, date(2020, 1, 1))
    assert result.cost
    assert use.call_count == 1
    assert len(server.seen) == 1


async def test_the_prompt_is_explained_before_anything_is_paid_as_it_is_asked_then(
    shop: TaskShop, server: Provider
) -> None:
    await shop.register(server)
    first = {**TASKS, "config": {"tasks": [task("extractInfo")]}}
    later = {
        "name": "more",
        "kind": "ai_tasks",
        "config": {"tasks": [task("holders", "prompts/hold")]},
    }
    await shop.submit([first, later], FILES, {"title": "Deed 7"})
    async with Sandbox() as sandbox:
        job = await shop.shop.job()
        before = await explained_task_of(sandbox, shop.shop.objects, job, "holders")
        assert server.seen == []
        worker = shop.worker()
        while not (await shop.results("extraction")):
            await worker.receive(Delivery(owed(await shop.shop.job())[0]))
        ready = await explained_task_of(
            sandbox, shop.shop.objects, await shop.shop.job(), "holders"
        )
        assert await explained_task_of(sandbox, shop.shop.objects, job, "none") is None
    assert before is not None
    assert before.prompt is not None
    assert before.prompt.missing == ("inputTasks.extractInfo",)
    assert (await shop.run()).status is JobStatus.COMPLETED
    assert ready is not None
    assert ready.prompt is not None
    assert ready.prompt.missing == ()
    assert server.seen[-1].body["messages"] == [{"role": "user", "content": ready.prompt.text}]
