"""The compose file as Compose reads it: anchors resolved, variables filled, profiles chosen."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "compose"
FILE = FOLDER / "compose.yaml"
IMAGE = "dragoman:latest"
ONCE = ("migrate", "doctor")
"""What runs before the services, and ends."""

PROCESSES = ("relay", "intake", "extract", "tasks", "translate", "qa", "reassemble", "gateway")
"""The services of ours that stay."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<sign>[-?])(?P<word>[^}]*))?\}")

Service = dict[str, Any]


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """The text with `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}` filled as Compose does.

    Raises:
        KeyError: a variable that has to be set is not.
    """

    def value(match: re.Match[str]) -> str:
        found = given.get(match["name"], "")
        if found or match["sign"] == "-":
            return found or match["word"]
        if match["sign"] == "?":
            raise KeyError(match["word"])
        return ""

    return _VARIABLE.sub(value, text)


@cache
def _loaded() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(FILE.read_text(encoding="utf-8")))


def compose(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file with these variables, without its `x-` parts."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return interpolated(value, given or {})
        if isinstance(value, list):
            return [filled(each) for each in cast("list[Any]", value)]
        if isinstance(value, dict):
            pairs = cast("dict[str, Any]", value).items()
            return {name: filled(each) for name, each in pairs}
        return value

    found = {name: part for name, part in _loaded().items() if not name.startswith("x-")}
    return cast("dict[str, Any]", filled(found))


def services(
    profiles: Collection[str] = (), given: Mapping[str, str] | None = None
) -> dict[str, Service]:
    """The services that start with these profiles."""
    every = cast("dict[str, Service]", compose(given)["services"])
    return {
        name: service
        for name, service in every.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def our_services(given: Mapping[str, str] | None = None) -> dict[str, Service]:
    """The services of our image, of any profile."""
    every = cast("dict[str, Service]", compose(given)["services"])
    return {name: each for name, each in every.items() if each["image"] == IMAGE}


def environment(service: Service) -> dict[str, str]:
    """What the service is given, as text."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def secret_paths(service: Service) -> dict[str, str]:
    """Where each secret of the service lies in its container."""
    paths: dict[str, str] = {}
    for each in service.get("secrets", []):
        if isinstance(each, str):
            paths[each] = f"/run/secrets/{each}"
        else:
            paths[each["source"]] = each["target"]
    return paths
