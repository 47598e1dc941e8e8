"""Records: what a page costs with many grants there, and what a large document costs the process that takes it."""

import http.client
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from patients.models import MedicalRecord, Patient, PatientGrant, RecordGrant
from patients.views import sharing
from tests.bench.booking import signed_in
from tests.bench.data import PEOPLE, analyze
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of
from tests.bench.servers import behind_the_proxy
from tests.documents import large_pdf
from tests.factories.records import MedicalRecordFactory, PatientGrantFactory, RecordGrantFactory, permission_to

PEOPLE_OF_EACH_KIND, RECORDS_OF_EACH, GRANTS_OF_EACH = 2_000, 10, 5
ON_THE_PAGE = 50
MEGABYTE = 1024 * 1024
UPLOAD = 20 * MEGABYTE
ROUNDS, AT_ONCE = 8, 4

RECORDS = """
INSERT INTO patients_medicalrecord (patient_id, kind, title, dated, notes, file, original_name, content_type, size,
                                    sha256, pages, width, height, uploaded_by_id)
SELECT p.id, 'lab_report', 'Blood count', current_date - n, '', 'records/' || gen_random_uuid() || '.pdf', 'a.pdf',
       'application/pdf', 100000, encode(sha256((p.id || ' ' || n)::text::bytea), 'hex'), 1, 595, 842, p.user_id
FROM patients_patient p, generate_series(1, %(each)s) n
"""

# Each record is given to so many doctors, none of them the measured one, who is the first.
GRANTS = """
WITH doctors AS (SELECT user_id, row_number() OVER (ORDER BY id) - 2 AS place FROM doctors_doctor),
     records AS (SELECT id, uploaded_by_id, row_number() OVER (ORDER BY id) AS place FROM patients_medicalrecord)
INSERT INTO patients_recordgrant (permission_id, user_id, content_object_id, granted_by_id, granted_at, expires_at)
SELECT %(permission)s, d.user_id, r.id, r.uploaded_by_id, now(), now() + interval '30 days'
FROM records r, generate_series(1, %(each)s) n
JOIN doctors d ON TRUE
WHERE d.place = (r.place * %(each)s + n) %% %(doctors)s
"""


def load_records() -> None:
    """Doctors and patients, each patient with some records; no grants."""
    call_command("load_specialties")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"count": PEOPLE_OF_EACH_KIND})
        cursor.execute(RECORDS, {"each": RECORDS_OF_EACH})
    analyze()


def shared_records() -> None:
    """The page of fifty records that one patient shares with a doctor, by what else lies in the table of grants."""
    doctor = User.objects.filter(role="doctor").order_by("doctor__pk")[0]
    patient = Patient.objects.order_by("pk")[0]
    more = ON_THE_PAGE - MedicalRecord.objects.filter(patient=patient).count()
    MedicalRecordFactory.create_batch(more, patient=patient)
    sharing.PAGE_SIZE = ON_THE_PAGE
    client = Client(headers={"host": "localhost"})
    client.force_login(doctor)

    def page() -> None:
        response = client.get(f"/practice/patients/{patient.pk}/records/")
        assert response.status_code == 200
        assert response.content.count(b"Blood count") == ON_THE_PAGE

    RecordGrant.objects.all().delete()
    PatientGrant.objects.all().delete()
    all_of_them = {"doctor": doctor.doctor, "content_object": patient}
    wide = PatientGrantFactory(**all_of_them)
    measure_page("one grant on all of the patient's records", page)
    give_to_others()
    measure_page("one grant on all of the patient's records", page)
    wide.delete()
    for record in MedicalRecord.objects.filter(patient=patient):
        RecordGrantFactory(doctor=doctor.doctor, content_object=record)
    measure_page("a grant on each record", page)


def give_to_others() -> None:
    """All the other records, to all the other doctors."""
    permission = permission_to("view_medicalrecord")
    with connection.cursor() as cursor:
        doctors = User.objects.filter(role="doctor").count() - 1
        cursor.execute(GRANTS, {"permission": permission.pk, "each": GRANTS_OF_EACH, "doctors": doctors})
    analyze()


