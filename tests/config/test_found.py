"""What search engines, messengers and phones are told of the portal."""

import json
import re
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.test import Client
from PIL import Image

from accounts.models import User
from config.settings import BASE_DIR
from doctors.models import Doctor
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.factories.specialties import SpecialtyFactory
from tests.telehealth.rooms import visit_now

NAMES = {"of": "http://www.sitemaps.org/schemas/sitemap/0.9"}

pytestmark = pytest.mark.django_db


def head(client: Client, address: str, **asked: dict[str, str]) -> dict[str, str]:
    """What the page says of itself in its links and metas."""
    page = unescape(client.get(address, **asked).content.decode())
    said = dict(re.findall(r'<meta (?:property|name)="([^"]+)"\s+content="([^"]*)"', page))
    return said | dict(re.findall(r'<link rel="(canonical|manifest)" href="([^"]+)"', page))


def addresses(client: Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer["Content-Type"] == "application/xml"
    assert "max-age=3600" in answer["Cache-Control"]
    return [str(each.text) for each in ElementTree.fromstring(answer.content).findall(".//of:loc", NAMES)]


def test_doctors_page_says_what_it_is(client: Client, settings: LazySettings) -> None:
    doctor = DoctorFactory(name="Farhana Rahman")
    said = head(client, doctor.get_absolute_url())
    assert said["canonical"] == said["og:url"] == f"{settings.SITE_ORIGIN}{doctor.get_absolute_url()}"
    assert said["og:title"].startswith("Dr. Farhana Rahman, ")
    assert said["og:description"] == said["description"]
    assert said["og:type"] == "profile"
    assert said["og:image"] == f"{settings.SITE_ORIGIN}/static/img/share.png"
    assert said["og:locale"] == "en_GB"
    assert "robots" not in said
    assert head(client, doctor.get_absolute_url(), headers={"accept-language": "bn"})["og:locale"] == "bn_BD"


def test_results_of_a_field_in_a_district_are_a_page_and_a_closer_search_is_none(client: Client) -> None:
    SpecialtyFactory(slug="cardiology", name_en="Cardiology")
    said = head(client, "/doctors/?district=dhaka&specialty=cardiology")
    assert said["og:title"] == "Cardiology · Dhaka · Find a doctor"
    assert said["canonical"].endswith("/doctors/?district=dhaka&specialty=cardiology")
    assert "robots" not in said

    for closer in ("&q=heart", "&mode=video", "&page=2", "&sort=fee"):
        said = head(client, f"/doctors/?specialty=cardiology&district=dhaka{closer}")
        assert said["canonical"].endswith("/doctors/?district=dhaka&specialty=cardiology"), closer
        assert said["robots"] == "noindex, follow", closer


def test_pages_that_nobody_is_to_find_say_so(client_of: Callable[[User], Client], patient: User, doctor: User) -> None:
    for address in ("/account/", "/appointments/", "/"):
        said = head(client_of(patient), address)
        assert said["robots"] == "noindex", address
        assert "canonical" not in said
    assert head(Client(), "/accounts/login/")["robots"] == "noindex"
    assert head(Client(), f"/times/{doctor.doctor.slug}/")["robots"] == "noindex"


def test_sitemap_leads_to_everything_public_and_nothing_else(client: Client, settings: LazySettings) -> None:
    seen = DoctorFactory(specialty=SpecialtyFactory(slug="cardiology"))
    unverified = DoctorFactory(unverified=True, specialty=SpecialtyFactory(slug="oncology"))
    suspended = DoctorFactory(hidden=True)
    found = [page for section in addresses(client, "/sitemap.xml") for page in addresses(client, section)]
    origin = settings.SITE_ORIGIN
    assert {f"{origin}/", f"{origin}/doctors/", f"{origin}{seen.get_absolute_url()}"} <= set(found)
    assert f"{origin}/doctors/?specialty=cardiology" in found
    assert f"{origin}/doctors/?specialty=oncology" not in found
    for hidden in (unverified, suspended):
        assert f"{origin}{hidden.get_absolute_url()}" not in found
    for address in found:
        assert "robots" not in head(client, address.removeprefix(origin)), address


@pytest.mark.parametrize("doctors", [1, 3])
def test_sitemap_of_doctors_is_asked_for_at_once(
    client: Client, django_assert_num_queries: Callable[..., object], doctors: int
) -> None:
    DoctorFactory.create_batch(doctors)
    with django_assert_num_queries(2):
        assert len(addresses(client, "/sitemap-doctors.xml")) == doctors


def test_long_sitemap_is_in_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    DoctorFactory.create_batch(3)
    monkeypatch.setattr("config.sitemaps.Doctors.limit", 2)
    pages = [each for each in addresses(client, "/sitemap.xml") if "doctors" in each]
    assert [len(addresses(client, page)) for page in pages] == [2, 1]
    assert Doctor.objects.count() == 3
    assert client.get("/sitemap-patients.xml").status_code == 404
    assert client.get("/sitemap-doctors.xml?p=9").status_code == 404


def test_robots_may_look_at_nothing_but_what_is_public(client: Client, settings: LazySettings) -> None:
    answer = client.get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    rules = answer.content.decode().splitlines()
    assert f"Sitemap: {settings.SITE_ORIGIN}/sitemap.xml" in rules
    allowed = [rule.removeprefix("Allow: ") for rule in rules if rule.startswith("Allow: ")]
    assert "Disallow: /" in rules
    for private in ("/account/", "/appointments/", "/files/abc/", "/verify/", "/admin/", "/doctors/apply/you/"):
        longest = max((rule for rule in allowed if may_be(rule, private)), key=len, default="")
        assert len(longest) < len("/doctors/apply/"), private


def may_be(rule: str, path: str) -> bool:
    """Whether a rule is about the path: the longest rule counts, and a `$` ends it (RFC 9309, 2.2.2)."""
    return path == rule[:-1] if rule.endswith("$") else path.startswith(rule)


def test_portal_can_be_an_app(client: Client) -> None:
    assert head(client, "/")["manifest"] == "/manifest.webmanifest"
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    told = json.loads(answer.content)
    assert (told["name"], told["start_url"], told["display"], told["lang"]) == ("Nirog", "/", "standalone", "en")
    sizes = {}
    for icon in told["icons"]:
        path = BASE_DIR / icon["src"].lstrip("/")
        assert path.is_file()
        if icon["type"] == "image/png":
            with Image.open(path) as picture:
                sizes[icon["sizes"], icon.get("purpose", "any")] = f"{picture.width}x{picture.height}"
    assert sizes == {
        ("192x192", "any"): "192x192",
        ("512x512", "any"): "512x512",
        ("512x512", "maskable"): "512x512",
    }
    # The theme is the portal's own colour, which the style sheet owns.
    assert told["theme_color"] in (BASE_DIR / "static/img/icon.svg").read_text()
    inside = json.loads(client.get("/manifest.webmanifest", headers={"accept-language": "bn"}).content)
    assert inside["lang"] == "bn"
    assert inside["shortcuts"][0]["name"] != told["shortcuts"][0]["name"]


def test_page_for_no_network_is_the_same_for_everybody(client: Client, client_of: Callable[[User], Client]) -> None:
    somebody = PatientFactory(name="Rokeya Sultana").user
    page = client_of(somebody).get("/offline/").content.decode()
    assert "Rokeya" not in page
    assert "data-live" not in page
    assert page.count("data-offline") == client.get("/offline/").content.decode().count("data-offline") > 0


def test_next_visit_is_told_by_its_time_and_a_number_to_call_alone(
    client_of: Callable[[User], Client], patient: User, doctor: User, settings: LazySettings
) -> None:
    settings.SITE_PHONE = "+8809600000000"
    asked = client_of(patient)
    assert asked.get("/offline/next.json").json() == {}
    visit_now(doctor, patient)
    told = asked.get("/offline/next.json")
    assert "no-store" in told["Cache-Control"]
    assert set(told.json()) == {"starts_at", "ends_at", "words", "phone"}
    assert told.json()["phone"] == "+8809600000000"
