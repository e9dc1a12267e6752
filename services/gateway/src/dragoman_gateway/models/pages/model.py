"""The page of a model: its connection, prices and use, and the playground."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from markupsafe import Markup
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dragoman_contracts.errors import ConflictError, DragomanError, PermanentError
from dragoman_contracts.models import Category
from dragoman_gateway.models.desk import ModelDesk, Playground, picture_of
from dragoman_gateway.models.pages.forms import model_entry, model_values
from dragoman_gateway.models.pages.lists import (
    KIND_WORDS,
    PATH,
    Desk,
    require_editor,
)
from dragoman_gateway.models.rules import Trial, money_text, trial_of
from dragoman_gateway.models.schemas import (
    ChatTrial,
    EmbeddingTrial,
    ModelDetail,
    NewModel,
    TrialMessage,
    TrialResult,
)
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    is_whole_admin,
    refused,
    values_of,
    version_of,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.markdown import rendered_markdown
from dragoman_gateway.web.problems import status_of

_NOTICES = {
    "model-added": "Model added.",
    "model-saved": "Model saved.",
    "enabled": "Model enabled.",
    "disabled": "Model disabled.",
    "default": "Default set.",
}
_SHOWN_VALUES = 64
_PLAYGROUND = Annotated[Playground, Depends(asked(Playground))]
_MESSAGES = TypeAdapter(list[TrialMessage])
router = APIRouter(route_class=ConsoleRoute)


@dataclass(slots=True)
class Tried:
    """The state of the playground: the fields as they were sent, the answer, or why there is none."""

    values: dict[str, str] = field(default_factory=dict[str, str])
    messages: list[TrialMessage] = field(default_factory=list[TrialMessage])
    result: TrialResult | None = None
    error: str = ""

    @property
    def html(self) -> Markup:
        """The answer's Markdown as safe HTML."""
        return rendered_markdown(self.result.content or "" if self.result else "")

    @property
    def history(self) -> str:
        """The conversation so far, for the form to bring back."""
        return json.dumps([each.model_dump() for each in self.messages])


@router.get(PATH + "/{model_id}")
async def model_page(
    visit: SignedIn,
    desk: Desk,
    model_id: UUID,
    dialog: Annotated[str, Query(alias="open", max_length=40)] = "",
    notice: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The model, with its playground for who may try it."""
    if dialog:
        require_editor(visit)
    return await _page(visit, desk, model_id, dialog=dialog, notice=_NOTICES.get(notice, ""))


@router.post(PATH + "/{model_id}")
async def edit_model(visit: Writing, desk: Desk, model_id: UUID) -> Response:
    """Edit the model; say in the same dialog why it cannot be."""
    require_editor(visit)
    values = await values_of(visit)
    try:
        entry = model_entry(values, desk.now(), await desk.model(model_id))
        await desk.edit_model(visit.principal, model_id, version_of(values), entry)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, model_id, dialog="edit", form=form, status=status)
    return see_other(address(f"{PATH}/{model_id}", notice="model-saved"))


@router.post(PATH + "/{model_id}/remove")
async def remove_model(visit: Writing, desk: Desk, model_id: UUID) -> Response:
    """Delete the model; say in the same dialog what still links to it."""
    require_editor(visit)
    values = await values_of(visit)
    try:
        await desk.remove_model(visit.principal, model_id, version_of(values))
    except (PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, model_id, dialog="remove", form=form, status=status)
    return see_other(address(PATH, notice="model-deleted"))


@router.post(PATH + "/{model_id}/enabled")
async def switch_model(visit: Writing, desk: Desk, model_id: UUID) -> Response:
    """Enable or disable the model."""
    require_editor(visit)
    values = await values_of(visit)
    model = await desk.model(model_id)
    is_enabled = bool(values.get("is_enabled"))
    kept = model.model_dump(include=set(NewModel.model_fields) - {"prices"})
    entry = NewModel.model_validate(kept | {"is_enabled": is_enabled})
    await desk.edit_model(visit.principal, model_id, version_of(values), entry)
    notice = "enabled" if is_enabled else "disabled"
    return see_other(address(f"{PATH}/{model_id}", notice=notice))


@router.post(PATH + "/{model_id}/test")
async def try_model(
    visit: Writing, desk: Desk, playground: _PLAYGROUND, model_id: UUID
) -> Response:
    """Make a call and show its answer on the page."""
    require_editor(visit)
    model = await desk.model(model_id)
    tried = Tried(await values_of(visit))
    try:
        tried.result = await _asked(visit, playground, model, tried)
    except DragomanError as error:
        tried.error = error.message
        return await _page(visit, desk, model_id, tried=tried, status=status_of(error))
    return await _page(visit, desk, model_id, tried=tried)


async def _asked(
    visit: Visit, playground: Playground, model: ModelDetail, tried: Tried
) -> TrialResult:
    values, who = tried.values, visit.principal
    if trial_of(model.category, model.provider.api_kind) is Trial.EMBEDDING:
        texts = [each for each in (values.get("input", ""), values.get("other", "")) if each]
        if not texts:
            raise FieldRefusedError("input", "Write a text to embed.")
        try:
            trial = EmbeddingTrial(input=texts)
        except ValidationError as error:
            raise FieldRefusedError("input", "This text is too long to embed.") from error
        return await playground.embed(model.model_id, who, trial)
    if model.category in {Category.VISION, Category.OCR}:
        image = (await visit.request.form()).get("image")
        data = await image.read() if isinstance(image, UploadFile) else b""
        picture = picture_of(data, values.get("prompt", ""))
        return await playground.chat(model.model_id, who, picture)
    try:
        before = _MESSAGES.validate_json(values.get("history") or "[]")
        message = TrialMessage(role="user", content=values.get("prompt", ""))
        chat = ChatTrial(messages=[*before, message])
    except ValidationError as error:
        raise FieldRefusedError("prompt", "This conversation cannot go on; begin anew.") from error
    if not message.content.strip():
        raise FieldRefusedError("prompt", "Write a message.")
    tried.messages = before
    result = await playground.chat(model.model_id, who, chat)
    answer = TrialMessage(role="assistant", content=result.content or "")
    tried.messages = [*chat.messages, answer]
    tried.values["prompt"] = ""
    return result


async def _page(
    visit: Visit,
    desk: ModelDesk,
    model_id: UUID,
    *,
    dialog: str = "",
    notice: str = "",
    form: Form | None = None,
    tried: Tried | None = None,
    status: int = 200,
) -> Response:
    model, now = await desk.model(model_id), desk.now()
    values = (tried or Tried()).values
    return visit.page(
        "models/model.html",
        status_code=status,
        section="models",
        notice=notice,
        model=model,
        providers=await desk.providers(),
        price=model.price_at(now),
        calls=await desk.calls(model_id) if is_whole_admin(visit) else [],
        trial=trial_of(model.category, model.provider.api_kind).value,
        tried=tried or Tried(),
        shown_values=_SHOWN_VALUES,
        value=partial(_value, values),
        kinds=KIND_WORDS,
        categories=[each.value for each in Category],
        dialog=dialog,
        form=form or Form(model_values(model, now)),
        money=money_text,
        is_editor=is_whole_admin(visit),
    )


def _value(values: dict[str, str], name: str, usual: str = "") -> str:
    return values.get(name, usual)
