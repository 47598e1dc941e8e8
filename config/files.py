"""Private files: looked through before they are kept, out of everybody's reach, and opened by an address for a minute.

What stores a file has checked what is in it (`checked_upload`); what gives out its address has checked who asks.
"""

import hashlib
import json
import mimetypes
import subprocess
import sys
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import puremagic
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

MOST_BYTES = 20 * 1024 * 1024
SECONDS_OPEN = 60
# By what the content says that it is, never by its name.
DOCUMENTS: Mapping[str, str] = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
}
# Longer than any picture of an honest size takes to be made anew.
CHECK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What may be kept: on disk until it is stored, of a kind that was seen in its content."""

    content: "File[bytes]"
    content_type: str
    extension: str
    size: int
    sha256: str


def checked_upload(upload: UploadedFile, *, kinds: Mapping[str, str] = DOCUMENTS) -> CheckedFile:
    """The upload as it may be kept: a PDF as it came, a picture drawn anew upright and without a word about its maker.

    Never whole in this process's memory: what reads pictures is a process of its own with limits (config/pictures.py).
    Raises ValidationError in words for the person who chose the file.
    """
    size = upload.size or 0
    if size == 0:
        raise ValidationError(_("This file is empty. Please choose another one."), code="empty")
    if size > MOST_BYTES:
        raise ValidationError(_("This file is larger than 20 MB. Please choose a smaller one."), code="too_large")
    upload.seek(0)
    content_type = kinds.get(_extension(upload.read(4096)))
    upload.seek(0)
    if content_type is None:
        raise ValidationError(_("Please choose a PDF file, or a picture in JPEG or PNG format."), code="unknown_kind")
    kept: File[bytes] = cast("File[bytes]", upload)
    if content_type.startswith("image/"):
        kept = _drawn_anew(upload, content_type)
    return CheckedFile(
        content=kept,
        content_type=content_type,
        extension=mimetypes.guess_extension(content_type) or "",
        size=kept.size,
        sha256=_sha256(kept),
    )


def _extension(head: bytes) -> str:
    try:
        return puremagic.from_string(head)
    except (puremagic.PureError, ValueError):
        return ""


def _drawn_anew(upload: UploadedFile, content_type: str) -> "File[bytes]":
    """The picture as config/pictures.py draws it, in a file that goes away when it is closed."""
    source = tempfile.NamedTemporaryFile(suffix=".upload")  # noqa: SIM115  # closed below, on every way
    drawn = tempfile.NamedTemporaryFile(suffix=".picture")  # noqa: SIM115  # the caller's
    with source:
        for chunk in upload.chunks():
            source.write(chunk)
        source.flush()
        command = [sys.executable, "-m", "config.pictures", source.name, drawn.name, content_type]
        try:
            done = subprocess.run(
                command, cwd=settings.BASE_DIR, capture_output=True, timeout=CHECK_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            drawn.close()
            raise ValidationError(REFUSALS["too_large"], code="too_many_pixels") from None
    if done.returncode != 0:
        drawn.close()
        code = _said(done.stdout)
        raise ValidationError(REFUSALS.get(code, REFUSALS["broken"]), code=code)
    drawn.seek(0)
    return File(drawn)


REFUSALS = {
    "broken": _("This picture cannot be read. Please choose another one."),
    "too_large": _("This picture has too many pixels. Please choose a smaller one."),
    "animated": _("This picture moves. Please choose a still one."),
}


def _said(output: bytes) -> str:
    """The code that the process gave for its refusal; one that broke down gave none."""
    try:
        return str(json.loads(output)["refused"])
    except (ValueError, KeyError, TypeError):
        return "broken"


def _sha256(content: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    return digest.hexdigest()


# Keeping and giving out -------------------------------------------------------------------------------------------


def private_storage() -> Storage:
    return storages["private"]


def store_private(checked: CheckedFile, folder: str) -> str:
    """Keep the file under a random name in the folder; gone again if the transaction around it fails is not promised:
    the caller removes what it did not get to write down."""
    return private_storage().save(f"{folder}/{uuid.uuid4().hex}{checked.extension}", checked.content)


def remove_private(name: str) -> None:
    """Remove the file once the transaction commits; one that is gone already is no error."""
    transaction.on_commit(lambda: private_storage().delete(name))


def private_url(name: str, *, filename: str, reader: Any, inline: bool = False) -> str:
    """An address that opens the file for a minute, for `reader` alone where the files lie with us.

    To be called after a check on the object that the file belongs to. `filename` is what a download is called and
    stands in the address at a storage of others: it tells nothing about anybody's health.
    """
    storage = private_storage()
    signed = getattr(storage, "signed_url", None)
    if signed is not None:
        return str(signed(name, filename=filename, inline=inline, seconds=SECONDS_OPEN))
    facts = {"name": name, "filename": filename, "inline": inline, "reader": reader.pk}
    return reverse("private_file", args=[_seal().encrypt(json.dumps(facts).encode()).decode()])


def _seal() -> MultiFernet:
    """What the addresses are sealed with: sealed and not only signed, for a file's name is nobody's business."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [Fernet(urlsafe_b64encode(hashlib.sha256(f"private-files:{key}".encode()).digest())) for key in keys]
    )


@login_required
@require_safe
def private_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """A private file that lies with us, to the person for whom its address was made, for a minute."""
    try:
        facts = json.loads(_seal().decrypt(token.encode(), ttl=SECONDS_OPEN))
    except InvalidToken:
        raise Http404 from None
    if facts["reader"] != request.user.pk:
        raise Http404
    storage, name = private_storage(), facts["name"]
    if not storage.exists(name):
        raise Http404
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response: HttpResponseBase
    if settings.SENDFILE:
        # The proxy reads the file: a slow reader holds none of our threads.
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = "/" + quote(name)
    else:
        response = FileResponse(storage.open(name), content_type=content_type)
    kind = "inline" if facts["inline"] else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(facts['filename'])}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'self'"
    response["X-Frame-Options"] = "SAMEORIGIN" if facts["inline"] else "DENY"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def private_root() -> Path:
    """Where the private files of the local storage lie."""
    return Path(settings.PRIVATE_ROOT)
