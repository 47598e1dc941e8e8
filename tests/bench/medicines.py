"""Search among 50 000 products, checks against 200 000 pairs, papers, verification, a register of a million rows."""

import gzip
import io
import resource
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from uuid import UUID

import psutil
import typst
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import translation

from accounts.models import Ground, User
from config.pdf import FONTS
from prescriptions import services
from prescriptions.dosage import parse
from prescriptions.models import Generic, Import, ImportKind, Ingredient, Interaction, Product, SignedPrescription
from prescriptions.paper import paper
from prescriptions.search import find_products
from prescriptions.services.checking import Asked, Said, check_medicines
from prescriptions.views.signed import lines_of
from tests.appointments.visits import confirmed
from tests.bench.booking import signed_in
from tests.bench.data import analyze
from tests.bench.driver import Request, load
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of
from tests.bench.servers import behind_the_proxy
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import AllergyFactory, MedicationStatementFactory, PatientFactory
from tests.prescriptions.papers import signed_for
from tests.prescriptions.test_paper import document

PRODUCTS, PAIRS, REGISTER = 50_000, 200_000, 1_000_000
SYLLABLES = ("na", "pa", "mo", "xi", "cef", "ri", "lo", "za", "tri", "do", "ver", "am", "co", "lin", "sta", "bu")
# The beginning of a word, a whole name, two words, typos, Bangla letters, and what is no medicine.
TYPED = ("ce", "az", "nap", "napa", "amox", "parac", "omeprazole", "seclo 20", "500", "tab", "tablet", "tab nap")
TYPED += ("azithromicin", "metphormin", "losarten", "prednisolon", "amoksisilin", "সেফ", "নাপা", "xyzzy")
PRESCRIBED: tuple[str, ...] = (
    "paracetamol",
    "amoxicillin",
    "ibuprofen",
    "omeprazole",
    "losartan",
    "clarithromycin",
    "prednisolone",
)
PRESCRIBED += ("salbutamol", "cetirizine", "metronidazole", "furosemide", "digoxin")
TAKEN = ("Warfarin 5 mg", "Metformin", "Amlodipine 5 mg", "Atorvastatin")
ENGLISH = {
    "doctor": {"name": "Dr. Farhana Rahman", "registration": "A-12345", "degrees": ["MBBS", "FCPS"]},
    "patient": {"name": "Shahnaz Parvin", "age": 36, "sex": "female"},
    "tests": "Blood count (CBC)",
    "advice": "Keep the wound clean. See a gynaecologist.\nTake care, come in September.",
}
PAPERS, REQUESTS = 200, 400
MEGABYTE = 1024 * 1024


# The data ----------------------------------------------------------------------------------------------------------


def register(rows: int, random: Random) -> bytes:
    """A packed CSV of that many products of invented brands, no two the same."""
    generics = [
        (each.name, "|".join(one.name for one in each.ingredients.all()))
        for each in Generic.objects.prefetch_related("ingredients")
    ]
    packed = io.BytesIO()
    with gzip.open(packed, "wt", encoding="utf-8", compresslevel=1) as file:
        file.write("generic,ingredients,brand,strength,form,manufacturer\n")
        for number in range(rows):
            name, ingredients = random.choice(generics)
            brand = "".join(random.choices(SYLLABLES, k=random.randint(2, 4))).capitalize()
            strength = random.choice((5, 10, 20, 250, 500))
            file.write(f'"{name}",{ingredients},{brand} {number},{strength} mg,tablet,Maker {number % 97}\n')
    return packed.getvalue()


def handed_in(rows: int, random: Random) -> Import:
    upload = SimpleUploadedFile("register.csv.gz", register(rows, random))
    by = User.objects.filter(is_superuser=True).first() or UserFactory(as_admin=True)
    taken = services.take_file(upload, kind=ImportKind.MEDICINES, source="Bench", as_of=date(2026, 11, 1), by=by)
    Import.objects.filter(pk=taken.pk).update(status="running")
    return taken


