"""V8 in child processes of this machine, each with a time and a memory of its own.

A script has a process to itself, which ends with it. Templates share processes: they are data, and
one that loops is ended with its process. Nothing that a script or template does holds up the event
loop, or takes more than one process with it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import JsonValue

from dragoman_contracts.commands import LOG_CHARACTERS
from dragoman_scripting import child
from dragoman_scripting.errors import (
    SandboxLostError,
    TemplateInvalidError,
    TemplateTimedOutError,
    TemplateTooLargeError,
)
from dragoman_scripting.prompts import (
    ExplainedPrompt,
    TemplateCheck,
    TemplateFault,
    explained,
    template_check,
)
from dragoman_scripting.scripts import ScriptEnd, ScriptFault, ScriptRun, end_of, fault_of

MOST_CHARACTERS = 4_000_000
"""The longest prompt that a template may give."""

_MOST_ANSWER = 64 * 1024 * 1024
_GRACE_S = 5.0
_START_S = 60.0
_CHILD = str(Path(child.__file__))


class Sandbox:
    """Runs scripts and templates of people. Safe to use from several tasks at once.

    `count` is the most processes at once; who comes later waits.
    """

    def __init__(self, count: int = 2) -> None:
        self._free = asyncio.Semaphore(count)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all processes, also those at work."""
        for each in (*self._idle, *self._busy):
            await each.end()
        self._idle.clear()

    async def run_script(self, run: ScriptRun) -> ScriptEnd:
        """The end of a script: what it changed and logged, or how it failed.

        Raises:
            SandboxLostError: its process was killed from outside.
        """
        order = {
            "do": "script",
            **run.model_dump(mode="json", exclude={"fields", "params"}),
            "fields": json.dumps(run.fields),
            "params": json.dumps(run.params),
            "log_characters": LOG_CHARACTERS,
        }
        async with self._free:
            process = await self._started()
            try:
                answer = await process.ask(order, run.timeout_s + _GRACE_S)
            except _SilentError:
                answer = {"ended": "time"}
            except _DiedError as error:
                if not error.was_crash:
                    raise SandboxLostError(_LOST) from error
                answer = {"ended": "memory"}  # V8 ends its process where memory is refused
            finally:
                self._busy.discard(process)
                await process.end()
        return end_of(run, answer)

    async def render(
        self, template: str, context: Mapping[str, JsonValue], *, timeout_s: float = 10.0
    ) -> str:
        """The text of a Handlebars template with these fields. Nothing is escaped.

        Raises:
            TemplateInvalidError, TemplateTimedOutError, TemplateTooLargeError: correct it.
            SandboxLostError: the process was killed from outside.
        """
        answer = await self._asked("render", [template, json.dumps(context)], timeout_s)
        return _bounded(answer["text"])

    async def check_template(self, template: str, *, timeout_s: float = 10.0) -> TemplateCheck:
        """A template looked through by the engine that renders it: its names, and all for which it
        would be refused. It is not rendered.

        Raises:
            SandboxLostError: the process was killed from outside.
        """
        try:
            return template_check(await self._asked("check", [template], timeout_s))
        except _TemplateFaultError as error:
            said = f"{error.message}. Correct the tag there; every block needs its end."
            fault = TemplateFault(line=error.line, message=said)
        except (TemplateTimedOutError, TemplateTooLargeError):
            fault = TemplateFault(message="The template nests too deep; make it flatter.")
        return TemplateCheck(faults=(fault,))

    async def check_script(self, source: str, *, timeout_s: float = 10.0) -> ScriptFault | None:
        """The place where a script is no JavaScript; None where V8 can parse it. None of it runs.

        Raises:
            SandboxLostError: the process was killed from outside.
        """
        try:
            answer = await self._asked("check_script", [source], timeout_s)
        except (TemplateInvalidError, TemplateTimedOutError, TemplateTooLargeError):
            return fault_of({"ended": "memory"})
        return None if answer["fault"] is None else fault_of(answer["fault"])

    async def explain(
        self, template: str, context: Mapping[str, JsonValue], *, timeout_s: float = 10.0
    ) -> ExplainedPrompt:
        """The very text that `render` gives, by sections and where each came from.

        Raises:
            TemplateInvalidError, TemplateTimedOutError, TemplateTooLargeError: correct it.
            SandboxLostError: the process was killed from outside.
        """
        given = json.dumps(context)
        mark = _mark_absent_in(template + json.dumps(context, ensure_ascii=False))
        answer = await self._asked("explain", [template, given, mark], timeout_s)
        _bounded(answer["text"])
        return explained(answer["text"], answer["marked"], answer["tags"], mark, context)

    async def _asked(self, do: str, arguments: list[str], timeout_s: float) -> dict[str, Any]:
        order = {"do": do, "arguments": arguments, "timeout_s": timeout_s}
        async with self._free:
            process = self._idle.pop() if self._idle else await self._started()
            self._busy.add(process)
            is_fit = False
            try:
                answer = await process.ask(order, timeout_s + _GRACE_S)
                is_fit = "ended" not in answer
            except _SilentError:
                answer = {"ended": "time"}
            except _DiedError as error:
                if not error.was_crash:
                    raise SandboxLostError(_LOST) from error
                answer = {"ended": "memory"}
            finally:
                self._busy.discard(process)
                if is_fit:
                    self._idle.append(process)
                else:
                    await process.end()
        if "error" in answer or answer.get("ended") in ("parse", "throw"):
            raise _TemplateFaultError(_place_of(answer), line=int(answer.get("line") or 0))
        if answer.get("ended") == "time":
            message = f"The template did not end within {timeout_s:g} s; let it loop over less."
            raise TemplateTimedOutError(message)
        if "ended" in answer:
            raise TemplateTooLargeError("The template took too much memory; let it loop over less.")
        return answer

    async def _started(self) -> _Child:
        process = await _Child.start()
        self._busy.add(process)
        return process


