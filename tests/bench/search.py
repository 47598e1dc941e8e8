"""Finding one of a hundred thousand doctors with names in both scripts: page, search alone, suggestions, plans; and
how soon a search knows of a change."""

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from time import perf_counter

from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from appointments.tasks import refresh_stale_listings
from config import days
from config.demo.names import CHAMBERS, FAMILY_MEN, FAMILY_WOMEN, MEN, WOMEN
from doctors.districts import DISTRICTS
from doctors.forms.search import SearchForm
from doctors.models import (
    Doctor,
    DoctorListing,
    DoctorSpecialty,
    Mode,
    OpenDay,
    PracticePlace,
    Qualification,
    SearchDocument,
    SearchWord,
)
from doctors.search import SearchQuery, find_doctors, postgres
from doctors.search.asked import Asked, asked_for
from doctors.search.documents import FORM
from doctors.search.lexicon import Lexicon
from doctors.search.suggestions import suggest
from doctors.search.words import sound, words
from doctors.services import mark_stale, write_documents
from scheduling.models import Calendar, WeeklyHours
from specialties.models import Specialty
from tests.bench.data import analyze
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of
from tests.doctors.search.relevance import load_doctors, mean, scores

SEARCHES = {
    "everybody": "",
    "short": "q=ra",
    "a name": "q=Farhana+Rahman",
    "a name in Bangla": "q=ফারহানা+রহমান",
    "a name in a place": "q=rahman+sylhet",
    "a symptom": "q=chest+pain",
    "long": "q=amar+buke+betha+dhaka+cardiology+professor+rahman+green",
    "a typo": "q=cardiolgy",
    "a name with a typo": "q=farhanna+rehman",
    "filters alone": "specialty=cardiology&district=dhaka&mode=video",
    "one broad filter": "gender=female",
    "many facets": "gender=female&fee_max=1500&experience=5&rating=4.0&available=week&languages=bn",
    "near": "near=23.76,90.39&km=10&sort=nearest",
    "the last page": "page=999999",
}
TYPED = {"short": "ra", "a name": "farhana r", "Bangla": "ফারহ", "a symptom": "chest p", "a typo": "cardiolgy"}
TIMES = 40
CLIENTS = 16
CHANGED = 1000

