"""Translation memory: units, the kinds and scores of matches, an immutable index, TMX. Pure.

segment = build_segment(units, en, de)                    at a position of the store
MemorySearch([segment]).matches(query, fetch)             102 down to 50, the best first
"""

from dragoman_memory.analysis import DocumentUnits, analyse
from dragoman_memory.matching import (
    Difference,
    MatchKind,
    MemoryMatch,
    MemoryQuery,
    band_of,
    ranked,
    repetitions,
    score_match,
)
from dragoman_memory.pinned import PinnedMemory, Wanted, best_of, match_list, wanted_of
from dragoman_memory.previous import KeepingTerms, previous_matches
from dragoman_memory.search import Found, MemorySearch
from dragoman_memory.segment import (
    MemorySegment,
    MemorySegmentError,
    build_segment,
    segment_from,
)
from dragoman_memory.tmx import Intake, tmx_units, units_in
from dragoman_memory.unit import (
    MemoryState,
    MemoryUnit,
    SegmentType,
    context_digest,
    exact_digest,
    matching_text,
    tag_pattern,
)
from dragoman_memory.units_file import UnitsFile, UnitsFileBuilder, ids_file, ids_in

__all__ = [
    "Difference",
    "DocumentUnits",
    "Found",
    "Intake",
    "KeepingTerms",
    "MatchKind",
    "MemoryMatch",
    "MemoryQuery",
    "MemorySearch",
    "MemorySegment",
    "MemorySegmentError",
    "MemoryState",
    "MemoryUnit",
    "PinnedMemory",
    "SegmentType",
    "UnitsFile",
    "UnitsFileBuilder",
    "Wanted",
    "analyse",
    "band_of",
    "best_of",
    "build_segment",
    "context_digest",
    "exact_digest",
    "ids_file",
    "ids_in",
    "match_list",
    "matching_text",
    "previous_matches",
    "ranked",
    "repetitions",
    "score_match",
    "segment_from",
    "tag_pattern",
    "tmx_units",
    "units_in",
    "wanted_of",
]
