"""Trying a model out over HTTP: a conversation, texts to embed, or a picture with a prompt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import StreamingResponse

from dragoman_gateway.models.desk import (
    MOST_IMAGE_BYTES,
    MOST_PROMPT_CHARS,
    Picture,
    Playground,
    picture_of,
)
from dragoman_gateway.models.schemas import (
    ChatTrial,
    EmbeddingTrial,
    TrialFailure,
    TrialPiece,
    TrialResult,
)
from dragoman_gateway.web.dependencies import WholeAdmin
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented, field_problems, invalid_request

router = APIRouter()

_MULTIPART = "multipart/form-data"
_ANSWERS = documented(400, 401, 403, 404, 409, 413, 422, 502, 503)
_Desk = Annotated[Playground, Depends(asked(Playground))]
_JSON: TypeAdapter[ChatTrial | EmbeddingTrial] = TypeAdapter(ChatTrial | EmbeddingTrial)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_IMAGE_FORM = {
    "type": "object",
    "required": ["image", "prompt"],
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "PNG, JPEG, GIF or WebP."},
        "prompt": {"type": "string", "maxLength": MOST_PROMPT_CHARS},
    },
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [_ref("ChatTrial"), _ref("EmbeddingTrial")]}},
            _MULTIPART: {"schema": _IMAGE_FORM},
        },
    }
}
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["piece", "done", "failed"]},
        "data": {"type": "string", "description": "JSON, as the description says."},
    },
}


@router.post(
    "/models/{model_id}/test",
    summary="Try a model",
    response_model=TrialResult,
    responses=_ANSWERS,
    openapi_extra=_BODY,
)
async def test_model(
    model_id: UUID, request: Request, desk: _Desk, principal: WholeAdmin
) -> TrialResult | Response:
    """Make one call: go on with a conversation, embed texts, or ask about a picture. It is on
    record, and counted with the model's use.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _MULTIPART:
        return await desk.chat(model_id, principal, await _picture_sent(request))
    try:
        trial = _JSON.validate_json(await request.body())
    except ValidationError as error:
        return invalid_request(request, field_problems(error))
    if isinstance(trial, EmbeddingTrial):
        return await desk.embed(model_id, principal, trial)
    return await desk.chat(model_id, principal, trial)


@router.post(
    "/models/{model_id}/test/stream",
    summary="Try a model, piece by piece",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": (
                "Events named `piece` with a `TrialPiece` each, as the model writes, then `done` with the "
                "`TrialResult`, or `failed` with a `TrialFailure`."
            ),
            "content": {"text/event-stream": {"schema": _EVENT}},
        },
        **documented(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
async def stream_model_test(
    model_id: UUID, desk: _Desk, principal: WholeAdmin, trial: ChatTrial
) -> Response:
    """Go on with a conversation, and follow the answer while the model writes it. Leaving does not
    end the call: it is paid, and on record.
    """
    items = await desk.stream(model_id, principal, trial)

    async def frames() -> AsyncIterator[str]:
        async for item in items:
            yield f"event: {_EVENTS[type(item)]}\ndata: {item.model_dump_json()}\n\n"

    # nginx holds answers back until they are complete unless the second header forbids it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames(), media_type="text/event-stream", headers=headers)


_EVENTS = {TrialPiece: "piece", TrialResult: "done", TrialFailure: "failed"}


async def _picture_sent(request: Request) -> Picture:
    async with request.form(max_files=2, max_fields=4) as form:
        image, prompt = form.get("image"), form.get("prompt")
        if not isinstance(image, UploadFile):
            raise FieldRefusedError("image", "Send the picture as a file named image.")
        return picture_of(await image.read(MOST_IMAGE_BYTES + 1), str(prompt or ""))
