"""The program in which V8 runs: orders come in and answers go out, a line of JSON each.

Started by `sandbox` as `python -I -S child.py FOLDER`, with an empty environment; FOLDER is where
mini_racer lies. It knows nothing of Dragoman, so that it starts quickly and holds nothing worth
taking. A script gets a process of its own; templates share one, since they are data.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import re
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MIB = 1024 * 1024
_PARSED = "dragoman: parsed"
_BESIDE_MIB = 96  # of a process, beside the memory that a script may take
_LINE = re.compile(r"^(?:<anonymous>|[^\n:]*):(\d+):", re.M)


def main() -> None:
    """Serve orders until there are no more."""
    confine()
    sys.path.insert(0, sys.argv[1])
    racer = importlib.import_module("py_mini_racer")
    templates: Templates | None = None
    say({"ready": True})
    for line in sys.stdin.buffer:
        order = json.loads(line)
        if order["do"] == "script":
            say(script(order, racer))
            break
        if order["do"] == "check_script":
            say(script_check(order, racer))
            continue
        templates = templates or Templates(racer)
        say(templates.serve(order))
        if templates.is_spent:
            break
    sys.stdout.flush()
    os._exit(0)  # V8's threads need no farewell


def confine() -> None:
    """Give up what no script needs; what the kernel does not know is left out."""
    with contextlib.suppress(OSError):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def bound_memory(memory_mb: int) -> None:
    """Bound all memory from now on, also that of buffers, which V8's own limit does not count."""
    with contextlib.suppress(OSError, ValueError):
        most = _data_bytes() + (memory_mb + _BESIDE_MIB) * _MIB
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmData")


class Context:
    """One V8 with its memory and its time."""

    def __init__(self, memory_mb: int, module: Any) -> None:
        self.module = module
        self.racer = module.MiniRacer()
        self.racer.set_hard_memory_limit(memory_mb * _MIB)

    def eval(self, code: str, until: float) -> Any:
        """The value of this code."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return self.racer.eval(code, timeout_sec=left)


def failure_of(error: BaseException, context: Context) -> dict[str, Any]:
    """An error of V8 as what it means."""
    is_full = context.racer.was_hard_memory_limit_reached()
    if isinstance(error, context.module.JSOOMException) or is_full:
        return {"ended": "memory"}
    if isinstance(error, TimeoutError | context.module.JSTimeoutException):
        return {"ended": "time"}
    text = str(error)
    found = _LINE.search(text)
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    message = re.sub(r"^[^\n:]*:\d+: ", "", first)
    kind = "parse" if isinstance(error, context.module.JSParseException) else "throw"
    return {"ended": kind, "message": message, "line": int(found.group(1)) if found else 0}


def script(order: dict[str, Any], racer: Any) -> dict[str, Any]:
    """Run one script and say what it changed, or how it failed, and what it logged."""
    context = Context(order["memory_mb"], racer)
    until = time.monotonic() + order["timeout_s"]
    answer: dict[str, Any] = {}
    try:
        about = {
            "fields": order["fields"],
            "params": order["params"],
            "now": order["now"],
            "seed": order["seed"],
            "objectId": order["object_id"],
            "phase": order["phase"],
            "logCharacters": order["log_characters"],
        }
        around = (_HERE / "javascript" / "scripts.js").read_text()
        context.eval(f"const __dragoman = {around}({json.dumps(about)}); undefined", until)
        bound_memory(order["memory_mb"])
        context.eval(f"{order['source']}\n//# sourceURL={order['name']}", until)
        if not context.eval('typeof execute === "function"', until):
            answer = {"ended": "parse", "message": "There is no function execute", "line": 0}
        else:
            context.eval("__dragoman.run(execute); undefined", until)
            answer = json.loads(context.eval("__dragoman.end()", until))
    except BaseException as error:  # noqa: BLE001 - mini_racer has its own tree
        answer = failure_of(error, context)
    with contextlib.suppress(BaseException):
        answer |= json.loads(context.eval("__dragoman.log()", time.monotonic() + 2))
    return answer


def script_check(order: dict[str, Any], racer: Any) -> dict[str, Any]:
    """The place where a script is no JavaScript. None of it runs: it is parsed behind a `throw`."""
    context = Context(64, racer)
    source = str(order["arguments"][0])
    try:
        until = time.monotonic() + order["timeout_s"]
        context.eval(f'throw "{_PARSED}"; {source}\n', until)
    except BaseException as error:  # noqa: BLE001 - mini_racer has its own tree
        failure = failure_of(error, context)
        if failure["ended"] == "throw" and failure["message"] == _PARSED:
            return {"fault": None}
        last = source.count("\n") + 1  # behind it stands one line of ours
        return {"fault": failure | {"line": min(int(failure.get("line", 0)), last)}}
    finally:
        context.racer.close()
    return {"fault": None}


class Templates:
    """Handlebars in a V8 that serves many templates."""

    def __init__(self, racer: Any) -> None:
        self.is_spent = False
        self._context = Context(512, racer)
        until = time.monotonic() + 30
        self._context.eval((_HERE / "vendor" / "handlebars.min.js").read_text(), until)
        made = (_HERE / "javascript" / "templates.js").read_text()
        self._context.eval(f"const __templates = {made}(); undefined", until)
        for name in ("WebAssembly", "SharedArrayBuffer", "Atomics", "setTimeout", "clearTimeout"):
            self._context.eval(f"globalThis.{name} = undefined", until)
        bound_memory(512)

    def serve(self, order: dict[str, Any]) -> dict[str, Any]:
        """The answer to an order about a template."""
        given = ", ".join(json.dumps(each) for each in order["arguments"])
        try:
            until = time.monotonic() + order["timeout_s"]
            return json.loads(self._context.eval(f"__templates.{order['do']}({given})", until))
        except BaseException as error:  # noqa: BLE001 - mini_racer has its own tree
            self.is_spent = True
            return failure_of(error, self._context)


def say(answer: dict[str, Any]) -> None:
    """Write one answer."""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
