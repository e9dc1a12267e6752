"""What a command may do, what is seen of it, and what is left: real processes, some of them hostile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman_contracts.commands import LOG_CHARACTERS
from dragoman_contracts.errors import PermanentError
from dragoman_extract.adapters.command import supervisor
from dragoman_extract.adapters.command.files import OutputRefusedError, found_in, safe_name
from dragoman_extract.ports import Ending
from dragoman_extract.settings import CommandSettings
from dragoman_runtime.computing import ProcessLostError
from dragoman_runtime.settings import SettingsError, load
from services.extract.commands import STUBBORN, Place, environment, is_alive, pid_in, python, until

HALF_S = 0.5
SUPERVISOR = Path(supervisor.__file__).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "commands")


async def test_a_command_reads_its_document_and_its_files_come_out(place: Place) -> None:
    end, files = await place.run(
        "sh",
        "-c",
        'cat "$0" > "$1/a b.md"; mkdir "$1/deep"; echo 2 > "$1/deep/c.json"; echo said; echo also >&2',
        "{input}",
        "{output_dir}",
    )
    assert end.is_well
    assert files == {"a_b.md": b"text", "deep/c.json": b"2\n"}
    assert end.log == "said\nalso\n"
    assert place.left == []


async def test_an_argument_with_spaces_and_quotes_is_one_word(place: Place) -> None:
    name = """a "b' $(touch x) ; c.pdf"""
    end, _ = await place.run("printf", "[%s]", "{input_name}", values={"input_name": name})
    assert end.log == f"[{name}]"


async def test_a_command_sees_nothing_of_the_worker_s_environment(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_S3_SECRET_KEY", "hush")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    place.given = {"command_environment": "HTTPS_PROXY, NOT_SET"}
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    end, _ = await place.run(*python(program))
    seen: dict[str, str] = json.loads(end.log)
    assert seen.keys() == {
        *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "DRAGOMAN_RUN", "HTTPS_PROXY")
    }
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert seen["HOME"].startswith(str(place.folder))
    assert seen["HOME"] == seen["TMPDIR"]


def test_names_of_variables_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsError, match="DRAGOMAN_COMMAND_ENVIRONMENT"):
        load(CommandSettings, {"command_environment": "A=b"})


async def test_stdin_is_closed_and_cores_are_off(place: Place) -> None:
    program = "import resource, sys; print(repr(sys.stdin.read()), resource.getrlimit(resource.RLIMIT_CORE))"
    end, _ = await place.run(*python(program))
    assert end.log == "'' (0, 0)\n"


async def test_fifty_megabytes_of_output_are_cut_in_the_middle(place: Place) -> None:
    program = (
        "import sys\n"
        "print('the beginning')\n"
        "for _ in range(800): sys.stdout.write('ü' * 32767 + '\\n')\n"
        "print('the end')\n"
    )
    end, _ = await place.run(*python(program))
    assert end.is_well
    assert end.is_truncated
    assert len(end.log) <= LOG_CHARACTERS
    assert end.log.startswith("the beginning\n")
    assert end.log.endswith("the end\n")
    assert "characters left out" in end.log


async def test_bytes_that_are_no_text_are_replaced(place: Place) -> None:
    end, _ = await place.run("printf", "a\\377\\303b\\303")
    assert end.log == "a\ufffd\ufffdb\ufffd"


async def test_lines_of_progress_are_heard_while_it_runs(place: Place) -> None:
    await place.run("sh", "-c", "for i in 1 2 3; do echo dragoman-progress: $i/3; sleep 0.4; done")
    heard = [(each.done_count, each.item_count) for each in place.heard]
    assert heard[0] == (1, 3)
    assert heard[-1] == (3, 3)
    assert place.heard[-1].log_tail.endswith("dragoman-progress: 3/3\n")


