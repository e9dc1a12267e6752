"""One suite for every API with embeddings."""

from collections.abc import Iterator

import pytest

from dragoman_contracts.errors import DragomanError
from dragoman_models.clients import embedding_model
from dragoman_models.endpoint import Endpoint
from dragoman_models.ports import EmbeddingReply, EmbeddingRequest
from models.faithful.base import KEY, Provider
from models.kinds import EMBEDDING, GEMINI, OLLAMA, OPENAI, Kind

_EACH = pytest.mark.parametrize("kind", EMBEDDING, ids=lambda kind: str(kind.api))


@pytest.fixture
def server(kind: Kind) -> Iterator[Provider]:
    with kind.serve() as served:
        yield served


async def embedded(endpoint: Endpoint, *texts: str, dimension: int | None = None) -> EmbeddingReply:
    model = embedding_model(endpoint)
    try:
        return await model.embed(EmbeddingRequest(inputs=texts, dimension=dimension))
    finally:
        await model.aclose()


async def failure(endpoint: Endpoint, *texts: str) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        await embedded(endpoint, *texts)
    return caught.value


@_EACH
async def test_each_text_has_its_vector_in_the_order_of_the_texts(
    kind: Kind, server: Provider
) -> None:
    reply = await embedded(kind.endpoint(server), "a", "bb", "ccc")
    assert reply.vectors == ((1.0,) * 4, (2.0,) * 4, (3.0,) * 4)
    assert (reply.usage.prompt_tokens, reply.usage.response_tokens) == (9, 0)
    assert reply.prompt == server.seen[0].body
    assert "1.0" not in str(reply.envelope)


@_EACH
async def test_another_dimension_can_be_asked_for(kind: Kind, server: Provider) -> None:
    reply = await embedded(kind.endpoint(server), "a", dimension=7)
    assert len(reply.vectors[0]) == 7


@_EACH
async def test_a_vector_too_few_is_no_answer(kind: Kind, server: Provider) -> None:
    server.modes = ["too_few"]
    assert (await failure(kind.endpoint(server), "a", "b")).code == "engine.malformed_reply"


@pytest.mark.parametrize("mode", ["rate_limited", "no_credit", "overloaded", "web_page"])
@_EACH
async def test_each_refusal_has_its_code(kind: Kind, mode: str, server: Provider) -> None:
    server.modes = [mode]
    error = await failure(kind.endpoint(server), "a")
    assert error.code == kind.codes[mode]
    assert KEY not in error.message


@pytest.mark.parametrize("kind", [OPENAI, GEMINI], ids=lambda kind: str(kind.api))
async def test_a_wrong_key_is_refused(kind: Kind, server: Provider) -> None:
    error = await failure(kind.endpoint(server, api_key="sk-wr0ng-wr0ng"), "a")
    assert error.code == "engine.unauthorised"


async def test_a_text_that_is_too_long_is_refused_and_not_cut() -> None:
    with OLLAMA.serve() as server:
        error = await failure(OLLAMA.endpoint(server, context_tokens=512), "word " * 1_000)
    assert error.code == "engine.context_exceeded"
