"""Settings: read once from `DRAGOMAN_…` variables, checked before anything starts, frozen,
documented by themselves.

A service has one class, put together from the groups below and its own fields. Fields are flat, so
each has one variable, named as the field in capitals; `docs/operate/configure.md` is written from
the classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from inspect import get_annotations
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar, get_args, get_origin
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_runtime.secret_files import FileOfSecretError, sources_with_files

PREFIX = "DRAGOMAN_"
_SHORT = "postgres://"

_S = TypeVar("_S", bound="Settings")
_Folder = Annotated[Path, AfterValidator(Path.expanduser)]
_Positive = Annotated[float, Field(gt=0)]
_Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(PermanentError):
    """A variable is missing or its value cannot be used;
    the message names the variables, never their values.
    """

    default_code = "settings.invalid"


class Settings(BaseSettings):
    """The base of every settings class: frozen, read from the environment,
    an empty variable counts as not set.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given, the environment, and files that hold secrets."""
        return sources_with_files(settings_cls, init_settings, env_settings)


def load(cls: type[_S], given: Mapping[str, object] | None = None) -> _S:
    """The settings of a class: values `given` by field name (command line), else the environment,
    else the defaults.

    Raises:
        SettingsError: with one line for each variable that is missing or wrong, and what it should
            be.
    """
    try:
        return cls.model_validate(dict(given or {}))
    except FileOfSecretError as error:
        raise SettingsError(str(error)) from error
    except ValidationError as error:
        lines = [
            _complaint(cls, problem["loc"], problem["msg"])
            for problem in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(lines)) from None


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


_CLOSING_S = 15


class StateSettings(Settings):
    """The folder in which one machine keeps its log, views and objects."""

    state_dir: _Folder = Field(
        default=Path("~/.local/share/dragoman"),
        description="Folder of the event log, the views and the objects when they are not on servers.",
    )


class DatabaseSettings(StateSettings):
    """The event store, the views and the catalogue."""

    database_url: SecretStr | None = Field(
        default=None,
        description=(
            "`postgresql://user:password@host/database`, with `?sslmode=require`, or "
            "`?sslmode=verify-full&sslrootcert=/file` for TLS. Not set: SQLite files in `DRAGOMAN_STATE_DIR`."
        ),
    )

    database_connections: int = Field(
        default=8,
        ge=4,
        le=256,
        description="Connections that a process keeps to PostgreSQL at most for events; a process that serves "
        "or cleans up views and catalogue keeps as many again for these.",
    )

    @model_validator(mode="after")
    def _check_database_url(self) -> Self:
        if self.postgres_url is not None and not self.postgres_url.startswith("postgresql://"):
            raise ValueError(f"{variable('database_url')}: begin with postgresql:// or postgres://")
        return self

    @property
    def postgres_url(self) -> str | None:
        """The address of the PostgreSQL database; None where the databases are SQLite files in
        `state_dir`.
        """
        if self.database_url is None:
            return None
        url = self.database_url.get_secret_value()
        return f"postgresql://{url.removeprefix(_SHORT)}" if url.startswith(_SHORT) else url


class ObjectSettings(StateSettings):
    """The object store."""

    objects_url: str | None = Field(
        default=None,
        description=(
            "`file:///folder`, or `s3+https://host:port/bucket` (`s3+http://…` without TLS) on any S3 server. "
            "Not set: the folder `objects` in `DRAGOMAN_STATE_DIR`."
        ),
    )
    s3_access_key: SecretStr | None = Field(
        default=None, description="Access key of the S3 server."
    )
    s3_secret_key: SecretStr | None = Field(
        default=None, description="Secret key of the S3 server."
    )
    s3_ca_file: Path | None = Field(
        default=None,
        description="File of certificates (PEM) that sign the S3 server's. Not set: those of the machine.",
    )
    s3_region: str = Field(
        default="us-east-1", description="Region of the bucket, as the S3 server calls it."
    )
    s3_connections: int = Field(
        default=16, ge=1, le=256, description="Requests to the S3 server at the same time."
    )
    objects_cache_mib: int = Field(
        default=64, ge=0, description="Memory for objects used last; 0 keeps none."
    )

    @model_validator(mode="after")
    def _check_objects_url(self) -> Self:
        if self.objects_url is None:
            return self
        name, url = variable("objects_url"), urlsplit(self.objects_url)
        match url.scheme:
            case "file" if url.path.startswith("/") and not url.netloc:
                return self
            case "s3+http" | "s3+https":
                if (
                    not url.netloc
                    or not url.path.strip("/")
                    or "/" in url.path.strip("/")
                    or "@" in url.netloc
                ):
                    raise ValueError(
                        f"{name}: name host and bucket, as in s3+https://host:9000/bucket"
                    )
                if not self.s3_access_key or not self.s3_secret_key:
                    raise ValueError(
                        f"{variable('s3_access_key')} and {variable('s3_secret_key')}: set both for S3"
                    )
                return self
            case _:
                raise ValueError(f"{name}: begin with file:///, s3+https:// or s3+http://")

    @property
    def objects_folder(self) -> Path | None:
        """The folder of the objects; None where they are on an S3 server."""
        if self.objects_url is None:
            return self.state_dir / "objects"
        url = urlsplit(self.objects_url)
        return Path(unquote(url.path)) if url.scheme == "file" else None


class BusSettings(Settings):
    """The message broker of the services; the one process has none."""

    amqp_url: SecretStr = Field(
        description="`amqp://user:password@host:5672/vhost` of RabbitMQ, `amqps://…:5671/…` with TLS."
    )
    amqp_ca_file: Path | None = Field(
        default=None,
        description="File of certificates (PEM) that sign RabbitMQ's. Not set: those of the machine.",
    )
    queue_prefix: str = Field(
        default="",
        max_length=64,
        pattern=r"^([a-z0-9][A-Za-z0-9._-]*)?$",
        description="Comes before the names of queues and exchange, as `acme.` in `acme.job_control`, where "
        "installations share a virtual host; the same for every process of one.",
    )
    publish_events: bool = Field(
        default=False,
        description="Whether the relay publishes events to the exchange `dragoman.events`: switch it on where another "
        "program has bound a queue to it. Dragoman binds none: it needs only the work, which is always sent.",
    )

    @model_validator(mode="after")
    def _check_queue_prefix(self) -> Self:
        if self.queue_prefix.startswith("amq."):
            raise ValueError(f"{variable('queue_prefix')}: names with amq. are RabbitMQ's own")
        return self

    @model_validator(mode="after")
    def _check_amqp_url(self) -> Self:
        if not self.amqp_url.get_secret_value().startswith(("amqp://", "amqps://")):
            raise ValueError(f"{variable('amqp_url')}: begin with amqp:// or amqps://")
        return self

    @property
    def bus_url(self) -> str:
        """The address of RabbitMQ, with the file of certificates to trust."""
        return with_ca_file(self.amqp_url.get_secret_value(), self.amqp_ca_file)


def with_ca_file(url: str, ca_file: Path | None) -> str:
    """The address of RabbitMQ, with the file of certificates to trust."""
    if ca_file is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}cafile={quote(str(ca_file))}"


LOGGED = (
    "The least of our own messages that is logged; libraries log from `warning`. `off`: nothing. "
    "Commands that end by themselves log only where it is set."
)
LogLevel = Literal["debug", "info", "warning", "error", "off"]


class TelemetrySettings(Settings):
    """The traces, metrics and logs of a process."""

    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Base address of an OTLP/HTTP receiver, as `http://collector:4318`. Not set: no traces.",
    )
    trace_sample_ratio: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of the jobs that are traced; a job is traced in all services or none.",
    )
    metrics_port: _Port | None = Field(
        default=None, description="Port that serves `/metrics`. Not set: none."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that serves `/metrics`.")
    log_level: LogLevel = Field(
        default="info",
        description=LOGGED,
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`auto` is `console` on a terminal and `json` elsewhere."
    )


class WorkerSettings(Settings):
    """The pace at which work is taken, tried again and given up."""

    concurrency: int = Field(
        default=4, ge=1, le=256, description="Pieces of work done at the same time."
    )
    processes: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Processes that read, check and write documents beside the first one, each started when there is "
        "work for it; 0 or 1: none, the first one does it all. Not set: as many as there are processors.",
    )
    lease_s: _Positive = Field(
        default=60, description="Seconds until work of a vanished worker is taken over."
    )
    heartbeat_s: _Positive = Field(
        default=20, description="Seconds between renewals of a lease; less than half of it."
    )
    deadline_s: _Positive = Field(
        default=1800, description="Seconds after which a piece of work is broken off."
    )
    backoff_base_s: _Positive = Field(
        default=2, description="Seconds before the second attempt; tripled each time."
    )
    backoff_max_s: _Positive = Field(
        default=300, description="Seconds between two attempts at most."
    )
    poll_busy_ms: int = Field(
        default=10, ge=1, description="Milliseconds between looks into the log while it grows."
    )
    poll_idle_max_ms: int = Field(
        default=500, ge=1, description="Milliseconds between looks into a log at rest."
    )
    reconcile_every_s: _Positive = Field(
        default=30, description="Seconds between searches for work nobody holds."
    )
    reconcile_tick_s: _Positive = Field(
        default=1,
        description="Seconds between looks for retries that are due, leases that ended, cancellations.",
    )

    @model_validator(mode="after")
    def _check_heartbeat(self) -> Self:
        if self.heartbeat_s * 2 > self.lease_s:
            raise ValueError(f"{variable('heartbeat_s')}: at most half of {variable('lease_s')}")
        return self


class StopSettings(Settings):
    """How long a process has to end."""

    stop_within_s: float = Field(
        default=35,
        ge=20,
        description="Seconds that a process has to end from SIGTERM on, before it ends itself. Work under way, as a "
        "call of an engine, has all but the last 15 of them. Less than whoever would kill it waits.",
    )

    @property
    def work_grace_s(self) -> float:
        """The seconds that work under way has to end; the others are for closing connections."""
        return self.stop_within_s - _CLOSING_S


class MaintenanceSettings(Settings):
    """When objects are put in order."""

    maintenance_every_s: int = Field(
        default=86_400,
        ge=0,
        description="Seconds between two runs of maintenance; 0: only `dragoman maintenance`.",
    )
    orphan_grace_s: _Positive = Field(
        default=86_400, description="Seconds an object may lie without an event that points to it."
    )


def settings_reference(classes: Iterable[type[Settings]]) -> str:
    """The Markdown tables of these classes and of the groups they are made
    of, each variable once.
    """
    named = {
        cls
        for given in classes
        for cls in given.__mro__
        if issubclass(cls, Settings) and cls is not Settings
    }
    ordered = sorted(named, key=lambda cls: (_is_service(cls), cls.__module__, cls.__name__))
    return "\n".join(_section(cls) for cls in ordered)


_KINDS: dict[object, str] = {
    SecretStr: "secret",
    Path: "folder",
    int: "whole number",
    float: "number",
    bool: "`true`, `false`",
}


def _is_service(cls: type[Settings]) -> bool:
    return cls.__module__ != __name__


def _section(cls: type[Settings]) -> str:
    own = [name for name in cls.model_fields if name in get_annotations(cls)]
    groups = [
        base.__name__
        for base in cls.__bases__
        if issubclass(base, Settings) and base is not Settings
    ]
    lines = [f"## {cls.__name__}", "", " ".join((cls.__doc__ or "").split("\n\n")[0].split()), ""]
    if groups:
        lines += [
            "With all of " + ", ".join(f"[{name}](#{name.lower()})" for name in groups) + ".",
            "",
        ]
    if own:
        lines += ["| variable | value | default | what it does |", "|---|---|---|---|"]
        lines += [_row(name, cls.model_fields[name]) for name in own] + [""]
    return "\n".join(lines)


def _row(name: str, field: FieldInfo) -> str:
    kind = "file" if name.endswith("_file") else _kind(field)
    cells = (f"`{variable(name)}`", kind, _default(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default: object = field.default
    if isinstance(default, Enum):
        default = default.value
    return "–" if default is None or str(default) == "" else f"`{default}`"


def _kind(field: FieldInfo) -> str:
    annotation: object = field.annotation
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    return _KINDS.get(_plain(annotation), "text")


def _plain(annotation: object) -> object:
    """The type inside `T | None` and `Annotated[T, …]`."""
    inner = [kind for kind in get_args(annotation) if kind is not type(None)]
    return _plain(inner[0]) if inner else annotation


def _complaint(cls: type[Settings], location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    name = str(location[0]) if location else ""
    field = cls.model_fields.get(name)
    if field is None:
        return message
    return (
        f"{variable(name)}: {message[:1].lower()}{message[1:]}. {field.description or ''}".rstrip()
    )
