"""The manifests of Kubernetes: whole, safe, and right about Dragoman's commands, settings, queues
and metrics. `make manifests-check` holds them against Kubernetes' own schemas as well.
"""

import importlib
import os
import re
from pathlib import Path
from typing import Any

import pytest

from deployment.compose import environment, services
from deployment.dockerfile import DOCKERFILE
from deployment.manifests import (
    OVERLAYS,
    POD_KINDS,
    ROOT,
    Manifest,
    Object,
    ScaledObjectSpec,
    built,
    containers,
    kustomizations,
    manifests,
    named_files,
    pod,
)
from deployment.settings import settings_of, unknown_variables
from docs.test_pages import parse_command
from dragoman_contracts.steps import STEPS, work_queues
from dragoman_contracts.vocabulary import Queue, Service
from dragoman_runtime.settings import PREFIX, StopSettings, load
from dragoman_runtime.telemetry import metrics
from dragoman_translate.settings import EngineSettings

EVERY = manifests()
WITH_PODS = [each for each in EVERY if each.kind in POD_KINDS]
OURS = [each for each in WITH_PODS if containers(each.content)[0]["name"] == "dragoman"]
SECRETS = "/run/secrets/dragoman"


def _label(manifest: Manifest) -> str:
    return manifest.label


every_manifest = pytest.mark.parametrize("manifest", EVERY, ids=_label)
with_pods = pytest.mark.parametrize("manifest", WITH_PODS, ids=_label)
ours = pytest.mark.parametrize("manifest", OURS, ids=_label)
deployments = pytest.mark.parametrize(
    "manifest", [each for each in OURS if each.kind == "Deployment"], ids=_label
)


def _settings(container: Object) -> dict[str, str]:
    """The variables of a container, those of the ConfigMaps that it names too."""
    maps = {each.name: each.content["data"] for each in EVERY if each.kind == "ConfigMap"}
    found: dict[str, str] = {}
    for each in container.get("envFrom", []):
        found |= maps[each["configMapRef"]["name"]]
    return found | {each["name"]: each["value"] for each in container.get("env", [])}


def _is_selected(selector: Object, labels: Object) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", [])
    )


def test_every_file_belongs_to_a_kustomization_and_is_there() -> None:
    named = {file for path, each in kustomizations().items() for file in named_files(path, each)}
    there = {path.resolve() for path in ROOT.rglob("*.yaml")}
    there.add((ROOT.parent / "grafana" / "kustomization.yaml").resolve())  # compose mounts it too
    there.remove((ROOT / "namespace.yaml").resolve())  # made before the secrets
    roots = {(ROOT / "overlays" / name / "kustomization.yaml").resolve() for name in OVERLAYS}
    chosen = {
        (ROOT / "components" / name / "kustomization.yaml").resolve()
        for name in ("operators", "scaled-by-queue")
    }

    assert sorted(named - there) == []
    assert sorted(there - named) == sorted(roots | chosen)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_built_by_kustomize(overlay: str) -> None:
    found = built(overlay)
    if found is None:
        pytest.skip("there is no kubectl")

    names = {each["metadata"]["name"] for each in found if each["kind"] == "Deployment"}
    words = {containers(each)[0]["args"][1] for each in found if each["kind"] == "Deployment"}
    assert {"extract" if each == "tasks" else each for each in names} == words
    everyone = {
        "relay",
        "intake",
        "extract",
        "tasks",
        "translate",
        "qa",
        "reassemble",
        "index",
        "gateway",
    }
    assert names == ({"all", "gateway"} if overlay == "small" else everyone)
    for each in found:
        assert each["metadata"]["namespace"] == "dragoman"


def test_production_has_two_of_each_and_leaves_scaled_ones_to_keda() -> None:
    found = built("production")
    if found is None:
        pytest.skip("there is no kubectl")

    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
        for each in found
        if each["kind"] == "ScaledObject"
    }
    for each in found:
        if each["kind"] == "Deployment":
            name = each["metadata"]["name"]
            assert (name in scaled) is ("replicas" not in each["spec"])
            assert scaled.get(name, each["spec"].get("replicas")) >= 2
            spread = pod(each)["spec"]["topologySpreadConstraints"]
            assert {one["topologyKey"].rpartition("/")[2] for one in spread} == {"hostname", "zone"}
    budgets = {each["metadata"]["name"] for each in found if each["kind"] == "PodDisruptionBudget"}
    assert budgets == {e["metadata"]["name"] for e in found if e["kind"] == "Deployment"}


