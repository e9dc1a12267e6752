"""Events, job fold, pipeline and text model: the pure vocabulary every room shares.

Begin with `pipeline`: how a document finds its way. Then `events` (what can become true), `job`
(the state that follows), `text` (units, segments, inline tags). Nothing here does I/O; a service
adds only its own `decide`.
"""
