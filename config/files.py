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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
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

from config.antivirus import scan

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
# Longer than any file of an honest size takes.
CHECK_SECONDS = 20
# Each may take a gigabyte: a crowd of uploads waits in line, and does not take the machine.
OPENED_AT_ONCE = 4
_opening = BoundedSemaphore(OPENED_AT_ONCE)


REFUSALS = {
    "broken_picture": _("This picture cannot be read. Please choose another one."),
    "too_many_pixels": _("This picture has too many pixels. Please choose a smaller one."),
    "animated": _("This picture moves. Please choose a still one."),
    "broken_pdf": _("This PDF cannot be read. It may be incomplete: please save or download it once more."),
    "locked_pdf": _("This PDF is locked with a password. Please save it without one, and choose that file."),
    "too_many_pages": _("This PDF has more than 500 pages. Please choose the pages that matter."),
    "active_pdf": _(
        "This PDF holds a program, a form that sends data, or other files, which we do not pass on. Please print it to "
        "a new PDF, or take a photo of it, and choose that."
    ),
    "mixed_pdf": _(
        "This file is a PDF and something else at once, which we do not keep. Please print it to a new PDF, and choose "
        "that."
    ),
    "no_such_page": _("This page is not there."),
    "too_much": _("This file takes too much work to open. Please choose a smaller one."),
}


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What may be kept: on disk until it is stored, of a kind that was seen in its content.

    `width` and `height` are pixels, of a PDF those of its first page as it is shown.
    """

    content: "File[bytes]"
    content_type: str
    extension: str
    size: int
    sha256: str
    width: int
    height: int
    pages: int = 1


def checked_upload(upload: "UploadedFile[bytes]", *, kinds: Mapping[str, str] = DOCUMENTS) -> CheckedFile:
    """The upload as it may be kept: a PDF as it came, a picture drawn anew upright and without a word about its maker.

    Never whole in this process's memory: what reads it is a process of its own with limits (config/opener.py). A PDF
    is not changed, for that would break a signature on it; one that could do something when it is opened is refused.
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
    scan(upload.chunks())
    kept: File[bytes] = upload
    with on_disk(kept) as path:
        if content_type.startswith("image/"):
            kept, facts = _drawn_anew(path, content_type)
        else:
            facts = open_apart("examine", path)
    return CheckedFile(
        content=kept,
        content_type=content_type,
        extension=mimetypes.guess_extension(content_type) or "",
        size=kept.size,
        sha256=_sha256(kept),
        **facts,
    )


def _extension(head: bytes) -> str:
    try:
        return puremagic.from_string(head)
    except (puremagic.PureError, ValueError):
        return ""


def _drawn_anew(path: str, content_type: str) -> "tuple[File[bytes], dict[str, int]]":
    """The picture in a file that goes away when it is closed."""
    drawn = tempfile.NamedTemporaryFile(suffix=".picture")  # noqa: SIM115  # the caller's
    try:
        facts = open_apart("picture", path, drawn.name, content_type)
    except ValidationError:
        drawn.close()
        raise
    drawn.seek(0)
    return File(drawn), facts


@contextmanager
def on_disk(content: "File[bytes]") -> Iterator[str]:
    """The path under which the content can be read while the block runs: its own if it lies in a file already."""
    own = getattr(content, "temporary_file_path", None)
    if own is not None:
        yield own()
        return
    with tempfile.NamedTemporaryFile(suffix=".upload") as copy:
        for chunk in content.chunks():
            copy.write(chunk)
        copy.flush()
        content.seek(0)
        yield copy.name


def open_apart(task: str, *arguments: str) -> dict[str, int]:
    """What config/opener.py tells of a file, in a process of its own. Raises ValidationError in a patient's words."""
    # Isolated: neither the portal's environment nor what lies in a folder has a say in it.
    command = [sys.executable, "-I", str(settings.BASE_DIR / "config" / "opener.py"), task, *arguments]
    try:
        with _opening:
            done = subprocess.run(command, cwd="/", env={}, capture_output=True, timeout=CHECK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ValidationError(REFUSALS["too_much"], code="too_much") from None
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        # The system ended it at one of its limits, or a decoder broke down.
        told = {"refused": "too_much"}
    if done.returncode != 0:
        code = str(told["refused"])
        raise ValidationError(REFUSALS[code], code=code)
    return told


def _sha256(content: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    return digest.hexdigest()


def page_of_pdf(name: str, number: int) -> bytes:
    """A page of a PDF in private storage as a WebP picture, drawn apart. Raises ValidationError for a page that is not
    there, FileNotFoundError for a file that is not."""
    with (
        private_storage().open(name) as stored,
        _path_of(stored) as path,
        tempfile.NamedTemporaryFile(suffix=".webp") as drawn,
    ):
        open_apart("page", path, drawn.name, str(number))
        return drawn.read()


@contextmanager
def _path_of(stored: "File[bytes]") -> Iterator[str]:
    """Where a stored file can be read by another process: in its place with us, else in a copy."""
    place = Path(stored.name or "")
    if place.is_absolute() and place.is_file():
        yield str(place)
    else:
        with on_disk(stored) as path:
            yield path


# Keeping and giving out -------------------------------------------------------------------------------------------


def private_storage() -> Storage:
    return storages["private"]


def private_name(checked: CheckedFile, folder: str) -> str:
    """A new random name below the folder, for `store_private`: who writes it down first can remove what broke off."""
    return f"{folder}/{uuid.uuid4().hex}{checked.extension}"


def store_private(checked: CheckedFile, folder: str, *, name: str = "") -> str:
    """Keep the file under a random name in the folder; gone again if the transaction around it fails is not promised:
    the caller removes what it did not get to write down."""
    return private_storage().save(name or private_name(checked, folder), checked.content)


def remove_private(name: str) -> None:
    """Remove the file once the transaction commits; one that is gone already is no error."""
    transaction.on_commit(lambda: private_storage().delete(name))


def private_url(name: str, *, filename: str, reader: Any, inline: bool = False) -> str:
    """An address that opens the file for a minute, for `reader` alone where the files lie with us.

    To be called after a check on the object that the file belongs to. `filename` is what a download is called where
    the files lie with us; at a storage of others it would stand in the address, so there it is called `document`.
    """
    storage = private_storage()
    signed = getattr(storage, "signed_url", None)
    if signed is not None:
        plain = f"document{Path(name).suffix}"
        return str(signed(name, filename=plain, inline=inline, seconds=SECONDS_OPEN))
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