async def test_a_program_that_is_not_there_or_cannot_start_is_told_apart(
    place: Place, tmp_path: Path
) -> None:
    end, _ = await place.run("no-such-program")
    assert end.ending is Ending.NOT_FOUND
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o700)
    end, _ = await place.run(str(broken))
    assert (end.ending, end.reason) == (Ending.NOT_STARTED, "No such file or directory")


async def test_what_is_written_elsewhere_stays_there_and_is_no_result(
    place: Place, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    end, files = await place.run("sh", "-c", 'echo x > "$0"; echo y > here', str(outside))
    assert (end.is_well, files) == (True, {})
    assert outside.read_text() == "x\n"
    assert place.left == []


async def test_exit_status_and_signal_are_told(place: Place) -> None:
    end, _ = await place.run("sh", "-c", "exit 7")
    assert (end.ending, end.exit_code, end.signal, end.is_well) == (Ending.EXITED, 7, 0, False)
    end, _ = await place.run("sh", "-c", "kill -SEGV $$")
    assert (end.signal, end.is_well) == (signal.SIGSEGV, False)


async def test_a_file_beyond_the_limit_ends_the_command(place: Place) -> None:
    place.given = {"command_output_mib": 1}
    end, _ = await place.run("dd", "if=/dev/zero", "of={output_dir}/big", "bs=1M", "count=3")
    assert not end.is_well


async def test_at_its_time_all_it_started_is_ended_whatever_it_ignores(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tmp_path / "supervisor.py"
    quick.write_text(SUPERVISOR.replace("GRACE_S = 5.0", f"GRACE_S = {HALF_S}"))
    monkeypatch.setattr("dragoman_extract.adapters.command.runner._SUPERVISOR", str(quick))
    pid = tmp_path / "pid"
    end, _ = await place.run(*python(STUBBORN, str(pid)), timeout_s=1)
    assert (end.ending, end.signal) == (Ending.TIMED_OUT, signal.SIGKILL)
    assert not is_alive(pid_in(pid))
    assert place.left == []


async def test_what_goes_on_behind_a_command_that_ended_is_ended(
    place: Place, tmp_path: Path
) -> None:
    end, _ = await place.run(
        "sh",
        "-c",
        'setsid sh -c "echo \\$\\$ > $0; sleep 600" & while [ ! -s $0 ]; do :; done',
        f"{tmp_path}/pid",
    )
    assert end.is_well
    assert not is_alive(pid_in(tmp_path / "pid"))


async def test_a_command_that_is_broken_off_is_gone_when_the_cancellation_comes_out(
    place: Place, tmp_path: Path
) -> None:
    running = asyncio.ensure_future(
        place.run("sh", "-c", "echo $$ > $0; exec sleep 600", f"{tmp_path}/pid")
    )
    pid = await asyncio.to_thread(pid_in, tmp_path / "pid")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_alive(pid)
    assert place.left == []


async def test_a_killed_supervisor_leaves_nothing_and_the_work_may_be_tried_again(
    place: Place, tmp_path: Path
) -> None:
    running = asyncio.ensure_future(place.run(*python(STUBBORN, f"{tmp_path}/pid")))
    pid = await asyncio.to_thread(pid_in, tmp_path / "pid")
    (token,) = place.left
    os.kill(_supervisor_of(place.folder / token), signal.SIGKILL)
    with pytest.raises(ProcessLostError):
        await running
    assert not is_alive(pid)
    assert place.left == []


def _supervisor_of(folder: Path) -> int:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_it = (entry / "cwd").readlink() == folder / "work"
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if is_it and any(word.endswith(b"supervisor.py") for word in words):
            return int(entry.name)
    raise LookupError("there is no supervisor")


def test_a_killed_worker_s_command_ends_and_its_folder_goes(place: Place, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from services.extract.commands import Place\n"
        "place = Place(Path(sys.argv[1]))\n"
        "asyncio.run(place.run('sh', '-c', 'echo $$ > $0; exec sleep 600', sys.argv[2]))\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, place.folder, f"{tmp_path}/pid"], env=environment()
    )
    pid = pid_in(tmp_path / "pid")
    worker.kill()
    worker.wait()
    until(lambda: not is_alive(pid) and not place.left)


def test_leftovers_of_killed_processes_are_removed_at_the_next_start(place: Place) -> None:
    token = "0" * 32
    left = place.folder / token
    (left / "work").mkdir(parents=True)
    (left / "lock").touch()
    (place.folder / "somebody's").mkdir()
    sleeper = subprocess.Popen(
        ["sleep", "600"], env={"DRAGOMAN_RUN": token, "PATH": "/usr/bin:/bin"}
    )
    assert place.runner.clear_leftovers() == 1
    assert sleeper.wait() == -signal.SIGKILL
    assert place.left == ["somebody's"]


async def test_a_run_that_goes_on_is_no_leftover(place: Place, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    running = asyncio.ensure_future(
        place.run("sh", "-c", "echo $$ > $0; cat $1 > /dev/null", f"{tmp_path}/pid", str(go))
    )
    await asyncio.to_thread(pid_in, tmp_path / "pid")
    assert place.runner.clear_leftovers() == 0
    await asyncio.to_thread(go.write_text, "go")
    end, _ = await running
    assert end.is_well


async def test_folders_without_rights_are_removed(place: Place) -> None:
    await place.run(
        "sh", "-c", "mkdir -p $0/a/b; touch $0/a/b/c; chmod 000 $0/a/b $0/a", "{output_dir}"
    )
    assert place.left == []


async def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermanentError, match="DRAGOMAN_COMMAND_DIR") as refused:
        await Place(tmp_path / "link").run("true")
    assert refused.value.code == "command.folder_unsafe"


def test_only_files_of_the_folder_come_out(tmp_path: Path) -> None:
    out, secret = tmp_path / "out", tmp_path / "secret"
    secret.write_text("secret")
    (out / "in").mkdir(parents=True)
    (out / "a.md").write_text("a")
    (out / "inside").symlink_to(out / "a.md")
    (out / "outside").symlink_to(secret)
    (out / "folder").symlink_to("/etc")
    (out / "lost").symlink_to("nothing")
    os.mkfifo(out / "pipe")
    (out / os.fsdecode(b"in/b\xff.png")).write_bytes(b"\xff")
    files, left_out = found_in(out, most_files=10, most_bytes=1_000)
    assert [(each.path, each.name, each.media_type) for each in files] == [
        ("a.md", "a.md", "text/markdown; charset=utf-8"),
        ("inside", "inside", "application/octet-stream"),
        ("in/b?.png", "in/b_.png", "image/png"),
    ]
    assert {each.path: each.reason for each in left_out} == {
        "outside": "a link that leads out of the folder",
        "folder": "a link that leads out of the folder",
        "lost": "it cannot be read",
        "pipe": "no file",
    }


@pytest.mark.parametrize(
    ("files", "bytes_", "word"), [(2, 1_000, "2 files"), (10, 2, "DRAGOMAN_COMMAND_OUTPUT_MIB")]
)
def test_more_than_an_installation_keeps_is_refused(
    tmp_path: Path, files: int, bytes_: int, word: str
) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    with pytest.raises(OutputRefusedError, match=word):
        found_in(tmp_path, most_files=files, most_bytes=bytes_)


def test_names_are_safe_and_none_is_given_twice() -> None:
    taken: set[str] = set()
    names = [safe_name(path, taken) for path in ("ä.md", "ö.md", ".x", "_/y", "n" * 300 + ".json")]
    assert names[0] == "file_.md"
    assert names[1].startswith("file_-")
    assert names[2:4] == ["file.x", "file_/y"]
    assert (len(names[4]), names[4][-5:]) == (120, ".json")
    assert len(taken) == 5
