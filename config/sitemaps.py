"""For those who look through the portal so that it is found: which pages there are, and which may be looked at."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap, views
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from doctors.models import Doctor, DoctorSpecialty
from specialties.models import Specialty

AN_HOUR = 3600

# Whatever is not named is private, or of no use to whom a search engine sends.
ROBOTS = """\
User-agent: *
Allow: /$
Allow: /doctors/
Allow: /media/
Allow: /static/
Allow: /manifest.webmanifest
Allow: /sitemap
Allow: /doctors/apply/$
Disallow: /doctors/apply/
Disallow: /

Sitemap: {address}
"""


class OfThePortal(Sitemap):
    """Addresses are the portal's own, by whatever name it was asked."""

    limit = 5000
    protocol = urlsplit(settings.SITE_ORIGIN).scheme

    def get_domain(self, site: object = None) -> str:
        return urlsplit(settings.SITE_ORIGIN).netloc


class Pages(OfThePortal):
    def items(self) -> list[str]:
        return ["home", "doctors:find", "doctors:apply"]

    def location(self, item: str) -> str:
        return reverse(item)


class Specialties(OfThePortal):
    """The results for each field in which there is somebody to find."""

    def items(self) -> QuerySet[Specialty]:
        practising = DoctorSpecialty.objects.filter(specialty=OuterRef("pk"), doctor__in=Doctor.objects.public())
        return Specialty.objects.active().filter(Exists(practising)).order_by("pk")

    def location(self, item: Specialty) -> str:
        return f"{reverse('doctors:find')}?{urlencode({'specialty': item.slug})}"


class Doctors(OfThePortal):
    def items(self) -> QuerySet[Doctor]:
        return Doctor.objects.public().only("slug").order_by("pk")


SITEMAPS = {"pages": Pages, "specialties": Specialties, "doctors": Doctors}


@cache_control(public=True, max_age=AN_HOUR)
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Where the pages of all sitemaps are: https://www.sitemaps.org/protocol.html"""
    return views.index(request, SITEMAPS, sitemap_url_name="sitemap_of")


@cache_control(public=True, max_age=AN_HOUR)
@require_safe
def sitemap_of(request: HttpRequest, section: str) -> HttpResponse:
    return views.sitemap(request, SITEMAPS, section)


@cache_control(public=True, max_age=AN_HOUR)
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """https://www.rfc-editor.org/rfc/rfc9309"""
    address = settings.SITE_ORIGIN + reverse("sitemap")
    return HttpResponse(ROBOTS.format(address=address), content_type="text/plain; charset=utf-8")