def load_medicines() -> None:
    """The starter set and invented brands; invented pairs; a doctor, a patient with facts, and one prescription."""
    random = Random(1)
    call_command("load_medicines")
    taken = handed_in(PRODUCTS - Product.objects.count(), random)
    while services.run_import(taken.pk):
        pass
    load_pairs(random)
    visit = confirmed(DoctorFactory(with_hours=True).user, PatientFactory().user)
    signed_for(visit)
    for substance in ("Penicillin", "Sulfa medicines"):
        AllergyFactory(patient=visit.patient, substance=substance)
    for name in TAKEN:
        MedicationStatementFactory(patient=visit.patient, name=name)
    analyze()


def load_pairs(random: Random) -> None:
    known = list(Ingredient.objects.values_list("pk", flat=True))
    Ingredient.objects.bulk_create([Ingredient(name=f"substance {number}") for number in range(1200)])
    keys = known + list(Ingredient.objects.filter(name__startswith="substance ").values_list("pk", flat=True))
    there = set(Interaction.objects.values_list("low", "high"))
    new: set[tuple[int, int]] = set()
    while len(there) + len(new) < PAIRS:
        low, high = sorted(random.sample(keys, 2))
        if (low, high) not in there:
            new.add((low, high))
    Interaction.objects.bulk_create(
        [
            Interaction(low_id=a, high_id=b, severity="moderate", effect="Invented", source="Bench")
            for a, b in sorted(new)
        ],
        batch_size=5000,
    )


# Search and safety -------------------------------------------------------------------------------------------------


def medicines() -> None:
    """Inside one process: the server's own time, and its queries. A migration may have written every row anew."""
    analyze()
    report("medicines", products=Product.objects.count(), pairs=Interaction.objects.count())
    report("a query", of="SELECT 1", **milliseconds(timed(lambda: ask(1), 300)))
    search()
    check()


