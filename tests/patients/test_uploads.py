"""What people hand in by mistake and what others hand in on purpose, through the page that takes it: refused with a
sentence that a patient understands, or kept in a form that does nothing to anybody."""

import io
from collections.abc import Callable
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from config.files import MOST_BYTES, private_storage, private_url
from patients.forms.records import safe_name
from patients.models import FileToRemove, MedicalRecord
from tests.config.clamd import EICAR, clamd
from tests.documents import archive, large_pdf, pdf, picture, png_of

type ClientOf = Callable[[User], Client]


@pytest.fixture
def hand_in(patient: User, client_of: ClientOf) -> Callable[..., str]:
    """Hand a file in; the sentence beside the field, empty if it was kept."""

    def send(data: bytes, name: str = "report.pdf", content_type: str = "application/pdf") -> str:
        client = client_of(patient)
        upload = SimpleUploadedFile(name, data, content_type=content_type)
        fields = {"kind": "other", "dated": "2026-03-04", "files": [upload]}
        answer = client.post("/records/add/", fields, headers={"Accept": "application/json"})
        if answer.status_code == 200:
            return ""
        (sentence,) = answer.json()["errors"]["files"]
        assert not MedicalRecord.objects.exists()
        assert not FileToRemove.objects.exists()
        page = client.post("/records/add/", fields | {"files": [SimpleUploadedFile(name, data)]})
        assert page.status_code == 422
        assert sentence in unescape(page.content.decode())
        return str(sentence)

    return send


def kept() -> bytes:
    with private_storage().open(MedicalRecord.objects.get().file) as file:
        return bytes(file.read())


def linking(action: str) -> bytes:
    """A PDF with a place to press."""
    return pdf(page="/Annots[9 0 R]", objects=[f"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<<{action}>>>>"])


ACTIVE = "This PDF holds a program"
MIXED = "This file is a PDF and something else at once"
KINDS = "Please choose a PDF file, or a picture in JPEG or PNG format."
BROKEN_PDF, BROKEN_PICTURE = "This PDF cannot be read.", "This picture cannot be read."

