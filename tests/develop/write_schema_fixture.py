"""Write `tests/upgrade/schemas/NAME.tar.xz`: installations of one schema, killed in the middle of
their work.

`python tests/develop/write_schema_fixture.py NAME`, once for each released schema, with the code
that wrote it: to keep one of an older commit, check that out elsewhere and put its `src` folders
first in PYTHONPATH.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from e2e.slow_model import SlowModel
from servers.postgres import PostgresServer
from servers.process import wait_until
from servers.rabbitmq import RabbitMqServer
from upgrade.ways import OneProcess, Services, Way, result, small_document, submitted, until

FOLDER = Path(__file__).parents[1] / "upgrade" / "schemas"
LIVE_PARAGRAPHS = 160


def worked(way: Way, folder: Path) -> dict[str, object]:
    """Run an installation to a moment when jobs stand in all places,
    and kill it there; which job is where.
    """
    model = SlowModel(answers=2)
    try:
        with way.running(folder, model.settings) as client:
            finished = submitted(client, small_document("finished", 5), engine="pseudo")
            until(client, finished, "completed")
            stopped = submitted(
                client, small_document("stopped", 5), engine="pseudo", auto_start="false"
            )
            until(client, stopped, "queued")
            wait_until(
                lambda: (
                    client.get(f"jobs/{stopped}").json()["stage"] not in {"intake", "preflight"}
                ),
                timeout_s=60,
                what="preflight",
            )
            assert client.post(f"jobs/{stopped}/cancel").is_success
            until(client, stopped, "cancelled")
            model.status = 401
            parked = submitted(client, small_document("parked", 5), engine="openai")
            until(client, parked, "failed")
            model.status = 200
            live = submitted(client, small_document("live", LIVE_PARAGRAPHS), engine="openai")
            model.wait_until_held(1)
            batch = "translation.batch_translated"
            wait_until(
                lambda: any(
                    each["type"] == batch
                    for each in client.get(f"jobs/{live}/events").json()["items"]
                ),
                timeout_s=60,
                what="a translated batch",
            )
            jobs = {"finished": finished, "stopped": stopped, "parked": parked, "live": live}
            return {**jobs, "sha256": sha256(result(client, finished)).hexdigest()}
    finally:
        model.close()


def one_process(folder: Path) -> None:
    """The folder `one_process`: `jobs.json` and the state folder,
    its databases each in one file.
    """
    (folder / "state").mkdir(parents=True)
    jobs = worked(OneProcess(), folder)
    for name in ("server.json", "lock"):
        (folder / "state" / name).unlink(missing_ok=True)
    for path in list((folder / "state").glob("*.db")):
        with sqlite3.connect(path) as database:
            if path.name == "events.db":
                database.execute(
                    "UPDATE work_leases SET owner = replace(owner, ?, 'host')",
                    (socket.gethostname(),),
                )
                database.commit()
            database.execute("VACUUM INTO ?", (str(path.with_suffix(".whole")),))
        database.close()
        path.with_suffix(".whole").replace(path)
    for path in (folder / "state").glob("*.db-*"):
        path.unlink()
    (folder / "jobs.json").write_text(json.dumps(jobs, indent=1) + "\n")


def services(folder: Path) -> None:
    """The folder `services`: `jobs.json`, the dump of the database, and the objects."""
    folder.mkdir(parents=True)
    postgres, rabbitmq = PostgresServer(), RabbitMqServer()
    try:
        postgres.start()
        rabbitmq.start()
        url = postgres.create_database()
        jobs = worked(Services(postgres, rabbitmq, url), folder)
        dump = subprocess.run(
            ["pg_dump", "--no-owner", url], check=True, capture_output=True
        ).stdout
        (folder / "dump.sql").write_bytes(
            dump.replace(f"@{socket.gethostname()}:".encode(), b"@host:")
        )
    finally:
        postgres.close()
        rabbitmq.close()
    shutil.rmtree(folder / "logs")
    (folder / "jobs.json").write_text(json.dumps(jobs, indent=1) + "\n")


def packed(folder: Path) -> bytes:
    """The folder as an archive without times and owners."""

    def nameless(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        return info

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder), recursive=False, filter=nameless)
    return buffer.getvalue()


def write(name: str, ways: tuple[Callable[[Path], None], ...] = (one_process, services)) -> Path:
    """The fixture, written."""
    with tempfile.TemporaryDirectory() as folder:
        for way in ways:
            way(Path(folder) / way.__name__)
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{name}.tar.xz"
        path.write_bytes(packed(Path(folder)))
    return path


if __name__ == "__main__":
    print(write(sys.argv[1]))