_LOST = "The process that ran the script or template was killed; look at the machine's memory."


class _TemplateFaultError(TemplateInvalidError):
    """A template that cannot be read, and the line."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


class _SilentError(Exception):
    """A child did not answer in time."""


class _DiedError(Exception):
    """A child ended without an answer; by itself, where V8 gave up."""

    def __init__(self, *, was_crash: bool) -> None:
        super().__init__()
        self.was_crash = was_crash


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> _Child:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _CHILD, _racer_folder()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_MOST_ANSWER,
            cwd="/",
            env={"LANG": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
        made = cls(process)
        try:
            await made._line(_START_S)
        except BaseException as error:
            await made.end()
            if isinstance(error, _DiedError | _SilentError):
                message = "A process for scripts could not be started; is mini-racer installed for this machine?"
                raise SandboxLostError(message) from error
            raise
        return made

    async def ask(self, order: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        if self._process.stdin is None:
            raise _DiedError(was_crash=False)
        with suppress(ConnectionError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()
        return await self._line(timeout_s)

    async def _line(self, timeout_s: float) -> dict[str, Any]:
        if self._process.stdout is None:
            raise _DiedError(was_crash=False)
        try:
            async with asyncio.timeout(timeout_s):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise _SilentError from None
        except ValueError:  # longer than any answer may be
            raise _DiedError(was_crash=True) from None
        if not line.endswith(b"\n"):
            code = await self._process.wait()
            raise _DiedError(was_crash=code != -9)
        return json.loads(line)

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                # Its own `kill` would reap the process, which asyncio's watcher waits for.
                os.kill(self._process.pid, signal.SIGKILL)
        waiting = asyncio.ensure_future(self._process.wait())
        with suppress(asyncio.CancelledError):
            await asyncio.shield(waiting)


def _racer_folder() -> str:
    """The folder that mini_racer lies in; looked for without loading its 70 MB here."""
    found = importlib.util.find_spec("py_mini_racer")
    if found is None or found.origin is None:
        raise SandboxLostError("mini-racer is not installed; install Dragoman anew.")
    return str(Path(found.origin).parent.parent)


def _place_of(answer: Mapping[str, Any]) -> str:
    text = str(answer.get("error") or answer.get("message") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["It cannot be read."]
    # Handlebars says the line first, then shows it, and says last what it wanted there.
    first = lines[0] if len(lines) < 4 else f"{lines[0]} {lines[-1]}"
    line = int(answer.get("line") or 0)
    place = f" (line {line})" if line and "line" not in first else ""
    return f"The template is no Handlebars that can be used: {first[:300]}{place}"


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise TemplateTooLargeError(
            f"The prompt has {len(text):,} characters, the most is {MOST_CHARACTERS:,}; give it less."
        )
    return text


def _mark_absent_in(text: str) -> str:
    number = 0
    while (mark := f"⟦dragoman{number}") in text:
        number += 1
    return mark