REFUSED = {
    "nothing": (b"", "This file is empty."),
    "svg with a script": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", KINDS),
    "html named pdf": (b"<!doctype html><script>alert(1)</script>", KINDS),
    "program": (b"MZ\x90\0" + bytes(200), KINDS),
    "script": (b"#!/bin/sh\nrm -rf /\n", KINDS),
    "gif": (b"GIF89a" + bytes(200), KINDS),
    "zip bomb": (archive(bytes_inside=50_000_000), KINDS),
    "words before a pdf": (b"/* */alert(1)//" + pdf(), KINDS),
    "pdf and zip": (pdf() + archive(), MIXED),
    "zip inside the end of a pdf": (pdf().replace(b"trailer", archive() + b"\ntrailer"), MIXED),
    "pdf and html": (pdf().replace(b"%PDF-1.7\n", b"%PDF-1.7\n<html><script>alert(1)</script>\n"), MIXED),
    "pdf and php": (pdf() + b"<?php system($_GET['c']);", MIXED),
    "pdf with much behind it": (pdf() + b"<script>" + b"x" * 9000, BROKEN_PDF),
    "pdf that runs when opened": (pdf(catalog="/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), ACTIVE),
    "pdf whose names are written oddly": (pdf(catalog="/OpenAction<</S/#4aavaScript/J#53(app.alert(1))>>"), ACTIVE),
    "pdf that starts a program": (pdf(catalog="/OpenAction 9 0 R", objects=["<</S/Launch/F(calc.exe)>>"]), ACTIVE),
    "pdf that acts when a page is shown": (pdf(page="/AA<</O<</S/JavaScript/JS(1)>>>>"), ACTIVE),
    "pdf with scripts by name": (pdf(catalog="/Names<</JavaScript<</Names[(a) 9 0 R]>>>>", objects=["<<>>"]), ACTIVE),
    "pdf that sends a form": (linking("/S/SubmitForm/F(http://x)"), ACTIVE),
    "pdf that opens another file": (linking("/S/GoToR/F(x.pdf)"), ACTIVE),
    "pdf with a file inside": (pdf(catalog="/Names<</EmbeddedFiles<</Names[(a) 9 0 R]>>>>", objects=["<<>>"]), ACTIVE),
    "pdf with a form of scripts": (pdf(catalog="/AcroForm<</XFA[(a)(b)]/Fields[]>>"), ACTIVE),
    "half a pdf": (pdf()[:300], BROKEN_PDF),
    "pdf without pages": (pdf(pages=0), BROKEN_PDF),
    "half a jpeg": (picture()[:150], BROKEN_PICTURE),
    "broken png": (b"\x89PNG\r\n\x1a\n" + bytes(400), BROKEN_PICTURE),
    "50 000 pixels a side": (png_of(50_000, 50_000), "This picture has too many pixels."),
    "90 million pixels": (png_of(10_000, 9_000), "This picture has too many pixels."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_sentence(hand_in: Callable[..., str], case: str) -> None:
    data, sentence = REFUSED[case]
    assert hand_in(data).startswith(sentence)


def test_pdf_with_a_password_is_refused_and_what_helps_is_said(hand_in: Callable[..., str]) -> None:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    assert hand_in(out.getvalue()) == (
        "This PDF is locked with a password. Please save it without one, and choose that file."
    )


def test_program_hidden_in_a_compressed_part_is_found(hand_in: Callable[..., str]) -> None:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(catalog="/OpenAction 9 0 R", objects=["<</S/JavaScript/JS(1)>>"]))) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in out.getvalue()
    assert hand_in(out.getvalue()).startswith(ACTIVE)


KEPT = {
    "opens at a page": pdf(catalog="/OpenAction[3 0 R /Fit]"),
    "links to the web": linking("/S/URI/URI(https://who.int)"),
    "blank lines at the end": pdf() + b"\r\n\r\n\0",
}


@pytest.mark.parametrize("case", KEPT)
def test_ordinary_pdf_is_kept_byte_for_byte(hand_in: Callable[..., str], case: str) -> None:
    """A signature on it stays good."""
    assert hand_in(KEPT[case]) == ""
    assert kept() == KEPT[case]


@pytest.mark.parametrize("hidden", [b"<?php system($_GET['c']); ?>", archive(), b"<script>alert(1)</script>"])
def test_what_hides_behind_a_picture_is_gone(hand_in: Callable[..., str], hidden: bytes) -> None:
    assert hand_in(picture() + hidden, "photo.jpg", "image/jpeg") == ""
    assert hidden[:12] not in kept()


def test_where_a_photo_was_taken_is_gone_and_it_stands_upright(hand_in: Callable[..., str]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A phone"
    exif.get_ifd(0x8825)[2] = (23.0, 46.0, 0.0)
    assert hand_in(picture(size=(300, 200), exif=exif, comment=b"private"), "photo.jpg") == ""
    with Image.open(io.BytesIO(kept())) as drawn:
        assert drawn.size == (200, 300)
        assert not drawn.getexif()
        assert "comment" not in drawn.info
    assert b"A phone" not in kept()


def test_colours_of_a_camera_become_the_usual_ones(hand_in: Callable[..., str]) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert hand_in(picture(icc_profile=profile), "photo.jpg") == ""
    with Image.open(io.BytesIO(kept())) as drawn:
        assert "icc_profile" not in drawn.info
        assert all(abs(one - other) < 4 for one, other in zip(drawn.getpixel((9, 9)), (0, 128, 128), strict=True))


def test_a_wrong_name_and_a_wrong_type_do_not_matter(hand_in: Callable[..., str]) -> None:
    assert hand_in(picture("PNG"), "report.pdf", "text/html") == ""
    record = MedicalRecord.objects.get()
    assert (record.content_type, record.original_name) == ("image/png", "report.png")
    assert record.file.endswith(".png")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\me\\scan.pdf", "scan.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie x=1.pdf"),
        ("gpj.\u202efdp.exe", "gpj. fdp.pdf"),
        ("রক্ত পরীক্ষা.pdf", "রক্ত পরীক্ষা.pdf"),
        ("ক্\u200dষ.pdf", "ক্\u200dষ.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        (".pdf", "pdf.pdf"),
        ("   .pdf", "pdf.pdf"),
    ],
)
def test_name_is_one_line_in_one_direction_without_folders(name: str, shown: str) -> None:
    assert safe_name(name, ".pdf").replace(":", "") == shown


def test_name_of_a_file_is_never_markup_nor_a_header(
    hand_in: Callable[..., str], patient: User, client_of: ClientOf
) -> None:
    assert hand_in(pdf(), 'রক্ত "<b>\u202e.pdf') == ""
    record = MedicalRecord.objects.get()
    client = client_of(patient)
    page = client.get(record.get_absolute_url()).content.decode()
    assert "<b>" not in page.replace("<body", "")
    assert "\u202e" not in page
    answer = client.get(client.get(f"/records/{record.pk}/download/")["Location"])
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E0%A6%B0")
    assert b"".join(answer.streaming_content) == pdf()


def test_twenty_megabytes_are_kept_and_one_byte_more_is_not(hand_in: Callable[..., str]) -> None:
    assert hand_in(large_pdf(MOST_BYTES + 1)) == "This file is larger than 20 MB. Please choose a smaller one."
    assert hand_in(large_pdf(MOST_BYTES)) == ""
    assert MedicalRecord.objects.get().size == MOST_BYTES


def test_virus_is_refused_and_a_scanner_that_is_away_too(hand_in: Callable[..., str], settings) -> None:
    with clamd() as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        assert "harmful software" in hand_in(pdf(objects=[f"({EICAR.decode()})"]))
    assert "cannot be checked for viruses just now" in hand_in(pdf())
    with clamd() as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        assert hand_in(pdf()) == ""


def test_what_is_given_out_runs_nowhere(hand_in: Callable[..., str], patient: User, client_of: ClientOf) -> None:
    assert hand_in(pdf()) == ""
    for inline in (True, False):
        url = private_url(MedicalRecord.objects.get().file, filename="a.pdf", reader=patient, inline=inline)
        answer = client_of(patient).get(url)
        assert b"".join(answer.streaming_content) == pdf()
        assert answer["Content-Type"] == "application/pdf"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert {"default-src 'none'", "sandbox"} <= set(answer["Content-Security-Policy"].split("; "))
