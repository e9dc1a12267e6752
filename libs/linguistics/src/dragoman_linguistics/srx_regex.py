r"""Regular expressions of SRX 2.0, which are ICU's, as those of Python's `regex`.

    \x{2026}      \u2026                   ICU writes code points in braces
    \Qa.b\E       a\.b                     quoted text
    \h            [\t\p{Zs}]               blank space within a line
    \z            \Z                       ICU's `\Z` also stands before a last line feed
    (a+)+         refused                  such a rule can take years over one sentence

Differences stay: `.` also matches the rarer line ends (U+0085, U+2028, U+2029), and `\b` goes by
`\w` unless the flag `w` is set, where ICU also asks a dictionary (Thai, Lao, Khmer).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import regex

LONGEST_PATTERN = 8_000
_MOST_REPEATS = 1_000
_LINE_ENDS = r"\n\x0b\f\r\x85\u2028\u2029"
_IN_CLASS = {"h": r"\t\p{Zs}", "v": _LINE_ENDS, "e": r"\x1b"}
_ALONE = {
    "h": r"[\t\p{Zs}]",
    "H": r"[^\t\p{Zs}]",
    "v": f"[{_LINE_ENDS}]",
    "V": f"[^{_LINE_ENDS}]",
    "e": r"\x1b",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
}
_CODE_POINT = regex.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_COUNTED = regex.compile(r"\{(\d{1,9})(,?)(\d{0,9})\}")
_GROUP_HEAD = regex.compile(r"\(\?(?:<?[=!]|>|[a-zA-Z-]*:|<[A-Za-z][A-Za-z0-9]*>|[a-zA-Z-]+\))")
_FLAGS = regex.compile(r"\(\?([a-zA-Z-]+)[:)]")


class UnfitPatternError(ValueError):
    """A pattern that is no regular expression, or one that may take for ever; the message says
    which, and the cure.
    """


@dataclass
class _Group:
    """A group under way: whether anything in it repeats without bound, and is not possessive."""

    repeats: bool = False
    is_atomic: bool = False


@dataclass
class _Scan:
    pattern: str
    place: int = 0
    class_depth: int = 0
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    # Whether the item before the place is a group in which something repeats.
    last_repeats: bool = False
    out: list[str] = field(default_factory=list[str])


def python_pattern(pattern: str) -> str:
    """An ICU pattern as a pattern of `regex`, version 1.

    Raises:
        UnfitPatternError: the pattern is invalid, unknown here, or may take for ever.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise UnfitPatternError(
            f"it has more than {LONGEST_PATTERN} characters; write it as several rules"
        )
    scan = _Scan(pattern)
    while scan.place < len(pattern):
        _step(scan)
    made = "".join(scan.out)
    try:
        regex.compile(made, regex.VERSION1)
    except (regex.error, RecursionError, OverflowError) as error:
        raise UnfitPatternError(f"it is no regular expression ({error})") from error
    return made


def _step(scan: _Scan) -> None:
    character = scan.pattern[scan.place]
    if character == "\\":
        _escape(scan)
    elif scan.class_depth:
        scan.class_depth += (character == "[") - (character == "]")
        _take(scan, 1)
    elif character == "[":
        scan.class_depth = 1
        scan.last_repeats = False
        # A bracket that closes at once stands for itself.
        rest = scan.pattern[scan.place + 1 : scan.place + 3]
        _take(scan, 3 if rest == "^]" else 2 if rest[:1] in ("^", "]") else 1)
    elif character == "(":
        _open(scan)
    elif character == ")":
        group = scan.groups.pop() if len(scan.groups) > 1 else scan.groups[0]
        scan.last_repeats = group.repeats and not group.is_atomic
        scan.groups[-1].repeats |= scan.last_repeats
        _take(scan, 1)
    elif character in "*+{":
        _repeat(scan, character)
    else:
        scan.last_repeats = scan.last_repeats and character == "?"
        _take(scan, 1)


def _take(scan: _Scan, count: int) -> None:
    scan.out.append(scan.pattern[scan.place : scan.place + count])
    scan.place += count


def _open(scan: _Scan) -> None:
    head = _GROUP_HEAD.match(scan.pattern, scan.place)
    flags = _FLAGS.match(scan.pattern, scan.place)
    if scan.pattern.startswith("(?", scan.place) and head is None:
        raise UnfitPatternError(
            f"the group at character {scan.place + 1} is of no kind that is known here"
        )
    if flags is not None and set(flags[1]) - set("imsxuwU-"):
        raise UnfitPatternError(f"the flags {flags[1]} are not known here; use i, m, s, u, w or x")
    if head and head[0].endswith(")"):
        # Java's `U`: classes are Unicode's, as they are here anyway.
        kept = head[0].replace("U", "")
        scan.out.append("" if kept == "(?)" else kept)
        scan.place += len(head[0])
        return
    if flags and "U" in flags[1]:
        raise UnfitPatternError("the flag U is known as (?U) only, for all that follows")
    scan.groups.append(_Group(is_atomic=bool(head) and head[0] == "(?>"))
    scan.last_repeats = False
    _take(scan, len(head[0]) if head else 1)


def _repeat(scan: _Scan, character: str) -> None:
    counted = _COUNTED.match(scan.pattern, scan.place) if character == "{" else None
    if character == "{" and counted is None:
        scan.last_repeats = False
        _take(scan, 1)
        return
    if counted and max(int(counted[1]), int(counted[3] or 0)) > _MOST_REPEATS:
        raise UnfitPatternError(f"it repeats more than {_MOST_REPEATS} times; use * or +")
    is_endless = counted is None or (counted[2] == "," and not counted[3])
    if is_endless and scan.last_repeats:
        raise UnfitPatternError(
            f"the repetition at character {scan.place + 1} repeats what repeats already, which can"
            " take for ever; repeat once, or make the inner one possessive, as in (?:a++)*"
        )
    _take(scan, len(counted[0]) if counted else 1)
    is_possessive = scan.pattern[scan.place : scan.place + 1] == "+"
    if is_possessive or scan.pattern[scan.place : scan.place + 1] == "?":
        _take(scan, 1)
    if is_endless and not is_possessive:
        scan.groups[-1].repeats = scan.last_repeats = True


def _escape(scan: _Scan) -> None:
    scan.last_repeats = False
    name = scan.pattern[scan.place + 1 : scan.place + 2]
    if not name:
        raise UnfitPatternError("it ends in a backslash")
    if name == "Q":
        end = scan.pattern.find("\\E", scan.place)
        end = len(scan.pattern) if end < 0 else end
        scan.out.append(regex.escape(scan.pattern[scan.place + 2 : end]))
        scan.place = end + 2
        return
    if code := _CODE_POINT.match(scan.pattern, scan.place):
        if int(code[1], 16) > 0x10FFFF:
            raise UnfitPatternError(f"{code[0]} is no character")
        scan.out.append(f"\\U{int(code[1], 16):08x}")
        scan.place += len(code[0])
        return
    if name in "123456789kgG":
        raise UnfitPatternError(f"\\{name} refers to another match, which rules may not do")
    known = _IN_CLASS if scan.class_depth else _ALONE
    if name in known:
        scan.out.append(known[name])
        scan.place += 2
        return
    if name in "pPN" and scan.pattern[scan.place + 2 : scan.place + 3] == "{":
        end = scan.pattern.find("}", scan.place)
        _take(scan, (end + 1 if end > 0 else len(scan.pattern)) - scan.place)
        return
    _take(scan, 2)
