"""Documents as people hand them in, and as those do who mean harm."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import pikepdf
from PIL import Image


def pdf(*lines: str, catalog: str = "", page: str = "", objects: Sequence[str] = (), pages: int = 1) -> bytes:
    """A PDF of some lines of text. `catalog` and `page` go into those dictionaries; `objects` are number 9 and on."""
    text = " ".join(f"({line}) Tj 0 -20 Td" for line in lines or ("Haemoglobin 13.2 g/dL",))
    stream = f"BT /F 14 Tf 60 780 Td {text} ET"
    parts = {
        1: f"<</Type/Catalog/Pages 2 0 R {catalog}>>",
        2: f"<</Type/Pages/Count {pages}/Kids[{'3 0 R ' * pages}]>>",
        3: f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>> {page}>>",
        4: f"<</Length {len(stream)}>>\nstream\n{stream}\nendstream",
        5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    } | dict(enumerate(objects, start=9))
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = {}
    for number, body in parts.items():
        places[number] = out.tell()
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    begin, size = out.tell(), max(parts) + 1
    out.write(f"xref\n0 {size}\n0000000000 65535 f \n".encode())
    for number in range(1, size):
        out.write(b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n")
    out.write(f"trailer\n<</Root 1 0 R/Size {size}>>\nstartxref\n{begin}\n%%EOF\n".encode())
    return out.getvalue()


def large_pdf(size: int) -> bytes:
    """A PDF of exactly so many bytes, most of them in an object that nothing draws."""
    empty = len(pdf(objects=["<</Length 00000000>>\nstream\n\nendstream"]))
    # The place of the table takes more digits in a larger file.
    filling = size - empty - 16
    made = pdf(objects=[f"<</Length {filling:08d}>>\nstream\n{'x' * filling}\nendstream"])
    return made + b"\n" * (size - len(made))


def pdf_bomb() -> bytes:
    """A PDF of some kilobytes whose page is 700 MB of blanks: packed twice, so that nothing of its size shows."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packing.compress(b" " * 2**20) + packing.flush(zlib.Z_FULL_FLUSH)
    once = b"\x78\xda" + 700 * block + b"\x03\x00"
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        packed = pikepdf.Stream(document, zlib.compress(once, 9))
        packed.Filter = pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode])
        document.pages[0].Contents = packed
        document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return out.getvalue()


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: object = "teal", **options: object
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def archive(*, bytes_inside: int = 100) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("inside", b"\0" * bytes_inside)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is that large, with as little data as that takes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width // 8 + 1) * min(height, 2000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
