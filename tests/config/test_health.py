"""What load balancers and people on call ask the portal."""

import requests
from django.conf import settings
from django.test import override_settings

from tests.servers import listening, python

CLOSED_PORT = "redis://127.0.0.1:1/0"


def test_live_asks_no_database(client):
    # Without the db fixture a query would raise.
    response = client.get("/live")

    assert (response.status_code, response.json()) == (200, {"live": True})


def test_ready_when_database_and_valkey_answer(client, db):
    response = client.get("/ready")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "valkey": "ok", "draining": False, "ready": True}


def test_ready_without_valkey_says_so(client, db):
    caches = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": CLOSED_PORT}}
    with override_settings(CACHES=caches):
        response = client.get("/ready")

    assert (response.status_code, response.json()["valkey"]) == (200, "down")


def test_not_ready_while_draining(client, db):
    settings.DRAIN_FILE.parent.mkdir(parents=True, exist_ok=True)
    settings.DRAIN_FILE.touch()
    try:
        response = client.get("/ready")
    finally:
        settings.DRAIN_FILE.unlink()

    assert (response.status_code, response.json()["draining"]) == (503, True)
    assert client.get("/live").status_code == 200


def test_without_a_database_live_but_not_ready():
    command = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "config.wsgi:application")
    nowhere = "postgresql://portal_app@127.0.0.1:1/portal"
    with listening("web-without-database", command, DATABASE_URL=nowhere, WEB_WORKERS="1") as server:
        ready = requests.get(f"{server.url}/ready", timeout=20)

        assert requests.get(f"{server.url}/live", timeout=20).status_code == 200
        assert (ready.status_code, ready.json()["database"]) == (503, "down")


def test_any_host_may_ask_but_pages_answer_only_their_own(client, db):
    assert client.get("/live", headers={"host": "10.0.0.7"}).status_code == 200
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
