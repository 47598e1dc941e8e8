"""Several statements in one message: their order, their snapshots, their values, prepared beforehand or not."""

from datetime import UTC, date, datetime
from threading import Event
from typing import Any

import pghistory
import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Kind, Notification, User
from config.statements import Batch, Insert, Param, Update, Written
from tests.appointments.races import at_once, wait_for_a_blocked_backend
from tests.factories.accounts import UserFactory
from tests.factories.patients import PatientFactory

pytestmark = pytest.mark.django_db

PK = Param("pk", models.BigIntegerField())
NAME = Param("name", models.TextField())


@pytest.fixture(autouse=True, params=[True, False], ids=["prepared", "plain"])
def prepared(request: pytest.FixtureRequest, settings: Settings) -> bool:
    settings.DATABASE_PREPARE = request.param
    return bool(request.param)


def named() -> Batch:
    return Batch(
        one=lambda: User.objects.filter(pk=PK).values_list("name", "email"),
        none=lambda: User.objects.filter(pk=PK, name="50% of 'nobody'").values_list("pk"),
        all=lambda: User.objects.order_by("pk").values_list("pk"),
    )


def test_rows_come_by_the_statements_names() -> None:
    first, second = UserFactory(), UserFactory()
    batch = named()
    for user in (first, second):
        found = batch.run(pk=user.pk)
        assert found == {"one": [(user.name, user.email)], "none": [], "all": [(first.pk,), (second.pk,)]}


def test_all_statements_are_one_message(prepared: bool) -> None:
    batch = named()
    with CaptureQueriesContext(connection) as first:
        batch.run(pk=1)
    with CaptureQueriesContext(connection) as second:
        batch.run(pk=2)
    assert (len(first), len(second)) == (2 if prepared else 1, 1)


@pytest.mark.parametrize("value", ["50% off", "%s %(pk)s %%", "it's; DROP TABLE x --", "", "রহিমা", "\\", "a" * 5000])
def test_text_arrives_as_it_is(value: str) -> None:
    batch = Batch(
        echo=lambda: User.objects.filter(pk=PK).values_list(NAME),
        constant=lambda: User.objects.filter(pk=PK).values_list(
            Concat(Value("100%s % '"), NAME, output_field=models.TextField())
        ),
    )
    user = UserFactory()
    assert batch.run(pk=user.pk, name=value) == {"echo": [(value,)], "constant": [(f"100%s % '{value}",)]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (models.BigIntegerField(), -(2**60)),
        (models.BigIntegerField(), None),
        (models.DateTimeField(), datetime(2027, 3, 1, 8, 0, 0, 1, tzinfo=UTC)),
        (models.DateField(), date(2027, 3, 1)),
        (models.BooleanField(), False),
    ],
)
def test_values_arrive_as_what_they_are(field: Any, value: object) -> None:
    batch = Batch(echo=lambda: User.objects.filter(pk=PK).values_list(Param("value", field)))
    assert batch.run(pk=UserFactory().pk, value=value)["echo"] == [(value,)]


def test_one_value_may_stand_in_many_places() -> None:
    user = UserFactory()
    batch = Batch(twice=lambda: User.objects.filter(pk__gte=PK, pk__lte=PK).values_list("pk"))
    assert batch.run(pk=user.pk)["twice"] == [(user.pk,)]


def test_rows_are_written_and_what_the_database_made_comes_back() -> None:
    user = UserFactory()
    batch = Batch(
        told=lambda: Insert(
            Notification(user_id=PK, kind=Kind.REFUND_DONE, facts=Param("facts", models.JSONField())),
            returning=("id", "created_at"),
        ),
        renamed=lambda: Update(User.objects.filter(pk=PK), name=NAME),
        seen=lambda: Notification.objects.filter(user=PK).values_list("kind"),
    )
    with transaction.atomic():
        found = batch.run(pk=user.pk, facts='{"amount": 5}', name="Another")
    told = Notification.objects.get()
    assert found == {"told": [(told.pk, told.created_at)], "renamed": [], "seen": [("refund_done",)]}
    assert told.facts == {"amount": 5}
    user.refresh_from_db()
    assert user.name == "Another"


