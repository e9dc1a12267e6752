"""The page of providers and models: a sidebar of providers that filters, and the dialogs to enter,
edit and remove.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_contracts.errors import ConflictError, DragomanError, PermanentError
from dragoman_contracts.models import ApiKind, Category
from dragoman_gateway.models.desk import ModelDesk
from dragoman_gateway.models.pages.forms import (
    model_entry,
    model_values,
    new_provider,
    provider_change,
    provider_values,
)
from dragoman_gateway.models.schemas import NewModel
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    id_of,
    is_whole_admin,
    refused,
    require_whole_admin,
    values_of,
    version_of,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

PATH = "/console/models"
KIND_WORDS = {
    ApiKind.OPENAI: "OpenAI-compatible",
    ApiKind.ANTHROPIC: "Anthropic",
    ApiKind.GEMINI: "Google Gemini",
    ApiKind.OLLAMA: "Ollama",
    ApiKind.DEEPL: "DeepL",
    ApiKind.LIBRETRANSLATE: "LibreTranslate",
}
_NOTICES = {
    "provider-added": "Provider added.",
    "provider-saved": "Provider saved.",
    "provider-deleted": "Provider deleted.",
    "model-added": "Model added.",
    "model-deleted": "Model deleted.",
    "default": "Default set.",
}
Desk = Annotated[ModelDesk, Depends(asked(ModelDesk))]
_Short = Annotated[str, Query(max_length=100)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(PATH)
async def models_page(
    visit: SignedIn,
    desk: Desk,
    provider: _Short = "",
    category: _Short = "",
    dialog: Annotated[str, Query(alias="open", max_length=40)] = "",
    notice: _Short = "",
) -> Response:
    """The models of all providers, of one, or of a category."""
    if dialog:
        require_editor(visit)
    return await _page(
        visit,
        desk,
        provider=id_of(provider),
        category=category,
        dialog=dialog,
        notice=_NOTICES.get(notice, ""),
    )


@router.post(PATH + "/providers")
async def enter_provider(visit: Writing, desk: Desk) -> Response:
    """Enter a provider; say in the same dialog why it cannot be."""
    require_editor(visit)
    values = await values_of(visit)
    try:
        made = await desk.enter_provider(visit.principal, new_provider(values))
    except (FormRefusedError, PermanentError) as error:
        return await _refused(visit, desk, "new-provider", values, error)
    return see_other(address(PATH, provider=str(made.provider_id), notice="provider-added"))


@router.post(PATH + "/providers/{provider_id}")
async def edit_provider(visit: Writing, desk: Desk, provider_id: UUID) -> Response:
    """Edit a provider; say in the same dialog why it cannot be."""
    require_editor(visit)
    values = await values_of(visit)
    try:
        change = provider_change(values)
        await desk.edit_provider(visit.principal, provider_id, version_of(values), change)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        return await _refused(visit, desk, "edit-provider", values, error, provider_id)
    return see_other(address(PATH, provider=str(provider_id), notice="provider-saved"))


@router.post(PATH + "/providers/{provider_id}/remove")
async def remove_provider(visit: Writing, desk: Desk, provider_id: UUID) -> Response:
    """Delete a provider, with its models where the box says so."""
    require_editor(visit)
    values = await values_of(visit)
    try:
        await desk.remove_provider(
            visit.principal,
            provider_id,
            version_of(values),
            with_models=bool(values.get("with_models")),
        )
    except (PermanentError, ConflictError) as error:
        return await _refused(visit, desk, "remove-provider", values, error, provider_id)
    return see_other(address(PATH, notice="provider-deleted"))


@router.post(PATH)
async def enter_model(visit: Writing, desk: Desk) -> Response:
    """Enter a model; say in the same dialog why it cannot be."""
    require_editor(visit)
    values = await values_of(visit)
    chosen = id_of(values.get("provider_id", ""))
    try:
        entry: NewModel = model_entry(values, desk.now())
        made = await desk.enter_model(visit.principal, entry)
    except (FormRefusedError, PermanentError) as error:
        return await _refused(visit, desk, "new-model", values, error, chosen)
    return see_other(address(f"{PATH}/{made.model_id}", notice="model-added"))


@router.post(PATH + "/{model_id}/default")
async def set_default(visit: Writing, desk: Desk, model_id: UUID) -> Response:
    """Make the model the default of its category."""
    require_editor(visit)
    values = await values_of(visit)
    await desk.set_default(visit.principal, model_id)
    here = id_of(values.get("provider", ""))
    category = values.get("category", "")
    return see_other(address(PATH, provider=str(here or ""), category=category, notice="default"))


def require_editor(visit: Visit) -> None:
    """Refuse who may not edit the registry.

    Raises:
        ForbiddenError: the person is no admin, or limited to some projects.
    """
    require_whole_admin(visit, "Models")


async def _refused(
    visit: Visit,
    desk: ModelDesk,
    dialog: str,
    values: dict[str, str],
    error: FormRefusedError | DragomanError,
    provider: UUID | None = None,
) -> Response:
    form, status = refused(values, error)
    return await _page(visit, desk, provider=provider, dialog=dialog, form=form, status=status)


async def _page(
    visit: Visit,
    desk: ModelDesk,
    *,
    provider: UUID | None = None,
    category: str = "",
    dialog: str = "",
    notice: str = "",
    form: Form | None = None,
    status: int = 200,
) -> Response:
    providers = await desk.providers()
    chosen = next((each for each in providers if each.provider_id == provider), None)
    models = await desk.models()
    ours = [each for each in models if chosen is None or each.provider_id == chosen.provider_id]
    counts = Counter(each.category.value for each in ours)
    if form is None:
        is_provider = dialog in {"edit-provider", "remove-provider"}
        form = Form(
            provider_values(chosen if is_provider else None)
            if dialog.endswith("provider")
            else model_values(None, desk.now())
            | ({"provider_id": str(chosen.provider_id)} if chosen else {})
        )
    here = {"provider": str(chosen.provider_id) if chosen else "", "category": category}
    return visit.page(
        "models/models.html",
        status_code=status,
        section="models",
        notice=notice,
        providers=[(each, address(PATH, provider=str(each.provider_id))) for each in providers],
        chosen=chosen,
        models=[each for each in ours if category in {"", each.category.value}],
        model_count=len(models),
        categories=[
            (each.value, counts[each.value], address(PATH, **here | {"category": each.value}))
            for each in Category
        ],
        all_url=address(PATH, provider=here["provider"]),
        category=category,
        kinds=KIND_WORDS,
        dialog=dialog if dialog.startswith("new-") or chosen else "",
        form=form,
        here=here,
        address=address,
        is_editor=is_whole_admin(visit),
    )
