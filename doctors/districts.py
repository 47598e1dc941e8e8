"""The 64 districts of Bangladesh in their eight divisions, in both languages, with the place of each district town."""

import unicodedata
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise, lazy
from django.utils.translation import get_language


def _name_of(slug: str) -> str:
    return district(slug).name


_lazy_name = lazy(_name_of, str)


class Division(models.TextChoices):
    """The eight divisions, each named as its chief district is."""

    BARISHAL = "barishal", _lazy_name("barishal")
    CHATTOGRAM = "chattogram", _lazy_name("chattogram")
    DHAKA = "dhaka", _lazy_name("dhaka")
    KHULNA = "khulna", _lazy_name("khulna")
    MYMENSINGH = "mymensingh", _lazy_name("mymensingh")
    RAJSHAHI = "rajshahi", _lazy_name("rajshahi")
    RANGPUR = "rangpur", _lazy_name("rangpur")
    SYLHET = "sylhet", _lazy_name("sylhet")


@dataclass(frozen=True, slots=True)
class District:
    """One district. Latitude and longitude are WGS 84 degrees of the district town, good to about a kilometre.

    `aliases` are other spellings in lower case that people still write: the names before 2018, and common variants.
    """

    slug: str
    name_en: str
    name_bn: str
    division: Division
    latitude: float
    longitude: float
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.name_bn if get_language() == "bn" else self.name_en


