"""`python -m config.pictures SOURCE TARGET TYPE`: a picture drawn anew, in a process that can harm nobody.

Decoders are where hostile files aim. This process opens one file with one decoder, within limits of memory and time
that the system keeps, and writes the pixels alone. A refusal is one line of JSON, {"refused": code}, and exit 1.
"""

import json
import resource
import sys

MEMORY = 1024 * 1024 * 1024
SECONDS = 15
# Fits a scanned page of A4 at 300 dpi; above it the picture is made smaller.
LONGEST_SIDE = 4096
MOST_PIXELS = 80_000_000
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}


def main(source: str, target: str, content_type: str) -> str:
    """Write the picture anew and return an empty string, or return the code of why not."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    kind = FORMATS[content_type]
    try:
        # Only this one decoder is tried, and no pixel is decoded before the size is known.
        with Image.open(source, formats=[kind]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return "too_large"
            if getattr(picture, "is_animated", False):
                return "animated"
            # A JPEG is decoded at a fraction of its size where that is enough.
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            plain = upright.convert("RGBA" if kind == "PNG" and "A" in upright.getbands() else "RGB")
            options = {"quality": 88, "optimize": True} if kind == "JPEG" else {"optimize": True}
            plain.save(target, kind, **options)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        return "too_large"
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return "broken"
    return ""


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    refused = main(*sys.argv[1:])
    if refused:
        sys.stdout.write(json.dumps({"refused": refused}))
        sys.exit(1)
