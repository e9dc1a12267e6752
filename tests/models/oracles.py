"""The official SDKs as oracles: each asks the faithful server of its API, and understands it.

Run by `make oracles`, in an environment that has the SDKs and nothing of Dragoman.
"""

# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# The SDKs are in another environment than the one whose types are checked.
from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from models.faithful.anthropic import AnthropicServer
from models.faithful.base import KEY
from models.faithful.deepl import DeepLServer
from models.faithful.gemini import GeminiServer
from models.faithful.ollama import OllamaServer
from models.faithful.openai import OpenAiServer

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def sdk(name: str) -> Any:
    """The SDK's module."""
    return importlib.import_module(name)


def same(said: object, expected: object) -> None:
    """Stop unless the SDK read what was meant."""
    if said != expected:
        raise SystemExit(f"  read {said!r}, and not {expected!r}")


def raises(wanted: Any, call: Callable[[], object], status: int | None = None) -> None:
    """Stop unless the SDK reads an error of this class and status."""
    try:
        call()
    except wanted as error:
        if status is not None:
            same(getattr(error, "status_code", getattr(error, "code", None)), status)
    else:
        raise SystemExit(f"  no {wanted}")


def openai() -> None:
    with OpenAiServer() as server:
        api = sdk("openai")
        client = api.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0)
        chat = client.chat.completions
        reply = chat.create(model="gpt-good", messages=HELLO)
        same((reply.choices[0].message.content, reply.choices[0].finish_reason), ("HELLO", "stop"))
        same(reply.usage.prompt_tokens_details.cached_tokens, 40)
        same(reply.usage.completion_tokens_details.reasoning_tokens, 5)
        counted = {"include_usage": True}
        chunks = list(
            chat.create(model="gpt-good", messages=HELLO, stream=True, stream_options=counted)
        )
        same(
            "".join(each.choices[0].delta.content or "" for each in chunks if each.choices), "HELLO"
        )
        same(chunks[-1].usage.completion_tokens, 30)
        format_ = {
            "type": "json_schema",
            "json_schema": {"name": "a", "strict": True, "schema": SCHEMA},
        }
        reply = chat.create(model="gpt-good", messages=HELLO, response_format=format_)
        same(reply.choices[0].message.content, '{"answer": "HELLO"}')
        vectors = client.embeddings.create(
            model="e", input=["a", "bb"], encoding_format="float"
        ).data
        same({each.index: each.embedding[0] for each in vectors}, {0: 1.0, 1: 2.0})
        for mode, error, status in (
            ("rate_limited", api.RateLimitError, 429),
            ("no_credit", api.RateLimitError, 429),
            ("broken", api.InternalServerError, 500),
            ("context", api.BadRequestError, 400),
        ):
            server.modes = [mode]
            raises(error, lambda: chat.create(model="gpt-good", messages=HELLO), status)
        raises(api.NotFoundError, lambda: chat.create(model="gpt-none", messages=HELLO))
        raises(
            api.BadRequestError,
            lambda: chat.create(model="gpt-new", messages=HELLO, temperature=0),
        )
        server.modes = ["no_credit"]
        try:
            chat.create(model="gpt-good", messages=HELLO)
        except api.RateLimitError as error:
            same((error.code, error.type), ("credit_balance_exhausted", "insufficient_quota"))
        wrong = api.OpenAI(base_url=server.base_url, api_key="sk-x", max_retries=0)
        raises(api.AuthenticationError, lambda: wrong.models.list())


def anthropic() -> None:
    with AnthropicServer() as server:
        api = sdk("anthropic")
        client = api.Anthropic(base_url=server.base_url, api_key=KEY, max_retries=0)
        asked: dict[str, Any] = {
            "model": "claude-good",
            "max_tokens": 99,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        }
        reply = client.messages.create(**asked)
        same((reply.content[0].text, reply.stop_reason), ("HELLO", "end_turn"))
        same((reply.usage.cache_read_input_tokens, reply.usage.output_tokens), (40, 30))
        same(reply._request_id, "req_1")
        with client.messages.stream(**asked) as stream:
            same("".join(stream.text_stream), "HELLO")
            same(stream.get_final_message().usage.output_tokens, 30)
        format_ = {"format": {"type": "json_schema", "schema": SCHEMA}}
        reply = client.messages.create(**asked, output_config=format_)
        same(reply.content[0].text, '{"answer": "HELLO"}')
        tool = {"name": "answer", "input_schema": SCHEMA}
        choice = {"type": "tool", "name": "answer"}
        with client.messages.stream(**asked, tools=[tool], tool_choice=choice) as stream:
            final = stream.get_final_message()
        same((final.content[0].input, final.stop_reason), ({"answer": "HELLO"}, "tool_use"))
        for mode, status in (
            ("rate_limited", 429), ("spend_limit", 429), ("overloaded", 529), ("no_credit", 402),
            ("too_large", 413), ("context", 400),
        ):  # fmt: skip
            server.modes = [mode]
            raises(api.APIStatusError, lambda: client.messages.create(**asked), status)
        server.modes = ["spend_limit"]
        try:
            client.messages.create(**asked)
        except api.RateLimitError as error:
            code = error.body["error"]["details"]["error_code"]
            same(code, "enforced_spend_limit_reached")
        wrong = api.Anthropic(base_url=server.base_url, api_key="sk-x", max_retries=0)
        raises(api.AuthenticationError, lambda: wrong.messages.create(**asked))


