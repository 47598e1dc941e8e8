"""`python -I config/opener.py TASK …`: opens files that nobody vouches for, in a process that can harm nobody.

Decoders are where hostile files aim. This process opens one file within limits of memory, time and output that the
system keeps, knows nothing of the portal's environment, and says one line of JSON: facts, or {"refused": code} with
exit 1. It imports nothing of the portal: it is started for every upload, and by its path.

    picture SOURCE TARGET TYPE      the picture drawn anew, its pixels alone
    examine SOURCE                  whether a PDF may be kept: it does nothing by itself, and can be shown
    page SOURCE TARGET NUMBER       a page of a PDF as a WebP picture
"""

import io
import json
import resource
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY = 1024 * 1024 * 1024
SECONDS = 15
MOST_OUTPUT = 64 * 1024 * 1024
# Fits a scanned page of A4 at 300 dpi; above it a picture is made smaller.
LONGEST_SIDE = 4096
MOST_PIXELS = 80_000_000
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}
# A page of A4 at 150 dpi: small print is legible, and enlarges on a phone.
PAGE_WIDTH, PAGE_HEIGHT = 1240, 3508
MOST_PAGES = 500

# Actions that do more than lead to a page of the same document or to a web address that is shown.
ACTIONS = {
    "/JavaScript",
    "/Launch",
    "/ImportData",
    "/SubmitForm",
    "/GoToR",
    "/GoToE",
    "/Rendition",
    "/RichMediaExecute",
}
# Dictionary keys under which programs and other files stand.
KEYS = {"/JS", "/JavaScript", "/XFA", "/EF", "/EmbeddedFiles", "/RichMediaContent"}
SUBTYPES = {"/RichMedia", "/FileAttachment", "/Movie", "/Screen"}
# What a PDF does not begin with, but a page or a program.
OF_OTHERS = (b"<html", b"<script", b"<!doctype", b"<?php")


class Refused(Exception):
    """Why not, as a code for config/files.py."""


def picture(source: str, target: str, content_type: str) -> dict[str, object]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    kind = FORMATS[content_type]
    try:
        # Only this one decoder is tried, and no pixel is decoded before the size is known.
        with Image.open(source, formats=[kind]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Refused("too_many_pixels")
            if getattr(opened, "is_animated", False):
                raise Refused("animated")
            # A JPEG is decoded at a fraction of its size where that is enough.
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            plain = upright.convert("RGBA" if kind == "PNG" and "A" in upright.getbands() else "RGB")
            plain = _in_usual_colours(plain, opened.info.get("icc_profile"))
            # Pillow would write a comment on.
            plain.info.clear()
            options = {"quality": 88, "optimize": True} if kind == "JPEG" else {"optimize": True}
            plain.save(target, kind, **options)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise Refused("broken_picture") from None
    return {"width": plain.width, "height": plain.height}


def _in_usual_colours(picture: Any, profile: bytes | None) -> Any:
    """The picture in sRGB, which is what one without a profile is taken for."""
    from PIL import ImageCms

    if not profile or picture.mode != "RGB":
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        # A profile that cannot be read, or is for other colours: as most viewers do, without it.
        return picture


def examine(source: str) -> dict[str, object]:
    import pikepdf

    _look_for_another_file(source)
    try:
        with pikepdf.open(source) as pdf:
            pages = len(pdf.pages)
            if not 0 < pages <= MOST_PAGES:
                raise Refused("too_many_pages" if pages else "broken_pdf")
            if _acts(pdf.trailer) or any(_acts(each) for each in pdf.objects):
                raise Refused("active_pdf")
    except pikepdf.PasswordError:
        raise Refused("locked_pdf") from None
    except pikepdf.PdfError:
        raise Refused("broken_pdf") from None
    # What cannot be shown here would only disappoint the doctor later.
    shown = _drawn(source, 1)
    return {"width": shown.width, "height": shown.height, "pages": pages}


def _look_for_another_file(source: str) -> None:
    """A file that is also a page, a program or an archive to somebody else is none that we keep."""
    with Path(source).open("rb") as file:
        head = file.read(1024)
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 4096))
        tail = file.read()
    if not head.startswith(b"%PDF-"):
        raise Refused("broken_pdf")
    _before, end, behind = tail.rpartition(b"%%EOF")
    if not end:
        raise Refused("broken_pdf")
    lower = head.lower()
    if behind.strip(b"\0 \t\r\n\f\x1a") or any(sign in lower for sign in OF_OTHERS):
        raise Refused("mixed_pdf")
    if zipfile.is_zipfile(source):
        raise Refused("mixed_pdf")


def _acts(whole: object) -> bool:
    """Whether this object, or what stands directly in it, is or holds a program, another file or such an action.

    What it refers to is an object of the document's own, and is asked by itself.
    """
    import pikepdf

    waiting = [whole]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting += [inner for inner in each if isinstance(inner, pikepdf.Object) and not inner.is_indirect]
        elif isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
            for key, value in each.items():
                if key in KEYS:
                    return True
                if not isinstance(value, pikepdf.Object):
                    continue
                if isinstance(value, pikepdf.Name):
                    name = str(value)
                    if (key == "/S" and name in ACTIONS) or (key == "/Subtype" and name in SUBTYPES):
                        return True
                elif not value.is_indirect:
                    waiting.append(value)
    return False


def _drawn(source: str, number: int) -> Any:
    """A page as a Pillow image."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(source) as pdf:
            if not 0 < number <= len(pdf):
                raise Refused("no_such_page")
            page = pdf[number - 1]
            width, height = page.get_size()
            scale = min(PAGE_WIDTH / max(width, 1), PAGE_HEIGHT / max(height, 1))
            bitmap = page.render(scale=scale)
            return bitmap.to_pil().convert("RGB")
    except pypdfium2.PdfiumError:
        raise Refused("broken_pdf") from None


def page(source: str, target: str, number: str) -> dict[str, object]:
    shown = _drawn(source, int(number))
    shown.save(target, "WEBP", quality=82, method=2)
    return {"width": shown.width, "height": shown.height}


TASKS: dict[str, Callable[..., dict[str, object]]] = {"picture": picture, "examine": examine, "page": page}


def limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, MOST_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    limit()
    try:
        told = TASKS[sys.argv[1]](*sys.argv[2:])
    except Refused as refusal:
        told = {"refused": str(refusal)}
    except MemoryError:
        told = {"refused": "too_much"}
    sys.stdout.write(json.dumps(told))
    sys.exit("refused" in told)
