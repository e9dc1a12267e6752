"""Scripts in V8: what they may, and what ends them. Each runs in a real process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from dragoman_scripting.sandbox import Sandbox
from dragoman_scripting.scripts import ScriptEnd, ScriptRun

FIELDS: dict[str, Any] = {"title": "Deed", "count": 2.0, "list": [1, 2], "gone": "x"}
PARAMS: dict[str, Any] = {"extractShareholders": {"items": [{"name": "Ann"}, {"name": "Bob"}]}}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox() as made:
        yield made


def script(source: str, **more: Any) -> ScriptRun:
    given: dict[str, Any] = {
        "name": "scripts/aggregate",
        "source": source,
        "fields": FIELDS,
        "params": PARAMS,
        "now": "2026-11-30T10:00:00+00:00",
        "seed": 7,
        "timeout_s": 2,
        "memory_mb": 64,
        **more,
    }
    return ScriptRun(**given)


def body(statement: str) -> str:
    return f"function execute(api, dataObject, params) {{\n  {statement}\n}}"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_script_changes_fields_and_only_changes_count(sandbox: Sandbox) -> None:
    source = body(
        "params.extractShareholders.items.forEach((s, i) => { dataObject['holder' + i] = s.name; });"
        "dataObject.list.push(3); dataObject.title = 'Deed'; delete dataObject.gone;"
    )
    end = await sandbox.run_script(script(source))
    assert end == ScriptEnd(
        changed={"list": [1, 2, 3], "holder0": "Ann", "holder1": "Bob", "gone": None}
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_an_async_script_is_waited_for(sandbox: Sandbox) -> None:
    source = "const execute = async (api, object) => { await null; object.title = 'later'; };"
    assert (await sandbox.run_script(script(source))).changed == {"title": "later"}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_script_gives_the_same_whenever_it_runs(sandbox: Sandbox) -> None:
    source = body(
        "dataObject.seen = [api.now, Date.now(), new Date(), new Date(0), Math.random(), Math.random()];"
        "dataObject.zone = new Date().getTimezoneOffset(); console.log(new Date() instanceof Date)"
    )
    one, two = await asyncio.gather(*(sandbox.run_script(script(source)) for _ in range(2)))
    assert one == two
    assert one.log == "true\n"
    assert one.changed["zone"] == 0
    seen: Any = one.changed["seen"]
    assert seen[:4] == [
        "2026-11-30T10:00:00+00:00", 1796032800000, "2026-11-30T10:00:00.000Z", "1970-01-01T00:00:00.000Z",
    ]  # fmt: skip
    assert seen[4] != seen[5]


ENDED = {
    "loops": ("while (true) {}", "script.timed_out", "2 s"),
    "a regular expression that explodes": (
        "/(a+)+$/.test('a'.repeat(40) + 'b')", "script.timed_out", "2 s",
    ),
    "allocates": ("const a = []; while (true) a.push('x'.repeat(99) + a.length)", "script.out_of_memory", "64 MB"),
    "allocates beside the heap": (
        "const a = []; while (true) { const b = new Uint8Array(5e7); b.fill(1); a.push(b) }",
        "script.failed", "Array buffer allocation failed",
    ),
    "recurses": ("execute(api, dataObject, params)", "script.failed", "Maximum call stack"),
    "throws": ("\n\n  dataObject.none.more = 1", "script.failed", "at line 4"),
    "throws text": ("throw 'no holders'", "script.failed", "no holders"),
    "waits for ever": ("return new Promise(() => {})", "script.failed", "never comes"),
    "calls require": ("require('fs')", "script.failed", "require is not defined"),
    "ends the process": ("process.exit()", "script.failed", "process is not defined"),
    "fetches": ("fetch('http://127.0.0.1')", "script.failed", "fetch is not defined"),
    "makes a function of text": (
        "Function('return process')()", "script.failed", "process is not defined",
    ),
    "loads WebAssembly": ("new WebAssembly.Memory({initial: 1})", "script.failed", "at line 2"),
    "shares memory": ("new SharedArrayBuffer(8)", "script.failed", "at line 2"),
    "sets a timer": ("setTimeout(() => {}, 1)", "script.failed", "not a function"),
    "writes a function": ("dataObject.f = () => 1", "script.result_refused", "dataObject.f is a function"),
    "writes NaN": ("dataObject.f = {a: [NaN]}", "script.result_refused", "dataObject.f.a[0] is NaN"),
    "writes a BigInt": ("dataObject.f = 1n", "script.result_refused", "BigInt"),
    "writes a circle": ("dataObject.f = dataObject", "script.result_refused", "within itself"),
    "writes too much": ("dataObject.f = 'x'.repeat(9e6)", "script.result_refused", "the most is"),
    "writes too many fields": (
        "for (let i = 0; i < 2000; i++) dataObject['f' + i] = 1", "script.result_refused", "2,000 fields",
    ),
    "writes an odd name": ("dataObject['a b'] = 1", "script.result_refused", "'a b'"),
}  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ENDED)
async def test_a_script_is_ended_and_its_reason_is_told(sandbox: Sandbox, name: str) -> None:
    statement, code, words = ENDED[name]
    end = await sandbox.run_script(script(body(statement)))
    assert (end.code, end.changed) == (code, {})
    assert words in end.message


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_imported_is_not_there(sandbox: Sandbox) -> None:
    end = await sandbox.run_script(
        script("async function execute(api, object) { object.fs = await import('fs'); }")
    )
    assert end.code == "script.failed"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function execute( {", "line 1"),
        ("\n\nlet a = ;", "line 3"),
        ("function run() {}", "no function execute"),
        ("", "no function execute"),
    ],
)
async def test_a_script_that_cannot_be_run_says_where(
    sandbox: Sandbox, source: str, words: str
) -> None:
    end = await sandbox.run_script(script(source))
    assert end.code == "script.invalid"
    assert words in end.message


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("function execute( {", 1),
        ("\n\nlet a = ;", 3),
        ("let a; let a;", 1),
        ("return 1", 1),
        ("\n/* open", 2),
        ("\nimport 'fs'", 2),
    ],
)
async def test_a_script_that_is_no_javascript_is_found_out_before_it_runs(
    sandbox: Sandbox, source: str, line: int
) -> None:
    fault = await sandbox.check_script(source)
    assert fault is not None
    assert fault.line == line
    assert fault.message.startswith("SyntaxError")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_script_that_is_checked_does_not_run(sandbox: Sandbox) -> None:
    assert await sandbox.check_script("while (true) {}") is None
    assert await sandbox.check_script("const execute = async (api) => { throw api; }") is None


@pytest.mark.asyncio(loop_scope="module")
async def test_the_log_is_kept_up_to_its_length_also_of_a_script_that_fails(
    sandbox: Sandbox,
) -> None:
    end = await sandbox.run_script(
        script(body("console.log('a', {b: 1}); api.log('c'); while (true) {}"))
    )
    assert (end.code, end.log) == ("script.timed_out", 'a {"b":1}\nc\n')
    end = await sandbox.run_script(
        script(body("for (let i = 0; i < 1e5; i++) console.warn('line', i)"), timeout_s=10)
    )
    assert len(end.log) <= 262_144
    assert end.dropped_lines > 70_000


@pytest.mark.asyncio(loop_scope="module")
async def test_a_script_leaves_nothing_to_the_next(sandbox: Sandbox) -> None:
    await sandbox.run_script(script("globalThis.left = 1; Array.prototype.left = 1;" + body("")))
    end = await sandbox.run_script(script(body("dataObject.left = typeof left + typeof [].left")))
    assert end.changed == {"left": "undefinedundefined"}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_script_that_loops_holds_nothing_up(sandbox: Sandbox) -> None:
    looping = asyncio.ensure_future(
        sandbox.run_script(script(body("while (true) {}"), timeout_s=5))
    )
    began = time.monotonic()
    await sandbox.run_script(script(body("dataObject.a = 1")))
    assert time.monotonic() - began < 4
    looping.cancel()
    await asyncio.gather(looping, return_exceptions=True)
