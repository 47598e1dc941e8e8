"""A stand-in for a Meilisearch server, for tests: `python -m tests.meilisearch --port 0 --key KEY`.

Every request is checked against openapi.json, and so is every answer: a route, a method, a field or a value that is not
described is a 4xx, and what the stand-in itself would say wrongly is a 500 with the reason. What the description leaves
to words (filters, sorting, tasks) follows the documentation. `/control/…` is not Meilisearch's: it sets faults, and
tells what was asked.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.meilisearch.engine import Engine, Refused

DESCRIPTION = json.loads(Path(__file__).with_name("openapi.json").read_text())
WHOLE = "urn:meilisearch"
REGISTRY: Registry[Any] = Registry().with_resource(
    WHOLE, Resource.from_contents(DESCRIPTION, default_specification=DRAFT202012)
)
FAULTS: Mapping[str, Any] = {"slow": 0.0, "status": 0, "garbage": "", "fail_task": "", "hold_tasks": False}


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Of a schema in the description, whose references are to places in it."""
    absolute = json.loads(json.dumps(schema).replace('"#/', f'"{WHOLE}#/'))
    found = validator_for(absolute, default=Draft202012Validator)(absolute, registry=REGISTRY)
    assert isinstance(found, Draft202012Validator)
    return found


class Route:
    """One operation of the description, found by its path."""

    def __init__(self, template: str, method: str) -> None:
        described = DESCRIPTION["paths"][template][method]
        self.parts = template.strip("/").split("/")
        self.template, self.method = template, method
        self.needs_key = described.get("security") != []
        self.query = {each["name"] for each in described.get("parameters", ()) if each["in"] == "query"}
        body = described.get("requestBody")
        self.body = validator(body["content"]["application/json"]["schema"]) if body else None
        self.answers = {}
        for status, answer in described["responses"].items():
            schema = answer["content"]["application/json"]["schema"] if answer.get("content") else {}
            if template == "/multi-search" and status == "200":
                schema = {"$ref": "#/components/schemas/SearchResults"}
            self.answers[int(status)] = validator(schema)
        self.error = validator({"$ref": "#/components/schemas/ResponseError"})

    def matched(self, path: str) -> dict[str, str] | None:
        parts = path.strip("/").split("/")
        if len(parts) != len(self.parts):
            return None
        names = dict(zip(self.parts, parts, strict=True))
        if any(wanted != given for wanted, given in names.items() if not wanted.startswith("{")):
            return None
        return {wanted.strip("{}"): given for wanted, given in names.items() if wanted.startswith("{")}


ROUTES = [Route(template, method) for template, methods in DESCRIPTION["paths"].items() for method in methods]


