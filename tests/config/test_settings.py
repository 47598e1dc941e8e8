"""Production starts with everything it needs, or says in one line what is missing."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import VARIABLES

BASE_DIR = Path(__file__).resolve().parents[2]
COMPLETE = {
    "PORTAL_ENV": "production",
    "SITE_ORIGIN": "https://portal.example.org",
    "SECRET_KEY": "k" * 60,
    "MFA_ENCRYPTION_KEYS": "f" * 50,
    "DATABASE_URL": "postgresql://portal_app:pw@db:5432/portal",
    "REDIS_URL": "redis://:pw@valkey:6379/0",
    "EMAIL_URL": "smtp://u:p@mail:587",
    "DEFAULT_FROM_EMAIL": "Portal <no-reply@example.org>",
    "SSLCOMMERZ_URL": "https://securepay.sslcommerz.com",
    "SSLCOMMERZ_STORE_ID": "store",
    "SSLCOMMERZ_STORE_PASSWORD": "password",
    "TURN_SECRET": "t" * 32,
}


def read_settings(code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, "-c", f"import config.settings as s\n{code}"],
        cwd=BASE_DIR,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def refused(monkeypatch):
    """What the settings complain of in this environment. They are read in this process: to start one costs a second."""

    def read(**environment: str) -> str:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ImproperlyConfigured) as complaint:
            runpy.run_path(str(BASE_DIR / "config" / "settings.py"))
        return str(complaint.value)

    return read


def test_production_starts_when_everything_is_given():
    done = read_settings("print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.DEBUG)", **COMPLETE)

    assert (done.returncode, done.stdout.split()) == (0, ["__Host-session", "True", "False"]), done.stderr


@pytest.mark.parametrize("name", sorted(set(COMPLETE) - {"PORTAL_ENV"}))
def test_production_refuses_to_start_without_a_secret(refused, name):
    assert f"{name} is not set" in refused(**{key: value for key, value in COMPLETE.items() if key != name})


def test_an_empty_environment_is_production():
    done = read_settings()

    assert done.returncode != 0
    assert "ImproperlyConfigured: SITE_ORIGIN is not set" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORTAL_ENV", "staging", "must be production, demo or test"),
        ("SITE_ORIGIN", "http://portal.example.org", "served over https"),
        ("DATABASE_URL", "sqlite:///portal.db", "must begin with postgresql://"),
        ("EMAIL_URL", "sendmail://", "must begin with smtp://"),
        ("PUBLIC_STORAGE", "ftp", "must be local, s3 or cloudinary"),
        ("MFA_ENCRYPTION_KEYS", "f" * 50 + ",too short", "less than 32 characters"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(refused, name, value, complaint):
    assert complaint in refused(**COMPLETE | {name: value})


def test_a_socket_folder_reaches_the_database_settings():
    code = "print(s.DATABASES['default']['HOST'], s.DATABASES['default']['NAME'])"
    done = read_settings(code, **COMPLETE | {"DATABASE_URL": "postgresql://app@/portal?host=%2Frun%2Fpg"})

    assert done.stdout.split() == ["/run/pg", "portal"]


def test_production_routes_neither_the_components_nor_the_demos_mailbox():
    code = """
import django
django.setup()
from django.urls import NoReverseMatch, reverse
for name in ("components", "mailbox"):
    try:
        print(reverse(name))
    except NoReverseMatch:
        print("none")
"""
    done = read_settings(code, **COMPLETE | {"DJANGO_SETTINGS_MODULE": "config.settings"})

    assert done.stdout.split() == ["none", "none"], done.stderr
