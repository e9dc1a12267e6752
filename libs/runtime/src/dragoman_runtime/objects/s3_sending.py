"""Files sent to a bucket as they are read: the client's own way holds the whole of an object in
memory, or sends it in parts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error

from dragoman_runtime.objects.spooled import Measured

_VALID = timedelta(hours=1)


def send_file(
    client: Minio,
    pool: urllib3.PoolManager,
    bucket: str,
    path: str,
    file: BinaryIO,
    found: Measured,
    media_type: str,
) -> None:
    """Write in one request, so that the object is there whole or not at all.

    The address is signed and the body is not (AWS Signature Version 4, UNSIGNED-PAYLOAD, as the
    client does over TLS); by Content-MD5 the server refuses bytes that changed on the way.

    Raises:
        S3Error, InvalidResponseError: the server refuses it, as the client raises them.
    """
    address = client.get_presigned_url("PUT", bucket, path, expires=_VALID)
    headers = {
        "Content-Length": str(found.size_bytes),
        "Content-Type": media_type,
        "Content-MD5": found.md5,
    }
    file.seek(0)
    answer = pool.request("PUT", address, body=file, headers=headers, redirect=False)
    if answer.status in {200, 201, 204}:
        return
    media = answer.headers.get("content-type", "")
    if "xml" in media and answer.data:
        raise S3Error.fromxml(answer)
    raise InvalidResponseError(answer.status, media, None)
