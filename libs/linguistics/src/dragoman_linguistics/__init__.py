"""Pure functions on text: inline tags and their repair, segmentation, languages, quality checks,
word counts.

The source "Pay <1>now</1>." goes to an engine as text (`tags`), and its answer "<1>Jetzt" comes
back as content that `repair` makes agree with the source: "<1>Jetzt</1>".
"""

from dragoman_linguistics.blanks import blanks_of, is_narrow, restore_blanks, shrink_blanks
from dragoman_linguistics.inside_words import is_mark, lacks_space, settle_inside_words
from dragoman_linguistics.language import LanguageGuess, identify, language_shares
from dragoman_linguistics.quality.cleaning import cleaned
from dragoman_linguistics.quality.doubting import doubts
from dragoman_linguistics.quality.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    QaProfile,
    profile_named,
)
from dragoman_linguistics.quality.verifying import QA_RULES, verify_unit, verify_units
from dragoman_linguistics.repair import repair
from dragoman_linguistics.segmentation import segment, sentences
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
from dragoman_linguistics.tmx import TmxHeader, TmxUnit, write_tmx
from dragoman_linguistics.verdicts import job_verdict, summarise, unit_verdict
from dragoman_linguistics.words import Word, WordLink, link_words, words_of

__all__ = [
    "DEFAULT_PROFILE",
    "PROFILES",
    "QA_RULES",
    "LanguageGuess",
    "Place",
    "QaProfile",
    "TagNode",
    "TagReport",
    "TaggedText",
    "TmxHeader",
    "TmxUnit",
    "Word",
    "WordLink",
    "align_tags",
    "assemble",
    "blanks_of",
    "cleaned",
    "doubts",
    "flattened",
    "identify",
    "is_mark",
    "is_narrow",
    "job_verdict",
    "lacks_space",
    "language_shares",
    "link_words",
    "parse",
    "place_by_words",
    "profile_named",
    "render",
    "render_by",
    "repair",
    "restore_blanks",
    "restore_margins",
    "restore_pair_margins",
    "segment",
    "sentences",
    "settle_inside_words",
    "shrink_blanks",
    "summarise",
    "tag_tree",
    "unit_verdict",
    "verify_unit",
    "verify_units",
    "words_of",
    "write_tmx",
]
