"""What a place for private files must do, wherever it is: with us, in a bucket, at Cloudinary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from cloudinary.exceptions import Error
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from config.files import checked_upload, page_of_pdf, private_storage, private_url, store_private
from config.storage import MultipartFile
from patients.models import FileToRemove, MedicalRecord
from patients.tasks import sweep_files
from tests.config.private_stores import (
    ACCESS_KEY,
    BUCKET,
    CLOUD,
    REGION,
    SECRET_KEY,
    BucketHandler,
    CloudHandler,
    Store,
    cloud_address,
    serving,
)
from tests.documents import large_pdf, pdf, picture
from tests.patients.papers import handed_in

type ClientOf = Callable[[User], Client]


@dataclass
class Answer:
    status: int
    body: bytes
    disposition: str


@dataclass
class Place:
    """A place for private files, and how somebody from outside asks it."""

    name: str
    get: Callable[[str], Answer]
    bare: Callable[[str], list[str]]
    store: Store | None = None


def fetched(address: str) -> Answer:
    answer = requests.get(address, timeout=5)
    return Answer(answer.status_code, answer.content, answer.headers.get("Content-Disposition", ""))


def of_client(client: Client) -> Callable[[str], Answer]:
    def get(address: str) -> Answer:
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return Answer(answer.status_code, body, answer.headers.get("Content-Disposition", ""))

    return get


@pytest.fixture(params=["local", "s3", "cloudinary"])
def place(
    request: pytest.FixtureRequest, settings, patient: User, client_of: ClientOf, tmp_path: Path
) -> Iterator[Place]:
    local = settings.STORAGES["private"]

    def use(**private: object) -> None:
        settings.STORAGES = settings.STORAGES | {"private": private}

    if request.param == "local":
        settings.PRIVATE_ROOT = tmp_path
        use(BACKEND=local["BACKEND"], OPTIONS=local["OPTIONS"] | {"location": tmp_path})
        paths = lambda name: [f"/media/{name}", f"/static/{name}", f"/files/{name}/", f"/{name}"]  # noqa: E731
        yield Place("local", of_client(client_of(patient)), paths)
    elif request.param == "s3":
        with serving(Store(BucketHandler)) as store:
            keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region_name": REGION}
            use(
                BACKEND="config.buckets.S3PrivateStorage",
                OPTIONS=keys | {"bucket_name": BUCKET, "endpoint_url": store.origin},
            )
            yield Place("s3", fetched, lambda name: [f"{store.origin}/{BUCKET}/{name}"], store)
    else:
        with serving(Store(CloudHandler)) as store:
            use(BACKEND="config.storage.CloudinaryPrivateStorage", OPTIONS={"address": cloud_address(store)})
            kinds = ("upload", "authenticated", "private")
            yield Place(
                "cloudinary",
                fetched,
                lambda name: [f"{store.origin}/{CLOUD}/raw/{kind}/{name}" for kind in kinds],
                store,
            )


def kept(data: bytes | None = None) -> str:
    return store_private(checked_upload(SimpleUploadedFile("report.pdf", data or pdf())), "records")


def test_what_is_kept_comes_back_byte_for_byte(place: Place) -> None:
    name = kept()
    assert name.startswith("records/")
    assert private_storage().exists(name)
    with private_storage().open(name) as file:
        assert file.read() == pdf()


def test_file_of_twenty_megabytes_comes_back_whole(place: Place) -> None:
    data = large_pdf(20 * 1024 * 1024)
    name = kept(data)
    with private_storage().open(name) as file:
        assert b"".join(file.chunks()) == data


@pytest.mark.parametrize("inline", [True, False])
def test_signed_address_opens_it_as_it_was_asked_for(place: Place, patient: User, inline: bool) -> None:
    address = private_url(kept(), filename="HIV test.pdf", reader=patient, inline=inline)
    answer = place.get(address)
    assert (answer.status, answer.body) == (200, pdf())
    assert answer.disposition.startswith("inline" if inline else "attachment")
    assert "HIV" not in address


def test_address_is_dead_after_a_minute(place: Place, patient: User, client_of: ClientOf) -> None:
    address = private_url(kept(), filename="a.pdf", reader=patient)
    with time_machine.travel(timezone.now() + timedelta(seconds=57)):
        get = of_client(client_of(patient)) if place.name == "local" else place.get
        assert get(address).status == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=63)):
        get = of_client(client_of(patient)) if place.name == "local" else place.get
        assert get(address).status in (401, 403, 404)


def test_signature_is_of_that_file_alone(place: Place, patient: User) -> None:
    one, other = kept(), kept(pdf("other"))
    address = private_url(one, filename="a.pdf", reader=patient)
    tampered = [address.replace(one, other), address.replace(one.replace("/", "%2F"), other.replace("/", "%2F"))]
    tampered += [address[:-9] + ("0" if address[-9] != "0" else "1") + address[-8:]]
    tampered = [each for each in tampered if each != address]
    assert tampered
    for each in tampered:
        assert place.get(each).status in (401, 403, 404), each


def test_nothing_is_readable_without_a_signature(place: Place, patient: User) -> None:
    name = kept()
    for address in place.bare(name):
        assert place.get(address).status in (401, 403, 404), address
    address = private_url(name, filename="a.pdf", reader=patient)
    bare = urlsplit(address)._replace(query="").geturl()
    if place.name != "local":
        assert place.get(bare).status in (401, 403, 404)
        with pytest.raises(ValueError, match="no address of its own"):
            private_storage().url(name)
    if place.name == "s3":
        assert place.store
        assert place.store.acls[name] == "private"


def test_removed_is_gone_and_removing_again_is_no_error(place: Place, patient: User) -> None:
    name = kept()
    address = private_url(name, filename="a.pdf", reader=patient)
    private_storage().delete(name)
    assert not private_storage().exists(name)
    assert place.get(address).status == 404
    private_storage().delete(name)
    with pytest.raises(FileNotFoundError):
        private_storage().open(name)


@pytest.mark.parametrize("name", ["../settings.py", "records/../../secret", "/etc/passwd"])
def test_name_that_leads_elsewhere_is_refused(place: Place, name: str) -> None:
    with pytest.raises(SuspiciousOperation):
        private_storage().save(name, ContentFile(b"x"))
    # A bucket has no way out of it; an address at Cloudinary is signed by us, whatever it leads to.
    refused = SuspiciousOperation if place.name == "cloudinary" else (SuspiciousOperation, FileNotFoundError)
    with pytest.raises(refused):
        private_storage().open(name)


def test_record_is_handed_in_shown_and_removed(place: Place, patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient)
    client = client_of(patient)
    assert page_of_pdf(record.file, 1)[:4] == b"RIFF"
    address = client.get(f"/records/{record.pk}/download/")["Location"]
    assert place.get(address).body == pdf("0")
    client.post(f"/records/{record.pk}/remove/")
    sweep_files()
    assert not private_storage().exists(record.file)
    assert not FileToRemove.objects.exists()


def test_picture_of_another_origin_is_let_into_that_one_page(place: Place, patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient, picture(), name="rash.jpg")
    client = client_of(patient)
    policy = client.get(record.get_absolute_url())["Content-Security-Policy"]
    other = client.get("/records/")["Content-Security-Policy"]
    if place.store:
        assert f"img-src 'self' data: {place.store.origin};" in f"{policy};"
        assert place.store.origin not in other
    assert "frame-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("place", ["s3", "cloudinary"], indirect=True)
def test_store_that_is_away_keeps_no_record(place: Place, patient: User, client_of: ClientOf) -> None:
    assert place.store
    place.store.shutdown()
    place.store.server_close()
    client = client_of(patient)
    client.raise_request_exception = False
    answer = client.post(
        "/records/add/",
        {"kind": "other", "dated": "2026-01-01", "files": [SimpleUploadedFile("a.pdf", pdf())]},
    )
    assert answer.status_code == 500
    assert not MedicalRecord.objects.exists()
    assert FileToRemove.objects.count() == 1


@pytest.mark.parametrize("place", ["cloudinary"], indirect=True)
def test_cloudinary_refuses_a_wrong_secret_and_it_is_not_told(place: Place, settings) -> None:
    assert place.store
    address = cloud_address(place.store).replace("s3cret", "guess")
    settings.STORAGES = settings.STORAGES | {
        "private": {"BACKEND": "config.storage.CloudinaryPrivateStorage", "OPTIONS": {"address": address}}
    }
    with pytest.raises(Error) as refused:
        kept()
    assert "guess" not in str(refused.value)
    assert place.store.files == {}


def test_form_with_a_file_is_read_as_it_is_sent_and_knows_its_length() -> None:
    form = MultipartFile({"public_id": "a", "timestamp": 1}, File(ContentFile(b"x" * 100_000).file), 100_000)
    pieces = list(iter(lambda: form.read(8192), b""))
    assert max(map(len, pieces)) <= 8192
    assert sum(map(len, pieces)) == len(form)
