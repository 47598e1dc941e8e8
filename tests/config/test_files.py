"""Private files: what may be kept, who may open it and for how long."""

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import User
from config.files import checked_upload, private_root, private_storage, private_url, remove_private, store_private
from tests.documents import pdf, pdf_bomb, picture, png_of

type ClientOf = Callable[[User], Client]

PDF = pdf()


def upload(data: bytes, name: str = "report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path) -> None:
    settings.PRIVATE_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "private": settings.STORAGES["private"]
        | {"OPTIONS": settings.STORAGES["private"]["OPTIONS"] | {"location": tmp_path}}
    }


# What may be kept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "kind", "extension"),
    [
        (PDF, "report.pdf", "application/pdf", ".pdf"),
        (PDF, "report.png", "application/pdf", ".pdf"),
        (picture(), "photo.exe", "image/jpeg", ".jpg"),
        (picture("PNG"), "scan", "image/png", ".png"),
    ],
)
def test_a_file_is_what_its_content_says(data: bytes, name: str, kind: str, extension: str) -> None:
    checked = checked_upload(upload(data, name))
    assert (checked.content_type, checked.extension) == (kind, extension)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "unknown_kind"),
        (b"<html><script>alert(1)</script>", "unknown_kind"),
        (b"GIF89a" + b"\0" * 200, "unknown_kind"),
        (b"MZ" + b"\0" * 200, "unknown_kind"),
        (b"just words", "unknown_kind"),
        (picture()[:200], "broken_picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 400, "broken_picture"),
        (PDF[:300], "broken_pdf"),
    ],
)
def test_what_is_no_document_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        checked_upload(upload(data))
    assert refused.value.code == code
    assert str(refused.value.message).endswith(".")


def test_a_file_of_more_than_20_mb_is_refused_before_it_is_read() -> None:
    large = upload(PDF)
    large.size = 20 * 1024 * 1024 + 1
    with pytest.raises(ValidationError, match="larger than 20 MB"):
        checked_upload(large)


def test_a_picture_of_50000_pixels_a_side_is_refused_before_a_pixel_is_read() -> None:
    with pytest.raises(ValidationError) as refused:
        checked_upload(upload(png_of(50_000, 50_000)))
    assert refused.value.code == "too_many_pixels"


def test_a_pdf_that_swells_while_it_is_opened_is_refused_in_words() -> None:
    bomb = pdf_bomb()
    assert len(bomb) < 20_000
    with pytest.raises(ValidationError) as refused:
        checked_upload(upload(bomb))
    assert (refused.value.code, str(refused.value.message)) == (
        "too_much",
        "This file takes too much work to open. Please choose a smaller one.",
    )


def test_a_picture_keeps_its_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker of the camera"
    exif[0x0112] = 6
    hidden = picture(size=(300, 200), exif=exif) + b"<?php system($_GET['c']); ?>PK\x03\x04"
    checked = checked_upload(upload(hidden))
    kept = checked.content.read()
    assert b"Maker" not in kept
    assert b"<?php" not in kept
    with Image.open(io.BytesIO(kept)) as drawn:
        assert drawn.size == (200, 300)
        assert not drawn.getexif()
    assert checked.size == len(kept)


# Who may open it --------------------------------------------------------------------------------------------------


def kept(data: bytes = PDF) -> str:
    return store_private(checked_upload(upload(data)), "records")


def test_a_file_lies_under_a_name_that_tells_nothing_and_only_we_can_read() -> None:
    name = kept()
    path = private_root() / name
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o007 == 0
    assert "report" not in name
    assert len(Path(name).stem) == 32


def test_an_address_opens_the_file_for_its_reader_for_a_minute(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    url = private_url(kept(), filename="report.pdf", reader=patient)
    page = client.get(url)
    assert b"".join(page.streaming_content) == PDF
    assert page["Content-Disposition"] == "attachment; filename*=UTF-8''report.pdf"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Cache-Control"] == "private, no-store"
    assert "sandbox" in page["Content-Security-Policy"]
    assert "records" not in url
    assert "report" not in url
    with time_machine.travel(timezone.now() + timedelta(seconds=62)):
        assert client_of(patient).get(url).status_code == 404


def test_an_address_is_of_no_use_to_anybody_else(patient: User, stranger: User, client_of: ClientOf) -> None:
    url = private_url(kept(), filename="report.pdf", reader=patient)
    assert client_of(stranger).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert client_of(patient).get(url[:-5] + "AAAA/").status_code == 404
    assert client_of(patient).post(url).status_code == 405


def test_a_removed_file_goes_with_the_commit_and_its_address_leads_nowhere(
    patient: User, client_of: ClientOf, django_capture_on_commit_callbacks
) -> None:
    name = kept()
    url = private_url(name, filename="report.pdf", reader=patient)
    with django_capture_on_commit_callbacks(execute=True):
        remove_private(name)
        assert private_storage().exists(name)
    assert not private_storage().exists(name)
    assert client_of(patient).get(url).status_code == 404


def test_behind_the_proxy_only_the_name_is_said(patient: User, client_of: ClientOf, settings) -> None:
    settings.SENDFILE = True
    name = kept()
    page = client_of(patient).get(private_url(name, filename="report.pdf", reader=patient, inline=True))
    assert page["X-Accel-Redirect"] == f"/{name}"
    assert page.content == b""
    assert page["Content-Disposition"].startswith("inline")
    assert page["X-Frame-Options"] == "SAMEORIGIN"


def test_files_are_opened_in_a_process_with_limits_that_knows_nothing_of_ours(tmp_path: Path) -> None:
    source = tmp_path / "in.jpg"
    source.write_bytes(picture())
    program = f"""
import resource, runpy, sys
sys.argv = ["opener", "picture", {str(source)!r}, {str(tmp_path / "out.jpg")!r}, "image/jpeg"]
try:
    runpy.run_path({str(settings.BASE_DIR / "config" / "opener.py")!r}, run_name="__main__")
except SystemExit as done:
    assert not done.code
print()
print(resource.getrlimit(resource.RLIMIT_AS)[0], "django" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == f"{1024**3} False"


def test_the_process_that_opens_files_is_given_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *command, **how: given.append(how) or run(*command, **how))
    checked_upload(upload(PDF))
    assert [how["env"] for how in given] == [{}]
