"""Where static, public and private files lie."""

import io
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO, Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import cloudinary.uploader
import requests
from cloudinary.exceptions import Error, NotFound
from cloudinary.utils import cloudinary_api_url, cloudinary_url, private_download_url, sign_request
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.core.files.utils import validate_file_name
from django.utils.deconstruct import deconstructible
from servestatic.storage import CompressedManifestStaticFilesStorage

SECONDS = 10
# A file of 20 MB over a slow line between two machines.
SECONDS_TO_SEND = 60


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Files named by their content and kept for a year by browsers; imports between ES modules are renamed too."""

    support_js_module_import_aggregation = True


class CloudinaryStorage(Storage):
    """Files at Cloudinary, under CLOUDINARY_URL (`cloudinary://key:secret@cloud`).

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


@deconstructible
class CloudinaryPublicStorage(CloudinaryStorage):
    """Pictures that anybody may see."""

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


@deconstructible
class CloudinaryPrivateStorage(CloudinaryStorage):
    """Files that nobody sees without an address that we signed, which ends: `authenticated`, and raw, so that they
    come back byte for byte and Cloudinary makes nothing else of them."""

    KIND: ClassVar[dict[str, str]] = {"resource_type": "raw", "type": "authenticated"}

    def _save(self, name: str, content: "File[bytes]") -> str:
        """The file is sent as it is read: it is never whole in memory."""
        content.seek(0)
        params = {"public_id": _inside(name), "overwrite": "false", "type": self.KIND["type"], "timestamp": now()}
        form = MultipartFile(sign_request(params, self.account), content, content.size)
        address = cloudinary_api_url("upload", resource_type=self.KIND["resource_type"], **self.account)
        try:
            answer = requests.post(
                address, data=form, headers={"Content-Type": form.content_type}, timeout=(SECONDS, SECONDS_TO_SEND)
            )
        except requests.RequestException as error:
            raise Error(f"Cloudinary cannot be reached: {type(error).__name__}") from None
        if not answer.ok:
            raise Error(f"Cloudinary refused the file: {answer.status_code}")
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """A copy in a temporary file."""
        address = self.signed_url(name, filename="file", seconds=SECONDS_TO_SEND)
        with ExitStack() as opened:
            copy = opened.enter_context(tempfile.TemporaryFile())
            answer = opened.enter_context(requests.get(address, timeout=SECONDS, stream=True))
            if answer.status_code == 404:
                raise FileNotFoundError(name)
            answer.raise_for_status()
            for chunk in answer.iter_content(64 * 1024):
                copy.write(chunk)
            copy.seek(0)
            answer.close()
            opened.pop_all()
            return File(copy, name=name)

    def delete(self, name: str) -> None:
        """Remove the file, from Cloudinary's caches too; one that is not there is no error."""
        cloudinary.uploader.destroy(_inside(name), invalidate=True, timeout=SECONDS, **self.KIND, **self.account)

    def exists(self, name: str) -> bool:
        try:
            cloudinary.uploader.explicit(_inside(name), timeout=SECONDS, **self.KIND, **self.account)
        except NotFound:
            return False
        return True

    def url(self, name: str | None) -> str:
        raise ValueError("A private file has no address of its own: see signed_url.")

    def signed_url(self, name: str, *, filename: str, inline: bool = False, seconds: int) -> str:
        """An address that opens the file for so long. Cloudinary calls a download by the file's own name."""
        address = private_download_url(
            _inside(name), "", attachment=not inline, expires_at=now() + seconds, **self.KIND, **self.account
        )
        return str(address)


def now() -> int:
    return int(time.time())


def _inside(name: str) -> str:
    """The name, if it is one that can be ours. Raises SuspiciousFileOperation for one that leads elsewhere."""
    return str(validate_file_name(name, allow_relative_path=True))


class MultipartFile:
    """A form with one file, read as it is sent."""

    def __init__(self, fields: dict[str, Any], content: "File[bytes]", size: int) -> None:
        boundary = uuid.uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        self.parts: list[IO[bytes] | File[bytes]] = [
            io.BytesIO(head.encode()),
            content,
            io.BytesIO(f"\r\n--{boundary}--\r\n".encode()),
        ]
        self.size = len(head.encode()) + size + len(boundary) + 8

    def __len__(self) -> int:
        return self.size

    def read(self, most: int = -1) -> bytes:
        while self.parts:
            if part := self.parts[0].read(most):
                return part
            self.parts.pop(0)
        return b""
