"""The compose file: as the specification wants it, and as Dragoman's own settings and commands do.
`make compose-check` starts what it says.
"""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from compose_spec import PyCompose

from deployment.compose import (
    FOLDER,
    ONCE,
    PROCESSES,
    Service,
    compose,
    environment,
    interpolated,
    our_services,
    secret_paths,
    services,
)
from deployment.settings import settings_of, unknown_variables
from develop.write_alert_rules import PROMETHEUS_RULE, RULES, prometheus_rule, rules
from develop.write_configure_md import settings_classes
from docs.test_pages import parse_command
from dragoman_runtime.secret_files import SUFFIX
from dragoman_runtime.settings import PREFIX, Settings, StopSettings, load, variable
from servers.process import require_binary

EVERY = compose()
OURS = our_services()
every_service_of_ours = pytest.mark.parametrize("name", OURS)
every_service = pytest.mark.parametrize("name", cast("dict[str, Service]", EVERY["services"]))


def _service(name: str) -> Service:
    return cast("dict[str, Service]", EVERY["services"])[name]


def _made(folder: Path) -> dict[str, str]:
    subprocess.run(
        ["sh", FOLDER / "secrets.sh", folder], check=True, capture_output=True, text=True
    )
    return {path.name: path.read_text() for path in folder.iterdir()}


def _loaded(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **changed: str) -> Settings:
    """The settings of a service as its container reads them, its secrets in a folder here."""
    for given in [each for each in os.environ if each.startswith(PREFIX)]:
        monkeypatch.delenv(given)
    service = _service(name)
    for given, value in {**environment(service), **changed}.items():
        monkeypatch.setenv(given, value.replace("/run/secrets/", f"{folder}/"))
    return load(settings_of(service["command"]))


def test_it_is_a_compose_file() -> None:
    PyCompose.from_yaml(yaml.safe_dump(EVERY)).validate()


def test_what_is_no_compose_file_is_refused() -> None:
    wrong: dict[str, Any] = {**EVERY, "services": {"relay": {"image": "x", "comand": []}}}
    with pytest.raises(ValueError, match="comand"):
        PyCompose.from_yaml(yaml.safe_dump(wrong))


def test_variables_are_filled_as_compose_fills_them() -> None:
    assert interpolated("${A:-b}:${C:-}${D}", {}) == "b:"
    assert interpolated("${A:-b}", {"A": "c"}) == "c"
    with pytest.raises(KeyError, match="name it"):
        interpolated("${A:?name it}", {})


def test_without_a_profile_every_service_of_dragoman_runs_behind_a_proxy() -> None:
    minimal = set(services())

    assert {*ONCE, *PROCESSES, "proxy", "postgres", "rabbitmq", "objects"} == minimal
    assert set(services(["models"])) - minimal == {"llama"}
    assert {"collector", "prometheus", "alertmanager", "grafana", "loki", "tempo"} <= set(
        services(["observed"])
    )


@every_service_of_ours
def test_its_command_is_one_of_dragoman_s(name: str) -> None:
    parse_command(_service(name)["command"])
    if name in PROCESSES:
        word = "extract" if name == "tasks" else name
        assert _service(name)["command"] == ["worker", word]


@every_service_of_ours
def test_it_sets_what_its_command_reads_and_nothing_else(name: str) -> None:
    service = _service(name)

    assert unknown_variables(set(environment(service)), settings_of(service["command"])) == set()


