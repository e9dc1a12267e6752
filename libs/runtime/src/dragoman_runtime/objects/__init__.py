"""The object store: immutable bytes by sha256 within a project, and pointers to outcomes."""

from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.port import CHUNK_BYTES, ObjectStore
from dragoman_runtime.objects.values import canonical_json, get_value, put_value

__all__ = ["CHUNK_BYTES", "FileObjectStore", "ObjectStore", "canonical_json", "get_value", "put_value"]
