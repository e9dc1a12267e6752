"""Classes as stored."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime

from dragoman_catalog.model_values import INSTALLATION_PROJECT_ID
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.model import Value
from dragoman_contracts.references import NamedObject


class SavedClass(Value):
    """One version of a class: its declaration and its files, which lie in the store of
    `project_id`.

    A class of the installation can have objects in every project. One that `is_retired` takes no
    new objects.
    """

    project_id: UUID
    name: str
    version: int
    declaration: ClassDeclaration
    files: tuple[NamedObject, ...]
    is_retired: bool = False
    saved_at: AwareDatetime
    saved_by: str

    @property
    def is_of_installation(self) -> bool:
        """Whether the class belongs to no single project."""
        return self.project_id == INSTALLATION_PROJECT_ID