LOAD = """
INSERT INTO accounts_user (password, is_superuser, email, name, role, time_zone, language, is_staff, is_active,
                           date_joined, choices, has_push, mobile)
SELECT '!', false, 'doctor' || n || '@bench.example', first.latin || ' ' || last.latin, 'doctor', 'Asia/Dhaka', 'en',
       false, true, now(), '{}', false, ''
FROM generate_series(1, %(count)s) n
JOIN unnest(%(first)s::text[]) WITH ORDINALITY AS first(latin, place) ON first.place = 1 + n %% %(firsts)s
JOIN unnest(%(last)s::text[]) WITH ORDINALITY AS last(latin, place)
    ON last.place = 1 + (n / %(firsts)s) %% %(lasts)s;

INSERT INTO doctors_doctor (user_id, slug, title, name, name_bn, gender, registration_number, languages,
                            practising_since, about, about_bn, photo, photo_small, fee_video, fee_in_person,
                            currency, verified_at, suspension_reason)
SELECT u.id, 'doctor-' || u.id, CASE WHEN u.id %% 9 = 0 THEN 'Prof. Dr.' ELSE 'Dr.' END, u.name,
       (SELECT string_agg(names.bangla, ' ' ORDER BY part.place)
        FROM unnest(string_to_array(u.name, ' ')) WITH ORDINALITY AS part(latin, place)
        JOIN unnest(%(latin)s::text[], %(bangla)s::text[]) AS names(latin, bangla) USING (latin)),
       CASE WHEN u.id %% 2 = 0 THEN 'female' ELSE 'male' END, 'B-' || u.id,
       CASE u.id %% 5 WHEN 0 THEN ARRAY['bn'] WHEN 1 THEN ARRAY['bn', 'en', 'hi'] ELSE ARRAY['bn', 'en'] END,
       1985 + (u.id * 7) %% 40, '', '', '', '', 300 + (u.id * 13) %% 30 * 50,
       CASE WHEN u.id %% 3 <> 0 THEN 500 + (u.id * 11) %% 30 * 50 END, 'BDT', now(), ''
FROM accounts_user u WHERE u.role = 'doctor';

INSERT INTO doctors_doctorspecialty (doctor_id, specialty_id, position)
SELECT id, (%(fields)s::bigint[])[1 + id * 17 %% %(field_count)s], 0 FROM doctors_doctor;

-- A third are in Dhaka; every place says where it is, some kilometres from the town of its district.
INSERT INTO doctors_practiceplace (doctor_id, name, address, district, phone, is_active, latitude, longitude)
SELECT d.id, (%(chambers)s::text[])[1 + d.id %% %(chamber_count)s], 'Road ' || d.id %% 27, town.slug, '', true,
       town.latitude + (d.id * 31 %% 200 - 100) / 1000.0, town.longitude + (d.id * 37 %% 200 - 100) / 1000.0
FROM doctors_doctor d
JOIN unnest(%(slugs)s::text[], %(latitudes)s::float[], %(longitudes)s::float[]) WITH ORDINALITY
    AS town(slug, latitude, longitude, place)
    ON town.slug = CASE WHEN d.id %% 3 = 0 THEN 'dhaka' ELSE (%(slugs)s::text[])[1 + d.id %% %(towns)s] END;

INSERT INTO doctors_qualification (doctor_id, degree, institution) SELECT id, 'MBBS', 'Dhaka Medical College'
FROM doctors_doctor;

INSERT INTO doctors_doctorlisting (doctor_id, is_public, specialties, districts, gender, languages, practising_since,
                                   fee_video, fee_in_person, completeness, rating, rating_count, open_video,
                                   open_in_person, opens_soon, next_open_video, stale_at)
SELECT d.id, true, ARRAY[s.specialty_id], ARRAY[p.district], d.gender, d.languages, d.practising_since, d.fee_video,
       d.fee_in_person, 0.5 + d.id %% 5 / 10.0, CASE WHEN d.id %% 4 <> 0 THEN 3 + (d.id * 7) %% 200 / 100.0 END,
       CASE WHEN d.id %% 4 <> 0 THEN (d.id * 3) %% 90 ELSE 0 END,
       (d.id * 2654435761 %% 9223372036854775807) & 9223372036854775807,
       CASE WHEN d.fee_in_person IS NULL THEN 0 ELSE (d.id * 40503 * 65537) & 9223372036854775807 END,
       d.id %% 3 <> 0, now() + (d.id %% 300) * interval '1 hour', now() + interval '1 year'
FROM doctors_doctor d JOIN doctors_doctorspecialty s ON s.doctor_id = d.id
JOIN doctors_practiceplace p ON p.doctor_id = d.id;

-- As search.documents writes them, in their order.
INSERT INTO doctors_searchdocument (doctor_id, words, form)
SELECT d.id, concat_ws(' ', lower(d.name), folded.bangla, regexp_replace(lower(d.name), '(\\w+)', '@\\1', 'g'),
       folded.marked, '#b' || d.user_id, '#' || d.user_id, '+' || s.specialty_id,
       CASE WHEN d.id %% 9 = 0 THEN 'prof' END, 'mbbs dhaka medical college', lower(p.name), 'road', d.id %% 27,
       town.folded, regexp_replace(lower(p.name), '(\\w+)', '~\\1', 'g'),
       CASE WHEN 'hi' = ANY(d.languages) THEN 'hindi হিন্দি' END, 'bangla bengali বাংলা'), %(form)s
FROM doctors_doctor d
CROSS JOIN LATERAL (
    SELECT string_agg(names.folded, ' ' ORDER BY part.place) AS bangla,
           string_agg('@' || names.folded, ' ' ORDER BY part.place) AS marked
    FROM unnest(string_to_array(d.name, ' ')) WITH ORDINALITY AS part(latin, place)
    JOIN unnest(%(latin)s::text[], %(folded)s::text[]) AS names(latin, folded) USING (latin)) folded
JOIN doctors_doctorspecialty s ON s.doctor_id = d.id
JOIN doctors_practiceplace p ON p.doctor_id = d.id
JOIN unnest(%(slugs)s::text[], %(town_words)s::text[]) AS town(slug, folded) ON town.slug = p.district;
"""


