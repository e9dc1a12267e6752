"""The bodies of users, sessions and tokens, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog import ApiToken, Role, User
from dragoman_catalog.values import Code, DisplayName
from dragoman_gateway.web.fields import NUL_FREE, Password, UtcTime

_Codes = Annotated[list[Code], Field(max_length=1000)]


class Credentials(BaseModel):
    """A name and a password, or the secret of a one-time sign-in link."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=120, pattern=NUL_FREE)] = ""
    password: Annotated[str, Field(max_length=1000)] = ""
    link: Annotated[str, Field(max_length=200)] = ""


class SessionView(BaseModel):
    """Who is signed in. `csrf_token` is None for API tokens, which need none."""

    user_id: UUID | None
    display_name: str
    role: Role
    project_codes: list[str] | None = Field(description="None: every project.")
    csrf_token: str | None


class UserEntry(BaseModel):
    """An admin's entry of a user. Without a password the user's present password stays."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName
    role: Role = Role.OPERATOR
    password: Password | None = None


class NewUser(UserEntry):
    """A user to enter; without a password they sign in through a link."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$", max_length=120)]
    project_codes: _Codes | None = Field(
        None, description="The projects that an operator sees; null: every project."
    )


class EditedUser(UserEntry):
    """A user as they shall be. Who is inactive is signed out, and their tokens open nothing.

    A new password ends the user's sessions and voids their sign-in links.
    """

    is_active: StrictBool = True
    revokes_tokens: StrictBool = Field(
        False, description="Revoke the user's API tokens as well; a new password alone does not."
    )


class Membership(BaseModel):
    """The projects that an operator sees; null: every project. An admin sees every project."""

    model_config = ConfigDict(extra="forbid")

    project_codes: _Codes | None


class UserList(BaseModel):
    """Users by name."""

    items: list[User]


class SignInLink(BaseModel):
    """A link that signs its user in, once, until it expires. It is not to be had a second time."""

    url: str
    expires_at: datetime


class TokenEntry(BaseModel):
    """A token to make. It acts for its user (the one signed in where none is named) and does no
    more than both may.

    An empty list of projects means every project that the user sees. Without `expires_at` the
    installation's `DRAGOMAN_TOKEN_DAYS` count; only with `never_expires` the token has no end.
    """

    model_config = ConfigDict(extra="forbid")

    name: DisplayName
    user_id: UUID | None = None
    role: Role = Role.OPERATOR
    project_codes: Annotated[list[Code], Field(max_length=100)] = Field(default_factory=list[str])
    expires_at: UtcTime | None = None
    never_expires: StrictBool = False


class CreatedToken(BaseModel):
    """A new token. `secret` is shown this once; send it as `Authorization: Bearer …`."""

    token: ApiToken
    secret: str


class TokenList(BaseModel):
    """Tokens, the newest first, without their secrets."""

    items: list[ApiToken]
