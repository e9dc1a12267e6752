"""Errors of parsing. Each is one line for a person, and names the cure."""

from __future__ import annotations


class ParseError(Exception):
    """A document that cannot be parsed as it is, or not on this machine."""


class TooLargeError(ParseError):
    """A document passes a limit."""
