import io
from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageStat

from config.demo.avatars import choose_look, draw_avatar
from config.demo.canvas import flatten, webp
from config.demo.hair import MEN, WOMEN
from config.demo.people import portrait
from doctors.photos import LARGE, LARGE_BYTES, SMALL, SMALL_BYTES

PEOPLE = [(seed, gender) for seed in range(60) for gender in ("female", "male")]


@pytest.fixture(scope="module")
def portraits() -> list[bytes]:
    return [webp(draw_avatar(seed, gender)) for seed, gender in PEOPLE]


def test_draw_avatar_draws_the_same_for_the_same_seed(portraits: list[bytes]) -> None:
    assert [webp(draw_avatar(seed, gender)) for seed, gender in PEOPLE[:6]] == portraits[:6]


def test_portraits_are_small_square_webp(portraits: list[bytes]) -> None:
    assert max(map(len, portraits)) <= LARGE_BYTES
    for drawn in portraits:
        with Image.open(io.BytesIO(drawn)) as image:
            assert (image.format, image.size, image.mode) == ("WEBP", (512, 512), "RGB")


def test_doctors_have_them_in_the_two_sizes_of_a_photo() -> None:
    photo = portrait(3, "female")
    for file, side, most in ((photo.large, LARGE, LARGE_BYTES), (photo.small, SMALL, SMALL_BYTES)):
        assert file.size <= most
        with Image.open(file) as image:
            assert (image.format, image.size) == ("WEBP", (side, side))


def test_no_two_portraits_are_hard_to_tell_apart(portraits: list[bytes]) -> None:
    """Not one byte, but a look: at thumbnail size, two portraits differ by several levels of 255 on the average."""
    thumbnails = [Image.open(io.BytesIO(portrait)).resize((32, 32), Image.Resampling.BOX) for portrait in portraits]
    for (one, first), (other, second) in combinations(zip(PEOPLE, thumbnails, strict=True), 2):
        difference = sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) / 3
        assert difference > 2, f"{one} and {other}"


def test_every_style_is_worn_by_somebody() -> None:
    assert {choose_look(seed, "female").style for seed in range(30)} == WOMEN.keys()
    assert {choose_look(seed, "male").style for seed in range(30)} == MEN.keys()


def test_draw_avatar_knows_two_genders() -> None:
    with pytest.raises(KeyError):
        draw_avatar(1, "unknown")


def test_flatten_follows_lines_and_curves_to_their_ends() -> None:
    points = flatten("M0 0 L10 0 C 20 0 20 10 10 10")
    assert points[:2] == [(0, 0), (10, 0)]
    assert points[-1] == (10, 10)
    assert max(x for x, _ in points) == pytest.approx(17.5)
