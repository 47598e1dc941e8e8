"""What every test may ask for. Real servers are in tests/servers.py and tests/stack.py."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings

from accounts.models import User
from tests import chromium
from tests.emptying import empty
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.loop import no_loop_of_the_browser
from tests.template import TEMPLATE

# The same examples every time, however busy the machine is; new ones are looked for where that is asked for.
UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("suite", derandomize=True, **UNTIMED)
settings.register_profile("explore", max_examples=2000, print_blob=True, **UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Tests with one of these drive programs that run beside them, by the clock on the wall.
REAL_TIME = {
    "call_portal",
    "celery_worker_process",
    "daphne_process",
    "demo_folder",
    "draining_web",
    "faulty_daphne",
    "gateway_process",
    "meilisearch_process",
    "origin",
    "own_valkey",
    "playwright",
    "portal",
    "sandbox_process",
    "stack",
    "supervise",
    "turn",
    "web_process",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Such a test has one more try, on a machine that was too busy for it; the summary names each that needed it."""
    for item in items:
        if isinstance(item, pytest.Function) and REAL_TIME & set(item.fixturenames):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's browser is the one that `make test` found or installed."""
    return browser_type_launch_args | chromium.launch_options()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each worker's database is a copy of the one that was migrated for all. (Here and not in tests/plugin.py, where
    pytest-django's own fixture of that name, which is registered later, would win.)"""
    connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE
    # pytest-django makes a test case of its own class for each such test: the base is the one place that all have.
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """For tests without a browser. A fixture that many tests share is made before this one."""
    with nullcontext() if "playwright" in request.fixturenames else no_loop_of_the_browser():
        yield


@pytest.fixture(autouse=True)
def _django_db_marker(_no_loop_of_the_browser: None, _django_db_marker: None) -> None:
    """pytest-django's own, after the loop is out of sight: with a loop there Django's connection is another one, and
    what a test writes would be outside of the transaction that is rolled back."""


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A page that a test asked for leaves its language behind in the thread: the next test begins without it."""
    yield
    translation.deactivate()


# The cast: people who sign in. What they are hangs on them (`patient.patient`, `doctor.doctor`). ---------------------


@pytest.fixture
def patient(db: None) -> User:
    """Somebody who books for themselves."""
    return PatientFactory().user


@pytest.fixture
def stranger(db: None) -> User:
    """Another patient, whom nothing here concerns."""
    return PatientFactory().user


@pytest.fixture
def doctor(db: None) -> User:
    """A verified doctor who offers video visits of 15 minutes, every day from 09:00 to 17:00 in Dhaka, for ৳800."""
    return DoctorFactory(with_hours=True).user


@pytest.fixture
def other_doctor(db: None) -> User:
    return DoctorFactory(with_hours=True).user


@pytest.fixture
def admin(db: None) -> User:
    return UserFactory(as_admin=True)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which that user is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
