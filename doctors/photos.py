"""Doctors' photos: whatever is handed in comes out as two small square WebP files without a word about its maker."""

import io
import uuid
from dataclasses import dataclass

import puremagic
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
LEAST_SIDE = 128
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".webp": "WEBP"}

# Pixels a side and bytes: the doctor's own page, and lists, which draw it at 64 pixels on screens of double density.
LARGE, LARGE_BYTES = 512, 20_000
SMALL, SMALL_BYTES = 128, 3_000
QUALITIES = range(10, 86, 5)


@dataclass(frozen=True, slots=True)
class Photo:
    """Both sizes, under one new name that tells nothing."""

    large: "ContentFile[bytes]"
    small: "ContentFile[bytes]"


def normalise_photo(upload: "File[bytes]") -> Photo:
    """The square in the middle of a JPEG, PNG or WebP picture, in both sizes and without metadata.

    Raises ValidationError, in words for the person who handed it in, for anything else: other kinds of files whatever
    their name, broken ones, moving pictures, and pictures too large to open safely or too small to use.
    """
    if upload.size > MOST_BYTES:
        raise ValidationError(_("This file is larger than 8 MB. Please choose a smaller one."), code="too_large")
    upload.seek(0)
    data = upload.read()
    square = _square(data, _format(data))
    name = uuid.uuid4().hex
    return Photo(
        large=ContentFile(_webp(square, LARGE, LARGE_BYTES), name=f"{name}.webp"),
        small=ContentFile(_webp(square, SMALL, SMALL_BYTES), name=f"{name}-small.webp"),
    )


def _format(data: bytes) -> str:
    """Pillow's name for what the content says that it is."""
    try:
        extension = puremagic.from_string(data[:4096])
    except (puremagic.PureError, ValueError):
        extension = ""
    if extension not in FORMATS:
        raise ValidationError(_("Please choose a photo in JPEG, PNG or WebP format."), code="not_a_photo")
    return FORMATS[extension]


def _square(data: bytes, kind: str) -> Image.Image:
    """The picture upright, cut to a square and in plain colours."""
    broken = ValidationError(_("This photo cannot be read. Please choose another one."), code="broken")
    try:
        # Only this one decoder is tried, and no pixel is decoded before the size is known.
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            _check(picture)
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError(_("This photo has too many pixels. Please choose a smaller one."), code="bomb") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise broken from None
    side = min(LARGE, *upright.size)
    # Faces are above the middle more often than below it.
    cut = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    plain = Image.new("RGB", cut.size, "white")
    plain.paste(cut, mask=cut.getchannel("A"))
    return plain


def _check(picture: Image.Image) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise ValidationError(_("This photo has too many pixels. Please choose a smaller one."), code="bomb")
    if min(picture.size) < LEAST_SIDE:
        raise ValidationError(_("This photo is too small. It must be at least 128 pixels wide and high."), code="tiny")
    if getattr(picture, "is_animated", False):
        raise ValidationError(_("This picture moves. Please choose a still one."), code="animated")


def _webp(square: Image.Image, side: int, most: int) -> bytes:
    """At the highest quality that stays within `most` bytes, in half the size if none does."""
    picture = square.resize((side, side), Image.Resampling.LANCZOS) if square.width > side else square
    best = b""
    low, high = 0, len(QUALITIES)
    while low < high:
        middle = (low + high) // 2
        output = io.BytesIO()
        picture.save(output, "WEBP", quality=QUALITIES[middle])
        if output.tell() <= most:
            best, low = output.getvalue(), middle + 1
        else:
            high = middle
    return best or _webp(square, side // 2, most)
