"""Libraries of a broker and of HTTP servers are slow to import:
only processes that have the one or the other do. Nor is python-docx imported before it writes.
"""

import ast
import subprocess
import sys
from pathlib import Path

from architecture.rooms import ROOT

_SAMPLE = ROOT / "deploy/standalone/src/dragoman_standalone/samples/contract.docx"
_BROKER = {"faststream", "aio_pika", "aiormq"}
_HTTP = {"fastapi", "uvicorn"}
_LOADED = "print(sorted({name.partition('.')[0] for name in sys.modules}))"

_TRANSLATE = """
import sys
from dragoman_standalone.cli import app
app(sys.argv[1:], standalone_mode=False)
"""

_SERVE = """
import asyncio, sys
import httpx
from fastapi import FastAPI
from dragoman_gateway import app
from dragoman_gateway.web import asyncapi

async def ask(served):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://gateway") as client:
        return (await client.get("/api/v1/asyncapi.yaml")).raise_for_status().text

served = FastAPI()
served.include_router(asyncapi.router, prefix="/api/v1")
assert "asyncapi: 3.0.0" in asyncio.run(ask(served))
"""


def _loaded_after(program: str, *arguments: str | Path) -> set[str]:
    command = [sys.executable, "-c", f"{program}\n{_LOADED}", *(str(part) for part in arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


def test_one_shot_translate_does_without_either(tmp_path: Path) -> None:
    languages = ("--source", "en", "--target", "es", "--engine", "pseudo")
    where = ("-o", tmp_path / "out", "--state", tmp_path / "state")
    assert not _loaded_after(_TRANSLATE, "translate", _SAMPLE, *where, *languages) & (
        _BROKER | _HTTP
    )
    assert list((tmp_path / "out").glob("*.docx"))


def test_the_gateway_serves_the_asyncapi_document_without_a_broker_s_libraries() -> None:
    assert not _loaded_after(_SERVE) & _BROKER


def test_a_process_with_a_broker_would_be_found() -> None:
    assert "faststream" in _loaded_after("import sys\nimport dragoman_runtime.bus.rabbit")


def test_no_command_loads_python_docx_before_it_writes() -> None:
    loaded = _loaded_after("import sys\nimport dragoman_standalone.cli")
    assert "dragoman_exchange" in loaded
    assert "docx" not in loaded


def test_a_process_with_python_docx_would_be_found() -> None:
    assert "docx" in _loaded_after("import sys\nimport dragoman_exchange.docx")
