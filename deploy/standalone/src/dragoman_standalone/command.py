"""The entry of the `dragoman` command: it hears an interruption from the first moment on.

The commands take a moment to import; nothing is begun by then, so that the process may just end.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130
# Some 2,000 modules come in, and none of what they define is garbage: at the usual thresholds the
# collector looks at them all 500 times, a sixth of the time that a command takes to start.
_SELDOM = 50_000, 20, 100


def main() -> None:
    """Run the command. A foreseen error is one line that names the cure;
    only bugs show their stack.
    """
    before = signal.signal(signal.SIGINT, _end)
    gc.set_threshold(*_SELDOM)
    from dragoman_standalone.cli import app

    signal.signal(signal.SIGINT, before)
    app()


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.stderr.write("Interrupted. Nothing was begun.\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)
