"""Whatever is sent, the pages of search answer, and ask the database no more than usual."""

from time import process_time
from urllib.parse import urlencode

import pytest
import structlog
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from doctors.search import index
from tests.factories.doctors import DoctorFactory
from tests.meilisearch.process import Meilisearch

# More than any page of search asks, however its text is mended.
MOST_QUERIES = 22
# In seconds of this process, for a page of one doctor: many times what any of them takes.
MOST_WORK = 1.0

TEXTS = {
    "10 kB": "x" * 10_240,
    "10 kB of words": "chest pain " * 930,
    "10 kB of Bangla": "ব্যথা " * 600,
    "control characters": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "wildcards": "%_*?[a-z]",
    "SQL": "x'; DROP TABLE doctors_doctor; --",
    "SQL with a union": "' UNION SELECT password FROM accounts_user --",
    "a tsquery": "!a & (b | c) <-> d:*A",
    "quotes and backslashes": "\\' \\\\ '' \" `",
    "format marks": "%s %(name)s {0} %%",
    "a filter of another engine": 'gender = female OR id != 1 AND _geoRadius(0,0,1) "',
    "markup": "<script>alert(1)</script>",
    "signs of a document": "@karim ~green #a12345 +1",
    "from right to left": "\u202e\u2066abc\u2069",
    "marks without letters": "\u0981\u0982\u0983\u09bc\u09cd\u0301" * 20,
    "other scripts": "क्या 你好 مرحبا 🩺",
}
QUERIES = {name: urlencode({"q": text}) for name, text in TEXTS.items()} | {
    "a null": "q=karim%00zz&district=%00",
    "no UTF-8": "q=%ED%A0%80%FF%FE",
    "deep pages": "page=999999999",
    "no page": "page=-1e9",
    "impossible numbers": "fee_min=1e999&fee_max=NaN&rating=Infinity&experience=-5&km=0",
    "impossible points": "near=999,999&km=999999&sort=nearest",
    "the pole": "near=90.00,180.00&km=50&sort=nearest",
    "long numbers": f"fee_max={'9' * 5000}&near={'1' * 5000},2&page={'9' * 5000}",
    "many values": "&".join(f"languages=x{number}" for number in range(90)),
    "every filter wrong": "mode=x&available=x&specialty=x&gender=x&languages=x&sort=x&district=x",
    "names that fields have none": "text=x&__proto__=1&q[]=a&q[$ne]=1",
}


@pytest.mark.django_db
@pytest.mark.parametrize("route", ["doctors:find", "doctors:suggest"])
@pytest.mark.parametrize("asked", QUERIES.values(), ids=QUERIES)
def test_bad_input_is_answered(client: Client, route: str, asked: str) -> None:
    DoctorFactory(name="Karim")
    client.get(reverse(route))
    begin = process_time()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"{reverse(route)}?{asked}")
    assert response.status_code == 200
    assert len(captured) <= MOST_QUERIES
    assert process_time() - begin < MOST_WORK


@pytest.mark.django_db
def test_bad_input_is_answered_to_htmx_with_an_address_that_is_clean(client: Client) -> None:
    DoctorFactory(name="Karim")
    for name, asked in QUERIES.items():
        response = client.get(f"{reverse('doctors:find')}?{asked}", headers={"HX-Request": "true"})
        assert response.status_code == 200, name
        again = response["HX-Push-Url"]
        assert again.isascii(), name
        assert again.isprintable(), name
        assert len(again) < 2000, name
        assert client.get(again, headers={"HX-Request": "true"})["HX-Push-Url"] == again, name


@pytest.mark.django_db
def test_bad_input_is_understood_by_the_search_server(client: Client, server: Meilisearch) -> None:
    """Nobody makes a question that it refuses, or that ends with the fuse blown."""
    DoctorFactory(name="Karim")
    index.rebuild(lambda done, total: None)
    for name, asked in QUERIES.items():
        with structlog.testing.capture_logs() as logged:
            for route in ("doctors:find", "doctors:suggest"):
                assert client.get(f"{reverse(route)}?{asked}").status_code == 200, (name, route)
        assert not [line["event"] for line in logged if line["event"].startswith("search_server")], name
    assert sum(each["path"] == "/multi-search" for each in server.asked) >= len(QUERIES)
