"""Reads a TMX file in a process of its own: `python -m dragoman_index.adapters.reading FD`.

libxml2 keeps strings by thread, and what one thread parses another must not free. Besides, a file
that crashes a parser takes nobody along. The file is inherited as descriptor FD, what is wanted comes
as JSON on standard input, and frames go out: length (4 bytes), kind (1 byte), JSON.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_exchange import Rejection, Repair, read_tmx
from dragoman_memory import Intake, units_in
from dragoman_memory.unit import MemoryState, SegmentType

FRAME = struct.Struct(">Ic")
UNIT, REJECTION, END, REFUSAL = b"u", b"r", b"e", b"x"


class Wanted(Value):
    """An `Intake`, as it crosses to the process."""

    source_locale: Locale
    target_locale: Locale
    namespace: str
    origin: str
    state: MemoryState
    segment_type: SegmentType
    project: str
    domain: str
    is_state_trusted: bool


class Ended(Value):
    """The end of the file, and the faults that reading put right."""

    repairs: tuple[Repair, ...] = ()


class Refused(Value):
    """The reason why the file cannot be read, or not any further."""

    code: str
    message: str


def wanted_of(intake: Intake) -> Wanted:
    """The intake as a value."""
    names = Wanted.model_fields.keys() - {"namespace"}
    said = {name: getattr(intake, name) for name in names}
    return Wanted(**said, namespace=str(intake.namespace))


def main(file: BinaryIO, asked: bytes, out: BinaryIO) -> None:
    """Write the file's units and rejections, in its order, and how it ended."""
    from uuid import UUID

    wanted = Wanted.model_validate_json(asked)
    said = {name: getattr(wanted, name) for name in Wanted.model_fields.keys() - {"namespace"}}
    intake = Intake(**said, namespace=UUID(wanted.namespace))

    def write(kind: bytes, value: Value) -> None:
        data = value.model_dump_json(exclude_defaults=kind == UNIT).encode()
        out.write(FRAME.pack(len(data), kind) + data)

    try:
        found = read_tmx(file)
        for each in units_in(found, intake):
            write(REJECTION if isinstance(each, Rejection) else UNIT, each)
        write(END, Ended(repairs=found.repairs.all()))
    except PermanentError as error:
        write(REFUSAL, Refused(code=error.code, message=error.message))
    out.flush()


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "rb") as inherited:
        main(inherited, sys.stdin.buffer.read(), sys.stdout.buffer)
