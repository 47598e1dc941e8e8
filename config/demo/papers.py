"""Papers of the demo's patients, drawn: reports, prescriptions and X-rays of people who do not exist."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from random import Random

from django.conf import settings
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from config.files import CheckedFile

INK, FADED, LINE = "#1c2b2a", "#5c6f6d", "#c9d6d4"
SIZE = WIDTH, HEIGHT = 1240, 1754
KINDS = {"PDF": ("application/pdf", ".pdf"), "JPEG": ("image/jpeg", ".jpg"), "PNG": ("image/png", ".png")}
SPECIMEN = "Specimen of the demo: nobody of this name exists, and no laboratory has measured this."


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    folder = Path(settings.BASE_DIR) / "static/fonts"
    return ImageFont.truetype(folder / f"NotoSansBengali-{'Bold' if bold else 'Regular'}.ttf", size)


def draw_report(house: str, title: str, name: str, day: str, rows: Sequence[Sequence[str]], kind: str) -> CheckedFile:
    """A sheet with a letterhead, whose it is, and a table; the first row is its head."""
    sheet = Image.new("RGB", SIZE, "#ffffff")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, WIDTH, 18), fill="#0b6b69")
    pen.text((90, 90), house, font=font(54, bold=True), fill="#0b6b69")
    pen.text((90, 170), "Dhaka, Bangladesh", font=font(28), fill=FADED)
    pen.line((90, 240, WIDTH - 90, 240), fill=LINE, width=3)
    pen.text((90, 280), title, font=font(48, bold=True), fill=INK)
    pen.text((90, 365), f"Name: {name}", font=font(34), fill=INK)
    pen.text((WIDTH - 90, 365), day, font=font(34), fill=INK, anchor="ra")
    places = [90 + number * (WIDTH - 180) // len(rows[0]) for number in range(len(rows[0]))]
    for number, row in enumerate(rows):
        top = 480 + number * 78
        if number == 0:
            pen.rectangle((90, top - 18, WIDTH - 90, top + 56), fill="#ebf1f2")
        for place, words in zip(places, row, strict=True):
            pen.text((place + 14, top), words, font=font(32, bold=number == 0), fill=INK)
        pen.line((90, top + 58, WIDTH - 90, top + 58), fill=LINE, width=2)
    pen.text((90, HEIGHT - 110), SPECIMEN, font=font(24), fill=FADED)
    return saved(sheet, kind)


def draw_xray(random: Random, name: str, *, chest: bool) -> CheckedFile:
    """Light bones on a dark plate, soft as they are: a chest, or a knee."""
    plate = Image.new("L", (1100, 1300), 14)
    pen = ImageDraw.Draw(plate)
    if chest:
        pen.ellipse((90, 150, 1010, 1500), fill=52)
        for side in (-1, 1):
            middle = 550 + side * 205
            pen.ellipse((middle - 165, 230, middle + 165, 1010), fill=24)
            for rib in range(9):
                top = 250 + rib * 88 + random.randint(-4, 4)
                box = (middle - 190, top, middle + 190, top + 190)
                pen.arc(box, 190 if side < 0 else 230, 310 if side < 0 else 350, fill=118, width=20)
        pen.rounded_rectangle((512, 120, 588, 1240), 30, fill=140)
        pen.ellipse((470, 560, 760, 960), fill=104)
    else:
        pen.rounded_rectangle((330, 0, 770, 1300), 120, fill=48)
        pen.rounded_rectangle((455, 0, 645, 560), 60, fill=150)
        pen.ellipse((390, 470, 710, 690), fill=158)
        pen.ellipse((395, 700, 705, 860), fill=152)
        pen.rounded_rectangle((450, 770, 620, 1300), 60, fill=146)
        pen.rounded_rectangle((650, 800, 710, 1300), 30, fill=120)
    plate = plate.filter(ImageFilter.GaussianBlur(9))
    pen = ImageDraw.Draw(plate)
    pen.text((40, 40), "R", font=font(64, bold=True), fill=230)
    pen.text((40, 1210), f"{name} · specimen of the demo", font=font(30), fill=190)
    return saved(plate.convert("RGB"), "JPEG")


def saved(picture: Image.Image, kind: str) -> CheckedFile:
    """As it would be kept had it been handed in. What we drew is not looked through: that takes half a second each."""
    out = io.BytesIO()
    picture.save(out, kind, **({"resolution": 150.0} if kind == "PDF" else {}))
    content = out.getvalue()
    content_type, extension = KINDS[kind]
    return CheckedFile(
        content=ContentFile(content),
        content_type=content_type,
        extension=extension,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=picture.width,
        height=picture.height,
    )
