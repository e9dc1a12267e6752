"""The inputs of a translation on the command line: files and folders, and where each result goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.references import WORD_MEDIA_TYPES

SUFFIXES = frozenset(WORD_MEDIA_TYPES)


class InputRefusedError(PermanentError):
    """The files that were named cannot be taken as they are; the command line was wrong."""

    default_code = "usage.input"


@dataclass(frozen=True, slots=True)
class Input:
    """One file to translate. `name` is relative, with `/`, and kept under the output folder."""

    path: Path
    name: str
    output: Path

    def beside(self, suffix: str) -> Path:
        """A file beside the output: `terms.docx` and `.report.json` give `terms.report.json`."""
        return self.output.with_name(self.output.stem + suffix)


def gather(paths: Sequence[Path], out: Path) -> list[Input]:
    """The files of these files and folders, in a stable order.

    A single file may name its result: `-o result.docx`. Word's own lock files (`~$…`) are left out.

    Raises:
        InputRefusedError: a path is not there, a folder holds no document, or a result would overwrite a source or
            another result.
    """
    if len(paths) == 1 and paths[0].is_file() and out.suffix.lower() in SUFFIXES and not out.is_dir():
        found = [Input(paths[0], paths[0].name, out)]
    else:
        found = [Input(path, name, out / name) for each in paths for path, name in _files(each)]
    _require_distinct(found)
    return found


def _files(path: Path) -> list[tuple[Path, str]]:
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise InputRefusedError(f"{path} is not there; name a DOCX file or a folder of them.")
    inside = sorted(each for each in path.rglob("*") if _is_document(each))
    if not inside:
        raise InputRefusedError(f"{path} holds no DOCX file.")
    return [(each, each.relative_to(path).as_posix()) for each in inside]


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("~$") and path.is_file()


def _require_distinct(inputs: Iterable[Input]) -> None:
    sources = {each.path.resolve() for each in inputs}
    taken: set[Path] = set()
    for each in inputs:
        output = each.output.resolve()
        if output in sources:
            raise InputRefusedError(f"{each.output} is a source; choose another output folder.")
        if output in taken:
            raise InputRefusedError(f"Two files would become {each.output}; translate them one after the other.")
        taken.add(output)
