"""What search engines and messengers are told of a page that anybody may open. Every other page says `noindex`."""

from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

# What the portal is, in a sentence.
PORTAL = _("Find a verified doctor, see open times, book and pay online. Video or in person.")


@dataclass(frozen=True, slots=True)
class Found:
    """A public page: its title without the portal's name, a sentence about it, its one address from the root on.

    `kind` is Open Graph's (https://ogp.me/#types), `picture` an address of an image. A page that is one of very many
    of its like, as the results of a search in somebody's own words, is not `listed`.
    """

    title: str
    description: str
    path: str
    kind: str = "website"
    picture: str = ""
    listed: bool = True

    @property
    def address(self) -> str:
        """The canonical one, whatever else the page is called by."""
        return settings.SITE_ORIGIN + self.path

    @property
    def picture_address(self) -> str:
        return urljoin(settings.SITE_ORIGIN, self.picture or static("img/share.png"))
