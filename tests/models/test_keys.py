"""A provider's key is in no record, no error and no log line, even where the server repeats it."""

import logging
import traceback
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.locale import Locale
from dragoman_models.clients import chat_model, embedding_model, text_translator
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Ledger
from dragoman_models.ports import ChatRequest, EmbeddingRequest, Message, TranslationRequest
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.worker.task import ProjectObjects, ValueCache
from models.faithful.base import KEY, Answered, Asked, Provider
from models.kinds import CHAT, EMBEDDING, OPENAI, TRANSLATION, Kind
from models.test_ledger import PROJECT

_EVERY = (*CHAT, *TRANSLATION)


class Repeating(Provider):
    """Repeats the key wherever an answer has room for it."""

    status = 200

    @override
    def answer(self, asked: Asked) -> Answered:
        message = {"role": "assistant", "content": "hi"}
        body = {
            "id": KEY,
            "model": f"m {KEY}",
            "system_fingerprint": {KEY: [KEY]},
            "choices": [{"message": message, "finish_reason": "stop"}],
            "data": [{"embedding": [1.0], "index": 0}],
        }
        error = {"message": f"key {KEY}", "code": KEY, "type": KEY, "details": {"reason": KEY}}
        said = body if self.status == 200 else {"error": error}
        return Answered(self.status, said, headers={"x-request-id": KEY})


async def asked(kind: Kind, endpoint: Endpoint, ledger: Ledger) -> list[str]:
    """All that is said by each ability of the API: replies, errors, and what led to them."""
    said: list[str] = [repr(endpoint), endpoint.model_dump_json()]
    if kind in CHAT:
        chat = chat_model(endpoint)
        with errors_in(said):
            request = ChatRequest(messages=(Message(role="user", text="hi"),))
            said.append((await ledger.chat(chat, endpoint, request)).reply.model_dump_json())
        await chat.aclose()
    if kind in EMBEDDING:
        vectors = embedding_model(endpoint)
        with errors_in(said):
            asked_for = EmbeddingRequest(inputs=("a",))
            reply = (await ledger.embed(vectors, endpoint, asked_for)).reply
            said.append(reply.model_dump_json())
        await vectors.aclose()
    if kind in TRANSLATION:
        translator = text_translator(endpoint)
        with errors_in(said):
            texts = TranslationRequest(texts=("a",), source=Locale("en"), target=Locale("es"))
            made = (await ledger.translate(translator, endpoint, texts)).reply
            said.append(made.model_dump_json())
        await translator.aclose()
    return said


@contextmanager
def errors_in(said: list[str]) -> Generator[None]:
    """Keeps what would be printed of an error."""
    try:
        yield
    except DragomanError as error:
        said.append("".join(traceback.format_exception(error)))
        said.append(repr(error))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncGenerator[Ledger]:
    store = FileObjectStore(tmp_path / "objects")
    await store.open()
    yield Ledger(ProjectObjects(store, PROJECT, ValueCache()))
    await store.close()


@pytest.mark.parametrize("kind", _EVERY, ids=lambda kind: str(kind.api))
async def test_the_key_is_said_nowhere(
    kind: Kind, ledger: Ledger, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    with kind.serve() as server:
        for mode in ("good", *kind.codes):
            server.modes = [mode, mode]
            for key in (KEY, f"{KEY}-wrong"):
                endpoint = kind.endpoint(server, api_key=key)
                said = await asked(kind, endpoint, ledger)
                assert len(said) > 2
                assert KEY not in "\n".join(said)
        assert any(KEY in str(each.headers) + str(each.body) for each in server.seen) or (
            kind.api == "ollama"
        )
    assert KEY not in caplog.text
    assert _stored_with_the_key(tmp_path) == []


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
async def test_a_key_that_the_server_repeats_is_left_out(
    status: int, ledger: Ledger, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)  # httpcore's traces show headers of answers
    with Repeating() as server:
        server.status = status
        said = "\n".join(await asked(OPENAI, OPENAI.endpoint(server), ledger))
    assert KEY not in said
    assert ("•••" in said) is (status == 200)
    assert KEY not in caplog.text
    assert _stored_with_the_key(tmp_path) == []


def _stored_with_the_key(folder: Path) -> list[str]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [str(each) for each in files if KEY.encode() in each.read_bytes()]
