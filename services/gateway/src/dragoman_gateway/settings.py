"""Settings of the gateway."""

from __future__ import annotations

from pydantic import Field, SecretStr

from dragoman_runtime.settings import DatabaseSettings, ObjectSettings, TelemetrySettings


class HttpSettings(TelemetrySettings):
    """How API and console are served, by the gateway and by `dragoman up`."""

    http_host: str = Field(default="127.0.0.1", description="Address that serves API and console.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="Port of API and console; 0 takes a free one.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://.*)?$",
        description="How people reach this server, as `https://dragoman.example`; sign-in links begin with it.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses, with commas, of proxies whose X-Forwarded-For and -Proto are believed.",
    )
    default_engine: str = Field(
        default="pseudo", description="Engine of jobs whose request, language pair and project name none."
    )
    max_upload_mib: int = Field(default=100, ge=1, le=2048, description="Size of an uploaded document at most.")
    session_hours: float = Field(default=12, gt=0, description="Hours until a browser session ends.")
    sign_in_link_minutes: float = Field(default=15, gt=0, description="Minutes until a one-time link expires.")
    download_minutes: float = Field(default=60, gt=0, description="Minutes until a signed download address expires.")
    process_wait_s: float = Field(default=25, gt=0, le=600, description="Seconds POST …/process waits for the job.")
    event_poll_ms: int = Field(default=250, ge=10, description="Milliseconds between looks for an event stream.")
    max_views_lag: int = Field(
        default=5000, ge=0, description="Events the views may lie behind the log while the server counts as ready."
    )


class GatewaySettings(DatabaseSettings, ObjectSettings, HttpSettings):
    """The settings of the gateway."""

    signing_key: SecretStr = Field(
        min_length=32, description="Secret, the same for all replicas, that signs downloads and CSRF tokens."
    )
