"""The demands that a policy makes on the installation, looked at before a job is opened."""

from __future__ import annotations

from collections.abc import Collection

from dragoman_catalog import Catalog
from dragoman_contracts.policy import Policy
from dragoman_contracts.resources import EngineChoice
from dragoman_gateway.submissions.rules import registered_model
from dragoman_gateway.web.errors import FieldRefusedError


async def require_engines(catalog: Catalog, offered: Collection[str], policy: Policy) -> None:
    """Return where all engines of the policy are offered (nothing: any is) or registered.

    Raises:
        FieldRefusedError: one is neither.
    """
    first = EngineChoice(engine=policy.engine, model=policy.model)
    for choice in (first, *policy.fallbacks):
        field = "engine" if choice is first else "fallbacks"
        model_id = registered_model(choice)
        if model_id is not None:
            if await catalog.models.linked(model_id) is None:
                message = f"There is no enabled registered model {model_id}."
                raise FieldRefusedError(field, message, code="engine.unknown")
        elif offered and choice.engine not in offered:
            names = ", ".join(sorted(offered))
            message = (
                f"Engine {choice.engine!r} is not one of {names}, or the id of a registered model."
            )
            raise FieldRefusedError(field, message, code="engine.unknown")
