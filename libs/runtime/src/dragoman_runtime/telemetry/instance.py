"""The id of this process in metrics, log lines and traces, so that two of one service differ."""

from __future__ import annotations

import os
import socket

INSTANCE = f"{socket.gethostname()}:{os.getpid()}"
"""Host and process id. A child that computes has the id of the process that started it."""