def ask(many: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(many):
            cursor.execute("SELECT 1")


def search() -> None:
    keys = list(Product.objects.values_list("pk", flat=True)[:12])
    fetch = timed(lambda: Product.objects.for_composer().in_bulk(keys), 200)
    report("medicine search", typed="baseline: twelve products by their keys", queries=1, **milliseconds(fetch))
    everything: list[float] = []
    for typed in TYPED:
        found = find_products(typed)
        queries = queries_of(lambda typed=typed: find_products(typed))
        taken = timed(lambda typed=typed: find_products(typed), 60)
        everything += taken
        report("medicine search", typed=typed, found=len(found), queries=queries, **milliseconds(taken))
    report("medicine search", typed="all of these", **milliseconds(everything))


@transaction.atomic
def check() -> None:
    signed = SignedPrescription.objects.for_page().get()
    visit = signed.prescription.appointment
    products = [Product.objects.for_composer().filter(generic__name=name, brand="").first() for name in PRESCRIBED]
    for many in (1, 12):
        asked = [Asked(place, product, parse("1+0+1")) for place, product in enumerate(products[:many])]

        def look(asked: list[Asked] = asked) -> int:
            said = Said(weight_kg=Decimal(60))
            by = visit.doctor.user
            found = check_medicines(asked, visit.patient, said, by=by, ground=Ground.CARE, ground_id=visit.pk)
            return len(found.findings)

        findings, queries = look(), queries_of(look)
        facts = {"medicines": many, "taken_already": len(TAKEN), "findings": findings, "queries": queries}
        report("safety check", **facts, **milliseconds(timed(look, 200)))
        alone = timed(lambda queries=queries: ask(queries), 200)
        report("safety check", baseline="as many times SELECT 1", queries=queries, **milliseconds(alone))
    transaction.set_rollback(True)


# Papers ------------------------------------------------------------------------------------------------------------


def papers() -> None:
    """In a process of its own, which has what a worker has in memory: a paper of three medicines, again and again."""
    worker = psutil.Process()
    report("papers", memory_before_mb=worker.memory_info().rss // MEGABYTE)
    report("papers", baseline="one word, set by typst with the same fonts", **milliseconds(timed(one_word, PAPERS)))
    bangla = document(items=document()["items"] * 3)
    english = bangla | ENGLISH | {"items": [each | {"note": "With water"} for each in bangla["items"]]}
    address = "https://example.com/rx/ABCD1234EFGH/"
    for language, facts in (("en", english), ("bn", bangla)):
        with translation.override(language):
            lines = lines_of(facts)
            draw = partial(paper, facts, lines, address=address, code="ABCD 1234 EFGH")
            taken = timed(draw, PAPERS)
        a_second = round(len(taken) / sum(taken), 1)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        memory = {"memory_most_mb": most // MEGABYTE, "memory_after_mb": worker.memory_info().rss // MEGABYTE}
        report("papers", language=language, a_second=a_second, **milliseconds(taken), **memory)


def one_word() -> None:
    with TemporaryDirectory() as folder:
        template = Path(folder) / "word.typ"
        template.write_text('#set document(title: "A")\n#set text(font: "Noto Sans Bengali", lang: "en")\nWord')
        typst.compile(template, root=folder, font_paths=[FONTS], ignore_system_fonts=True, pdf_standards=["ua-1"])


# Over HTTP ---------------------------------------------------------------------------------------------------------


def over_http() -> None:
    """Behind the proxy, two workers: what verifies, what finds medicines; beside an empty page of the same run."""
    signed = SignedPrescription.objects.get()
    doctor = User.objects.get(doctor__isnull=False)
    found = [f"/practice/medicines/?q={typed}" for typed in ("nap", "amox", "azithromicin", "seclo+20")]
    cases = {
        "baseline: an empty page, signed in": (["/bench/empty/"], signed_in(doctor)),
        "verification page": ([f"/rx/{signed.code}/"], {"Host": "localhost"}),
        "verification page, code unknown": (["/rx/000000000001/"], {"Host": "localhost"}),
        "medicine search": (found, signed_in(doctor)),
    }
    with behind_the_proxy([]) as served:
        for clients in (1, 8):
            for case, (paths, headers) in cases.items():
                asked = [Request("GET", path, headers) for path in paths]
                shares = [asked * (REQUESTS // clients // len(asked))] * clients
                load(f"127.0.0.1:{served.port}", [asked * 4] * 4)
                seconds, taken = load(f"127.0.0.1:{served.port}", shares)
                report(
                    "prescriptions over HTTP",
                    case=case,
                    clients=clients,
                    a_second=round(len(taken) / seconds),
                    statuses=dict(Counter(status for status, _ in taken)),
                    **milliseconds([each for _, each in taken]),
                )


# A register --------------------------------------------------------------------------------------------------------


def register_of_a_million() -> None:
    """Into a copy of the database: a worker that is killed in the middle, and another that goes on."""
    begun = perf_counter()
    taken = handed_in(REGISTER, Random(2))
    before = Product.objects.count()
    report("register", rows=REGISTER, handed_in_seconds=round(perf_counter() - begun), mb=taken.size // MEGABYTE)
    begun = perf_counter()
    most = 0
    for stop_at in (REGISTER * 2 // 5, REGISTER + 1):
        command = [sys.executable, "-m", "tests.bench.measure", "register-worker", str(taken.pk)]
        with subprocess.Popen(command) as worker:
            watched = psutil.Process(worker.pid)
            while worker.poll() is None:
                most = max(most, watched.memory_info().rss)
                taken.refresh_from_db()
                if taken.line > stop_at:
                    worker.kill()
                sleep(0.2)
        report(
            "register",
            worker="killed" if worker.returncode else "done",
            line=taken.line,
            memory_most_mb=most // MEGABYTE,
        )
    seconds = perf_counter() - begun
    taken.refresh_from_db()
    report(
        "register",
        status=taken.status,
        added=taken.added,
        refused=taken.refused,
        new_in_the_table=Product.objects.count() - before,
        seconds=round(seconds),
        rows_a_second=round(REGISTER / seconds),
        memory_most_mb=most // MEGABYTE,
    )
    everything = [each for typed in TYPED for each in timed(lambda typed=typed: find_products(typed), 10)]
    report("medicine search", products=Product.objects.count(), typed="all of these", **milliseconds(everything))


def register_worker() -> None:
    while services.run_import(UUID(sys.argv[2])):
        pass
