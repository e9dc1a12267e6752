"""Write `docs/reference/findings.md` from the code: `python tests/develop/write_findings_md.py`."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from dragoman_linguistics import DEFAULT_PROFILE, PROFILES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "findings.md"
_PREFLIGHT = ROOT / "libs/documents/src/dragoman_documents/docx/findings.py"
_INTAKE = ROOT / "services/intake/src/dragoman_intake/domain.py"
_LINGUISTICS = ROOT / "libs/linguistics/src/dragoman_linguistics"
_CHECKS = (_LINGUISTICS / "checks.py", *sorted((_LINGUISTICS / "quality").glob("*.py")))
_PLACED = "_at"  # a finding with its place: the pair stands before the code
_PROFILES = ("default", "strict", "lenient")

_QA_HEAD = """\
A project, a language pair or a request names the profile in `qa_profile`, and changes it check by check in `qa`:
`{"numbers.added": "info", "length.long": "off"}`. A job that was planned by an older version is judged by its rules.
What an engine can mend is asked for again before it stands here.
"""
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
    quality = dict(reversed([*_quality()]))  # the first words for a code count
    qa = [
        (code, *(str(PROFILES[name].severities.get(code, "off")) for name in _PROFILES), quality[code])
        for code in DEFAULT_PROFILE.severities
    ]
    return "\n".join(
        (
            f"{_HEAD}## Preflight\n\n{_table(('finding', 'severity', 'says'), preflight)}",
            f"## Quality checks\n\n{_QA_HEAD}\n{_table(('finding', *_PROFILES, 'says'), sorted(qa))}",
        )
    )


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    return "\n".join([*lines, *(f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in rows), ""])


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
    for path in _CHECKS:
        messages: dict[str, str] = {}
        for node in ast.walk(_tree(path)):  # a message that is made before stands under the name it was given
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    messages[name] = _text(value)
                case _:
                    pass
        for called in ("finding", _PLACED):
            for call in _calls(path, called):
                code, message = call.args[called == _PLACED :][:2]
                if isinstance(code, ast.Constant):
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
