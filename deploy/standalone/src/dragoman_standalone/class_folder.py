"""A class as a folder: its declaration, and its files in folders of their own.

deed/
  class.yaml (or class.json)
  prompts/extractInfo.hbs   schemas/extractInfo.json   scripts/aggregateDeed.js
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any, cast

from dragoman_standalone.ending import UsageRefusedError

_DECLARATIONS = ("class.yaml", "class.json")
_FOLDERS = ("prompts", "schemas", "scripts")
_MOST_BYTES = 1024 * 1024


def read_class(folder: Path) -> dict[str, Any]:
    """The class in this folder, as the API takes it.

    Raises:
        UsageRefusedError: the folder has no declaration, or a file of it cannot be read.
    """
    declared = [folder / name for name in _DECLARATIONS if (folder / name).is_file()]
    if len(declared) != 1:
        said = "several declarations" if declared else "no class.yaml and no class.json"
        raise UsageRefusedError(f"{folder} has {said}; a folder is one class, with one of them.")
    body = _declaration(declared[0])
    if "files" in body:
        raise UsageRefusedError(
            f"{declared[0]} has `files`; in a folder they lie beside it, in {', '.join(_FOLDERS)}."
        )
    files: dict[str, str] = {}
    for name in _FOLDERS:
        for path in sorted((folder / name).glob("**/*")):
            if path.is_file() and not path.name.startswith("."):
                files[path.relative_to(folder).as_posix()] = _text(path)
    return body | {"files": files}


def write_class(folder: Path, body: dict[str, Any], *, is_forced: bool) -> list[Path]:
    """Write a class, as the API shows it, into this folder; gives the files that were written.

    Raises:
        UsageRefusedError: the folder holds something, and it was not said to write over it; or the
            folder cannot be written.
    """
    import yaml

    if folder.exists() and any(folder.iterdir()) and not is_forced:
        raise UsageRefusedError(f"{folder} is not empty; --force writes over what is there.")
    declaration = {"name": body["name"], "fields": body["fields"]}
    declaration |= {"pipeline": body["pipeline"]} if body["pipeline"] else {}
    declaration |= {"project_code": body["project_code"]} if body["project_code"] else {}
    texts = {"class.yaml": yaml.safe_dump(declaration, sort_keys=False, allow_unicode=True)}
    for name, content in body["files"].items():
        is_text = isinstance(content, str)
        texts[name] = (
            content if is_text else json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        )
    written: list[Path] = []
    for name, text in texts.items():
        parts = PurePosixPath(name).parts
        if ".." in parts or len(parts) > 2:
            raise UsageRefusedError(
                f"The server has a file {name!r}, which lies outside of a class."
            )
        path = folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageRefusedError(f"{path} cannot be written: {error.strerror}.") from error
        written.append(path)
    return written


def _declaration(path: Path) -> dict[str, Any]:
    from dragoman_contracts.errors import DragomanError
    from dragoman_gateway.objects.api.bodies import yaml_value

    text = _text(path)
    try:
        # JSON says its own faults better than YAML does, of which it is a part.
        body: object = json.loads(text) if path.suffix == ".json" else yaml_value(text)
    except (ValueError, DragomanError) as error:
        raise UsageRefusedError(f"{path}: {error}") from error
    if not isinstance(body, dict):
        raise UsageRefusedError(f"{path} is no declaration: write names and values.")
    return cast("dict[str, Any]", body)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageRefusedError(f"{path} is larger than {_MOST_BYTES:,} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageRefusedError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageRefusedError(f"{path} is no text in UTF-8.") from error
