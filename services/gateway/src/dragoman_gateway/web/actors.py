"""Who acted: the origin of an append, with the person's name and address in an erasable object; and
the names of people for pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from dragoman_catalog import Catalog
from dragoman_contracts.envelope import Origin
from dragoman_contracts.policy import ActorRecord
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.objects import ObjectStore, put_value


class Actors:
    """Makes the origins of the gateway's appends. `producer` names the build that appends."""

    def __init__(self, objects: ObjectStore, producer: str) -> None:
        self._objects = objects
        self._producer = producer

    async def origin(
        self,
        principal: Principal,
        project_id: UUID,
        *,
        correlation_id: UUID,
        traceparent: str | None,
    ) -> Origin:
        """The origin of what the principal appends in this project."""
        record = ActorRecord(
            actor_id=principal.actor_id,
            display_name=principal.display_name,
            source_address=principal.source_address,
        )
        stored = await put_value(self._objects, project_id, record)
        return Origin(
            actor=principal.actor,
            correlation_id=correlation_id,
            traceparent=traceparent,
            producer=self._producer,
            actor_record=stored.digest,
        )


async def names_of_actors(catalog: Catalog, actors: Iterable[str]) -> dict[str, str]:
    """The names of actors as pages show them: a person's display name; the actor itself where it is no
    account's, or of one that is gone.
    """
    names = {actor: actor for actor in actors}
    for actor in names:
        kind, _, user_id = actor.partition(":")
        found = await catalog.users.find(UUID(user_id)) if kind == "user" else None
        if found is not None:
            names[actor] = found.display_name or found.name
    return names