def gemini() -> None:
    with GeminiServer() as server:
        api, errors = sdk("google.genai"), sdk("google.genai.errors")
        options = {"base_url": server.origin, "api_version": "v1beta"}
        client = api.Client(api_key=KEY, http_options=options)
        asked = {"model": "gemini-good", "contents": "hello"}
        reply = client.models.generate_content(**asked)
        same((reply.text, reply.candidates[0].finish_reason.name), ("HELLO", "STOP"))
        counts = reply.usage_metadata
        same((counts.cached_content_token_count, counts.thoughts_token_count), (40, 5))
        chunks = list(client.models.generate_content_stream(**asked))
        same("".join(each.text or "" for each in chunks), "HELLO")
        same(chunks[-1].usage_metadata.candidates_token_count, 25)
        config = {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
        reply = client.models.generate_content(**asked, config=config)
        same(reply.text, '{"answer": "HELLO"}')
        server.modes = ["blocked"]
        reply = client.models.generate_content(**asked)
        same(reply.prompt_feedback.block_reason.name, "SAFETY")
        vectors = client.models.embed_content(model="gemini-embedding-001", contents=["a", "bb"])
        same([each.values[0] for each in vectors.embeddings], [1.0, 2.0])
        for mode, status in (("rate_limited", 429), ("overloaded", 503), ("context", 400)):
            server.modes = [mode] * 9  # this SDK may try again
            raises(errors.APIError, lambda: client.models.generate_content(**asked), status)
        server.modes = []
        wrong = api.Client(api_key="x", http_options=options)
        raises(errors.ClientError, lambda: wrong.models.generate_content(**asked), 400)


def deepl() -> None:
    with DeepLServer() as server:
        api = sdk("deepl")
        client = api.DeepLClient(KEY, server_url=server.origin)
        sdk("deepl.http_client").max_network_retries = 0
        found = client.translate_text(["one", "two"], source_lang="EN", target_lang="ES")
        same([each.text for each in found], ["ONE", "TWO"])
        same(found[0].billed_characters, 3)
        raises(
            api.DeepLException,
            lambda: client.translate_text("one", source_lang="EN", target_lang="XX"),
        )
        for mode, error in (
            ("rate_limited", api.TooManyRequestsException),
            ("no_credit", api.QuotaExceededException),
        ):
            server.modes = [mode]
            raises(error, lambda: client.translate_text("one", source_lang="EN", target_lang="ES"))
        wrong = api.DeepLClient("x", server_url=server.origin)
        raises(
            api.AuthorizationException,
            lambda: wrong.translate_text("one", source_lang="EN", target_lang="ES"),
        )


def ollama() -> None:
    with OllamaServer() as server:
        api = sdk("ollama")
        client = api.Client(host=server.origin)
        reply = client.chat(model="llama-good", messages=HELLO)
        same((reply.message.content, reply.done_reason), ("HELLO", "stop"))
        same((reply.prompt_eval_count, reply.eval_count), (100, 30))
        chunks = list(client.chat(model="llama-good", messages=HELLO, stream=True))
        same("".join(each.message.content for each in chunks), "HELLO")
        reply = client.chat(model="llama-good", messages=HELLO, format=SCHEMA)
        same(reply.message.content, '{"answer": "HELLO"}')
        vectors = client.embed(model="e", input=["a", "bb"])
        same([each[0] for each in vectors.embeddings], [1.0, 2.0])
        raises(api.ResponseError, lambda: client.chat(model="llama-none", messages=HELLO), 404)
        server.modes = ["overloaded"]
        raises(api.ResponseError, lambda: client.chat(model="llama-good", messages=HELLO), 503)


ORACLES: dict[str, Callable[[], None]] = {
    "openai": openai,
    "anthropic": anthropic,
    "google-genai": gemini,
    "deepl": deepl,
    "ollama": ollama,
}


if __name__ == "__main__":
    for name in sys.argv[1:] or ORACLES:
        print(f"{name} {version(name)}", flush=True)
        ORACLES[name]()
    print("Each SDK understood its server.")
