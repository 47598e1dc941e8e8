"""What the browser is told: policies, reports, and the grade that it comes to on the server as production runs it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests
import structlog
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config import headers
from config.headers import for_calls
from tests.accounts.proof import prove
from tests.factories.accounts import UserFactory
from tests.factories.patients import PatientFactory
from tests.observatory import Answer, csp_of, grade_of, modifiers_of, score_of
from tests.servers import Server, listening, python, run_manage

HOST = "portal.example.org"


@pytest.fixture
def as_production(transactional_db: None) -> Iterator[Server]:
    """gunicorn with the settings of production, on this worker's databases, as a proxy with HTTPS would reach it."""
    environment = {
        "PORTAL_ENV": "production",
        "SECRET_KEY": settings.SECRET_KEY,
        "MFA_ENCRYPTION_KEYS": ",".join(settings.MFA_ENCRYPTION_KEYS),
        "DEFAULT_FROM_EMAIL": "portal@example.org",
        "SSLCOMMERZ_URL": "https://sandbox.sslcommerz.com",
        "SSLCOMMERZ_STORE_ID": "store",
        "SSLCOMMERZ_STORE_PASSWORD": "password",
        "TURN_SECRET": settings.TURN_SECRET,
        "DATA_DIR": str(settings.DATA_DIR / "production"),
    }
    run_manage("collectstatic", "--no-input", SITE_ORIGIN=f"https://{HOST}", **environment)
    command = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "--workers", "1")
    with listening("production", command, origin=f"https://{HOST}", **environment) as server:
        yield server


def fetch(server: Server, path: str, *, session: str = "") -> Answer:
    """The page, as a browser gets it over HTTPS, and what a plain HTTP request is answered."""
    proxied = {"Host": HOST, "X-Forwarded-For": "203.0.113.7", "Origin": "https://elsewhere.example"}
    if session:
        proxied["Cookie"] = f"__Host-session={session}"
    page = requests.get(server.url + path, headers=proxied | {"X-Forwarded-Proto": "https"}, allow_redirects=False)
    assert page.status_code == 200, page.headers.get("Location")
    plain = requests.get(server.url + path, headers=proxied | {"X-Forwarded-Proto": "http"}, allow_redirects=False)
    return Answer(
        url=f"https://{HOST}{path}",
        headers={name.lower(): value for name, value in page.headers.items()},
        cookies=tuple(page.raw.headers.getlist("Set-Cookie")),
        html=page.text,
        redirect_from_http=plain.headers.get("Location", ""),
    )


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    prove(client, user)
    return client.session.session_key or ""


