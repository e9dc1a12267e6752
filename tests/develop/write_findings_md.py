"""Write `docs/reference/findings.md` from the code: `python tests/develop/write_findings_md.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

from dragoman_linguistics.checks import DEFAULT_PROFILE

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "findings.md"
_PREFLIGHT = ROOT / "libs/documents/src/dragoman_documents/docx/findings.py"
_INTAKE = ROOT / "services/intake/src/dragoman_intake/domain.py"
_CHECKS = ROOT / "libs/linguistics/src/dragoman_linguistics/checks.py"
_LAYOUT_CHECKS = ROOT / "libs/linguistics/src/dragoman_linguistics/layout_checks.py"

_HEAD = """\
# Findings

<!-- Written by `python tests/develop/write_findings_md.py` from the sources; change those. -->

What preflight says about a document, and QA about a translation. A **blocker** stops the job, a **warning** asks for a
look, an **info** only tells. A document that cannot be read is blocked with a code of the
[runbook](../operate/runbook.md#codes-of-documents).

"""


def findings_md() -> str:
    """The whole document as the sources say it should be."""
    preflight = [*_preflight(), *_language()]
    qa = [(code, str(DEFAULT_PROFILE.severities[code]), message) for code, message in _quality()]
    parts = [("Preflight", preflight), ("Quality checks", qa)]
    return _HEAD + "\n".join(f"## {title}\n\n{_table(rows)}" for title, rows in parts)


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| finding | severity | says |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{code}` | {severity} | {message} |" for code, severity, message in rows), ""])


def _preflight() -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(_tree(_PREFLIGHT)):
        match node:
            case ast.Dict(keys=[ast.Constant(value=str()), *_] as keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    match (key, value):
                        case (ast.Constant(value=str(code)), ast.Tuple(elts=[ast.Name(id=name), message])):
                            yield code, name.strip("_").lower(), _text(message).replace("{count}", "N")
                        case _:
                            pass
            case _:
                pass


def _language() -> Iterator[tuple[str, str, str]]:
    for call in _calls(_INTAKE, "PreflightFinding"):
        given = {each.arg: each.value for each in call.keywords}
        severity = ast.unparse(given["severity"]).rpartition(".")[2].lower()
        yield _text(given["code"]), severity, f"{_text(given['message'])} {_text(given['action'])}"


def _quality() -> Iterator[tuple[str, str]]:
    for path in (_CHECKS, _LAYOUT_CHECKS):
        yield from _quality_in(path)


def _quality_in(path: Path) -> Iterator[tuple[str, str]]:
    messages: dict[str, str] = {}
    for node in ast.walk(_tree(path)):  # a message that is made before stands under the name it was given
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                messages[name] = _text(value)
            case _:
                pass
    for call in _calls(path, "_finding"):
        code, message = call.args[0], call.args[1]
        yield _text(code), messages[message.id] if isinstance(message, ast.Name) else _text(message)


def _calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called == name:
                yield node
            case _:
                pass


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _text(node: ast.expr) -> str:
    """A string as it is written; what is filled in later is N."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(each) for each in values)
        case _:
            return "N"


if __name__ == "__main__":
    DOCUMENT.write_text(findings_md(), encoding="utf-8")
