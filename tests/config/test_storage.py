"""Public pictures at Cloudinary, against a stand-in that checks each request as the documented upload API does."""

import hashlib
import json
import threading
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from cloudinary.exceptions import Error
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from config.storage import CloudinaryPublicStorage

KEY, SECRET, CLOUD = "123456", "s3cret", "clinic"
UNSIGNED = {"file", "api_key", "cloud_name", "resource_type", "signature"}


class Cloud(ThreadingHTTPServer):
    """POST /v1_1/<cloud>/image/{upload,destroy,explicit}: parameters signed with SHA-1 over the sorted ones."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CloudHandler)
        self.files: dict[str, bytes] = {}
        self.invalidated: list[str] = []

    @property
    def address(self) -> str:
        return f"cloudinary://{KEY}:{SECRET}@{CLOUD}?upload_prefix=http://127.0.0.1:{self.server_port}"


class CloudHandler(BaseHTTPRequestHandler):
    server: Cloud

    def do_POST(self) -> None:
        fields = read_form(self.headers.get("Content-Type", ""), self.rfile.read(int(self.headers["Content-Length"])))
        signed = "&".join(f"{name}={fields[name].decode()}" for name in sorted(fields) if name not in UNSIGNED)
        expected = hashlib.sha1(f"{signed}{SECRET}".encode()).hexdigest()
        if fields.get("api_key") != KEY.encode() or fields.get("signature", b"").decode() != expected:
            return self.answer(401, {"error": {"message": "Invalid Signature"}})
        _v1, _version, cloud, kind, action = self.path.split("/")
        assert (cloud, kind) == (CLOUD, "image")
        name = fields["public_id"].decode()
        if action == "upload":
            assert fields["overwrite"] in {b"0", b"false"}
            self.server.files.setdefault(name, fields["file"])
            return self.answer(200, {"public_id": name, "bytes": len(fields["file"])})
        if action == "destroy":
            self.server.invalidated += [name] if fields.get("invalidate") in {b"1", b"true"} else []
            gone = self.server.files.pop(name, None)
            return self.answer(200, {"result": "ok" if gone else "not found"})
        assert action == "explicit"
        if name not in self.server.files:
            return self.answer(404, {"error": {"message": "Resource not found"}})
        return self.answer(200, {"public_id": name})

    def answer(self, status: int, body: dict[str, object]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def read_form(content_type: str, body: bytes) -> dict[str, bytes]:
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[-1].encode() for name, values in parse_qs(body.decode()).items()}
    message: Message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.get_payload()
    }


@pytest.fixture
def cloud():
    with Cloud() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_picture_is_stored_found_and_removed(cloud):
    storage = CloudinaryPublicStorage(cloud.address)

    name = storage.save("doctors/abc.webp", ContentFile(b"picture"))
    assert (name, cloud.files) == ("doctors/abc.webp", {"doctors/abc": b"picture"})
    assert storage.exists(name)

    storage.delete(name)
    assert (cloud.files, cloud.invalidated) == ({}, ["doctors/abc"])
    assert not storage.exists(name)
    storage.delete(name)


def test_a_name_that_is_taken_becomes_another_and_overwrites_nothing(cloud):
    storage = CloudinaryPublicStorage(cloud.address)
    storage.save("doctors/abc.webp", ContentFile(b"first"))

    second = storage.save("doctors/abc.webp", ContentFile(b"second"))

    assert second != "doctors/abc.webp"
    assert sorted(cloud.files.values()) == [b"first", b"second"]


def test_addresses_are_https_and_of_the_account(cloud):
    address = CloudinaryPublicStorage(cloud.address).url("doctors/abc.webp")

    assert address.startswith(f"https://res.cloudinary.com/{CLOUD}/image/upload/")
    assert address.endswith("doctors/abc.webp")


def test_a_wrong_secret_is_refused_and_not_told(cloud):
    storage = CloudinaryPublicStorage(cloud.address.replace(SECRET, "guess"))

    with pytest.raises(Error) as refused:
        storage.save("doctors/abc.webp", ContentFile(b"picture"))

    assert "guess" not in str(refused.value)
    assert cloud.files == {}


def test_a_cloud_that_cannot_be_reached_is_an_error(cloud):
    cloud.shutdown()
    cloud.server_close()

    with pytest.raises(Error):
        CloudinaryPublicStorage(cloud.address).save("doctors/abc.webp", ContentFile(b"picture"))


@pytest.mark.parametrize("address", ["", "https://key:secret@cloud", "cloudinary://cloud", "cloudinary://key@cloud"])
def test_a_wrong_address_is_named(settings, address):
    settings.CLOUDINARY_URL = address
    with pytest.raises(ImproperlyConfigured, match="cloudinary://key:secret@cloud"):
        CloudinaryPublicStorage().url("doctors/abc.webp")
