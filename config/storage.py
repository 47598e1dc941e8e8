"""Where static and public files lie."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import cloudinary.uploader
import requests
from cloudinary.exceptions import NotFound
from cloudinary.utils import cloudinary_url
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible
from servestatic.storage import CompressedManifestStaticFilesStorage

SECONDS = 10


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Files named by their content and kept for a year by browsers; imports between ES modules are renamed too."""

    support_js_module_import_aggregation = True


@deconstructible
class CloudinaryPublicStorage(Storage):
    """Pictures that anybody may see, at Cloudinary, under CLOUDINARY_URL (`cloudinary://key:secret@cloud`).

    Names keep their folder and extension; a file is never overwritten, for its callers choose new names. Raises
    cloudinary.exceptions.Error when Cloudinary refuses or cannot be reached within ten seconds.
    """

    def __init__(self, address: str = "") -> None:
        self.address = address

    @property
    def account(self) -> dict[str, Any]:
        parts = urlsplit(self.address or settings.CLOUDINARY_URL)
        if parts.scheme != "cloudinary" or not (parts.hostname and parts.username and parts.password):
            raise ImproperlyConfigured("CLOUDINARY_URL must be cloudinary://key:secret@cloud.")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return query | {
            "cloud_name": parts.hostname,
            "api_key": unquote(parts.username),
            "api_secret": unquote(parts.password),
        }

    def _public_id(self, name: str) -> str:
        """Cloudinary keeps the extension apart, as the format."""
        return str(PurePosixPath(name).with_suffix(""))

    def _save(self, name: str, content: "File[bytes]") -> str:
        cloudinary.uploader.upload(
            content.read(),
            public_id=self._public_id(name),
            overwrite=False,
            resource_type="image",
            filename=PurePosixPath(name).name,
            timeout=SECONDS,
            **self.account,
        )
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        answer = requests.get(self.url(name), timeout=SECONDS)
        if answer.status_code == 404:
            raise FileNotFoundError(name)
        answer.raise_for_status()
        return ContentFile(answer.content, name=name)

    def delete(self, name: str) -> None:
        """Remove the file, from Cloudinary's caches too; one that is not there is no error."""
        cloudinary.uploader.destroy(
            self._public_id(name), invalidate=True, resource_type="image", timeout=SECONDS, **self.account
        )

    def exists(self, name: str) -> bool:
        try:
            cloudinary.uploader.explicit(
                self._public_id(name), type="upload", resource_type="image", timeout=SECONDS, **self.account
            )
        except NotFound:
            return False
        return True

    def url(self, name: str | None) -> str:
        address, _options = cloudinary_url(name, secure=True, resource_type="image", **self.account)
        return str(address)
