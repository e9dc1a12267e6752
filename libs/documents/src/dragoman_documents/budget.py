"""Limits that keep a hostile document from costing more than an honest one.

Each reader holds what it is about to use against the limit of that name:

    Budget(depth=50).hold("depth", 51)     "The document needs 51 depth, more than the 50 allowed. …"
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dragoman_contracts.model import Value
from dragoman_documents.errors import TooLargeError

_MIB = 1024 * 1024
Positive = Annotated[int, Field(gt=0)]


class Budget(Value):
    """The share of a machine that one document may use.

    The defaults let through every honest document seen so far with a wide margin: a thousand pages
    are about 15 MiB of XML. Memory follows from `xml_bytes` and `elements`: tree and units take
    some twenty times the XML: 2 GiB.
    """

    package_bytes: Positive = 512 * _MIB
    entries: Positive = 20_000
    unpacked_bytes: Positive = 1024 * _MIB
    part_bytes: Positive = 64 * _MIB
    xml_bytes: Positive = 96 * _MIB
    # A short part may well shrink to a thousandth: the ratio tells a ZIP bomb only in long parts.
    ratio: Positive = 250
    ratio_from_bytes: Positive = 8 * _MIB
    # libxml2's own limit of 256 levels is lifted (`xml`), and Python's stack ends near 1,000.
    depth: Positive = 500
    elements: Positive = 4_000_000
    attributes: Positive = 2_000
    # Word hashes a password 100,000 times; a hostile file may state any number.
    password_rounds: Positive = 1_000_000

    def hold(self, limit: str, value: int) -> None:
        """Refuse the document when `value` passes the limit of that name.

        Raises:
            TooLargeError: the message names the limit, its size and the cure.
        """
        allowed: int = getattr(self, limit)
        if value > allowed:
            raise TooLargeError(
                f"The document needs {value:,} {limit.replace('_', ' ')}, more than the {allowed:,} allowed. "
                "Split it into smaller files, or raise the limit if you trust where it came from."
            )
