"""Pure functions on text: inline tags and their repair, segmentation, languages, quality checks,
word counts.

The source "Pay <1>now</1>." goes to an engine as text (`tags`), and its answer "<1>Jetzt" comes
back as content that `repair` makes agree with the source: "<1>Jetzt</1>".
"""

from dragoman_linguistics.adoption import OutdatedUnitsError, adopted
from dragoman_linguistics.blanks import blanks_of, is_narrow, restore_blanks, shrink_blanks
from dragoman_linguistics.inside_words import is_mark, lacks_space, settle_inside_words
from dragoman_linguistics.language import LanguageGuess, identify, language_shares
from dragoman_linguistics.quality.cleaning import cleaned
from dragoman_linguistics.quality.dismissing import (
    dismissal_of,
    text_digest,
    with_accepted,
    without_dismissed,
)
from dragoman_linguistics.quality.doubting import doubts
from dragoman_linguistics.quality.judged import JUDGE, JUDGED, Gravity, advice
from dragoman_linguistics.quality.lqa import SCHEMES, LqaCategory, LqaScheme, LqaSeverity, lqa_score
from dragoman_linguistics.quality.pairs import shown
from dragoman_linguistics.quality.profiles import (
    DEFAULT_PROFILE,
    FORBIDDEN_WORDS,
    LQA_SCHEME,
    PROFILES,
    QaProfile,
    profile_named,
)
from dragoman_linguistics.quality.surroundings import CONTEXT_CHANGED
from dragoman_linguistics.quality.verifying import QA_RULES, autofix, verify_unit, verify_units
from dragoman_linguistics.redaction import Redactor, Vault, require_usable_pattern
from dragoman_linguistics.repair import repair
from dragoman_linguistics.segmentation import (
    Piece,
    builtin_rules,
    builtin_srx,
    rules_in,
    segment,
    segments_of,
    sentences,
)
from dragoman_linguistics.spacing import restore_margins, restore_pair_margins
from dragoman_linguistics.tag_places import (
    Place,
    TagNode,
    assemble,
    flattened,
    place_by_words,
    tag_tree,
)
from dragoman_linguistics.tags import TaggedText, TagReport, align_tags, parse, render, render_by
from dragoman_linguistics.terms import TermHit, TermIndex, term_hits
from dragoman_linguistics.verdicts import job_verdict, summarise, unit_verdict
from dragoman_linguistics.words import Word, WordLink, link_words, words_of

__all__ = [
    "CONTEXT_CHANGED",
    "DEFAULT_PROFILE",
    "FORBIDDEN_WORDS",
    "JUDGE",
    "JUDGED",
    "LQA_SCHEME",
    "PROFILES",
    "QA_RULES",
    "SCHEMES",
    "Gravity",
    "LanguageGuess",
    "LqaCategory",
    "LqaScheme",
    "LqaSeverity",
    "OutdatedUnitsError",
    "Piece",
    "Place",
    "QaProfile",
    "Redactor",
    "TagNode",
    "TagReport",
    "TaggedText",
    "TermHit",
    "TermIndex",
    "Vault",
    "Word",
    "WordLink",
    "adopted",
    "advice",
    "align_tags",
    "assemble",
    "autofix",
    "blanks_of",
    "builtin_rules",
    "builtin_srx",
    "cleaned",
    "dismissal_of",
    "doubts",
    "flattened",
    "identify",
    "is_mark",
    "is_narrow",
    "job_verdict",
    "lacks_space",
    "language_shares",
    "link_words",
    "lqa_score",
    "parse",
    "place_by_words",
    "profile_named",
    "render",
    "render_by",
    "repair",
    "require_usable_pattern",
    "restore_blanks",
    "restore_margins",
    "restore_pair_margins",
    "rules_in",
    "segment",
    "segments_of",
    "sentences",
    "settle_inside_words",
    "shown",
    "shrink_blanks",
    "summarise",
    "tag_tree",
    "term_hits",
    "text_digest",
    "unit_verdict",
    "verify_unit",
    "verify_units",
    "with_accepted",
    "without_dismissed",
    "words_of",
]
