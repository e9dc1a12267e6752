"""QA profiles: the severity of each finding, and the checks that are off.

A profile is chosen by name and changed code by code:

    profile_named("lenient", {"numbers.added": "off", "length.short": "blocker"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from dragoman_contracts.model import Value
from dragoman_contracts.reports import Severity
from dragoman_linguistics.quality.judged import JUDGE, JUDGED
from dragoman_linguistics.quality.lqa import MQM, SCHEMES

OFF = "off"
"""The level that switches a check off in an override."""

FORBIDDEN_WORDS = "forbidden_words"
"""The override that lists words which may not stand in a target."""

LQA_SCHEME = "lqa_scheme"
"""The override that names the scheme of the score."""

_BLOCKERS = "tags.missing tags.crossed text.empty characters.invalid"
_WARNINGS = (
    "tags.added tags.moved tags.emptied tags.projected tags.whole_unit numbers.missing numbers.added text.untranslated"
    " text.too_long space.leading space.trailing space.punctuation space.missing language.script language.wrong"
    " length.short length.long text.repeated text.shifted text.merged chat.refusal chat.label chat.talk chat.note"
    " chat.mark chat.json text.markdown text.entities text.html placeholders.missing placeholders.added"
    " placeholders.tags addresses.missing addresses.path codes.missing amounts.currency amounts.percent"
    " amounts.unit characters.encoding"
    " tags.inside_word space.blank brackets.unbalanced quotes.unbalanced punctuation.doubled icu.syntax icu.selectors"
    " icu.categories placeholders.order placeholders.entities terms.missing terms.forbidden terms.translated"
    " dates.format"
    " symbols.missing list.mark consistency.target characters.private"
)
_INFOS = (
    "tags.deleted tags.reordered text.unchanged space.doubled words.doubled words.across_tags symbols.added"
    " brackets.missing quotes.missing punctuation.end punctuation.ellipsis case.start space.lines space.tabs"
    " consistency.source accelerators.missing grammar.languagetool context.changed addresses.capitals"
    " addresses.domain codes.capitals"
)
_OFTEN_RIGHT = (
    "numbers.added space.leading space.trailing space.punctuation space.missing length.long text.markdown text.repeated"
    " placeholders.added placeholders.tags codes.missing amounts.percent chat.note tags.projected"
    " brackets.unbalanced quotes.unbalanced punctuation.doubled list.mark symbols.missing consistency.target"
    " characters.private"
)
"""Findings that a lenient profile only shows: most are matters of taste or seen at a glance."""


class QaProfile(Value):
    """The severity of each finding, by code. A check whose code is not named is off.

    A blocker stops the unit, a warning asks for review, an info only shows. `forbidden_words` may
    not stand in a target. `lqa_scheme` is the name of the scheme of the job's score. `judge` is the id
    of the registered model that gives advice; empty: none does.
    """

    severities: dict[str, Severity]
    forbidden_words: tuple[str, ...] = ()
    lqa_scheme: str = MQM.name
    judge: str = ""


def _profile(blockers: str, warnings: str, infos: str) -> QaProfile:
    # The last entry of a dict counts, so a code that is listed twice gets its gravest severity.
    levels = ((infos, Severity.INFO), (warnings, Severity.WARNING), (blockers, Severity.BLOCKER))
    graded = {code: level for codes, level in levels for code in codes.split()}
    return QaProfile(severities={**graded, **dict.fromkeys(JUDGED, Severity.INFO)})


DEFAULT_PROFILE = _profile(_BLOCKERS, _WARNINGS, _INFOS)
"""The default profile.

It blocks lost tags that had to stay, lost text, and characters that no file may hold.
"""

_STRICT = _profile(
    f"{_BLOCKERS} chat.refusal chat.mark chat.json language.script placeholders.missing addresses.missing"
    " text.untranslated text.merged text.shifted icu.syntax icu.selectors terms.forbidden terms.translated",
    f"{_WARNINGS} {_INFOS}",
    "",
)
PROFILES: Mapping[str, QaProfile] = {
    "default": DEFAULT_PROFILE,
    "strict": _STRICT,
    "lenient": QaProfile(
        severities={
            **DEFAULT_PROFILE.severities,
            **dict.fromkeys(_OFTEN_RIGHT.split(), Severity.INFO),
        }
    ),
}
"""The profiles by name.

`strict` blocks findings that are hardly ever wrong and asks for a review of all others; `lenient`
asks for a review only of findings that are hardly ever wrong.
"""


def profile_named(name: str, overrides: Mapping[str, object] | None = None) -> QaProfile:
    """The profile of that name (empty: the default), changed by a policy's overrides by code.

    An override's severity is `blocker`, `warning`, `info`, or `off`; the advice of a judge is `info` or
    `off`. Three overrides are no codes: `forbidden_words` is a list of words, `lqa_scheme` the name of
    a scheme, `judge` the id of a registered model.

    Raises:
        ValueError: there is no profile or scheme of this name, no check of a code, or no such
            severity; the message says which there are.
    """
    profile = PROFILES.get(name or "default")
    if profile is None:
        raise ValueError(
            f"there is no QA profile {name!r}; profiles are {', '.join(sorted(PROFILES))}"
        )
    levels = dict(overrides or {})
    options = {
        "forbidden_words": _words(levels.pop(FORBIDDEN_WORDS, [])),
        "lqa_scheme": _scheme(levels.pop(LQA_SCHEME, MQM.name)),
        "judge": _judge(levels.pop(JUDGE, "")),
    }
    return profile.model_copy(
        update={"severities": _overridden(profile.severities, levels), **options}
    )


def _words(given: object) -> tuple[str, ...]:
    words = cast("Sequence[object]", given) if isinstance(given, list | tuple) else (None,)
    found = tuple(word for word in words if isinstance(word, str) and word.strip())
    if len(found) != len(words):
        raise ValueError(f"{FORBIDDEN_WORDS} is a list of words that are not empty")
    return found


def _scheme(given: object) -> str:
    if not isinstance(given, str) or given not in SCHEMES:
        raise ValueError(f"there is no scheme {given!r}; schemes are {', '.join(sorted(SCHEMES))}")
    return given


def _judge(given: object) -> str:
    try:
        return str(UUID(str(given))) if given != "" else ""
    except ValueError as error:
        raise ValueError(f"{JUDGE} is the id of a registered model, or empty") from error


def _overridden(
    severities: Mapping[str, Severity],
    overrides: Mapping[str, object],
) -> dict[str, Severity]:
    changed = dict(severities)
    for code, level in overrides.items():
        if code not in DEFAULT_PROFILE.severities:
            known = ", ".join(sorted(DEFAULT_PROFILE.severities))
            raise ValueError(f"there is no QA check {code!r}; checks are {known}")
        if level == OFF:
            changed.pop(code, None)
        elif code in JUDGED and level != Severity.INFO:
            raise ValueError(f"{code} is advice of a model: it is {Severity.INFO} or {OFF}")
        elif isinstance(level, str) and level in set(Severity):
            changed[code] = Severity(level)
        else:
            raise ValueError(
                f"{code}: {level!r} is no severity; severities are {', '.join(Severity)} and {OFF}"
            )
    return changed
