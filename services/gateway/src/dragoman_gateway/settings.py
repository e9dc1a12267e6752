"""Settings of the gateway."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from dragoman_models.settings import ProviderSettings
from dragoman_runtime.settings import (
    DatabaseSettings,
    ObjectSettings,
    Settings,
    StopSettings,
    TelemetrySettings,
)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def _without_path(url: str) -> str:
    if urlsplit(url).path.strip("/") or "?" in url or "#" in url:
        raise ValueError(
            "Dragoman is served at the root of its host; name a host of its own, without a path"
        )
    return url.rstrip("/")


class HttpSettings(TelemetrySettings):
    """How API and console are served, by the gateway and by `dragoman up`."""

    http_host: str = Field(default="127.0.0.1", description="Address that serves API and console.")
    http_port: int = Field(
        default=8080, ge=0, le=65535, description="Port of API and console; 0 takes a free one."
    )
    public_url: Annotated[str, AfterValidator(_without_path)] = Field(
        default="",
        pattern=r"^(https?://.*)?$",
        description="How people reach this server, as `https://dragoman.example`, no path; sign-in links begin so.",
    )
    allowed_hosts: str = Field(
        default="",
        description="Hosts, with commas, answered besides that of the public URL and this machine's; `*` for any.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses, with commas, of proxies whose X-Forwarded-For and -Proto are believed.",
    )
    default_engine: str = Field(
        default="pseudo",
        description="Engine of jobs whose request, language pair and project name none.",
    )
    max_upload_mib: int = Field(
        default=100, ge=1, le=2048, description="Size of an uploaded document at most."
    )
    libreoffice: str = Field(
        default="soffice",
        description="Program of LibreOffice, which draws pages of drafts; `none`: none are drawn.",
    )
    max_connections: int = Field(
        default=1000,
        ge=10,
        description="Connections open at once; never more than half of the files the process may open.",
    )
    uploads_at_once: int = Field(
        default=8, ge=1, description="Uploads that are read at once; others wait their turn."
    )
    session_hours: float = Field(
        default=12, gt=0, description="Hours until a browser session ends."
    )
    sign_in_link_minutes: float = Field(
        default=15, gt=0, description="Minutes until a one-time link expires."
    )
    token_days: float = Field(
        default=90, gt=0, description="Days until an API token ends whose request names no end."
    )
    download_minutes: float = Field(
        default=60, gt=0, description="Minutes until a signed download address expires."
    )
    process_wait_s: float = Field(
        default=25, gt=0, le=600, description="Seconds POST …/process waits for the job."
    )
    event_poll_ms: int = Field(
        default=250, ge=10, description="Milliseconds between looks for an event stream."
    )
    max_views_lag: int = Field(
        default=5000,
        ge=0,
        description="Events the views may lie behind the log while the server counts as ready.",
    )

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are answered; empty for any, as where the server is open to a network and
        nobody said under which name.
        """
        named = {each.strip().lower() for each in self.allowed_hosts.split(",") if each.strip()}
        is_open = not self.public_url and not named and self.http_host not in _LOOPBACK
        if is_open or "*" in named:
            return frozenset()
        public = urlsplit(self.public_url).hostname or ""
        own = f"[{self.http_host}]" if ":" in self.http_host else self.http_host.lower()
        return frozenset({*named, *_LOOPBACK, own, public} - {""})


class SeedSettings(Settings):
    """The provider that the registry of models begins with."""

    openai_base_url: str = Field(
        default="https://api.openai.com/v1",
        description="Address of an OpenAI-compatible server, up to `/v1`.",
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr(""), description="Key of that server; local ones need none."
    )
    openai_model: str = Field(default="", description="Model of jobs that name none.")


class GatewaySettings(
    DatabaseSettings, ObjectSettings, HttpSettings, ProviderSettings, SeedSettings, StopSettings
):
    """The settings of the gateway."""

    signing_key: SecretStr = Field(
        min_length=32,
        description="Secret, the same for all replicas, that signs downloads and CSRF tokens.",
    )