def measure_page(case: str, page: Callable[[], None]) -> None:
    report(
        "page of shared records",
        case=case,
        records=ON_THE_PAGE,
        grants_in_the_table=RecordGrant.objects.count() + PatientGrant.objects.count(),
        queries=queries_of(page),
        **milliseconds(timed(page, 60)),
    )


# A large document ------------------------------------------------------------------------------------------------


class Watch:
    """The memory that a process and its children take while the block runs, looked at again and again."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.over = process, threading.Event()
        self.before = self.most = process.memory_info().rss
        self.most_of_children = 0
        self.thread = threading.Thread(target=self.look)

    def look(self) -> None:
        while not self.over.wait(0.005):
            self.most = max(self.most, self.process.memory_info().rss)
            children = 0
            for child in self.process.children():
                try:
                    children += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.most_of_children = max(self.most_of_children, children)

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()

    @property
    def figures(self) -> dict[str, float]:
        return {
            "grew_at_most_mb": round((self.most - self.before) / MEGABYTE, 1),
            "grew_mb": round((self.process.memory_info().rss - self.before) / MEGABYTE, 1),
            "openers_at_most_mb": round(self.most_of_children / MEGABYTE, 1),
        }


def send(port: int, path: str, headers: dict[str, str], document: bytes) -> float:
    """Hand a document in as a form does; the seconds until the answer."""
    line = secrets.token_hex(16)
    fields = {"kind": "other", "dated": "2026-03-04", "title": "Scan"}
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{line}\r\nContent-Disposition: form-data; name="files"; filename="scan.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = "".join(parts).encode() + document + f"\r\n--{line}--\r\n".encode()
    form = headers | {"Content-Type": f"multipart/form-data; boundary={line}"}
    connection_ = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    begun = time.perf_counter()
    connection_.request("POST", path, body, form)
    answer = connection_.getresponse()
    said = answer.read()
    taken = time.perf_counter() - begun
    connection_.close()
    assert answer.status in {200, 302}, (answer.status, said[:300])
    return taken


def large_uploads() -> None:
    """Twenty megabytes through the proxy and the server for large files, one after another and four at a time."""
    users = list(User.objects.filter(role="patient").order_by("pk")[:AT_ONCE])
    headers = [signed_in(user) for user in users]
    MedicalRecord.objects.filter(file__endswith=".pdf", size__gt=MEGABYTE).delete()
    numbers = iter(range(10**6))

    def document(size: int) -> bytes:
        return large_pdf(size).replace(b"x" * 32, b"%016d%s" % (next(numbers), secrets.token_hex(8).encode()), 1)

    with behind_the_proxy([]) as served:
        (worker,) = served.uploads.children()
        # Past the proxy's limit for small bodies, so that the same process takes it: what it imports is there then.
        for path in ("/bench/receive/", "/records/add/"):
            send(served.port, path, headers[0], document(5 * MEGABYTE))
        for path, case in (("/bench/receive/", "received and dropped"), ("/records/add/", "kept as a record")):
            with Watch(worker) as watch:
                times = [send(served.port, path, headers[0], document(UPLOAD)) for _ in range(ROUNDS)]
            tell(case, times, sum(times), watch, at_once=1)
        with Watch(worker) as watch, ThreadPoolExecutor(AT_ONCE) as senders:
            documents = [document(UPLOAD) for _ in range(AT_ONCE)]
            begun = time.perf_counter()
            sent: list[Any] = [
                senders.submit(send, served.port, "/records/add/", each, made)
                for each, made in zip(headers, documents, strict=True)
            ]
            times = [each.result() for each in sent]
            tell("kept as a record", times, time.perf_counter() - begun, watch, at_once=AT_ONCE)
    shutil.rmtree(settings.PRIVATE_ROOT / "records")
    MedicalRecord.objects.filter(size__gt=MEGABYTE).delete()


def tell(case: str, times: list[float], seconds: float, watch: Watch, *, at_once: int) -> None:
    report(
        "upload of 20 MB",
        case=case,
        at_once=at_once,
        uploads=len(times),
        mb_per_second=round(len(times) * UPLOAD / MEGABYTE / seconds, 1),
        **milliseconds(times),
        **watch.figures,
    )
