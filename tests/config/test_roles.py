"""The role that the processes run as cannot rewrite what is written once."""

from urllib.parse import quote

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from psycopg.errors import InsufficientPrivilege

from config.db import is_append_only
from config.embedded.postgres import APP_ROLE
from tests.factories.accounts import UserFactory

KEYS = {model._meta.db_table: model._meta.pk.column for model in apps.get_models() if is_append_only(model)}
APPEND_ONLY = sorted(KEYS)


@pytest.fixture
def as_app(transactional_db):
    """A connection of the processes' role to the test database, its rights as after a migrate."""
    call_command("grant_app_role", verbosity=0)
    database = connection.settings_dict
    with psycopg.connect(f"postgresql://{APP_ROLE}@/{database['NAME']}?host={quote(database['HOST'], safe='')}") as app:
        yield app


def test_the_append_only_tables_are_those_that_must_not_be_rewritten():
    assert APPEND_ONLY == [
        "accounts_trailentry",
        "appointments_appointmentevent",
        "doctors_doctorevent",
        "doctors_doctorspecialtyevent",
        "doctors_practiceplaceevent",
        "doctors_qualificationevent",
        "doctors_verificationevent",
        "doctors_verificationtick",
        "patients_allergyevent",
        "patients_conditionevent",
        "patients_guardianshipevent",
        "patients_medicalrecordevent",
        "patients_medicationstatementevent",
        "patients_noneknownevent",
        "patients_patientevent",
        "payments_disputeevent",
        "payments_document",
        "payments_journal",
        "payments_ledgerentry",
        "payments_listedentry",
        "prescriptions_answer",
        "prescriptions_certificate",
        "prescriptions_noteversion",
        "prescriptions_orderevent",
        "prescriptions_prescriptionevent",
        "prescriptions_signedprescription",
        "reviews_reviewevent",
        "telehealth_consentgiven",
        "telehealth_joinevidence",
    ]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_append_only_tables_refuse_rewriting(as_app, table, statement):
    with pytest.raises(InsufficientPrivilege):
        as_app.execute(statement.format(table, KEYS[table]))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_append_only_tables_can_be_read(as_app, table):
    assert as_app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_other_tables_can_be_written_but_not_truncated(as_app):
    UserFactory()
    assert as_app.execute("UPDATE accounts_user SET name = 'New'").rowcount == 1
    # Nothing hangs on these rows, so that no other table's protection stands in.
    with pytest.raises(InsufficientPrivilege):
        as_app.execute("TRUNCATE accounts_spentcode")


def test_the_role_makes_no_tables_and_touches_no_migrations(as_app):
    with pytest.raises(InsufficientPrivilege):
        as_app.execute("DELETE FROM django_migrations")
    as_app.rollback()
    with pytest.raises(InsufficientPrivilege):
        as_app.execute("CREATE TABLE mine (id int)")
