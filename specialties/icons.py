"""The icons that a specialty may have: those of the Lucide set that the portal ships."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import PurePath
from zipfile import ZipFile

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def icon_names() -> frozenset[str]:
    with ZipFile(BytesIO(files("lucide").joinpath("lucide.zip").read_bytes())) as icons:
        return frozenset(PurePath(name).stem for name in icons.namelist() if name.endswith(".svg"))


def validate_icon(name: str) -> None:
    if name not in icon_names():
        raise ValidationError(
            _("There is no Lucide icon named “%(name)s”."), code="unknown_icon", params={"name": name}
        )
