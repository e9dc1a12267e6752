"""What one tiny call says of an engine: of servers of many kinds, good and bad,
and of engines on this machine.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import JsonValue, SecretStr

from dragoman_contracts.locale import Locale
from dragoman_translate.adapters.openai_probe import probe_openai
from dragoman_translate.adapters.probe import probe_engine
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.probing import PAGE_WORDS, PROBE_SENTENCE, PROBE_WORDS, EngineProbe, page_s
from dragoman_translate.settings import EngineSettings

Body = dict[str, JsonValue]
Answer = tuple[int, str, str]
"""Status, media type and text."""


@dataclass
class Server:
    """A model server as a test wants it: JSON by path, and what it does with a chat completion."""

    chat: Callable[[Body], Answer]
    told: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    asked: list[Body] = field(default_factory=list[Body])
    url: str = ""

    def answer(self, path: str, body: Body | None) -> Answer:
        """What is under a path."""
        if path == "/v1/chat/completions" and body is not None:
            self.asked.append(body)
            return self.chat(body)
        if path in self.told:
            return 200, "application/json", json.dumps(self.told[path])
        return 404, "application/json", "{}"


@pytest.fixture
def serve() -> Iterator[Callable[[Server], Server]]:
    """Starts servers, and ends them with the test."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(server: Server) -> Server:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*server.answer(self.path, None))

            def do_POST(self) -> None:
                self._send(
                    *server.answer(
                        self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    )
                )

            def _send(self, status: int, media_type: str, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        running.append((http, thread))
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        return server

    yield start
    for http, thread in running:
        http.shutdown()
        http.server_close()
        thread.join()


def written(body: Body, *, keeps_schema: bool = True) -> str:
    """The answer of a model: the sealed field only where the server holds answers to the schema."""
    answer: dict[str, JsonValue] = {
        "units": [{"id": "probe", "target": "El proveedor presta los servicios."}]
    }
    asked = re.search(
        r'"seal": \{"type": "string", "enum": \["(\w+)"\]', json.dumps(body.get("response_format"))
    )
    return json.dumps({**answer, "seal": asked[1]} if asked and keeps_schema else answer)


USAGE: JsonValue = {"prompt_tokens": 400, "completion_tokens": 40}


def streamed(
    text: str, *, pieces: int = 8, timings: JsonValue = None, usage: JsonValue = USAGE
) -> Answer:
    """A completion in pieces."""
    size = -(-len(text) // pieces)
    lines = [": ping"]
    for start in range(0, len(text), size):
        chunk = {
            "model": "small-1",
            "choices": [{"delta": {"content": text[start : start + size]}}],
        }
        lines.append(f"data: {json.dumps(chunk)}")
    lines.append(f"data: {json.dumps({'choices': [{'delta': {}, 'finish_reason': 'stop'}]})}")
    lines.append(f"data: {json.dumps({'choices': [], 'usage': usage, 'timings': timings})}")
    return 200, "text/event-stream; charset=utf-8", "\n\n".join([*lines, "data: [DONE]", ""])


def whole(text: str, finish: str = "stop") -> Answer:
    """A completion in one body."""
    choice = {"message": {"content": text}, "finish_reason": finish}
    return (
        200,
        "application/json",
        json.dumps({"model": "small-1", "choices": [choice], "usage": USAGE}),
    )


def keeping(body: Body) -> Answer:
    """A server that keeps the schema."""
    return streamed(written(body))


def ignoring(body: Body) -> Answer:
    """A server that takes the schema and does not keep it."""
    return streamed(written(body, keeps_schema=False))


def refusing(body: Body) -> Answer:
    """A server that knows no schema."""
    if "json_schema" in json.dumps(body):
        return 400, "application/json", '{"error": {"message": "response_format json_schema"}}'
    return streamed(written(body))


def chatting(body: Body) -> Answer:
    """A model that answers as it likes."""
    return streamed("Claro: aquí está.")


def web_page(body: Body) -> Answer:
    """Not a model server."""
    return 200, "text/html", "<html>Welcome</html>"


def failing_softly(body: Body) -> Answer:
    """A server that says an error where an answer should be."""
    return 200, "application/json", '{"error": "no such model"}'


def refused(status: int, **error: JsonValue) -> Callable[[Body], Answer]:
    """A server that refuses every call."""
    return lambda body: (status, "application/json", json.dumps({"error": error}))


async def probe(server: Server, model: str = "small", **settings: object) -> EngineProbe:
    """What a probe of the server finds."""
    given = OpenAiSettings.model_validate({"base_url": server.url, "timeout_s": 20, **settings})
    return await probe_openai(given, model, Locale("en"), Locale("es"))


async def test_a_server_that_can_everything_is_said_to(serve: Callable[[Server], Server]) -> None:
    timings: JsonValue = {"prompt_per_second": 200.0, "predicted_per_second": 20.0}
    props: JsonValue = {"total_slots": 2, "default_generation_settings": {"n_ctx": 8192}}
    server = serve(Server(lambda body: streamed(written(body), timings=timings), {"/props": props}))

    found = await probe(server, api_key=SecretStr("sk-1"))

    assert found.is_ok
    assert (found.server, found.model, found.context_tokens, found.slots) == (
        "llama.cpp",
        "small-1",
        8192,
        2,
    )
    assert (found.keeps_schema, found.streams, found.warnings) == (True, True, ())
    assert (found.read_tokens_per_s, found.write_tokens_per_s) == (200.0, 20.0)
    assert (found.prompt_tokens, found.response_tokens) == (400, 40)
    assert found.first_token_s is not None
    assert found.page_s == round(page_s(400, 40, 200.0, 20.0) or 0, 1)
    assert found.sample == "El proveedor presta los servicios."
    (asked,) = server.asked
    assert PROBE_SENTENCE in json.dumps(asked["messages"])
    assert asked["max_tokens"] == 400


async def test_no_two_probes_read_the_same_prompt(serve: Callable[[Server], Server]) -> None:
    server = serve(Server(keeping))
    await probe(server)
    await probe(server)
    first, second = (json.dumps(asked["messages"]) for asked in server.asked)
    assert first[:60] != second[:60], (
        "a server that has read a prompt before would seem to read fast"
    )


async def test_without_the_servers_times_its_pieces_are_timed(
    serve: Callable[[Server], Server],
) -> None:
    found = await probe(serve(Server(keeping)))
    assert found.streams
    assert found.read_tokens_per_s
    assert found.write_tokens_per_s
    assert found.context_tokens is found.slots is None


async def test_a_server_that_does_not_count_is_measured_by_its_pieces(
    serve: Callable[[Server], Server],
) -> None:
    found = await probe(serve(Server(lambda body: streamed(written(body), pieces=30, usage=None))))
    assert 20 <= found.response_tokens <= 30


@pytest.mark.parametrize(
    ("chat", "keeps", "warned"),
    [
        pytest.param(keeping, True, "", id="kept"),
        pytest.param(ignoring, False, "does not keep", id="ignored"),
        pytest.param(refusing, False, "refuses a JSON Schema", id="refused"),
        pytest.param(chatting, False, "does not keep", id="prose"),
    ],
)
async def test_a_schema_counts_as_kept_only_where_the_answer_shows_it(
    serve: Callable[[Server], Server], chat: Callable[[Body], Answer], keeps: bool, warned: str
) -> None:
    found = await probe(serve(Server(chat)))
    assert (found.is_ok, found.keeps_schema) == (True, keeps)
    assert bool(found.warnings) == bool(warned)
    assert warned in " ".join(found.warnings)


@pytest.mark.parametrize(
    ("unknown", "field"),
    [
        ("max_tokens is not supported, use max_completion_tokens", "max_tokens"),
        ("temperature is deprecated for this model", "temperature"),
        ("unknown field stream_options", "stream_options"),
    ],
)
async def test_what_a_server_refuses_is_left_out(
    serve: Callable[[Server], Server], unknown: str, field: str
) -> None:
    def chat(body: Body) -> Answer:
        if field in body:
            return 400, "application/json", json.dumps({"error": {"message": unknown}})
        return streamed(written(body))

    found = await probe(serve(Server(chat)))
    assert (found.is_ok, found.keeps_schema, found.streams) == (True, True, True)


async def test_a_server_that_streams_nothing_is_timed_as_a_whole(
    serve: Callable[[Server], Server],
) -> None:
    found = await probe(serve(Server(lambda body: whole(written(body)))))
    assert (found.is_ok, found.streams, found.first_token_s, found.read_tokens_per_s) == (
        True,
        False,
        None,
        None,
    )
    assert found.write_tokens_per_s
    assert any("does not stream" in warning for warning in found.warnings)


async def test_a_proxy_that_holds_the_answer_back_does_not_count_as_streaming(
    serve: Callable[[Server], Server],
) -> None:
    found = await probe(serve(Server(lambda body: streamed(written(body), pieces=1))))
    assert (found.is_ok, found.streams) == (True, False)


async def test_a_model_that_thinks_for_too_long_is_warned_of(
    serve: Callable[[Server], Server],
) -> None:
    found = await probe(serve(Server(lambda body: whole("", finish="length"))))
    assert any("think" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("told", "kind", "context", "warned"),
    [
        (
            {"/v1/models": {"data": [{"id": "small", "owned_by": "vllm", "max_model_len": 16384}]}},
            "vLLM",
            16384,
            "",
        ),
        ({"/v1/models": {"data": [{"id": "small", "context_length": 128000}]}}, "", 128000, ""),
        ({"/api/version": {"version": "0.12"}}, "Ollama", 4096, "OLLAMA_CONTEXT_LENGTH"),
        (
            {
                "/api/version": {"version": "0.12"},
                "/api/show": {"parameters": "top_p 0.9\nnum_ctx 16384"},
            },
            "Ollama",
            16384,
            "",
        ),
        (
            {
                "/api/version": {"version": "0.12"},
                "/api/ps": {"models": [{"name": "small:latest", "context_length": 4096}]},
                "/api/show": {"parameters": "num_ctx 16384"},
            },
            "Ollama",
            4096,
            "OLLAMA_CONTEXT_LENGTH",
        ),
        (
            {"/api/v0/models": {"data": [{"id": "small", "loaded_context_length": 2048}]}},
            "LM Studio",
            2048,
            "small",
        ),
        (
            {"/props": {"total_slots": 1, "default_generation_settings": {"n_ctx": 2048}}},
            "llama.cpp",
            2048,
            "is small",
        ),
        ({"/v1/models": "not as usual", "/props": [1], "/api/version": None}, "", None, ""),
    ],
)
async def test_what_servers_say_of_their_context_is_understood(
    serve: Callable[[Server], Server],
    told: dict[str, JsonValue],
    kind: str,
    context: int | None,
    warned: str,
) -> None:
    found = await probe(serve(Server(keeping, told)))
    assert (found.is_ok, found.server, found.context_tokens) == (True, kind, context)
    assert bool(found.warnings) == bool(warned)
    assert warned in " ".join(found.warnings)


@pytest.mark.parametrize(
    ("chat", "code", "cure"),
    [
        (
            refused(401, code="invalid_api_key", message="Wrong key sk-secret"),
            "engine.unauthorised",
            "API_KEY",
        ),
        (refused(402, type="insufficient_quota"), "engine.quota_exhausted", "top it up"),
        (
            refused(429, code="credit_balance_exhausted", type="x"),
            "engine.quota_exhausted",
            "top it up",
        ),
        (refused(429, code="rate_limit_exceeded"), "engine.rate_limited", "a minute"),
        (refused(503, message="Loading model"), "engine.unavailable", "its log"),
        (refused(404, code="model_not_found"), "engine.bad_request", "to one of: large, larger"),
        (refused(400, code="model_not_found"), "engine.bad_request", "to one of: large, larger"),
        (web_page, "engine.malformed_reply", "/v1"),
        (failing_softly, "engine.malformed_reply", "/v1"),
    ],
)
async def test_what_goes_wrong_is_said_with_its_cure(
    serve: Callable[[Server], Server], chat: Callable[[Body], Answer], code: str, cure: str
) -> None:
    told: dict[str, JsonValue] = {"/v1/models": {"data": [{"id": "large"}, {"id": "larger"}]}}
    found = await probe(serve(Server(chat, told)))
    assert (found.is_ok, found.code) == (False, code)
    assert cure in found.message
    assert "sk-secret" not in found.model_dump_json()


async def test_without_a_model_the_servers_are_named_and_nothing_is_asked(
    serve: Callable[[Server], Server],
) -> None:
    told: dict[str, JsonValue] = {"/v1/models": {"data": [{"id": "small"}]}}
    server = serve(Server(keeping, told))
    found = await probe(server, "")
    assert (found.is_ok, found.code, server.asked) == (False, "engine.not_configured", [])
    assert found.message == "No model is set. Set DRAGOMAN_OPENAI_MODEL to one of: small."


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "ftp://127.0.0.1/v1", "nothing at all"])
async def test_a_server_that_is_not_there_is_no_crash(url: str) -> None:
    found = await probe(Server(refused(500), url=url))
    assert (found.is_ok, found.code) == (False, "engine.unavailable")
    assert "DRAGOMAN_OPENAI_BASE_URL" in found.message


