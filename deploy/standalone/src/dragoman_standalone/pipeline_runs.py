"""One-shot runs of a pipeline that translates nothing: files in, a folder of results for each out.

The API is asked, of a server or of this process: a run here and a run on a server are one. The
idempotency key of a file is made of its bytes, its name and the pipeline: so a later run finds the
job of an earlier one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from typing_extensions import override

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.web.uploads import Upload
from dragoman_standalone.client import Api
from dragoman_standalone.delivery import write
from dragoman_standalone.inputs import Input, InputRefusedError, require_writable
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.remote import Body, Terms
from dragoman_standalone.settings import StandaloneSettings
from dragoman_standalone.translating import DOMAIN_PACK, MAX_REFERENCE
from dragoman_standalone.translation_options import Unfinished

PARSED = frozenset(
    {
        *(".docx", ".docm", ".dotx", ".dotm", ".pdf", ".html", ".htm", ".xhtml"),
        *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".txt", ".md"),
    }
)
"""The suffixes of files that `dragoman-parse` reads."""

_START_S = 1.0
_FILE, _LOG = "file", "command_log"


@dataclass(frozen=True, slots=True)
class RunTerms(Terms):
    """A run of a pipeline."""

    pipeline: str
    chosen: Unfinished
    of_project: str

    @property
    @override
    def project(self) -> str:
        return self.of_project

    @property
    @override
    def unfinished(self) -> Unfinished:
        return self.chosen

    @override
    def key(self, name: str, upload: Upload, count: int) -> str:
        digest = hashlib.sha256(upload.content).hexdigest()
        asked = json.dumps(["run", self.pipeline, digest, name, count])
        return "cli-" + hashlib.sha256(asked.encode()).hexdigest()

    @override
    def fields(self, name: str) -> dict[str, str]:
        is_fresh = self.chosen is Unfinished.FRESH
        fields = {
            "project_code": self.of_project,
            "domain_pack_code": DOMAIN_PACK,
            "pipeline_id": self.pipeline,
            "external_reference": name[-MAX_REFERENCE:],
            "auto_start": "true",
            "force_reparse": str(is_fresh).lower(),
        }
        if self.chosen is not Unfinished.REFUSE:
            fields["on_unfinished"] = self.chosen.value
        return fields


@asynccontextmanager
async def served_here(settings: StandaloneSettings) -> AsyncGenerator[Api]:
    """The API of this process, which works on its state folder for the block.

    Raises:
        StateLockedError, StateFolderError: the folder is another process's, or cannot be written.
    """
    # The application is slow to import, and a server has it already.
    import httpx

    from dragoman_gateway.app import create_app
    from dragoman_standalone.local_access import passing_token
    from dragoman_standalone.platform import at_work, opened

    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(opened(settings))
        await stack.enter_async_context(at_work(platform, patience_s=_START_S))
        token = await stack.enter_async_context(passing_token(platform.ports.catalog))
        client = httpx.AsyncClient(
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
            transport=httpx.ASGITransport(create_app(platform.ports)),
        )
        yield Api(await stack.enter_async_context(client))


async def require_pipeline(api: Api, name: str) -> None:
    """Return where there is such a pipeline, and it translates nothing.

    Raises:
        InputRefusedError: there is none, or it needs languages.
    """
    found = await api.find(f"pipelines/{quote(name, safe='')}")
    if found is None:
        raise InputRefusedError(
            f"There is no pipeline {name!r}; `dragoman pipelines list` has all."
        )
    if "locales" in found["needs"]:
        raise InputRefusedError(
            f"Pipeline {name!r} needs languages; `dragoman translate` has them."
        )


def gather_for_run(
    paths: Sequence[Path], out: Path, suffixes: frozenset[str] | None = None
) -> list[Input]:
    """The files of these files and folders, each with the folder of its results.

    Hidden files are left out of folders; with `suffixes`, files of other kinds too.

    Raises:
        InputRefusedError: a path is not there, a file is of no kind that is taken, a folder holds
            none, two files have one name, or results cannot be written.
    """
    found = [
        Input(path, name, out / name) for each in paths for path, name in _files(each, suffixes)
    ]
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputRefusedError(f"Two files are named {twice}; run them one after the other.")
    for each in found:
        if each.output.is_file():
            raise InputRefusedError(
                f"{each.output} is a file, but a folder of results must have this name; choose another --out."
            )
    require_writable(Input(each.path, each.name, each.output / "results") for each in found)
    return found


def _files(path: Path, suffixes: frozenset[str] | None) -> Iterable[tuple[Path, str]]:
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if _is_taken(each, path, suffixes))
        if not inside:
            raise InputRefusedError(f"{path} holds no file that can be taken.")
        return [(each, each.relative_to(path).as_posix()) for each in inside]
    if not path.is_file():
        raise InputRefusedError(f"{path} is not there; name a file, or a folder of files.")
    if suffixes is not None and path.suffix.lower() not in suffixes:
        known = ", ".join(sorted(each.removeprefix(".") for each in suffixes))
        raise InputRefusedError(f"{path} is of no kind that is parsed; it can be {known}.")
    return [(path, path.name)]


def _is_taken(path: Path, top: Path, suffixes: frozenset[str] | None) -> bool:
    is_hidden = any(part.startswith((".", "~$")) for part in path.relative_to(top).parts)
    is_kind = suffixes is None or path.suffix.lower() in suffixes
    return not is_hidden and is_kind and path.is_file()


async def deliver(api: Api, file: Input, job: Body, outcome: FileOutcome) -> FileOutcome:
    """The outcome with the files that the job gave, written into the file's folder; of a job that
    failed, with its log beside.
    """
    try:
        if job["status"] == JobStatus.COMPLETED:
            return await _with_files(api, file, job, outcome)
        return await _with_log(api, file, job, outcome)
    except DragomanError as error:
        failed = {"status": JobStatus.FAILED, "code": error.code, "message": error.message}
        return outcome.model_copy(update=failed)
    except OSError as error:
        message = (
            f"{error.filename or file.output} cannot be written: {error.strerror}. The results are kept: "
            "put that right and ask again, nothing is run twice."
        )
        failed = {"status": JobStatus.FAILED, "code": "output.unwritable", "message": message}
        return outcome.model_copy(update=failed)


async def _with_files(api: Api, file: Input, job: Body, outcome: FileOutcome) -> FileOutcome:
    for each in job["artifacts"]:
        if each["kind"] == _FILE:
            data = await api.download(str(each["download_url"]))
            write(file.output / PurePosixPath(each["name"]), data)
    file.output.mkdir(parents=True, exist_ok=True)
    _log_beside(file).unlink(missing_ok=True)  # of an earlier run that failed
    return outcome.model_copy(update={"output": str(file.output)})


async def _with_log(api: Api, file: Input, job: Body, outcome: FileOutcome) -> FileOutcome:
    logs = [each for each in job["artifacts"] if each["kind"] == _LOG]
    if not logs:
        return outcome
    path = _log_beside(file)
    write(path, await api.download(str(logs[-1]["download_url"])))
    return outcome.model_copy(update={"report": str(path)})


def _log_beside(file: Input) -> Path:
    return file.output.with_name(f"{file.output.name}.log")
