"""A private S3 server that checks signatures: nanio, on a free port."""

import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from minio import Minio

from servers.process import ServerProcess, require_binary


class S3Server(ServerProcess):
    """An S3 server of path-style buckets without TLS; starts in about 1 s."""

    name = "s3"

    def __init__(self) -> None:
        self._nanio = require_binary(
            [Path(sys.executable).parent / "nanio", "nanio"], "nothing: run make test"
        )
        super().__init__()
        self.access_key = secrets.token_hex(8)
        self.secret_key = secrets.token_hex(20)
        self.region = "us-east-1"

    @property
    def url(self) -> str:
        """The endpoint, as the AWS tools name it."""
        return f"http://{self.endpoint}"

    @property
    def endpoint(self) -> str:
        """Host and port, as the minio client wants them."""
        return f"127.0.0.1:{self.port}"

    @property
    def data_folder(self) -> Path:
        """The buckets."""
        return self.folder / "buckets"

    def prepare(self) -> None:
        """Make the folder of the buckets.

        What a killed server left half-written goes: while nanio's `KEY.json.tmp` is there, it
        answers 500 to every PUT of that key, for ever.
        """
        self.data_folder.mkdir(exist_ok=True)
        for left in self.data_folder.rglob("*.json.tmp"):
            left.unlink()

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--data-dir", self.data_folder)
        return [
            self._nanio,
            "serve",
            *where,
            "--region",
            self.region,
            "--log-level",
            "warning",
            "--no-access-log",
        ]

    def environment(self) -> Mapping[str, str]:
        """The one user there is."""
        return {"NANIO_ACCESS_KEY": self.access_key, "NANIO_SECRET_KEY": self.secret_key}

    def is_ready(self) -> bool:
        """Whether the server answers HTTP; a request without signature is
        refused, which is an answer.
        """
        try:
            with urllib.request.urlopen(self.url, timeout=2):  # noqa: S310 - our own address
                return True
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return True
        except OSError:
            return False

    def client(self) -> Minio:
        """A client with the server's credentials."""
        return Minio(
            self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
            region=self.region,
        )

    def create_bucket(self) -> str:
        """Make an empty bucket of a name that was never used and give the name."""
        name = f"test-{secrets.token_hex(6)}"
        self.client().make_bucket(name)
        return name
