"""What a doctor is found by: the one document that every backend makes its index of.

Words that only mark something begin with a sign that no folded word has, so that nothing typed can reach them by
accident: `@karim` is a word of the name, `~green` of where the doctor practises, `#a12345` a registration number, `+7`
a specialty's id. What a specialty is called is not in here: the lexicon knows it, and a renamed specialty needs no
document rewritten.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from doctors.districts import district
from doctors.models import Doctor, Language, PracticePlace
from doctors.search.words import STOP_WORDS, words

NAME, PLACE, REGISTRATION, SPECIALTY = "@", "~", "#", "+"

# Goes up with each change of what a document says of the same doctor, so that all are written anew.
FORM = 3

# Found whichever language somebody searches in.
LANGUAGES = {
    Language.BANGLA: ("Bangla", "Bengali", "বাংলা"),
    Language.ENGLISH: ("English", "ইংরেজি"),
    Language.HINDI: ("Hindi", "হিন্দি"),
    Language.URDU: ("Urdu", "উর্দু"),
    Language.ARABIC: ("Arabic", "আরবি"),
    Language.CHAKMA: ("Chakma", "চাকমা"),
    Language.SYLHETI: ("Sylheti", "সিলেটি"),
    Language.CHITTAGONIAN: ("Chittagonian", "চাটগাঁইয়া"),
}

# What people write around a registration number.
_REGISTRATION_WORDS = frozenset({"bmdc", "reg", "registration", "no", "number"})
# The house in front of its street.
_HOUSE = re.compile(r"^[\d/-]+\s+")


@dataclass(frozen=True, slots=True)
class Document:
    """What search knows of a public doctor that the doctor has said; the rest is in DoctorListing, written from above.

    `words` are folded, in their order, each once, those that only mark something among them. `points` are the places in
    use as (latitude, longitude): where a place has not said it, the town of its district. `completeness` is the share,
    0 to 1, of what a patient looks for on a doctor's page and finds there.
    """

    doctor_id: int
    words: tuple[str, ...]
    specialties: tuple[int, ...]
    districts: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    gender: str
    languages: tuple[str, ...]
    practising_since: int
    fee_video: Decimal | None
    fee_in_person: Decimal | None
    completeness: float


def document(doctor: Doctor) -> Document | None:
    """The document of a doctor, with specialties, qualifications and places prefetched; None unless public."""
    if not doctor.is_public:
        return None
    places = doctor.active_places
    return Document(
        doctor_id=doctor.pk,
        words=tuple(dict.fromkeys(_words_of(doctor))),
        specialties=tuple(sorted({row.specialty_id for row in doctor.doctor_specialties.all()})),
        districts=tuple(sorted({place.district for place in places})),
        points=tuple(point_of(place) for place in places),
        gender=doctor.gender,
        languages=tuple(doctor.languages),
        practising_since=doctor.practising_since,
        fee_video=doctor.fee_video,
        fee_in_person=doctor.fee_in_person,
        completeness=completeness(doctor),
    )


def point_of(place: PracticePlace) -> tuple[float, float]:
    """Latitude and longitude of a place, as well as they are known."""
    if place.latitude is not None and place.longitude is not None:
        return place.latitude, place.longitude
    town = district(place.district)
    return town.latitude, town.longitude


def completeness(doctor: Doctor) -> float:
    """How much of what a patient looks for is said, 0 to 1."""
    said = (
        doctor.photo,
        doctor.about,
        doctor.about_bn,
        doctor.name_bn,
        doctor.qualifications.all(),
        doctor.doctor_specialties.all(),
        doctor.active_places or doctor.fee_in_person is None,
        doctor.languages,
    )
    return sum(map(bool, said)) / len(said)


def _words_of(doctor: Doctor) -> Iterator[str]:
    named = [*words(doctor.name), *words(doctor.name_bn)]
    yield from named
    yield from (f"{NAME}{word}" for word in named)
    yield from (f"{REGISTRATION}{form}" for form in registration_forms(doctor.registration_number))
    yield from (f"{SPECIALTY}{row.specialty_id}" for row in doctor.doctor_specialties.all())
    yield from _meaningful(doctor.title)
    for code in doctor.languages:
        yield from _meaningful(*LANGUAGES[Language(code)])
    for qualification in doctor.qualifications.all():
        yield from _meaningful(qualification.degree, qualification.institution)
    for place in doctor.places.all():
        if place.is_active:
            where = district(place.district)
            yield from _meaningful(place.name, place.address, where.name_en, where.name_bn, *where.aliases)
            yield from (f"{PLACE}{word}" for word in _meaningful(*known_as(place.name, place.address)))


def known_as(name: str, address: str) -> tuple[str, ...]:
    """What people call where a doctor practises: the place, and the streets and areas of its address, which are its
    parts without a number."""
    parts = (_HOUSE.sub("", part.strip(), count=1) for part in address.split(","))
    return name, *(part for part in parts if part and not any(map(str.isdigit, part)))


def _meaningful(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from (word for word in words(text) if word not in STOP_WORDS)


def spellable(text: str) -> Iterator[str]:
    """The words of a document that somebody may misspell: no marks, no numbers, nothing too short to tell."""
    yield from (word for word in text.split() if len(word) > 2 and word[0].isalpha() and not word[-1].isdigit())


def registration_forms(number: str) -> tuple[str, ...]:
    """The ways in which a registration number is asked for: whole, and its digits alone (a12345 and 12345)."""
    whole = "".join(words(number))
    digits = "".join(filter(str.isdigit, whole))
    return tuple(dict.fromkeys(form for form in (whole, digits) if form))


def registration_asked(typed: Iterable[str]) -> str:
    """The registration number that these folded words are, or an empty string."""
    joined = "".join(word for word in typed if word not in _REGISTRATION_WORDS)
    digits = joined.lstrip("abcdefghijklmnopqrstuvwxyz")
    is_number = len(joined) - len(digits) <= 2 and 3 <= len(digits) <= 12 and digits.isdigit()
    return joined if is_number else ""
