"""The object store that the settings ask for."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from dragoman_runtime.objects.cached import CachedObjectStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.objects.port import ObjectStore
from dragoman_runtime.settings import ObjectSettings


def object_store(settings: ObjectSettings) -> ObjectStore:
    """Files or S3, with the memory in front that the settings allow; not opened yet."""
    store = (
        _s3(settings)
        if settings.objects_folder is None
        else FileObjectStore(settings.objects_folder)
    )
    if settings.objects_cache_mib == 0:
        return store
    return CachedObjectStore(store, max_bytes=settings.objects_cache_mib * 1024 * 1024)


def _s3(settings: ObjectSettings) -> ObjectStore:
    # Slow to import, and files do without.
    from dragoman_runtime.objects.s3 import (
        S3Location,
        S3ObjectStore,
    )

    url = urlsplit(settings.objects_url or "")
    return S3ObjectStore(
        S3Location(
            endpoint=url.netloc,
            bucket=url.path.strip("/"),
            access_key=(settings.s3_access_key or SecretStr("")).get_secret_value(),
            secret_key=settings.s3_secret_key or SecretStr(""),
            region=settings.s3_region,
            is_secure=url.scheme == "s3+https",
            connections=settings.s3_connections,
            ca_file=settings.s3_ca_file,
        )
    )