def test_history_that_watches_statements_changes_nothing_and_learns_who() -> None:
    """django-pghistory puts a statement before a write, and reads results to their end."""
    patient = PatientFactory()
    rows = type(patient).objects
    renamed = {"renamed": lambda: Update(rows.filter(user=PK), name=NAME)}
    read = {"read": lambda: rows.filter(user=PK).values_list("name")}
    batch = Batch(**renamed, **read)
    values = {"pk": patient.user.pk, "name": "Another"}
    with transaction.atomic(), pghistory.context(user=patient.user.pk):
        found = batch.run(**values)
        with pytest.raises(TypeError, match="begins with that"):
            Batch(**read, **renamed).run(**values)
    assert found == {"renamed": [], "read": [("Another",)]}
    assert values == {"pk": patient.user.pk, "name": "Another"}
    assert patient.history.order_by("-pgh_id").first().pgh_context["user"] == patient.user.pk


@pytest.mark.django_db(transaction=True)
def test_batch_that_locks_or_writes_is_refused_outside_a_transaction() -> None:
    locks = Batch(lock=lambda: User.objects.filter(pk=PK).select_for_update().values_list("pk"))
    writes = Batch(write=lambda: Update(User.objects.filter(pk=PK), name=NAME))
    for batch in (locks, writes):
        with pytest.raises(TransactionManagementError):
            batch.run(pk=1, name="x")
        with transaction.atomic():
            batch.run(pk=1, name="x")
        with pytest.raises(TransactionManagementError):
            batch.run(pk=1, name="x")
    assert named().run(pk=1)["one"] == []


@pytest.mark.django_db(transaction=True)
def test_error_in_one_statement_undoes_the_message_and_the_next_run_goes_on() -> None:
    first, second = UserFactory(), UserFactory()
    batch = Batch(
        renamed=lambda: Update(User.objects.filter(pk=PK), name=NAME),
        taken=lambda: Update(User.objects.filter(pk=PK), email=Param("email", models.TextField())),
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        batch.run(pk=first.pk, name="Another", email=second.email)
    first.refresh_from_db()
    assert first.name != "Another"
    with transaction.atomic():
        batch.run(pk=first.pk, name="Another", email="free@example.com")
    first.refresh_from_db()
    assert (first.name, first.email) == ("Another", "free@example.com")


@pytest.mark.django_db(transaction=True)
def test_connection_that_is_new_is_prepared_anew() -> None:
    user, batch = UserFactory(), named()
    for _ in range(3):
        assert batch.run(pk=user.pk)["one"] == [(user.name, user.email)]
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_statement_sees_what_was_committed_while_the_one_before_it_waited() -> None:
    """Each has a snapshot of its own: what is read after a lock is as new as the lock."""
    user = UserFactory()
    batch = Batch(
        before=lambda: User.objects.filter(pk=PK).values_list("name"),
        lock=lambda: User.objects.filter(pk=PK).select_for_update(no_key=True).values_list("pk"),
        after=lambda: User.objects.filter(pk=PK).values_list("name"),
    )
    locked, go_on = Event(), Event()

    def rename() -> None:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(name="Another")
            locked.set()
            assert go_on.wait(30)

    def read() -> Any:
        assert locked.wait(30)
        with transaction.atomic():
            return batch.run(pk=user.pk)

    def let_go() -> None:
        wait_for_a_blocked_backend()
        go_on.set()

    _renamed, found, _gone = at_once(rename, read, let_go)
    assert found.error is None
    assert found.value == {"before": [(user.name,)], "lock": [(user.pk,)], "after": [("Another",)]}


def test_moment_that_would_be_written_in_for_ever_is_refused() -> None:
    for rows in (
        User.objects.filter(date_joined__lte=timezone.now()),
        User.objects.filter(date_joined__date=timezone.localdate()),
    ):
        with pytest.raises(TypeError, match="use a Param"):
            Written(rows)


def test_default_that_would_be_the_same_for_all_rows_is_refused() -> None:
    """`facts` begins as a new dictionary in each row, `date_joined` as now."""
    for row in (Notification(user_id=PK, kind=Kind.REFUND_DONE), User(email=NAME)):
        with pytest.raises(TypeError, match="give it a Param"):
            Written(Insert(row))
