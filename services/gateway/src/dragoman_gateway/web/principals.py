"""Who asks: the identity that API, console and command line act under.
It comes from a credential, never a payload.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog.values import Project, Role, User
from dragoman_contracts.identity import project_id
from dragoman_gateway.web.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, or a person's token, at work. `project_codes` None means every project.

    `actor` is what events carry; name and address go into an erasable object.
    """

    actor: str
    actor_id: UUID | None
    display_name: str
    role: Role
    source_address: str
    project_codes: frozenset[str] | None = None

    @property
    def project_ids(self) -> frozenset[UUID] | None:
        """The projects this principal sees; None means every project."""
        return (
            None
            if self.project_codes is None
            else frozenset(project_id(code) for code in self.project_codes)
        )

    def sees(self, project: UUID) -> bool:
        """Whether the principal may read and act in the project with this id."""
        scope = self.project_ids
        return scope is None or project in scope

    def require_project(self, code: str) -> None:
        """Refuse a project that is outside the scope, whether or not it exists.

        Raises:
            ForbiddenError: the credential does not reach this project.
        """
        if self.project_codes is not None and code not in self.project_codes:
            raise ForbiddenError(
                f"This credential does not reach project {code!r}; use one whose scope names it."
            )

    def scope_of(self, code: str | None) -> frozenset[UUID] | None:
        """The projects a list shows: the one with this code, or all that the principal sees; None:
        every project.

        Raises:
            ForbiddenError: the credential does not reach the named project.
        """
        if not code:
            return self.project_ids
        self.require_project(code)
        return frozenset({project_id(code)})

    def visible(self, projects: Iterable[Project]) -> list[Project]:
        """Those of the projects that the principal sees."""
        return [each for each in projects if self.sees(each.project_id)]

    def require(self, role: Role) -> None:
        """Refuse what the role does not allow.

        Raises:
            ForbiddenError: the action is for admins.
        """
        if not self.role.includes(role):
            raise ForbiddenError(f"This needs the role {role}; ask an admin.")


def principal_of(user: User, source_address: str) -> Principal:
    """The user, signed in from this address."""
    return Principal(
        actor=f"user:{user.user_id}",
        actor_id=user.user_id,
        display_name=user.display_name,
        role=user.role,
        source_address=source_address,
        project_codes=user.scope,
    )


def local_principal(name: str = "") -> Principal:
    """The person at the command line of the one process,
    who owns its files and so may do everything.
    """
    return Principal(
        actor="local", actor_id=None, display_name=name, role=Role.ADMIN, source_address=""
    )