@every_service_of_ours
def test_its_settings_are_accepted_with_the_secrets_that_are_made(
    name: str, made_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {path.name: path.read_text() for path in made_secrets.iterdir()}

    found = _loaded(name, made_secrets, monkeypatch).model_dump()

    assert found["database_url"].get_secret_value() == made["database_url"]
    if "signing_key" in found:
        assert found["signing_key"].get_secret_value() == made["signing_key"]


def test_a_missing_secret_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _made(tmp_path)
    (tmp_path / "signing_key").unlink()

    with pytest.raises(Exception, match="DRAGOMAN_SIGNING_KEY_FILE"):
        _loaded("gateway", tmp_path, monkeypatch)


def test_what_begins_with_our_prefix_is_a_setting() -> None:
    known = {variable(name) for cls in settings_classes() for name in cls.model_fields}
    known |= {f"{name}{SUFFIX}" for name in known}
    for path in FOLDER.iterdir():
        if path.is_file():
            named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", path.read_text()))
            assert named - known == set(), path.name


@every_service
def test_the_secrets_that_it_names_are_mounted_and_made(name: str, made_secrets: Path) -> None:
    service = _service(name)
    mounted = secret_paths(service)
    words = [*environment(service).values(), *map(str, service.get("command", []))]
    named = {word for text in words for word in re.findall(r"/run/secrets/\w+", text)}

    assert named <= set(mounted.values())
    assert set(mounted) <= {path.name for path in made_secrets.iterdir()}


@every_service
def test_no_secret_stands_in_the_file(name: str) -> None:
    for each, value in environment(_service(name)).items():
        if re.search(r"PASSWORD|SECRET|_KEY|TOKEN|_URL_FILE", each.removesuffix(SUFFIX)):
            assert value.startswith("/run/secrets/")


@every_service_of_ours
def test_its_container_may_do_as_little_as_it_can(name: str) -> None:
    service = _service(name)

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "user" not in service  # that of the image
    assert not service.get("ports")
    assert [each for each in service["tmpfs"] if each.startswith("/tmp")]


def test_only_who_calls_engines_reaches_other_networks() -> None:
    assert EVERY["networks"]["inner"] == {"internal": True}
    assert {name for name in OURS if "outer" in _service(name)["networks"]} == {
        "tasks",
        "translate",
        "qa",
        "gateway",
    }


def test_services_start_behind_the_tables_and_the_bucket() -> None:
    for name in PROCESSES:
        after = _service(name)["depends_on"]
        assert {each: after[each]["condition"] for each in ONCE} == dict.fromkeys(
            ONCE, "service_completed_successfully"
        )
    assert _service("proxy")["depends_on"]["gateway"]["condition"] == "service_healthy"


def test_a_container_is_given_longer_to_end_than_a_call_takes() -> None:
    from dragoman_translate.settings import EngineSettings

    call_s = EngineSettings.model_fields["openai_timeout_s"].default
    assert int(_service("translate")["stop_grace_period"].removesuffix("s")) > call_s
    given_s = float(environment(_service("translate"))["DRAGOMAN_STOP_WITHIN_S"])
    assert StopSettings(stop_within_s=given_s).work_grace_s > call_s
    for name in PROCESSES:
        grace_s = int(_service(name)["stop_grace_period"].removesuffix("s"))
        own_s = environment(_service(name)).get(
            "DRAGOMAN_STOP_WITHIN_S", StopSettings().stop_within_s
        )
        assert grace_s > float(own_s)


@every_service
def test_the_files_that_it_mounts_are_here(name: str) -> None:
    for each in _service(name).get("volumes", []):
        source = each.partition(":")[0]
        if source.startswith("./") and source not in {"./models", "./certificates"}:
            assert (FOLDER / source).is_file(), source
        if source.startswith("../"):
            assert (FOLDER / source).resolve().exists(), source


def test_a_second_call_leaves_the_secrets_as_they_are(tmp_path: Path) -> None:
    first = _made(tmp_path)

    assert _made(tmp_path) == first
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert len(first["signing_key"]) >= 32
    assert len(first["encryption_key"]) >= 32
    assert first["postgres_password"] in first["database_url"]
    assert set(first) == set(EVERY["secrets"])


def test_the_proxy_leads_to_the_gateway() -> None:
    text = (FOLDER / "Caddyfile").read_text()
    (upstream,) = re.findall(r"reverse_proxy \{\$GATEWAY:([\w:]+)\}", text)

    host, _, port = upstream.partition(":")
    assert environment(_service(host))["DRAGOMAN_HTTP_PORT"] == port
    assert set(_service("proxy")["networks"]) & set(_service(host)["networks"])
    edge = EVERY["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    assert environment(_service(host))["DRAGOMAN_TRUSTED_PROXIES"] == edge


def test_prometheus_asks_every_process_of_dragoman() -> None:
    found = yaml.safe_load((FOLDER / "observed" / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in found["scrape_configs"]}
    (sought,) = jobs["dragoman"]["dns_sd_configs"]

    assert set(sought["names"]) == set(PROCESSES)
    for name in PROCESSES:
        assert environment(_service(name))["DRAGOMAN_METRICS_PORT"] == str(sought["port"])
    for name, job in jobs.items():
        for target in job.get("static_configs", []):
            host = target["targets"][0].partition(":")[0]
            assert host in {*EVERY["services"], "localhost"}, name


def test_prometheus_takes_its_configuration_and_the_rules(tmp_path: Path) -> None:
    promtool = require_binary(["promtool"], "prometheus")
    shutil.copy(FOLDER / "observed" / "prometheus.yml", tmp_path)
    shutil.copy(RULES, tmp_path)

    said = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert said.returncode == 0, said.stderr + said.stdout
    assert "19 rules found" in said.stdout


def test_the_rules_are_those_of_the_page() -> None:
    how = "run tests/develop/write_alert_rules.py"
    assert RULES.read_text(encoding="utf-8") == rules(), how
    assert PROMETHEUS_RULE.read_text(encoding="utf-8") == prometheus_rule(), how


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "observed").rglob("*.y*ml")), ids=lambda p: p.name
)
def test_what_the_observers_send_to_is_a_service(path: Path) -> None:
    yaml.safe_load(path.read_text())
    text = "\n".join(
        line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")
    )
    hosts = set(re.findall(r"https?://([a-z-]+):\d+", text))

    assert hosts <= set(EVERY["services"])
