"""Settings: where values come from, and what is said when they are wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, ValidationError

from dragoman_runtime.objects import CachedObjectStore, FileObjectStore, object_store
from dragoman_runtime.objects.s3 import S3ObjectStore
from dragoman_runtime.settings import (
    BusSettings,
    DatabaseSettings,
    ObjectSettings,
    SettingsError,
    StateSettings,
    TelemetrySettings,
    WorkerSettings,
    load,
    settings_reference,
)


class _ExampleSettings(
    DatabaseSettings, ObjectSettings, BusSettings, TelemetrySettings, WorkerSettings
):
    """A service with all groups."""

    example_limit: int = Field(default=3, ge=1, description="How many examples | at most.")


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_ExampleSettings.model_fields, "s3_secret_key"):
        monkeypatch.delenv(f"DRAGOMAN_{name.upper()}", raising=False)


def test_a_variable_is_the_field_in_capitals_and_defaults_fill_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAGOMAN_AMQP_URL", "amqp://rabbit")
    monkeypatch.setenv("DRAGOMAN_EXAMPLE_LIMIT", "7")
    settings = load(_ExampleSettings)
    assert settings.example_limit == 7
    assert settings.amqp_url == SecretStr("amqp://rabbit")
    assert (settings.lease_s, settings.backoff_base_s, settings.log_format) == (60, 2, "auto")


def test_what_the_command_line_gives_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", "/somewhere")
    assert load(StateSettings).state_dir == Path("/somewhere")
    assert load(StateSettings, {"state_dir": "/elsewhere"}).state_dir == Path("/elsewhere")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_BACKOFF_BASE_S", "")
    monkeypatch.setenv("DRAGOMAN_OTLP_ENDPOINT", "")
    assert load(WorkerSettings).backoff_base_s == 2
    assert load(TelemetrySettings).otlp_endpoint is None


def test_a_missing_variable_is_named_with_what_it_is_for() -> None:
    with pytest.raises(SettingsError) as refusal:
        load(BusSettings)
    assert refusal.value.code == "settings.invalid"
    assert refusal.value.message.startswith("DRAGOMAN_AMQP_URL: field required.")
    assert "RabbitMQ" in refusal.value.message


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_LEASE_S", "soon")
    monkeypatch.setenv("DRAGOMAN_CONCURRENCY", "0")
    with pytest.raises(SettingsError) as refusal:
        load(WorkerSettings)
    named = [line.partition(":")[0] for line in refusal.value.message.splitlines()]
    assert sorted(named) == ["DRAGOMAN_CONCURRENCY", "DRAGOMAN_LEASE_S"]


def test_events_are_published_and_names_prefixed_only_where_somebody_says_so() -> None:
    settings = load(BusSettings, {"amqp_url": "amqp://rabbit"})
    assert (settings.publish_events, settings.queue_prefix) == (False, "")


@pytest.mark.parametrize("prefix", ["amq.", "amq.mine.", ".acme", "a b", "x" * 65])
def test_a_prefix_that_rabbitmq_would_refuse_stops_the_start(prefix: str) -> None:
    with pytest.raises(SettingsError, match="DRAGOMAN_QUEUE_PREFIX"):
        load(BusSettings, {"amqp_url": "amqp://rabbit", "queue_prefix": prefix})


@given(value=st.text(alphabet="abcxyz", min_size=12, max_size=20))
def test_a_wrong_value_is_never_repeated(value: str) -> None:
    for cls, field in (
        (DatabaseSettings, "database_url"),
        (ObjectSettings, "objects_url"),
        (WorkerSettings, "lease_s"),
        (TelemetrySettings, "otlp_endpoint"),
        (TelemetrySettings, "log_level"),
    ):
        with pytest.raises(SettingsError) as refusal:
            load(cls, {field: value})
        assert value not in refusal.value.message
        assert f"DRAGOMAN_{field.upper()}" in refusal.value.message
        assert refusal.value.__cause__ is None


def test_settings_do_not_change_after_the_start() -> None:
    settings = load(WorkerSettings)
    with pytest.raises(ValidationError, match="frozen"):
        settings.lease_s = 1


def test_secrets_are_not_printed() -> None:
    settings = load(BusSettings, {"amqp_url": "amqp://user:hunter2@rabbit"})
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump()}"


def test_a_heartbeat_must_leave_time_for_a_second_one() -> None:
    with pytest.raises(SettingsError, match="DRAGOMAN_HEARTBEAT_S"):
        load(WorkerSettings, {"lease_s": 30, "heartbeat_s": 20})


def test_without_a_database_url_the_state_folder_holds_the_databases() -> None:
    assert load(DatabaseSettings, {"state_dir": "/state"}).postgres_url is None
    settings = load(DatabaseSettings, {"database_url": "postgresql://u:p@host/d"})
    assert settings.postgres_url == "postgresql://u:p@host/d"


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load(StateSettings).state_dir == Path("/home/somebody/.local/share/dragoman")
    assert load(StateSettings, {"state_dir": "~/here"}).state_dir == Path("/home/somebody/here")


def test_objects_lie_in_the_state_folder_unless_a_url_says_otherwise() -> None:
    assert load(ObjectSettings, {"state_dir": "/state"}).objects_folder == Path("/state/objects")
    assert load(ObjectSettings, {"objects_url": "file:///a%20b"}).objects_folder == Path("/a b")
    keys = {"s3_access_key": "key", "s3_secret_key": "secret"}
    assert (
        load(ObjectSettings, {"objects_url": "s3+http://host:9000/bucket", **keys}).objects_folder
        is None
    )


@pytest.mark.parametrize(
    "url",
    [
        "file://relative/folder",
        "s3://host/bucket",
        "s3+https://host",
        "s3+https:///bucket",
        "s3+https://host/bucket/folder",
        "s3+https://key:secret@host/bucket",
        "/no/scheme",
    ],
)
def test_an_objects_url_that_names_no_folder_or_bucket_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="DRAGOMAN_OBJECTS_URL"):
        load(
            ObjectSettings, {"objects_url": url, "s3_access_key": "key", "s3_secret_key": "secret"}
        )


def test_s3_needs_both_its_keys() -> None:
    with pytest.raises(SettingsError, match="DRAGOMAN_S3_ACCESS_KEY and DRAGOMAN_S3_SECRET_KEY"):
        load(ObjectSettings, {"objects_url": "s3+https://host/bucket", "s3_access_key": "key"})


def test_both_keys_of_s3_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("access", "secret"):
        (tmp_path / name).write_text(f"{name} of the file\n")
        monkeypatch.setenv(f"DRAGOMAN_S3_{name.upper()}_KEY_FILE", str(tmp_path / name))

    found = load(ObjectSettings, {"objects_url": "s3+https://host/bucket"})

    assert found.s3_access_key == SecretStr("access of the file")
    assert found.s3_secret_key == SecretStr("secret of the file")


async def test_the_object_store_is_the_one_the_settings_ask_for(tmp_path: Path) -> None:
    plain = load(ObjectSettings, {"state_dir": tmp_path, "objects_cache_mib": 0})
    assert isinstance(object_store(plain), FileObjectStore)
    assert isinstance(
        object_store(load(ObjectSettings, {"state_dir": tmp_path})), CachedObjectStore
    )
    url = {
        "objects_url": "s3+https://host:9000/bucket",
        "s3_access_key": "key",
        "s3_secret_key": "secret",
    }
    on_s3 = object_store(load(ObjectSettings, {**url, "objects_cache_mib": 0}))
    assert isinstance(on_s3, S3ObjectStore)
    await on_s3.close()


def test_the_reference_lists_a_shared_variable_once_under_its_group() -> None:
    reference = settings_reference([_ExampleSettings, WorkerSettings])
    assert reference.count("| `DRAGOMAN_LEASE_S` |") == 1
    assert (
        reference.index("## WorkerSettings")
        < reference.index("DRAGOMAN_LEASE_S")
        < reference.index("## _Example")
    )
    assert (
        "| `DRAGOMAN_EXAMPLE_LIMIT` | whole number | `3` | How many examples \\| at most. |"
        in reference
    )
    assert "| `DRAGOMAN_AMQP_URL` | secret | **required** |" in reference
    assert "[BusSettings](#bussettings)" in reference