def test_pages_of_production_have_the_best_grade(as_production: Server) -> None:
    patient, admin = session_of(PatientFactory().user), session_of(UserFactory(as_admin=True))
    pages = {
        path: fetch(as_production, path, session=session)
        for path, session in {
            "/": "",
            "/doctors/": "",
            "/accounts/login/": "",
            "/appointments/": patient,
            "/accounts/second-step/": patient,
            "/admin/": admin,
        }.items()
    }
    for path, page in pages.items():
        print(f"{path}: {score_of(page)} {grade_of(page)} {modifiers_of(page)}")
    of_admin = pages.pop("/admin/")
    assert {path: grade_of(page) for path, page in pages.items()} == dict.fromkeys(pages, "A+")
    assert min(map(score_of, pages.values())) >= 130
    # Its kit evaluates expressions, which costs ten points and the ten for a policy without such a hole.
    assert modifiers_of(of_admin)["content_security_policy"] == -10
    assert score_of(of_admin) >= 90

    for page in pages.values():
        assert page.header("strict-transport-security") == "max-age=63072000; includeSubDomains; preload"
        assert page.header("cross-origin-opener-policy") == "same-origin"
        policy = [part.strip() for part in page.header("content-security-policy").split(";")]
        assert f"connect-src 'self' wss://{HOST}" in policy
        assert {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert "report-uri /csp-reports/" in policy
        assert not any("unsafe" in part for part in policy)
        assert all(cookie.startswith("__Host-") and "Path=/" in cookie for cookie in page.cookies), page.cookies


GOOD = Answer(
    url=f"https://{HOST}/",
    headers={
        "content-security-policy": "default-src 'none'; script-src 'self' 'nonce-x'; style-src 'self'; "
        "object-src 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
        "strict-transport-security": "max-age=63072000",
        "x-content-type-options": "nosniff",
    },
    cookies=("__Host-session=x; Secure; HttpOnly; SameSite=Lax; Path=/",),
    html='<script src="/static/a.js"></script>',
    redirect_from_http=f"https://{HOST}/",
)


def test_scoring_gives_what_is_published() -> None:
    assert (score_of(GOOD), grade_of(GOOD)) == (135, "A+")
    assert grade_of(replace(GOOD, headers={}, cookies=(), redirect_from_http="")) == "F"


@pytest.mark.parametrize(
    ("header", "value", "modifier"),
    [
        ("content-security-policy", "", -25),
        ("content-security-policy", "default-src 'none'; script-src 'self' 'unsafe-inline'; object-src 'none'", -20),
        ("content-security-policy", "default-src 'none'; script-src 'self' 'unsafe-eval'", -10),
        ("content-security-policy", "default-src 'none'; script-src 'self'; img-src http://x.example", -10),
        ("content-security-policy", "default-src 'none'; style-src 'self' 'unsafe-inline'", 0),
        ("content-security-policy", "default-src 'self'", 5),
        ("content-security-policy", "script-src 'self'", -20),
        ("cross-origin-resource-policy", "cross-origin", 0),
        ("cross-origin-resource-policy", "anything", -5),
        ("referrer-policy", "unsafe-url", -5),
        ("strict-transport-security", "max-age=3600", -10),
        ("strict-transport-security", "", -20),
        ("x-content-type-options", "", -5),
    ],
)
def test_scoring_takes_off_what_is_missing(header: str, value: str, modifier: int) -> None:
    page = replace(GOOD, headers=GOOD.headers | {header: value})
    assert modifiers_of(page)[header.replace("-", "_")] == modifier


@pytest.mark.parametrize(
    ("cookie", "modifier"),
    [
        ("__Host-session=x; Secure; HttpOnly", 0),
        ("session=x; HttpOnly; SameSite=Lax", -10),
        ("__Host-session=x; Secure; SameSite=Lax", -30),
        ("__Host-csrf=x; Secure", -20),
        ("theme=dark; SameSite=Lax", -5),
    ],
)
def test_scoring_of_cookies(cookie: str, modifier: int) -> None:
    assert modifiers_of(replace(GOOD, cookies=(cookie,)))["cookies"] == modifier


def test_scoring_of_foreign_scripts_and_redirects() -> None:
    assert modifiers_of(replace(GOOD, html='<script src="//x.example/a.js">'))["subresource_integrity"] == -50
    assert modifiers_of(replace(GOOD, html='<script src="https://x.example/a.js">'))["subresource_integrity"] == -5
    assert modifiers_of(replace(GOOD, redirect_from_http="https://x.example/"))["redirection"] == -5
    assert modifiers_of(replace(GOOD, redirect_from_http=""))["redirection"] == -20


# What is on every answer -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/no/such/page/", "/account/"])
def test_every_answer_closes_the_device_and_keeps_to_its_origin(client: Client, path: str) -> None:
    response = client.get(path)
    policy = response["Permissions-Policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "display-capture=()"} <= set(policy)
    assert not [part for part in policy if not part.endswith("=()")]
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Reporting-Endpoints"] == f'csp="{reverse("csp_report")}"'
    csp = csp_of(response["Content-Security-Policy"])
    assert csp["report-uri"] == {reverse("csp_report")}
    assert csp["report-to"] == {"csp"}


def test_pages_of_a_call_may_ask_for_camera_and_microphone(rf: Any) -> None:
    opened = headers.HeadersMiddleware(for_calls(lambda request: HttpResponse()))(rf.get("/"))
    policy = set(opened["Permissions-Policy"].split(", "))
    assert {"camera=(self)", "microphone=(self)", "display-capture=(self)", "geolocation=()"} <= policy


@pytest.mark.django_db
def test_nothing_of_a_signed_in_person_is_kept_by_the_browser(client_of: Any, patient: User, client: Client) -> None:
    for path in ("/", "/doctors/", "/account/", "/appointments/", "/accounts/sessions/", "/no/such/page/"):
        assert {"no-store", "private"} <= set(client_of(patient).get(path)["Cache-Control"].split(", ")), path
    assert "no-store" not in client.get("/doctors/").headers.get("Cache-Control", "")


# Reports ---------------------------------------------------------------------------------------------------------

OLD = {
    "csp-report": {
        "document-uri": "http://localhost:8000/doctors/?q=pregnancy+test#results",
        "referrer": "http://localhost:8000/?q=hiv",
        "violated-directive": "script-src-elem",
        "effective-directive": "script-src-elem",
        "original-policy": "default-src 'none'",
        "blocked-uri": "https://evil.example/steal?q=hiv",
        "script-sample": "alert('pregnancy')",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "age": 3,
        "url": "http://localhost:8000/doctors/?q=pregnancy",
        "body": {
            "documentURL": "http://localhost:8000/doctors/?q=pregnancy",
            "effectiveDirective": "style-src-attr",
            "blockedURL": "inline",
            "sample": "pregnancy",
        },
    },
    {"type": "deprecation", "body": {"message": "pregnancy"}},
]


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def report(client: Client, sent: Any, kind: str = "application/csp-report", **extra: Any) -> int:
    body = sent if isinstance(sent, bytes | str) else json.dumps(sent)
    return client.post(reverse("csp_report"), body, content_type=kind, **extra).status_code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "kind", "facts"),
    [
        (OLD, "application/csp-report", ("/doctors/", "script-src-elem", "https://evil.example")),
        (NEW, "application/reports+json", ("/doctors/", "style-src-attr", "inline")),
    ],
)
def test_report_is_written_down_without_what_was_on_the_page(client: Client, sent: Any, kind: str, facts: Any) -> None:
    with logged() as lines:
        assert report(client, sent, kind) == 204
    (line,) = [line for line in lines if line["event"] == "csp_violation"]
    assert (line["page"], line["directive"], line["blocked"]) == facts
    assert not [word for word in ("pregnancy", "hiv", "steal", "alert") if word in json.dumps(line)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (OLD, "text/plain", 415),
        (b"", "application/csp-report", 415),
        (b"x" * 20_000, "application/csp-report", 413),
        (b"not json", "application/csp-report", 400),
        (b"[" * 10_000, "application/csp-report", 400),
        ({"csp-report": "what?"}, "application/csp-report", 204),
        ([1, {"type": "csp-violation"}, {"type": "csp-violation", "body": 3}], "application/reports+json", 204),
        ({"csp-report": {"document-uri": "https://[", "blocked-uri": ["x"]}}, "application/csp-report", 204),
    ],
)
def test_report_that_is_none_is_refused_or_dropped(client: Client, sent: Any, kind: str, status: int) -> None:
    assert report(client, sent, kind) == status


@pytest.mark.django_db
def test_reports_are_counted_by_address_behind_the_proxy(client: Client) -> None:
    def one(forwarded: str) -> int:
        return report(client, OLD, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert [one(f"10.0.0.{turn}, 203.0.113.7") for turn in range(21)] == [204] * 20 + [429]
    assert one("203.0.113.8") == 204


@pytest.mark.django_db
def test_ten_violations_of_one_report_are_enough(client: Client) -> None:
    with logged() as lines:
        report(client, NEW[:1] * 40, "application/reports+json")
    assert len([line for line in lines if line["event"] == "csp_violation"]) == 10


def test_reports_have_no_way_round_the_settings() -> None:
    assert settings.SECURE_CSP["report-uri"] == [reverse("csp_report")]
    assert settings.ADMIN_CSP["report-uri"] == [reverse("csp_report")]
