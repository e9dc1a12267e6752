"""A model server that somebody else wrote for the published protocol, in a few lines, is understood:
it reads objects of `id` and `source`, and answers objects of `id` and `target`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import plain_text
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from linguistics.units import unit
from services.translate.ledgers import MemoryLedger


class SomebodysServer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = json.loads(body["messages"][-1]["content"])
        units = [{"id": each["id"], "target": each["source"].upper()} for each in asked["units"]]
        message = {"role": "assistant", "content": json.dumps({"units": units})}
        answer = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SomebodysServer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


async def test_a_server_written_for_the_published_protocol_is_asked_and_understood(
    url: str,
) -> None:
    engine = OpenAiEngine(OpenAiSettings(base_url=url, model="somebody's"))
    task = BatchTask(
        index=0,
        source_locale=Locale("en"),
        target_locale=Locale("el"),
        units=(unit("u1", "One red apple."), unit("u2", "Two pears.")),
    )

    made = await translate_batch(engine, MemoryLedger(), task)

    await engine.aclose()
    assert [plain_text(each.target) for each in made.targets] == ["ONE RED APPLE.", "TWO PEARS."]
