"""The demo's doctors and patients: sixty practices in five towns, and the families that visit them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Role, User
from config.demo.avatars import draw_avatar
from config.demo.canvas import webp
from config.demo.names import CHAMBERS, COLLEGES, FAMILY_MEN, FAMILY_WOMEN, MEN, TOWNS, WOMEN, Name
from config.groups import RIGHTS
from doctors.districts import district
from doctors.models import Doctor, DoctorSpecialty, Gender, Language, Mode, PracticePlace, Qualification
from doctors.photos import LARGE, SMALL, Photo
from doctors.services import set_photo, write_documents
from patients.models import Patient, Relation, Sex
from patients.services import add_family_member
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitKind, VisitType, Weekday, WeeklyHours
from specialties.models import Specialty

PASSWORD = "demo-portal-2026"
DOCTORS = 60
PATIENTS = 24
TOWN_WEIGHTS = {"dhaka": 28, "chattogram": 12, "sylhet": 8, "khulna": 6, "rajshahi": 6}


@dataclass(frozen=True, slots=True)
class Person:
    name: Name
    is_woman: bool


def new_names(random: Random, count: int, taken: set[str]) -> list[Person]:
    """That many people, about half of them women, no two of one name."""
    people: list[Person] = []
    while len(people) < count:
        is_woman = random.random() < 0.48
        first = random.choice(WOMEN if is_woman else MEN)
        last = random.choice(FAMILY_WOMEN if is_woman else FAMILY_MEN)
        name = Name(f"{first.latin} {last.latin}", f"{first.bangla} {last.bangla}")
        if name.latin not in taken:
            taken.add(name.latin)
            people.append(Person(name, is_woman))
    return people


def make_user(email: str, name: str, role: Role, password: str, **fields: object) -> User:
    """A user whose address is verified; `password` is a hash already."""
    user = User.objects.create(email=email, name=name, role=role, password=password, **fields)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


def make_admin(password: str) -> User:
    return make_user("admin@example.com", "Portal Admin", Role.ADMIN, password, is_staff=True, is_superuser=True)


def make_director(password: str) -> User:
    """Who opens emergency accesses, that another then reviews."""
    name = "Medical Director"
    return make_user("director@example.com", name, Role.ADMIN, password, is_staff=True, is_superuser=True)


def make_group_admins(password: str) -> None:
    """One administrator for each group of config/groups.py."""
    for name in RIGHTS:
        user = make_user(f"{name}@example.com", f"{name.capitalize()} Desk", Role.ADMIN, password, is_staff=True)
        user.groups.add(Group.objects.get(name=name))


def make_doctors(random: Random, password: str, taken: set[str]) -> list[Doctor]:
    """Sixty verified doctors: every specialty has at least two, the first one is the demo's own sign-in."""
    specialties = list(Specialty.objects.active().prefetch_related("symptom_specialties__symptom"))
    towns = list(TOWN_WEIGHTS)
    doctors = []
    for number, person in enumerate(new_names(random, DOCTORS, taken)):
        specialty = specialties[number % len(specialties)]
        town = "dhaka" if number == 0 else random.choices(towns, TOWN_WEIGHTS.values())[0]
        doctors.append(make_doctor(random, number, person, specialty, town, password))
    write_documents([doctor.pk for doctor in doctors])
    return doctors


def make_doctor(random: Random, number: int, person: Person, specialty: Specialty, town: str, password: str) -> Doctor:
    email = "doctor@example.com" if number == 0 else f"doctor-{number}@example.com"
    years = random.randint(4, 32)
    since = timezone.localdate().year - years
    in_person = number == 0 or random.random() < 0.7
    fee = Decimal(300 + 50 * min(years, 24) + random.choice((0, 0, 100, 200)))
    doctor = Doctor.objects.create(
        user=make_user(email, person.name.latin, Role.DOCTOR, password),
        slug=slugify(person.name.latin),
        title="Prof. Dr." if years > 26 else "Dr.",
        name=person.name.latin,
        name_bn=("অধ্যাপক ডা. " if years > 26 else "ডা. ") + person.name.bangla,
        gender=Gender.FEMALE if person.is_woman else Gender.MALE,
        registration_number=f"A-{20000 + number * 317}",
        languages=spoken(random, town),
        practising_since=since,
        about=about(specialty, years),
        about_bn=about_bn(specialty),
        fee_video=fee,
        fee_in_person=fee + 200 if in_person else None,
        verified_at=timezone.now() - timedelta(days=random.randint(200, 420)),
    )
    set_photo(doctor, portrait(number, doctor.gender))
    DoctorSpecialty.objects.create(doctor=doctor, specialty=specialty)
    college = COLLEGES[town]
    Qualification.objects.create(doctor=doctor, degree="MBBS", institution=college, year=since - 1)
    if years > 6:
        Qualification.objects.create(
            doctor=doctor,
            degree=random.choice(("FCPS", "MD", "MS", "MCPS")),
            institution="Bangladesh College of Physicians and Surgeons",
            year=since + 5,
        )
    place = make_place(random, doctor, town) if in_person else None
    make_hours(random, doctor, place)
    # With dice of its own: what others get does not depend on it.
    make_visit_types(Random(doctor.registration_number), doctor, always=number == 0)
    make_departures(Random(doctor.registration_number), doctor, always=number == 0)
    return doctor


