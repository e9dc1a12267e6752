"""Names in a request that mean nothing here: query parameters and fields. They are refused, never
passed over.

GET /api/v1/jobs?statuss=failed    There is no query parameter 'statuss' here; did you mean 'status'?
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from dragoman_gateway.web.errors import UnknownParametersError

MOST_NAMED = 10
"""Unknown names that a refusal tells of. A request can hold thousands,
and each is compared with all known ones.
"""

_LONGEST = 80
_NEAR = 0.65  # from 0, nothing in common, to 1; 'projekt' is near 'project', but not 'parent'


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency of every route of the API: the query holds no parameter but those that the route
    declares.

    Pages of the console do without: browsers, mail programs and trackers add parameters of their
    own to links.

    Raises:
        UnknownParametersError: it does; a misspelt filter that is passed over would give an answer
            to another question.
    """
    route = request.scope.get("route")
    known = set(_declared(route.dependant)) if isinstance(route, APIRoute) else set[str]()
    unknown = islice(
        dict.fromkeys(name for name in request.query_params if name not in known), MOST_NAMED
    )
    told = {
        shortened(name): unknown_name(f"query parameter {shortened(name)!r}", name, known)
        for name in unknown
    }
    if told:
        raise UnknownParametersError(told)


def unknown_field(request: Request, path: Sequence[str]) -> str:
    """A sentence that the body has no field at `path`:
    the names that lead to the field, its own last.
    """
    route = request.scope.get("route")
    bodies = route.dependant.body_params if isinstance(route, APIRoute) else []
    models = [model for each in bodies for model in _models_in(each.field_info.annotation)]
    for name in path[:-1]:
        inner = [
            model.model_fields[name].annotation for model in models if name in model.model_fields
        ]
        models = [model for annotation in inner for model in _models_in(annotation)]
    known = {name for each in models for name in each.model_fields}
    return unknown_name(f"field {shortened(path[-1])!r}", path[-1], known)


def unknown_name(what: str, name: str, known: Collection[str]) -> str:
    """A sentence that `what` does not exist, with the known names that are near to `name`;
    with all, where none is.
    """
    near = get_close_matches(shortened(name).lower(), sorted(known), cutoff=_NEAR)
    if near:
        return f"There is no {what} here; did you mean {' or '.join(map(repr, near))}?"
    if known:
        return f"There is no {what} here; known are {', '.join(map(repr, sorted(known)))}."
    return f"There is no {what} here; leave it out."


def shortened(name: str) -> str:
    """The name, cut where it is longer than any of ours,
    so that an answer does not grow with it.
    """
    return name if len(name) <= _LONGEST else name[:_LONGEST] + "…"


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _declared(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _declared(each)
