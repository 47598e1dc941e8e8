"""Stand-ins for the places where private files may lie. Each checks signatures as its service documents them, keeps
what it is given in memory, and shows nobody anything without a signature that has not run out."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIASTANDIN", "s3cret-of-the-bucket", "ap-southeast-1", "records"
KEY, SECRET, CLOUD = "123456", "s3cret", "clinic"


class Store(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.files: dict[str, bytes] = {}
        self.acls: dict[str, str] = {}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(store: Store) -> Iterator[Store]:
    with store:
        thread = Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield store
        finally:
            store.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


# Amazon S3 --------------------------------------------------------------------------------------------------------


class BucketHandler(Handler):
    """One bucket, by its path, under Signature Version 4: in the Authorization header, or in an address's query."""

    def do_PUT(self) -> None:
        body = self.body()
        if not self.is_signed(body):
            return self.refuse(403)
        self.server.files[self.key] = body
        self.server.acls[self.key] = self.headers.get("x-amz-acl", "private")
        return self.answer(200, ETag='"stand-in"')

    def do_GET(self) -> None:
        public = self.server.acls.get(self.key, "").startswith("public")
        if not public and not self.is_signed(b""):
            return self.refuse(403)
        if self.key not in self.server.files:
            return self.refuse(404)
        whole, asked = self.server.files[self.key], self.query.get("response-content-disposition", "")
        begin, _dash, end = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        facts = {"ETag": '"stand-in"', "Content_Disposition": asked}
        if not begin:
            return self.answer(200, whole, **facts)
        last = min(int(end or len(whole)), len(whole) - 1)
        facts["Content_Range"] = f"bytes {begin}-{last}/{len(whole)}"
        return self.answer(206, whole[int(begin) : last + 1], **facts)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        if not self.is_signed(b""):
            return self.refuse(403)
        self.server.files.pop(self.key, None)
        return self.answer(204)

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")

    def refuse(self, status: int) -> None:
        code = {403: "AccessDenied", 404: "NoSuchKey"}[status]
        self.answer(status, f"<Error><Code>{code}</Code></Error>".encode(), Content_Type="application/xml")

    def is_signed(self, body: bytes) -> bool:
        query = self.query
        if "X-Amz-Signature" in query:
            begin = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if (
                not begin
                <= datetime.now(UTC) + timedelta(seconds=1)
                < begin + timedelta(seconds=int(query["X-Amz-Expires"]) + 1)
            ):
                return False
            given = query.pop("X-Amz-Signature")
            credential, signed = query["X-Amz-Credential"], query["X-Amz-SignedHeaders"]
            return hmac.compare_digest(
                given, self.signature(query, credential, signed, query["X-Amz-Date"], "UNSIGNED-PAYLOAD")
            )
        header = self.headers.get("Authorization", "")
        if not header.startswith("AWS4-HMAC-SHA256 "):
            return False
        parts = dict(part.strip().split("=", 1) for part in header.removeprefix("AWS4-HMAC-SHA256 ").split(","))
        payload = self.headers["x-amz-content-sha256"]
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        made = self.signature(query, parts["Credential"], parts["SignedHeaders"], self.headers["x-amz-date"], payload)
        return hmac.compare_digest(parts["Signature"], made)

    def signature(self, query: dict[str, str], credential: str, signed: str, date: str, payload: str) -> str:
        access_key, day, region, service, kind = credential.split("/")
        if (access_key, service, kind) != (ACCESS_KEY, "s3", "aws4_request"):
            return ""
        encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
        request = "\n".join(
            [
                self.command,
                urlsplit(self.path).path,
                "&".join(f"{name}={value}" for name, value in encoded),
                *(f"{name}:{' '.join(self.headers[name].split())}" for name in signed.split(";")),
                "",
                signed,
                payload,
            ]
        )
        scope = f"{day}/{region}/{service}/{kind}"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{SECRET_KEY}".encode()
        for part in (day, region, service, kind):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


# Cloudinary -------------------------------------------------------------------------------------------------------

UNSIGNED = {"file", "api_key", "cloud_name", "resource_type", "signature"}


class CloudHandler(Handler):
    """The upload API for raw, authenticated files: parameters signed with SHA-1 over the sorted ones."""

    def do_POST(self) -> None:
        fields = read_form(self.headers.get("Content-Type", ""), self.body())
        if not self.is_signed({name: value.decode() for name, value in fields.items() if name != "file"}):
            return self.say(401, {"error": {"message": "Invalid Signature"}})
        _v1, _version, cloud, kind, action = urlsplit(self.path).path.split("/")
        assert (cloud, kind, fields["type"]) == (CLOUD, "raw", b"authenticated")
        name, files = fields["public_id"].decode(), self.server.files
        if action == "upload":
            assert fields["overwrite"] in {b"0", b"false"}
            files.setdefault(name, fields["file"])
            return self.say(200, {"public_id": name})
        if action == "destroy":
            return self.say(200, {"result": "ok" if files.pop(name, None) else "not found"})
        assert action == "explicit"
        if name not in files:
            return self.say(404, {"error": {"message": "Resource not found"}})
        return self.say(200, {"public_id": name})

    def do_GET(self) -> None:
        query, path = self.query, urlsplit(self.path).path
        if path != f"/v1_1/{CLOUD}/raw/download":
            return self.say(401, {"error": {"message": "deny or ACL failure"}})
        if not self.is_signed(query) or int(query["expires_at"]) <= time() or query["type"] != "authenticated":
            return self.say(401, {"error": {"message": "Invalid Signature"}})
        if query["public_id"] not in self.server.files:
            return self.say(404, {"error": {"message": "Resource not found"}})
        kind = "attachment" if query.get("attachment") in {"1", "true", "True"} else "inline"
        return self.answer(200, self.server.files[query["public_id"]], Content_Disposition=kind)

    def is_signed(self, fields: dict[str, str]) -> bool:
        # An ampersand within a value is encoded, so that no parameter can be smuggled into another.
        parts = {name: value.replace("&", "%26") for name, value in fields.items() if name not in UNSIGNED and value}
        text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
        expected = hashlib.sha1(f"{text}{SECRET}".encode()).hexdigest()
        fresh = abs(time() - int(fields.get("timestamp", 0))) < 3600
        return fields.get("api_key") == KEY and fresh and hmac.compare_digest(fields.get("signature", ""), expected)

    def say(self, status: int, body: dict[str, object]) -> None:
        self.answer(status, json.dumps(body).encode(), Content_Type="application/json")


def cloud_address(store: Store) -> str:
    return f"cloudinary://{KEY}:{SECRET}@{CLOUD}?upload_prefix={store.origin}"


def read_form(content_type: str, body: bytes) -> dict[str, bytes]:
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[-1].encode() for name, values in parse_qs(body.decode()).items()}
    message: Message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.get_payload()
    }