def test_every_object_is_what_the_schemas_of_kubernetes_say() -> None:
    try:
        kubernetes: Any = importlib.import_module("kubernetes_validate")
    except ImportError:
        pytest.skip("make manifests-check installs the schemas")

    for manifest in EVERY:
        group = manifest.content["apiVersion"].rpartition("/")[0]
        if "." not in group.removesuffix(".k8s.io"):  # else it is an operator's
            kubernetes.validate(manifest.content, kubernetes.latest_version(), strict=True)


def test_no_two_objects_of_a_place_have_one_name() -> None:
    labels = [manifest.label for manifest in EVERY]

    assert sorted(labels) == sorted(set(labels))


@ours
def test_its_command_is_one_of_dragoman_s(manifest: Manifest) -> None:
    (container,) = containers(manifest.content)

    parse_command(container["args"])
    assert container["image"].partition(":")[0] == "dragoman"
    if manifest.kind == "Deployment":
        word = "extract" if manifest.name == "tasks" else manifest.name
        assert container["args"] == ["worker", word]


@ours
def test_it_sets_what_its_command_reads_and_nothing_else(
    manifest: Manifest, made_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (container,) = containers(manifest.content)
    given, read = _settings(container), settings_of(container["args"])

    assert unknown_variables(set(given), read) == set()
    for name in [each for each in os.environ if each.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value.replace(SECRETS, str(made_secrets)))
    load(read)


@with_pods
def test_its_containers_may_do_as_little_as_they_can(manifest: Manifest) -> None:
    spec = pod(manifest.content)["spec"]
    uid = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(), re.MULTILINE)

    assert uid is not None
    assert spec["automountServiceAccountToken"] is False
    # Its variables would begin as ours do, where a Service is called dragoman-….
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == int(uid[1])
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(manifest.content):
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@with_pods
def test_what_it_mounts_it_has(manifest: Manifest) -> None:
    volumes = {each["name"] for each in pod(manifest.content)["spec"]["volumes"]}

    for container in containers(manifest.content):
        assert {each["name"] for each in container["volumeMounts"]} <= volumes


@deployments
def test_its_probes_ask_what_the_image_answers(manifest: Manifest) -> None:
    (container,) = containers(manifest.content)
    ports = {each["name"] for each in container["ports"]}

    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[probe]
        if "exec" in asked:
            python, script, *words = asked["exec"]["command"]
            assert python == "/opt/dragoman/bin/python"
            assert (DOCKERFILE.parent / Path(script).name).is_file()
            assert f'"{words[0]}": _' in (DOCKERFILE.parent / Path(script).name).read_text()
        else:
            assert asked["httpGet"]["port"] in ports
            assert asked["httpGet"]["path"] in {"/metrics", "/health/ready", "/health/live"}
    # Who is not ready because a server is away is not started anew.
    assert container["livenessProbe"]["httpGet"]["path"] in {"/metrics", "/health/live"}


@deployments
def test_it_is_given_longer_to_end_than_a_call_takes(manifest: Manifest) -> None:
    grace_s = pod(manifest.content)["spec"]["terminationGracePeriodSeconds"]

    (container,) = containers(manifest.content)
    own = {each["name"]: each["value"] for each in container.get("env", ())}
    given = StopSettings.model_validate(
        {"stop_within_s": own["DRAGOMAN_STOP_WITHIN_S"]} if "DRAGOMAN_STOP_WITHIN_S" in own else {}
    )
    call_s = EngineSettings.model_fields["openai_timeout_s"].default
    assert grace_s > given.stop_within_s
    assert given.work_grace_s >= (call_s if manifest.name in {"tasks", "translate", "all"} else 20)


@deployments
def test_only_who_calls_engines_reaches_the_internet(manifest: Manifest) -> None:
    labels = pod(manifest.content)["metadata"]["labels"]

    reaches = labels.get("dragoman.io/reaches") == "internet"
    assert reaches is (manifest.name in {"tasks", "translate", "gateway", "all"})


def test_the_queues_of_extract_are_shared_out_as_in_the_compose_file() -> None:
    shared: dict[str, set[str]] = {}
    for manifest in OURS:
        (container,) = containers(manifest.content)
        queues = _settings(container).get("DRAGOMAN_QUEUES")
        if queues:
            shared[manifest.name] = set(queues.split(","))
    assert shared == {
        name: set(environment(services()[name])["DRAGOMAN_QUEUES"].split(","))
        for name in ("extract", "tasks")
    }
    of_extract = {step.queue.value for step in STEPS.values() if step.service is Service.EXTRACT}
    assert shared["extract"] | shared["tasks"] == of_extract
    assert not shared["extract"] & shared["tasks"]


