"""Write `docs/reference/errors.md` from the code: `python tests/develop/write_errors_md.py`.

The stable codes are read from the sources, so that one which is only ever written beside a `raise`
counts as well.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dragoman_contracts.errors import ConflictError, DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import EVENT_TYPES
from dragoman_gateway.web.problems import status_of

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "errors.md"

_HEAD = """\
# Errors

<!-- Written by `python tests/develop/write_errors_md.py` from the sources; change those. -->

Every failure that Dragoman foresees has a stable code. Events (`work.failed`, `work.parked`), problem details, log
lines and the command line's report carry it. What to do about each is in the [runbook](../operate/runbook.md).

- **retry**: the same may succeed later. Work is tried again at a recorded time.
- **permanent**: the same fails again until a person changes something. Work is parked.
- **conflict**: somebody was first; read again and decide again.
- **–**: no class of its own: what a report, an answer or a health check says.

HTTP is the status with which the API answers; one without a status belongs to work, to the command line or to the
inside, and would be answered as `internal`, 500.

| code | kind | HTTP | said by |
|---|---|---|---|
"""

_INTERNAL = 500
_FINDINGS = frozenset({"PreflightFinding", "QaFinding", "Finding", "finding", "_finding"})
_LOGGING = frozenset(
    {"debug", "info", "warning", "error", "exception", "canonical_line", "span"}
    | {"outlasting", "say_waiting"}
)
_MESSAGES = frozenset({"WebhookType", "TrialType"})
_FILES = frozenset({"db", "docx", "html", "json", "md", "ndjson", "srx", "tmx"})


@dataclass(frozen=True)
class Code:
    """A stable code: the name of what is raised or answered with it, and the room that does so."""

    code: str
    said_by: str
    room: str


def error_codes() -> set[Code]:
    """Every code in libs, services and deploy."""
    sources = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _sources()}
    found = {each for path, tree in sources.items() for each in _declared(tree, _room(path))}
    families = {each.code.partition(".")[0] for each in found}
    known = {each.code for each in found}
    for path, tree in sources.items():
        for code in set(_other_strings(tree)) - known:
            if _is_code(code, families):
                found.add(Code(code, "", _room(path)))
    return found


def errors_md() -> str:
    """The whole document as the sources say it should be."""
    classes = _error_classes()
    by_code: dict[str, list[Code]] = {}
    for each in error_codes():
        by_code.setdefault(each.code, []).append(each)
    return _HEAD + "".join(_row(code, by_code[code], classes) for code in sorted(by_code))


def _row(code: str, found: list[Code], classes: dict[str, type[DragomanError]]) -> str:
    raised = [classes[each.said_by] for each in found if each.said_by in classes]
    kinds = sorted({_kind(cls) for cls in raised}) or ["–"]
    statuses = sorted(
        {str(status) for cls in raised if (status := _http_status(cls, code)) != _INTERNAL}
    ) or ["–"]
    rooms = sorted({each.room for each in found})
    return f"| `{code}` | {', '.join(kinds)} | {', '.join(statuses)} | {', '.join(rooms)} |\n"


def _kind(cls: type[DragomanError]) -> str:
    kinds = {RetryableError: "retry", PermanentError: "permanent", ConflictError: "conflict"}
    return next((kind for base, kind in kinds.items() if issubclass(cls, base)), "–")


def _http_status(cls: type[DragomanError], code: str) -> int:
    error = cls.__new__(cls)
    error.code = code
    return status_of(error)


def _error_classes() -> dict[str, type[DragomanError]]:
    for package in sorted(
        found.name for found in pkgutil.iter_modules() if found.name.startswith("dragoman_")
    ):
        _import_all(package)
    return {cls.__name__: cls for cls in (DragomanError, *_subclasses(DragomanError))}


def _import_all(package: str) -> None:
    paths = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(paths, package + "."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)


def _subclasses(cls: type[DragomanError]) -> Iterator[type[DragomanError]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _sources() -> list[Path]:
    folders = ("libs", "services", "deploy")
    return sorted(path for folder in folders for path in (ROOT / folder).glob("*/src/**/*.py"))


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[1]


def _declared(tree: ast.Module, room: str) -> Iterator[Code]:
    """Codes that stand as `default_code` of a class,
    or as `code=` of what is raised or answered.
    """
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, body=body):
                for each in body:
                    match each:
                        case ast.Assign(
                            targets=[ast.Name(id="default_code")],
                            value=ast.Constant(value=str(code)),
                        ):
                            yield Code(code, name, room)
                        case _:
                            pass
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name not in _FINDINGS:
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg="code", value=ast.Constant(value=str(code))) if code:
                            yield Code(code, name, room)
                        case _:
                            pass
            case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(code)), *_])) if (
                "." in code
            ):
                yield Code(code, "", room)
            case _:
                pass


def _other_strings(tree: ast.Module) -> Iterator[str]:
    """Strings of a module that are no log event, no key of a table, no type of a message and no name in
    an audit row.
    """
    skipped: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=func, args=args) if _called(func) in _LOGGING or "audit" in _called(
                func
            ):
                skipped.update(id(each) for each in args)
            case ast.keyword(arg="action", value=value):
                skipped.add(id(value))
            case ast.Dict(keys=keys):
                skipped.update(id(each) for each in keys)
            case ast.ClassDef(name=name, body=body) if name in _MESSAGES:
                skipped.update(id(each.value) for each in body if isinstance(each, ast.Assign))
            case ast.Call(func=func, keywords=keywords) if _called(func) in _FINDINGS:
                skipped.update(id(each.value) for each in keywords)
            case _:
                pass
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.value


def _called(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_code(text: str, families: set[str]) -> bool:
    family, dot, name = text.partition(".")
    is_dotted = bool(dot) and name.replace("_", "").isalpha() and name.islower()
    return is_dotted and family in families and text not in EVENT_TYPES and name not in _FILES


if __name__ == "__main__":
    DOCUMENT.write_text(errors_md(), encoding="utf-8")
