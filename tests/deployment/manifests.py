"""The manifests of Kubernetes as they lie in the folder, and as `kubectl kustomize` puts them
together where there is one.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ROOT = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("small", "production")
POD_KINDS = ("Deployment", "Job", "CronJob")

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the file that it is in."""

    path: Path
    content: Object

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.content["metadata"]["name"])

    @property
    def label(self) -> str:
        """How a test calls it."""
        return f"{self.path.relative_to(ROOT).parent}/{self.kind}/{self.name}"


def kustomizations() -> dict[Path, Object]:
    """Each kustomization by its file."""
    return {
        path: cast("Object", yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(ROOT.rglob("kustomization.yaml"))
    }


def named_files(path: Path, kustomization: Object) -> Iterator[Path]:
    """What a kustomization names: its files, and other folders with one."""
    listed: list[str] = [*kustomization.get("resources", []), *kustomization.get("components", [])]
    listed += [each["path"] for each in kustomization.get("patches", []) if "path" in each]
    for each in listed:
        found = (path.parent / each).resolve()
        yield found / "kustomization.yaml" if found.is_dir() else found


def manifests() -> list[Manifest]:
    """Every object of the files that some kustomization names as a resource."""
    paths = {
        (path.parent / each).resolve()
        for path, content in kustomizations().items()
        for each in content.get("resources", [])
    }
    return [
        Manifest(path, content)
        for path in sorted(paths)
        if path.is_file()
        for content in cast("list[Object]", list(yaml.safe_load_all(path.read_text("utf-8"))))
    ]


def pod(content: Object) -> Object:
    """The template of an object's pods."""
    spec = content["spec"]
    spec = spec["jobTemplate"]["spec"] if content["kind"] == "CronJob" else spec
    return cast("Object", spec["template"])


def containers(content: Object) -> list[Object]:
    """All containers of an object's pods, those that run first too."""
    spec = pod(content)["spec"]
    return cast("list[Object]", [*spec.get("initContainers", []), *spec["containers"]])


def built(overlay: str) -> list[Object] | None:
    """The objects of an overlay as kustomize builds them; None where there is no kubectl.

    Raises:
        AssertionError: they cannot be built; the message is kustomize's.
    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return None
    said = subprocess.run(
        [kubectl, "kustomize", ROOT / "overlays" / overlay],
        check=False,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    return cast("list[Object]", list(yaml.safe_load_all(said.stdout)))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Target(_Strict):
    name: str


class _Authentication(_Strict):
    name: str


class Trigger(_Strict):
    """A trigger of KEDA's; the values of its metadata are texts, numbers too."""

    type: Literal["prometheus", "rabbitmq"]
    metadata: dict[str, str]
    authentication_ref: _Authentication | None = None


class _Fallback(_Strict):
    failure_threshold: int = Field(ge=1)
    replicas: int = Field(ge=1)


class ScaledObjectSpec(_Strict):
    """What KEDA's ScaledObject takes, as far as ours say it."""

    scale_target_ref: _Target
    min_replica_count: int = Field(ge=1)
    max_replica_count: int
    polling_interval: int
    cooldown_period: int
    fallback: _Fallback
    advanced: dict[str, Any]
    triggers: list[Trigger] = Field(min_length=1)