def portrait(number: int, gender: str) -> Photo:
    """As an upload would come out, without the search for the quality: a drawing is small at a good one."""
    drawn, name = draw_avatar(number, gender), uuid4().hex
    return Photo(
        large=ContentFile(webp(drawn, LARGE), name=f"{name}.webp"),
        small=ContentFile(webp(drawn, SMALL), name=f"{name}-small.webp"),
    )


def spoken(random: Random, town: str) -> list[str]:
    regional = {"sylhet": Language.SYLHETI, "chattogram": Language.CHITTAGONIAN}
    languages = [Language.BANGLA, Language.ENGLISH]
    if town in regional:
        languages.append(regional[town])
    if random.random() < 0.2:
        languages.append(Language.HINDI)
    return list(languages)


def about(specialty: Specialty, years: int) -> str:
    troubles = [link.symptom.name_en.lower() for link in specialty.symptom_specialties.all()[:3]]
    sees = f"Sees people with {', '.join(troubles[:-1])} and {troubles[-1]}. " if len(troubles) > 1 else ""
    return (
        f"{specialty.practitioner_en} with {years} years of practice. {sees}"
        "Explains what was found and what to do next, and writes it down for you. "
        "Bring earlier prescriptions and reports, or have photos of them ready."
    )


def about_bn(specialty: Specialty) -> str:
    troubles = [link.symptom.name_bn for link in specialty.symptom_specialties.all()[:3]]
    sees = f"{', '.join(troubles)} সমস্যার রোগী দেখেন। " if troubles else ""
    return f"{specialty.practitioner_bn}। {sees}আগের প্রেসক্রিপশন ও রিপোর্ট সঙ্গে রাখুন।"


def make_place(random: Random, doctor: Doctor, town: str) -> PracticePlace:
    area = random.choice(TOWNS[town])
    # Some kilometres around the town, by dice of its own: what others get does not depend on it.
    around = Random(doctor.registration_number)
    return PracticePlace.objects.create(
        doctor=doctor,
        name=f"{area} {random.choice(CHAMBERS)}",
        address=f"House {random.randint(2, 90)}, Road {random.randint(1, 27)}, {area}",
        district=town,
        latitude=round(district(town).latitude + around.uniform(-0.04, 0.04), 5),
        longitude=round(district(town).longitude + around.uniform(-0.04, 0.04), 5),
        phone=f"+8801{random.randint(3, 9)}{random.randint(10**7, 10**8 - 1)}",
    )


def make_hours(random: Random, doctor: Doctor, place: PracticePlace | None) -> None:
    """Video in the evening on most days; in person on some mornings; the week's day off is Friday, mostly."""
    Calendar.objects.create(
        doctor=doctor,
        slot_minutes=random.choice((15, 15, 20, 30)),
        buffer_after_minutes=random.choice((0, 0, 5)),
        notice_minutes=random.choice((15, 30, 60)),
        horizon_days=random.choice((14, 30, 30)),
    )
    days = [day for day in Weekday if day != Weekday.FRIDAY or random.random() < 0.2]
    rows = [
        WeeklyHours(
            doctor=doctor, weekday=day, start=time(random.choice((17, 18, 19))), minutes=180, modes=[Mode.VIDEO]
        )
        for day in days
        if random.random() < 0.85
    ]
    if place is not None:
        mornings = random.sample(days, k=min(4, len(days)))
        rows += [
            WeeklyHours(doctor=doctor, weekday=day, start=time(10), minutes=180, modes=[Mode.IN_PERSON], place=place)
            for day in mornings
        ]
    else:
        rows += [
            WeeklyHours(doctor=doctor, weekday=day, start=time(9, 30), minutes=150, modes=[Mode.VIDEO])
            for day in random.sample(days, k=3)
        ]
    WeeklyHours.objects.bulk_create(rows)


