import io
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from doctors.models import Doctor
from doctors.photos import LARGE_BYTES, MOST_BYTES, SMALL_BYTES, normalise_photo
from doctors.services import set_photo
from tests.factories.doctors import DoctorFactory


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 700), **options: object) -> SimpleUploadedFile:
    """Noise: what no encoder makes small."""
    output = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(output, kind, **options)
    return SimpleUploadedFile(f"photo.{kind.lower()}", output.getvalue())


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as found:
        found.load()
        return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photo_becomes_two_small_squares(kind: str) -> None:
    photo = normalise_photo(picture(kind))
    for file, most in ((photo.large, LARGE_BYTES), (photo.small, SMALL_BYTES)):
        found = opened(file.read())
        assert found.format == "WEBP"
        assert found.width == found.height
        assert file.size <= most
    assert opened(normalise_photo(picture(size=(128, 400))).large.read()).size == (128, 128)


def test_photo_keeps_nothing_of_its_maker_but_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Secret phone", 6
    upper_half_dark = Image.new("RGB", (400, 400), "white")
    upper_half_dark.paste("black", (0, 0, 400, 200))
    output = io.BytesIO()
    upper_half_dark.save(output, "JPEG", exif=exif, icc_profile=b"secret profile")
    photo = normalise_photo(SimpleUploadedFile("my-name.jpg", output.getvalue()))
    data = photo.large.read()
    assert b"ecret" not in data
    assert "my-name" not in photo.large.name
    # Turned by a quarter clockwise, as the orientation says: the dark half is on the right.
    found = opened(data)
    assert found.getpixel((380, 200))[0] < 30
    assert found.getpixel((20, 200))[0] > 225


def test_a_see_through_photo_gets_a_white_ground() -> None:
    output = io.BytesIO()
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(output, "PNG")
    photo = normalise_photo(SimpleUploadedFile("clear.png", output.getvalue()))
    assert min(opened(photo.large.read()).getpixel((100, 100))) > 250


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_a_photo"),
        (b"MZ\x90\x00 not a picture at all", "not_a_photo"),
        (encoded(Image.new("RGB", (200, 200)), "GIF"), "not_a_photo"),
        (encoded(Image.new("RGB", (200, 200)), "TIFF"), "not_a_photo"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 500, "broken"),
        (encoded(Image.effect_noise((300, 300), 90), "JPEG")[:4000], "broken"),
        (encoded(Image.new("RGB", (127, 800)), "PNG"), "tiny"),
        (encoded(Image.new("1", (8000, 8000)), "PNG"), "bomb"),
        (encoded(Image.new("1", (20000, 20000)), "PNG"), "bomb"),
        (
            encoded(
                Image.new("RGB", (200, 200)), "WEBP", save_all=True, append_images=[Image.new("RGB", (200, 200), "red")]
            ),
            "animated",
        ),
    ],
)
def test_anything_but_a_still_photo_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normalise_photo(SimpleUploadedFile("photo.jpg", data))
    assert refused.value.code == code
    assert refused.value.messages[0].endswith(".")


def test_a_file_too_large_is_refused_unread() -> None:
    with pytest.raises(ValidationError) as refused:
        normalise_photo(SimpleUploadedFile("photo.jpg", b"x" * (MOST_BYTES + 1)))
    assert refused.value.code == "too_large"


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_a_new_photo_takes_the_place_of_the_old_one(media: Path, django_capture_on_commit_callbacks) -> None:
    doctor = DoctorFactory()
    with django_capture_on_commit_callbacks(execute=True):
        set_photo(doctor, normalise_photo(picture()))
    first = {path.name for path in (media / "doctors").iterdir()}
    assert len(first) == 2
    with django_capture_on_commit_callbacks(execute=True):
        set_photo(doctor, normalise_photo(picture()))
    second = {path.name for path in (media / "doctors").iterdir()}
    assert len(second) == 2
    assert not first & second
    assert Doctor.objects.get().thumbnail.endswith("-small.webp")
    with django_capture_on_commit_callbacks(execute=True):
        set_photo(doctor, None)
    assert list((media / "doctors").iterdir()) == []
    assert Doctor.objects.get().thumbnail == ""
