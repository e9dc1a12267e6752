"""The object store: immutable bytes by sha256 within a project, and pointers to outcomes.

The S3 adapter is in `objects.s3` and is not imported here: its client takes longer to import than a
small job runs.
"""

from dragoman_runtime.objects.cached import CachedObjectStore
from dragoman_runtime.objects.configured import object_store
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.mapped import MappedObjects
from dragoman_runtime.objects.port import CHUNK_BYTES, ObjectStore, StoredObject
from dragoman_runtime.objects.spooled import new_spool, size_of, spooled
from dragoman_runtime.objects.values import get_value, put_value

__all__ = [
    "CHUNK_BYTES",
    "CachedObjectStore",
    "FileObjectStore",
    "MappedObjects",
    "ObjectStore",
    "StoredObject",
    "get_value",
    "new_spool",
    "object_store",
    "put_value",
    "size_of",
    "spooled",
]
