"""Write `docs/reference/findings.md` from the code: `python tests/develop/write_findings_md.py`."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from dragoman_contracts.reports import Cure
from dragoman_linguistics import DEFAULT_PROFILE, JUDGED, PROFILES
from dragoman_linguistics.quality.curing import RETRANSLATED
from dragoman_linguistics.quality.fixes import FIXABLE

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "findings.md"
_PREFLIGHT = ROOT / "libs/documents/src/dragoman_documents/docx/findings.py"
_INTAKE = ROOT / "services/intake/src/dragoman_intake/domain.py"
_LINGUISTICS = ROOT / "libs/linguistics/src/dragoman_linguistics"
_CHECKS = (
    _LINGUISTICS / "checks.py",
    *sorted((_LINGUISTICS / "quality").glob("*.py")),
    *sorted((ROOT / "services/qa/src/dragoman_qa/adapters").glob("*.py")),
)
_PLACED = ("_at", "at")  # a finding with its place: the pair stands before the code
_PROFILES = ("default", "strict", "lenient")

_QA_HEAD = """\
A project, a language pair or a request names the profile in `qa_profile`, and changes it check by check in `qa`:
`{"numbers.added": "info", "length.long": "off"}`. A job that was planned by an older version is judged by its rules.
What an engine can mend is asked for again before it stands here. `qa` also takes `"forbidden_words": ["…"]`, words that
may not stand in a translation, and `"lqa_scheme": "matecat"`.

Each finding says its cure. **autofix**: there is one right text, which keeps the tags, takes the finding away and makes
no other. **retranslate**: another answer of the engine may be without it. **person**: somebody has to look. A finding
with *autofix, else …* below has the second cure where there is no one right text. A finding that somebody dismissed
stays as an info, "dismissed: reason", while source and target keep their texts.

The report of a job also has a score, `lqa`: penalty points per thousand words of the source, by the categories of MQM.
An info costs nothing, a warning is a minor or a major error, a blocker is critical. With `mqm`, the default, errors
cost 1, 5 and 25 points, and a job passes with 25; with `matecat` they cost 0.5, 2 and 2, and it passes with 8.

`grammar.languagetool` is asked of a server of yours that `DRAGOMAN_LANGUAGETOOL_URL` names, and of none where it is
empty. A language that the server lacks stands in the report under `not_applicable`.

Codes of `judge` are [advice of a model](../use/review.md#advice-of-a-model), where `"judge": "MODEL-ID"` names one.
Advice is an info, or off, in every profile; its own severity is in `mqm`.
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
    quality |= {code: f"A model sees, as N, {words}" for code, words in JUDGED.items()}
    qa = [
        (
            code,
            *(str(PROFILES[name].severities.get(code, "off")) for name in _PROFILES),
            _cure(code),
            quality[code],
        )
        for code in DEFAULT_PROFILE.severities
    ]
    return "\n".join(
        (
            f"{_HEAD}## Preflight\n\n{_table(('finding', 'severity', 'says'), preflight)}",
            f"## Quality checks\n\n{_QA_HEAD}\n{_table(('finding', *_PROFILES, 'cure', 'says'), sorted(qa))}",
        )
    )


def _cure(code: str) -> str:
    other = Cure.RETRANSLATE if code in RETRANSLATED else Cure.PERSON
    return f"{Cure.AUTOFIX}, else {other}" if code in FIXABLE else other


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    return "\n".join([*lines, *(f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in rows), ""])


def _preflight() -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(_tree(_PREFLIGHT)):
        match node:
            case ast.Dict(keys=[ast.Constant(value=str()), *_] as keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    match (key, value):
                        case (
                            ast.Constant(value=str(code)),
                            ast.Tuple(elts=[ast.Name(id=name), message]),
                        ):
                            yield (
                                code,
                                name.strip("_").lower(),
                                _text(message)
                                .replace("{count}", "N")
                                .replace("{names}", "their codes"),
                            )
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
        # A message that is made before stands under the name it was given.
        for node in ast.walk(_tree(path)):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    messages[name] = _text(value)
                case _:
                    pass
        for called in ("finding", *_PLACED):
            for call in _calls(path, called):
                code, message = call.args[called in _PLACED :][:2]
                if isinstance(code, ast.Constant):
                    yield (
                        _text(code),
                        messages[message.id] if isinstance(message, ast.Name) else _text(message),
                    )


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