class StandIn:
    def __init__(self, key: str) -> None:
        self.key = key
        self.engine = Engine()
        self.stopping = threading.Event()
        self.reset()

    def reset(self) -> None:
        self.engine.reset()
        self.faults = dict(FAULTS)
        self.asked: list[dict[str, Any]] = []

    def control(self, what: str, given: Any) -> Any:
        if what == "reset":
            self.reset()
        elif what == "faults":
            assert given.keys() <= FAULTS.keys()
            self.faults |= given
            self.engine.failing = self.faults["fail_task"]
            self.engine.hold(is_held=self.faults["hold_tasks"])
        elif what == "asked":
            return self.asked
        return {}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """What Meilisearch would say: a status and JSON."""
        url = urlsplit(target)
        routes = [(route, names) for route in ROUTES if (names := route.matched(url.path)) is not None]
        if not routes:
            return 404, None
        route, names = next((each for each in routes if each[0].method == method.lower()), (None, {}))
        if route is None:
            return 405, None
        try:
            if self.faults["status"]:
                raise Refused("internal", "An internal error has occurred.", self.faults["status"])
            self._check_key(route, headers)
            query = self._query(route, url.query)
            given = self._body(route, headers, body)
            self.asked.append({"method": method, "path": url.path, "body": given})
            status = 202 if 202 in route.answers else 200
            with self.engine.lock:
                said = self._do(route, names, query, given)
            route.answers[status].validate(said)
        except Refused as refusal:
            route.error.validate(refusal.body)
            return refusal.status, refusal.body
        return status, said

    def _check_key(self, route: Route, headers: Mapping[str, str]) -> None:
        if not route.needs_key:
            return
        given = headers.get("authorization", "")
        if not given:
            raise Refused("missing_authorization_header", "The Authorization header is missing.", 401)
        if given != f"Bearer {self.key}":
            raise Refused("invalid_api_key", "The provided API key is invalid.", 403)

    @staticmethod
    def _query(route: Route, text: str) -> dict[str, str]:
        query = {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}
        if unknown := query.keys() - route.query:
            raise Refused("bad_request", f"Unknown parameter `{min(unknown)}`.")
        return query

    @staticmethod
    def _body(route: Route, headers: Mapping[str, str], body: bytes) -> Any:
        if route.body is None:
            return None
        if not body:
            raise Refused("missing_payload", "A json payload is missing.")
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Refused("missing_content_type", "A Content-Type header is missing.", 415)
        try:
            given = json.loads(body)
            route.body.validate(given)
        except ValidationError as error:
            raise Refused("bad_request", f"At {error.json_path}: {error.message[:200]}") from error
        except ValueError as error:
            raise Refused("malformed_payload", "The json payload provided is malformed.") from error
        return given

    def _do(self, route: Route, names: Mapping[str, str], query: Mapping[str, str], given: Any) -> Any:
        engine, uid = self.engine, names.get("index_uid", "")
        match route.method, route.template:
            case "get", "/health":
                return {"status": "available"}
            case "post", "/multi-search":
                if given.get("federation") is not None:
                    raise Refused("bad_request", "The stand-in does not federate.")
                return {"results": [engine.search(each) for each in given["queries"]]}
            case "post", "/swap-indexes":
                return engine.swap(given)
            case "get", "/tasks/{task_id}":
                return engine.task(names["task_id"])
            case "post", "/indexes":
                return engine.create(given["uid"], given.get("primaryKey"))
            case "get", "/indexes/{index_uid}":
                return engine.index(uid).view()
            case "delete", "/indexes/{index_uid}":
                return engine.drop(uid)
            case "get", "/indexes/{index_uid}/stats":
                return stats(engine.index(uid).documents)
            case "get", "/indexes/{index_uid}/settings":
                return engine.index(uid).settings
            case "patch", "/indexes/{index_uid}/settings":
                return engine.configure(uid, given)
            case "post" | "put", "/indexes/{index_uid}/documents":
                documents = given if isinstance(given, list) else [given]
                return engine.add(uid, documents, query.get("primaryKey"), is_update=route.method == "put")
            case "post", "/indexes/{index_uid}/documents/delete":
                return engine.remove(uid, None, given["filter"])
            case "post", "/indexes/{index_uid}/documents/delete-batch":
                return engine.remove(uid, given)
            case "post", "/indexes/{index_uid}/documents/fetch":
                return engine.fetch(uid, given)
        raise AssertionError(f"{route.method} {route.template} is described and not done")


def stats(documents: Mapping[str, Any]) -> dict[str, Any]:
    sizes = dict.fromkeys(("indexSize", "usedIndexSize", "rawDocumentDbSize", "avgDocumentSize"), 0)
    return sizes | {"numberOfDocuments": len(documents), "isIndexing": False, "fieldDistribution": {}}


class Handler(BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _handle(self) -> None:
        stand_in = self.server.stand_in
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/control/"):
            self._write(200, json.dumps(stand_in.control(self.path[9:], json.loads(body or b"{}"))).encode())
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        if stand_in.faults["slow"]:
            stand_in.stopping.wait(stand_in.faults["slow"])
        try:
            status, said = stand_in.answer(self.command, self.path, headers, body)
        except Exception as error:
            # What it would have said is not described, or it is broken: no test may pass on that.
            status, said = 500, {"stand_in": repr(error)}
        self._write(status, (stand_in.faults["garbage"] or json.dumps(said)).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _write(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            # Whoever asked did not wait, as is the point of a slow answer.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: what was asked is told by /control/asked."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, stand_in: StandIn) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.stand_in = stand_in


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.meilisearch")
    parser.add_argument("--port", type=int, default=7700, help="0 takes a free one, which the ready line names")
    parser.add_argument("--key", required=True)
    options = parser.parse_args()
    stops = {signal.SIGTERM, signal.SIGINT}
    # Blocked before any thread is born, so that only sigwait below ever sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    stand_in = StandIn(options.key)
    server = Server(options.port, stand_in)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    sys.stdout.write(f"Stand-in ready: http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    signal.sigwait(stops)
    stand_in.stopping.set()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
