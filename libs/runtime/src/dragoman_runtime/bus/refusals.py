"""RabbitMQ's refusals that come again at every attempt: only a person can cure them."""

from __future__ import annotations

import ssl
from urllib.parse import unquote, urlsplit

from aio_pika import connect
from aio_pika.exceptions import (
    AMQPException,
    AuthenticationError,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)
from aiormq.exceptions import ChannelAccessRefused, ConnectionNotAllowed, InvalidFrameError

from dragoman_contracts.errors import PermanentError

_PATIENCE = 3
"""Refusals of a login or a virtual host in a row that are waited out: a broker that boots refuses
users it has not read yet.
"""


class BusRefusedError(PermanentError):
    """RabbitMQ answers, and refuses the user, the virtual host or a queue."""

    default_code = "bus.unauthorised"


async def try_bus(url: str) -> str:
    """Connect once, and say in words where; declares nothing.

    Raises:
        BusRefusedError: RabbitMQ refuses, or cannot be reached now.
    """
    refusals = Refusals(url)
    try:
        connection = await connect(url, timeout=5)
    except (AMQPException, OSError, RuntimeError) as error:
        cure = refusals.cure_of(error) or f"no connection ({type(error).__name__}). Is it running?"
        raise BusRefusedError(f"{refusals.where}: {cure}") from error
    await connection.close()
    return f"answers: {refusals.where}"


class Refusals:
    """Tells when an error of a connection will not pass, with its cure.

    `host` is the server with its port, `where` names user and virtual host too.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        self.host = host
        login, vhost = unquote(user.partition(":")[0]) or "guest", unquote(parts.path[1:]) or "/"
        self.where = f"RabbitMQ at {self.host}, user {login}, virtual host {vhost}"
        self._count = 0

    def of(self, error: BaseException) -> BusRefusedError | None:
        """The refusal, in words and without the password; None while waiting may help."""
        cure = self.cure_of(error)
        if cure is None:
            self._count = 0
            return None
        self._count += 1
        if self._count < _PATIENCE:
            return None
        return BusRefusedError(f"{self.where}: {cure}")

    @staticmethod
    def cure_of(error: BaseException) -> str | None:
        """The cure of an error that comes again at every attempt; None for all others."""
        match error:
            case AuthenticationError() | ProbableAuthenticationError():
                return "user or password is wrong; correct DRAGOMAN_AMQP_URL, or the user."
            case ConnectionNotAllowed():
                return "there is no such virtual host, or the user has no right to it."
            # The client library gives no text of the Close that answers Open (AMQP 0-9-1,
            # connection.open).
            case InvalidFrameError() if "OpenOk" in str(error) and ".Close" in str(error):
                return "there is no such virtual host, or the user has no right to it."
            case ChannelAccessRefused():
                return "the user needs the rights to configure, write and read there."
            case ChannelPreconditionFailed():
                return "a queue or exchange is there with other arguments; delete it."
            case _:
                return _untrusted(error)


def _untrusted(error: BaseException) -> str | None:
    """The words for a certificate that is not trusted, wherever in the error's causes it is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message}); set DRAGOMAN_AMQP_CA_FILE."
        cause = cause.__cause__
    return None