async def test_a_server_that_is_silent_is_given_up(serve: Callable[[Server], Server]) -> None:
    released = threading.Event()

    def hang(body: Body) -> Answer:
        released.wait(10)
        return 503, "application/json", "{}"

    found = await probe(serve(Server(hang)), timeout_s=0.2)
    released.set()
    assert (found.is_ok, found.code) == (False, "engine.timeout")


async def test_a_credential_in_the_address_is_not_shown(serve: Callable[[Server], Server]) -> None:
    server = serve(Server(keeping))
    server.url = server.url.replace("://", "://me:sk-secret@")
    found = await probe(server)
    assert found.is_ok
    assert "sk-secret" not in found.model_dump_json()


@pytest.mark.parametrize(("engine", "sample"), [("identity", PROBE_SENTENCE), ("pseudo", "Фзд")])
async def test_an_engine_on_this_machine_is_asked_too(engine: str, sample: str) -> None:
    found = await probe_engine(EngineSettings(), engine, "", Locale("en"), Locale("es"))
    assert (found.is_ok, found.address, found.warnings) == (True, "", ())
    assert found.page_s is not None
    assert found.sample[:3] == sample[:3]


async def test_a_pair_that_an_engine_lacks_is_said() -> None:
    found = await probe_engine(EngineSettings(), "apertium", "", Locale("en"), Locale("ja"))
    assert (found.is_ok, found.code.partition(".")[0]) == (False, "engine")
    assert found.message


def test_a_page_takes_longer_the_slower_it_is_written() -> None:
    share = PAGE_WORDS / PROBE_WORDS
    assert page_s(400, 40, None, 20.0) == pytest.approx(40 * share / 20)
    assert page_s(400, 40, 100.0, 20.0) == pytest.approx(40 * share / 20 + (400 + 40 * share) / 100)
    assert page_s(400, 40, 100.0, None) is page_s(400, 0, 100.0, 20.0) is None
