"""A private RabbitMQ node with its own name, ports, epmd and folders,
apart from any broker of the machine.
"""

import secrets
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from servers.certificates import certificate
from servers.process import ServerProcess, ServerStartError, free_port, require_binary, wait_until

_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"
_BOOTED = b"Server startup complete"
_TAKEN = b"could_not_start_listener"

# The wrapper in /usr/sbin insists on being root and on the machine's own folders; the script behind
# it does not.
_SCRIPTS = "/usr/lib/rabbitmq/bin"


class _Epmd(ServerProcess):
    """Erlang's port mapper for one node,
    so that a mapper of the machine neither sees it nor is started by it.
    """

    name = "epmd"

    @property
    def url(self) -> str:
        return f"epmd://127.0.0.1:{self.port}"

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        """There is nothing to lay out."""

    def command(self) -> Sequence[str | Path]:
        return [
            require_binary(["epmd"], "erlang-base"),
            "-address",
            "127.0.0.1",
            "-port",
            str(self.port),
        ]

    def is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class RabbitMqServer(ServerProcess):
    """A RabbitMQ broker on a free port, for the user guest; starts in 5 to 10 s.

    With `has_metrics` it serves `/metrics` for Prometheus at `metrics_port`.
    """

    name = "rabbitmq"

    def __init__(self, *, has_metrics: bool = False) -> None:
        self._has_metrics, self.metrics_port = has_metrics, free_port()
        self._script = require_binary([f"{_SCRIPTS}/rabbitmq-server"], "rabbitmq-server")
        self._ctl = require_binary([f"{_SCRIPTS}/rabbitmqctl"], "rabbitmq-server")
        super().__init__()
        self._distribution_port, self._tls_port = free_port(), free_port()
        self._certificate = certificate(self.folder)
        self._node = f"dragoman-{secrets.token_hex(4)}@localhost"
        self._epmd = _Epmd()
        self._log_offset = 0

    @property
    def url(self) -> str:
        """The AMQP address, virtual host included."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def tls_url(self) -> str:
        """The AMQP address over TLS; its certificate is in `certificate_file`."""
        return f"amqps://guest:guest@127.0.0.1:{self._tls_port}/"

    @property
    def certificate_file(self) -> Path:
        """The node's certificate, which signs itself."""
        return self._certificate.file

    @property
    def data_folder(self) -> Path:
        """The node's database: queues, messages, users."""
        return self.folder / "mnesia"

    def prepare(self) -> None:
        """Write the node's configuration and start its port mapper."""
        plugins = "rabbitmq_prometheus" if self._has_metrics else ""
        (self.folder / "enabled_plugins").write_text(f"[{plugins}].\n")
        (self.folder / "env.conf").write_text("")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.port}\n"
            f"listeners.ssl.local = 127.0.0.1:{self._tls_port}\n"
            f"ssl_options.certfile = {self._certificate.file}\n"
            f"ssl_options.keyfile = {self._certificate.key}\n"
            "ssl_options.verify = verify_none\n"
            "log.console = true\n"
            "log.console.level = info\n"
            "disk_free_limit.absolute = 50MB\n"
            + (f"prometheus.tcp.port = {self.metrics_port}\n" if self._has_metrics else "")
        )
        self._epmd.start()

    def command(self) -> Sequence[str | Path]:
        """The node in the foreground."""
        return [self._script]

    def environment(self) -> Mapping[str, str]:
        """The node's own places for all that RabbitMQ otherwise keeps in the machine's."""
        return {
            "HOME": str(self.folder),  # where Erlang keeps the cookie
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the broker instead of watching it
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_MNESIA_BASE": str(self.data_folder),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
        }

    def start(self) -> None:
        """Start the node; its listener opens a moment before its boot is complete,
        and the boot is waited for.
        """
        has_served = self._log_offset > 0
        for is_last in (False, False, True):
            self._log_offset = self.log_file.stat().st_size if self.log_file.exists() else 0
            try:
                super().start()
            except ServerStartError:
                # Another process may have taken a port since it was found free.
                if has_served or is_last or _TAKEN not in self.log_file.read_bytes():
                    raise
                self.port, self._tls_port, self._distribution_port = (
                    free_port(),
                    free_port(),
                    free_port(),
                )
            else:
                return

    def is_ready(self) -> bool:
        """Whether the node has booted and answers the AMQP greeting with its own."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_offset)
            if _BOOTED not in log.read():
                return False
        with socket.socket() as probe:
            probe.settimeout(2)
            try:
                probe.connect(("127.0.0.1", self.port))
                probe.sendall(_PROTOCOL_HEADER)
                return probe.recv(1) == _METHOD_FRAME
            except OSError:
                return False

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node and give what it printed; about 2 s a call."""
        return subprocess.run(
            [str(self._ctl), "--quiet", "--node", self._node, *arguments],
            env={**self.environment(), "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def wait_until_queues_are_durable(self) -> None:
        """Return when the node has written down each of its quorum queues, about 1 s after the last
        was declared.

        RabbitMQ registers a new quorum queue in a table that it saves once a second. A node that is
        killed before comes back with a queue that never finds a leader: publishing is refused and
        consumers hang until it is deleted.
        """
        quorum = self.data_folder / self._node / "quorum" / self._node

        def are_written() -> bool:
            registered = (quorum / "names.dets").read_bytes()
            return all(
                queue.name.encode() in registered for queue in quorum.iterdir() if queue.is_dir()
            )

        wait_until(are_written, timeout_s=10, what="RabbitMQ to save its quorum queues")

    def close(self) -> None:
        """End the node and its port mapper."""
        super().close()
        self._epmd.close()