def make_visit_types(random: Random, doctor: Doctor, *, always: bool) -> None:
    """Most doctors see those again for less who come back soon; some have a longer first visit, or a short one."""
    usual = doctor.fee_video
    if usual and (always or random.random() < 0.7):
        doctor.follow_up_fee, doctor.follow_up_days = max(usual // 2 // 50 * 50, Decimal(100)), random.choice((14, 30))
        doctor.save(update_fields=["follow_up_fee", "follow_up_days"])
        VisitType.objects.create(doctor=doctor, kind=VisitKind.FOLLOW_UP, minutes=10, position=2)
    if usual and (always or random.random() < 0.4):
        VisitType.objects.create(
            doctor=doctor,
            kind=VisitKind.NEW,
            label="First visit",
            minutes=40,
            fee_video=usual + 300,
            fee_in_person=doctor.fee_in_person and doctor.fee_in_person + 300,
            position=1,
        )
    if usual and (always or random.random() < 0.2):
        VisitType.objects.create(
            doctor=doctor, kind=VisitKind.SHORT, label="Reports only", minutes=10, fee_video=usual // 2, position=3
        )


def make_departures(random: Random, doctor: Doctor, *, always: bool) -> None:
    """Leave some weeks ahead, an extra evening, hours that begin next season, and a doctor who takes so many a day."""
    calendar = doctor.calendar
    today = timezone.localdate(timezone=calendar.zone)

    def at(days: int, hour: int = 0) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(hour), calendar.zone)

    if always or random.random() < 0.3:
        begin = random.randint(15, 40)
        period = DateTimeTZRange(at(begin), at(begin + random.randint(2, 9)))
        TimeOff.objects.create(doctor=doctor, period=period)
    if always or random.random() < 0.1:
        period = DateTimeTZRange(at(8, 21), at(8, 23))
        ExtraHours.objects.create(doctor=doctor, period=period, modes=[Mode.VIDEO])
    if always or random.random() < 0.1:
        begins = today + timedelta(days=60)
        WeeklyHours.objects.create(
            doctor=doctor,
            weekday=Weekday.SATURDAY,
            start=time(7),
            minutes=90,
            modes=[Mode.VIDEO],
            valid=DateRange(begins, begins + timedelta(days=90)),
        )
    if always or random.random() < 0.3:
        calendar.daily_cap = 18
        calendar.save(update_fields=["daily_cap"])


def make_patients(random: Random, password: str, taken: set[str]) -> list[User]:
    """Two dozen accounts; the first is the demo's own sign-in, with a child and a mother whom she books for."""
    accounts = []
    for number, person in enumerate(new_names(random, PATIENTS, taken)):
        email = "patient@example.com" if number == 0 else f"patient-{number}@example.com"
        user = make_user(email, person.name.latin, Role.PATIENT, password)
        Patient.objects.create(
            user=user,
            name=person.name.latin,
            birth_date=date(random.randint(1958, 2004), random.randint(1, 12), random.randint(1, 28)),
            sex=Sex.FEMALE if person.is_woman else Sex.MALE,
            phone=f"+8801{random.randint(3, 9)}{random.randint(10**7, 10**8 - 1)}",
        )
        accounts.append(user)
    family = random.choice(FAMILY_MEN).latin
    this_year = timezone.localdate().year
    add_family_member(
        accounts[0],
        name=f"Arham {family}",
        relation=Relation.CHILD,
        birth_date=date(this_year - 5, 3, 12),
        sex=Sex.MALE,
    )
    add_family_member(
        accounts[0],
        name=f"Rahima {family}",
        relation=Relation.PARENT,
        birth_date=date(this_year - 67, 8, 2),
        sex=Sex.FEMALE,
    )
    return accounts


def password_hash() -> str:
    """One hash for all: these are demo accounts, and sixty slow hashes would be a minute's wait."""
    return make_password(PASSWORD)


def sign_ins() -> str:
    """What the demo's start prints."""
    return (
        "\n".join(
            f"  {who:<13} {email:<26} {PASSWORD}"
            for who, email in (
                ("Patient", "patient@example.com"),
                ("Doctor", "doctor@example.com"),
                ("Applicant", "applicant@example.com"),
                ("Admin", "admin@example.com"),
                *((name.capitalize(), f"{name}@example.com") for name in RIGHTS),
            )
        )
        + f"\n  {'Mails':<13} {settings.SITE_ORIGIN}/demo/mailbox/\n"
    )
