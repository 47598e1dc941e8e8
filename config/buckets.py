"""Private files in a bucket. A module of its own: boto3 costs every process that loads it, and few portals need it."""

from typing import Any
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.core.files.utils import validate_file_name
from storages.backends.s3 import S3Storage

SECONDS = 10
# A file of 20 MB over a slow line between two machines.
SECONDS_TO_SEND = 60


class S3PrivateStorage(S3Storage):
    """Files in a bucket that nobody reads without an address that we signed, which ends.

    Each is sent as one piece as it is read, and opened as a copy on disk.
    """

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            "default_acl": "private",
            "querystring_auth": True,
            "querystring_expire": 60,
            "file_overwrite": False,
            "max_memory_size": 1024 * 1024,
            "transfer_config": TransferConfig(multipart_threshold=64 * 1024 * 1024, use_threads=False),
            # Other stores than Amazon's own do not know its newer checksums.
            "client_config": Config(
                signature_version="s3v4",
                connect_timeout=SECONDS,
                read_timeout=SECONDS_TO_SEND,
                retries={"max_attempts": 2},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "auto"},
            ),
        }

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        raise ValueError("A private file has no address of its own: see signed_url.")

    def signed_url(self, name: str, *, filename: str, inline: bool = False, seconds: int) -> str:
        """An address that opens the file for so long, under that name."""
        kind = "inline" if inline else "attachment"
        parameters = {
            "ResponseContentDisposition": f"{kind}; filename*=UTF-8''{quote(filename)}",
            "ResponseCacheControl": "private, no-store",
        }
        return str(
            super().url(str(validate_file_name(name, allow_relative_path=True)), parameters=parameters, expire=seconds)
        )
