"""The bodies of the own account, as they go over the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog import OpenSession
from dragoman_gateway.web.fields import Password


class PasswordChange(BaseModel):
    """The own new password. It ends the user's other sessions and voids their sign-in links.

    `current_password` is left empty by who has none.
    """

    model_config = ConfigDict(extra="forbid")

    current_password: Annotated[str, Field(max_length=1000)] = ""
    password: Password
    revokes_tokens: StrictBool = False


class SessionEntry(OpenSession):
    """An open session of the user; `is_current` is the one that asks."""

    is_current: bool


class SessionList(BaseModel):
    """The user's open sessions, the newest first."""

    items: list[SessionEntry]