@every_manifest
def test_what_it_selects_is_there(manifest: Manifest) -> None:
    pods = [pod(each.content)["metadata"]["labels"] for each in OURS]
    spec = manifest.content.get("spec", {})
    match manifest.kind:
        case "Deployment":
            assert _is_selected(spec["selector"], pod(manifest.content)["metadata"]["labels"])
        case "Service":
            assert any(spec["selector"].items() <= labels.items() for labels in pods)
        case "PodDisruptionBudget":
            assert any(_is_selected(spec["selector"], labels) for labels in pods)
        case "NetworkPolicy":
            assert any(_is_selected(spec["podSelector"], labels) for labels in pods)
        case "ServiceMonitor":
            services = [each.content for each in EVERY if each.kind == "Service"]
            found = [
                each
                for each in services
                if _is_selected(spec["selector"], each["metadata"]["labels"])
            ]
            ports = {port["name"] for each in found for port in each["spec"]["ports"]}
            assert {each["port"] for each in spec["endpoints"]} <= ports
        case "Ingress":
            services = [each.name for each in EVERY if each.kind == "Service"]
            backend = spec["rules"][0]["http"]["paths"][0]["backend"]["service"]
            assert backend["name"] in services
        case _:
            pass


def test_every_pod_is_under_the_policy_that_denies() -> None:
    (default,) = [each.content for each in EVERY if each.name == "dragoman-default"]
    assert default["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for manifest in OURS:
        labels = pod(manifest.content)["metadata"]["labels"]
        assert _is_selected(default["spec"]["podSelector"], labels)


def test_the_ingress_and_the_public_url_name_one_host() -> None:
    (ingress,) = [each.content["spec"] for each in EVERY if each.kind == "Ingress"]
    settings = [each.content["data"] for each in EVERY if each.kind == "ConfigMap"]

    (url,) = [each["DRAGOMAN_PUBLIC_URL"] for each in settings if "DRAGOMAN_PUBLIC_URL" in each]
    assert url == f"https://{ingress['rules'][0]['host']}"
    assert ingress["tls"][0]["hosts"] == [ingress["rules"][0]["host"]]


def test_the_page_makes_the_secrets_that_are_read() -> None:
    page = (ROOT.parents[1] / "docs" / "operate" / "install.md").read_text()
    settings = [each.content["data"] for each in EVERY if each.kind == "ConfigMap"]
    read = {
        value.removeprefix(f"{SECRETS}/")
        for each in settings
        for value in each.values()
        if value.startswith(SECRETS)
    }

    assert set(re.findall(r"--from-file=(\w+)=", page)) == read
    for manifest in OURS:
        (secret,) = [one["secret"] for one in pod(manifest.content)["spec"]["volumes"][1:]]
        assert f"generic {secret['secretName']} " in page


@pytest.mark.parametrize("component", ["scaled", "scaled-by-queue"])
def test_workers_are_scaled_by_all_the_queues_that_they_work_from(component: str) -> None:
    queues: dict[str, set[str]] = {}
    for manifest in EVERY:
        if manifest.kind == "ScaledObject" and manifest.path.parent.name == component:
            spec = ScaledObjectSpec.model_validate(manifest.content["spec"])
            named = " ".join(value for one in spec.triggers for value in one.metadata.values())
            found = {word for word in re.findall(r"\w+", named) if word in set(Queue)}
            worker = spec.scale_target_ref.name
            queues.setdefault("extract" if worker == "tasks" else worker, set()).update(found)
            if component == "scaled-by-queue":
                assert len(spec.triggers) == len(found)
                assert {one.metadata["protocol"] for one in spec.triggers} == {"http"}

    worked: dict[str, set[str]] = {}
    for step in STEPS.values():
        if step.queue in work_queues() and step.queue != Queue.JOB_CONTROL:
            worked.setdefault(step.service.value, set()).add(step.queue.value)
    worked.pop("gateway", None)
    assert queues == worked


def test_scaling_and_alarms_stand_on_metrics_that_there_are() -> None:
    text = "\n".join(
        each.path.read_text() for each in EVERY if each.kind in {"ScaledObject", "PrometheusRule"}
    )
    found = re.findall(r"\bdragoman_(?!standalone)[a-z_]+\b", text)
    named = {re.sub(r"_(bucket|count|sum)$", "", each) for each in found}
    there = re.findall(r'"(dragoman_[a-z_]+)"', Path(str(metrics.__file__)).read_text())

    assert named - set(there) == set()