DISTRICTS: tuple[District, ...] = (
    District("barguna", "Barguna", "বরগুনা", Division.BARISHAL, 22.15, 90.12),
    District("barishal", "Barishal", "বরিশাল", Division.BARISHAL, 22.70, 90.37, ("barisal",)),
    District("bhola", "Bhola", "ভোলা", Division.BARISHAL, 22.69, 90.65),
    District("jhalokathi", "Jhalokathi", "ঝালকাঠি", Division.BARISHAL, 22.64, 90.20, ("jhalokati", "jhalakathi")),
    District("patuakhali", "Patuakhali", "পটুয়াখালী", Division.BARISHAL, 22.36, 90.33, ("potuakhali",)),
    District("pirojpur", "Pirojpur", "পিরোজপুর", Division.BARISHAL, 22.58, 89.97, ("perojpur",)),
    District("bandarban", "Bandarban", "বান্দরবান", Division.CHATTOGRAM, 22.20, 92.22, ("bandorban",)),
    District("brahmanbaria", "Brahmanbaria", "ব্রাহ্মণবাড়িয়া", Division.CHATTOGRAM, 23.96, 91.11, ("b. baria", "b baria")),
    District("chandpur", "Chandpur", "চাঁদপুর", Division.CHATTOGRAM, 23.23, 90.65),
    District("chattogram", "Chattogram", "চট্টগ্রাম", Division.CHATTOGRAM, 22.34, 91.83, ("chittagong", "ctg")),
    District("coxs-bazar", "Cox's Bazar", "কক্সবাজার", Division.CHATTOGRAM, 21.44, 91.97, ("coxs bazar", "cox bazar")),
    District("cumilla", "Cumilla", "কুমিল্লা", Division.CHATTOGRAM, 23.46, 91.18, ("comilla",)),
    District("feni", "Feni", "ফেনী", Division.CHATTOGRAM, 23.02, 91.40),
    District("khagrachhari", "Khagrachhari", "খাগড়াছড়ি", Division.CHATTOGRAM, 23.11, 91.98, ("khagrachari",)),
    District("lakshmipur", "Lakshmipur", "লক্ষ্মীপুর", Division.CHATTOGRAM, 22.94, 90.83, ("laxmipur", "lokkhipur")),
    District("noakhali", "Noakhali", "নোয়াখালী", Division.CHATTOGRAM, 22.87, 91.10, ("maijdee",)),
    District("rangamati", "Rangamati", "রাঙ্গামাটি", Division.CHATTOGRAM, 22.65, 92.17, ("রাঙামাটি",)),
    District("dhaka", "Dhaka", "ঢাকা", Division.DHAKA, 23.76, 90.39, ("dacca",)),
    District("faridpur", "Faridpur", "ফরিদপুর", Division.DHAKA, 23.61, 89.84),
    District("gazipur", "Gazipur", "গাজীপুর", Division.DHAKA, 24.00, 90.42),
    District("gopalganj", "Gopalganj", "গোপালগঞ্জ", Division.DHAKA, 23.01, 89.83, ("gopalgonj",)),
    District("kishoreganj", "Kishoreganj", "কিশোরগঞ্জ", Division.DHAKA, 24.44, 90.78, ("kishoregonj", "kishorganj")),
    District("madaripur", "Madaripur", "মাদারীপুর", Division.DHAKA, 23.17, 90.20),
    District("manikganj", "Manikganj", "মানিকগঞ্জ", Division.DHAKA, 23.86, 90.00, ("manikgonj",)),
    District("munshiganj", "Munshiganj", "মুন্সিগঞ্জ", Division.DHAKA, 23.55, 90.53, ("munshigonj", "মুন্সীগঞ্জ")),
    District("narayanganj", "Narayanganj", "নারায়ণগঞ্জ", Division.DHAKA, 23.62, 90.50, ("narayangonj",)),
    District("narsingdi", "Narsingdi", "নরসিংদী", Division.DHAKA, 23.92, 90.72, ("norsingdi",)),
    District("rajbari", "Rajbari", "রাজবাড়ী", Division.DHAKA, 23.76, 89.65, ("রাজবাড়ি",)),
    District("shariatpur", "Shariatpur", "শরীয়তপুর", Division.DHAKA, 23.21, 90.35, ("shariyatpur",)),
    District("tangail", "Tangail", "টাঙ্গাইল", Division.DHAKA, 24.25, 89.92, ("টাঙাইল",)),
    District("bagerhat", "Bagerhat", "বাগেরহাট", Division.KHULNA, 22.66, 89.79),
    District("chuadanga", "Chuadanga", "চুয়াডাঙ্গা", Division.KHULNA, 23.64, 88.85),
    District("jashore", "Jashore", "যশোর", Division.KHULNA, 23.17, 89.21, ("jessore", "joshor")),
    District("jhenaidah", "Jhenaidah", "ঝিনাইদহ", Division.KHULNA, 23.54, 89.17, ("jhenaidaha", "jhenidah")),
    District("khulna", "Khulna", "খুলনা", Division.KHULNA, 22.82, 89.55),
    District("kushtia", "Kushtia", "কুষ্টিয়া", Division.KHULNA, 23.90, 89.12),
    District("magura", "Magura", "মাগুরা", Division.KHULNA, 23.49, 89.42),
    District("meherpur", "Meherpur", "মেহেরপুর", Division.KHULNA, 23.77, 88.63),
    District("narail", "Narail", "নড়াইল", Division.KHULNA, 23.17, 89.50, ("norail",)),
    District("satkhira", "Satkhira", "সাতক্ষীরা", Division.KHULNA, 22.72, 89.07),
    District("jamalpur", "Jamalpur", "জামালপুর", Division.MYMENSINGH, 24.92, 89.95),
    District("mymensingh", "Mymensingh", "ময়মনসিংহ", Division.MYMENSINGH, 24.75, 90.40, ("moymonsingh",)),
    District("netrokona", "Netrokona", "নেত্রকোণা", Division.MYMENSINGH, 24.88, 90.73, ("netrakona", "নেত্রকোনা")),
    District("sherpur", "Sherpur", "শেরপুর", Division.MYMENSINGH, 25.02, 90.02),
    District("bogura", "Bogura", "বগুড়া", Division.RAJSHAHI, 24.85, 89.37, ("bogra",)),
    District(
        "chapai-nawabganj", "Chapai Nawabganj", "চাঁপাইনবাবগঞ্জ", Division.RAJSHAHI, 24.60, 88.27, ("chapainawabganj",)
    ),
    District("joypurhat", "Joypurhat", "জয়পুরহাট", Division.RAJSHAHI, 25.10, 89.02, ("jaipurhat",)),
    District("naogaon", "Naogaon", "নওগাঁ", Division.RAJSHAHI, 24.81, 88.94, ("nowgaon",)),
    District("natore", "Natore", "নাটোর", Division.RAJSHAHI, 24.41, 88.98),
    District("pabna", "Pabna", "পাবনা", Division.RAJSHAHI, 24.01, 89.24),
    District("rajshahi", "Rajshahi", "রাজশাহী", Division.RAJSHAHI, 24.37, 88.60),
    District("sirajganj", "Sirajganj", "সিরাজগঞ্জ", Division.RAJSHAHI, 24.45, 89.71, ("sirajgonj",)),
    District("dinajpur", "Dinajpur", "দিনাজপুর", Division.RANGPUR, 25.63, 88.64),
    District("gaibandha", "Gaibandha", "গাইবান্ধা", Division.RANGPUR, 25.33, 89.54),
    District("kurigram", "Kurigram", "কুড়িগ্রাম", Division.RANGPUR, 25.81, 89.65),
    District("lalmonirhat", "Lalmonirhat", "লালমনিরহাট", Division.RANGPUR, 25.92, 89.45),
    District("nilphamari", "Nilphamari", "নীলফামারী", Division.RANGPUR, 25.93, 88.86, ("nilfamari",)),
    District("panchagarh", "Panchagarh", "পঞ্চগড়", Division.RANGPUR, 26.34, 88.55, ("ponchogor",)),
    District("rangpur", "Rangpur", "রংপুর", Division.RANGPUR, 25.75, 89.25),
    District("thakurgaon", "Thakurgaon", "ঠাকুরগাঁও", Division.RANGPUR, 26.03, 88.46),
    District("habiganj", "Habiganj", "হবিগঞ্জ", Division.SYLHET, 24.38, 91.41, ("hobigonj",)),
    District("moulvibazar", "Moulvibazar", "মৌলভীবাজার", Division.SYLHET, 24.48, 91.77, ("maulvibazar", "moulovibazar")),
    District("sunamganj", "Sunamganj", "সুনামগঞ্জ", Division.SYLHET, 25.07, 91.40, ("sunamgonj",)),
    District("sylhet", "Sylhet", "সিলেট", Division.SYLHET, 24.90, 91.87, ("silet",)),
)

_BY_SLUG = {district.slug: district for district in DISTRICTS}


def district(slug: str) -> District:
    """The district of this slug; KeyError if there is none."""
    return _BY_SLUG[slug]


class DistrictChoices(models.TextChoices):
    """The slugs as a field's choices, labelled in the active language."""

    # The table above is the only place where districts are listed; enum's own recipe makes the members from it.
    _ignore_ = "row"
    for row in DISTRICTS:
        vars()[row.slug.replace("-", "_").upper()] = row.slug, _lazy_name(row.slug)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split())).casefold()


_BY_NAME = {
    _folded(name): district for district in DISTRICTS for name in (district.slug, district.name_en, district.name_bn)
} | {_folded(alias): district for district in DISTRICTS for alias in district.aliases}


def find_district(text: str) -> District | None:
    """The district that a person means by this slug, name or older spelling, in either script; None if none."""
    return _BY_NAME.get(_folded(text))


def choices_by_division() -> list[tuple[str | Promise, list[tuple[str, str]]]]:
    """Choices for a select, grouped by division, in the alphabet of the English names within each."""
    return [
        (division.label, [(row.slug, row.name) for row in DISTRICTS if row.division == division])
        for division in Division
    ]