def folded(*texts: str) -> str:
    return " ".join(word for text in texts for word in words(text))


def tell_of_history(whether: str) -> None:
    with connection.cursor() as cursor:
        for model in (Doctor, DoctorSpecialty, PracticePlace, Qualification):
            cursor.execute(f"ALTER TABLE {model._meta.db_table} {whether} TRIGGER USER")


def load_search(count: int) -> None:
    """So many public doctors, listed and searchable, without calendars: search reads none."""
    call_command("load_specialties")
    first, last = [*WOMEN, *MEN], list(dict.fromkeys([*FAMILY_WOMEN, *FAMILY_MEN]))
    every = list({name.latin: name for name in [*first, *last]}.values())
    fields = list(Specialty.objects.order_by("pk").values_list("pk", flat=True))
    given = {
        "count": count,
        "fields": fields,
        "field_count": len(fields),
        "first": [name.latin for name in first],
        "firsts": len(first),
        "last": [name.latin for name in last],
        "lasts": len(last),
        "latin": [name.latin for name in every],
        "bangla": [name.bangla for name in every],
        "folded": [folded(name.bangla) for name in every],
        "chambers": list(CHAMBERS),
        "chamber_count": len(CHAMBERS),
        "slugs": [town.slug for town in DISTRICTS],
        "latitudes": [town.latitude for town in DISTRICTS],
        "longitudes": [town.longitude for town in DISTRICTS],
        "towns": len(DISTRICTS),
        "town_words": [folded(town.name_en, town.name_bn, *town.aliases) for town in DISTRICTS],
        "form": FORM,
    }
    begin = perf_counter()
    # Nobody asks for the history of what is made up.
    tell_of_history("DISABLE")
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in LOAD.split(";\n"):
            if statement.strip():
                cursor.execute(statement, given)
    tell_of_history("ENABLE")
    spelt = folded(*(text for name in every for text in name), *given["town_words"]).split()
    SearchWord.objects.bulk_create([SearchWord(word=word, sound=sound(word)) for word in dict.fromkeys(spelt)])
    analyze()
    print(f"{count} doctors in {perf_counter() - begin:.0f} s", file=sys.stderr)


def search() -> None:
    """Each search as a page and by itself, as it is after another like it, and with nothing counted before; a page also
    with nothing of it drawn before. In a process that collects garbage as the server does."""
    importlib.import_module("config.wsgi")
    doctors = DoctorListing.objects.count()
    client = Client(headers={"host": "localhost"})
    # What was counted among others a moment ago.
    cache.clear()
    for name, asked in SEARCHES.items():
        query = SearchForm(client.get(f"/doctors/?{asked}").wsgi_request.GET, specialties=_fields()).query()

        def page(path: str = f"/doctors/?{asked}") -> None:
            response = client.get(path)
            assert response.status_code == 200, (path, response.status_code)

        def undrawn(path: str = f"/doctors/?{asked}") -> None:
            caches["template_fragments"].clear()
            client.get(path)

        def alone(query: SearchQuery = query) -> None:
            find_doctors(query)

        def cold(query: SearchQuery = query) -> None:
            cache.clear()
            find_doctors(query)

        found = find_doctors(query).total
        for what, work in (
            ("page", page),
            ("page, not drawn before", undrawn),
            ("search", alone),
            ("search, not counted before", cold),
        ):
            times = timed(work, TIMES)
            report(what, search=name, doctors=doctors, found=found, queries=queries_of(work), **milliseconds(times))
    for name, typed in TYPED.items():

        def suggested(typed: str = typed) -> None:
            suggest(typed)

        times = timed(suggested, TIMES)
        report("suggestions", typed=name, doctors=doctors, queries=queries_of(suggested), **milliseconds(times))
    at_once("search", [lambda q=q: find_doctors(q) for q in _queries(client)], doctors)
    at_once("suggestions", [lambda typed=typed: suggest(typed) for typed in TYPED.values()], doctors)
    at_once("page", [lambda asked=asked: client.get(f"/doctors/?{asked}") for asked in SEARCHES.values()], doctors)


def keeping_up() -> None:
    """What passes until a search knows of a thousand changes, none of which is kept; and writing all documents."""
    with transaction.atomic():
        doctors = list(Doctor.objects.order_by("pk").values_list("pk", flat=True))
        some = doctors[:CHANGED]
        begin = perf_counter()
        Doctor.objects.filter(pk__in=some).update(name="Xylander Quist")
        write_documents(some)
        written = perf_counter()
        found = find_doctors(SearchQuery(text="xylander")).total
        done = perf_counter()
        report(
            "a thousand names changed and written in one transaction, then searched",
            doctors=len(doctors),
            found=found,
            written_s=round(written - begin, 2),
            first_search_ms=round((done - written) * 1000, 1),
        )
        make_calendars(some)
        mark_stale(some)
        begin = perf_counter()
        refreshed = 0
        while DoctorListing.objects.filter(stale_at__lte=timezone.now()).exists():
            refresh_stale_listings()
            refreshed += 1
        report(
            "open times of a thousand refreshed",
            doctors=len(doctors),
            sweeps=refreshed,
            open_days=OpenDay.objects.filter(doctor__in=some).count(),
            s=round(perf_counter() - begin, 1),
        )
        transaction.set_rollback(True)
    # As the sweeper does it, in a transaction for each batch; they come to the same as before.
    begin = perf_counter()
    write_documents(doctors)
    report("all documents written", doctors=len(doctors), s=round(perf_counter() - begin, 1))


def make_calendars(doctors: list[int]) -> None:
    """Five afternoons a week, three hours each."""
    Calendar.objects.bulk_create([Calendar(doctor_id=pk) for pk in doctors])
    WeeklyHours.objects.bulk_create(
        [
            WeeklyHours(doctor_id=pk, weekday=weekday, start=time(15), minutes=180, modes=[Mode.VIDEO])
            for pk in doctors
            for weekday in range(5)
        ]
    )


def relevance() -> None:
    """nDCG@10 of the labelled queries, by kind; among the labelled doctors alone."""
    with transaction.atomic():
        DoctorListing.objects.update(is_public=False)
        SearchDocument.objects.update(words="")
        found = scores(load_doctors())
        for kind, values in found.items():
            report("relevance", kind=kind, queries=len(values), ndcg_at_10=round(mean(values), 3))
            for text, value in values.items():
                if value < 1:
                    report("relevance below the best", kind=kind, text=text, ndcg_at_10=round(value, 3))
        transaction.set_rollback(True)


def _fields() -> list[Specialty]:
    return list(Specialty.objects.active())


def _queries(client: Client) -> list[SearchQuery]:
    fields = _fields()
    return [
        SearchForm(client.get(f"/doctors/?{asked}").wsgi_request.GET, specialties=fields).query()
        for asked in SEARCHES.values()
    ]


def at_once(what: str, works: list[Callable[[], object]], doctors: int) -> None:
    """All of these by turns, from so many threads of one process."""

    def one(number: int) -> float:
        begin = perf_counter()
        works[number % len(works)]()
        return perf_counter() - begin

    with ThreadPoolExecutor(CLIENTS) as pool:
        times = list(pool.map(one, range(TIMES * len(works) // 2)))
        list(pool.map(lambda _number: connections.close_all(), range(CLIENTS)))
    report(f"{what} from {CLIENTS} threads", doctors=doctors, **milliseconds(times))


def plans() -> None:
    """How PostgreSQL answers the main statements."""
    client = Client(headers={"host": "localhost"})
    lexicon = Lexicon.current()
    for name in ("everybody", "a name", "a symptom", "filters alone", "near"):
        query = SearchForm(client.get(f"/doctors/?{SEARCHES[name]}").wsgi_request.GET, specialties=_fields()).query()
        asked = asked_for(query, lexicon) if query.text else Asked(query)
        today = days.today()
        for what, statement in (
            ("counts", postgres.counting(asked, today)),
            ("page", postgres.paging(asked, today, 1, found=find_doctors(query).total)),
        ):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement.text}", statement.params)
                print(f"\n-- {name}: {what}", *(line for (line,) in cursor.fetchall()), sep="\n", flush=True)
