"""The admin as a whole: whose it is, under which content policy, and what its lists cost."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib import admin as django_admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Channel, Delivery, Kind, Notification, Role
from config.admin import PortalAdminSite, PortalModelAdmin
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.scheduling import WeeklyHoursFactory

pytestmark = pytest.mark.django_db


def csp(response) -> str:
    return response.headers["Content-Security-Policy"]


def test_visitors_sign_in_where_everybody_does(client: Client) -> None:
    for address in (reverse("admin:index"), reverse("admin:doctors_doctor_changelist")):
        response = client.get(address, follow=True)
        assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
        assert "unsafe-eval" not in csp(response)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR, Role.ADMIN])
def test_who_is_not_staff_is_refused_whatever_their_role(client: Client, role: Role) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_pages_of_the_admin_have_the_portals_icon(client: Client) -> None:
    client.force_login(UserFactory(as_admin=True))
    page = client.get(reverse("admin:index")).content.decode()
    assert re.search(r'<link rel="icon"\s+href="/static/img/icon[^"]*\.svg"', page)


def test_only_the_admins_pages_may_evaluate(client: Client) -> None:
    client.force_login(UserFactory(as_admin=True))
    for name in ("admin:index", "admin:doctors_doctor_changelist", "admin:specialties_specialty_add", "admin:logout"):
        policy = csp(client.get(reverse(name)))
        if name != "admin:logout":
            assert "script-src 'self' 'unsafe-eval'" in policy, name
            assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in csp(client.get(reverse("doctors:find")))
    assert settings.ADMIN_CSP["object-src"] == settings.SECURE_CSP["object-src"]


def test_every_model_of_ours_is_on_the_portals_base() -> None:
    assert isinstance(django_admin.site, PortalAdminSite)
    ours = {
        model: page for model, page in django_admin.site._registry.items() if model._meta.app_label in settings.HOUSE
    }
    assert len(ours) > 10
    assert [model for model, page in ours.items() if not isinstance(page, PortalModelAdmin)] == []


def make_notification() -> None:
    notification = Notification.objects.create(
        user=UserFactory(), kind=Kind.DOCTOR_VERIFIED, facts={"path": "/secret/"}
    )
    Delivery.objects.create(notification=notification, channel=Channel.EMAIL, calendar="BEGIN:VCALENDAR secret")


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("model", "make", "queries"),
    [
        ("accounts_user", UserFactory, 5),
        ("accounts_notification", make_notification, 5),
        ("accounts_delivery", make_notification, 5),
        ("doctors_doctor", PracticePlaceFactory, 8),
        ("patients_patient", PatientFactory, 5),
        ("patients_guardianship", GuardianshipFactory, 5),
        ("scheduling_calendar", lambda: DoctorFactory(with_hours=True), 7),
        ("scheduling_weeklyhours", WeeklyHoursFactory, 5),
    ],
)
def test_lists_need_the_same_queries_for_any_number_of_rows(
    client: Client, django_assert_num_queries, model: str, make: Callable[[], object], queries: int, count: int
) -> None:
    client.force_login(UserFactory(as_admin=True))
    for _ in range(count):
        make()
    address = reverse(f"admin:{model}_changelist")
    client.get(address)
    with django_assert_num_queries(queries):
        response = client.get(address)
    assert response.status_code == 200
    assert "secret" not in response.content.decode()


def test_accounts_show_no_password_and_staff_cannot_promote_themselves(client: Client) -> None:
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    client.force_login(clerk)
    page = client.get(reverse("admin:accounts_user_change", args=[clerk.pk]))
    assert clerk.password not in page.content.decode()
    form = {"name": "Clerk", "role": "admin", "language": "en", "time_zone": "Asia/Dhaka", "is_active": "on"}
    changed = form | {"is_superuser": "on", "is_staff": "on", "email": "other@example.com"}
    # An administrator's account, their own too, is for superusers; a patient's they may put right.
    assert client.post(page.request["PATH_INFO"], changed).status_code == 403
    other = UserFactory()
    assert client.post(reverse("admin:accounts_user_change", args=[other.pk]), changed).status_code == 302
    for user in (clerk, other):
        user.refresh_from_db()
        assert not user.is_superuser
        assert user.email != "other@example.com"
    assert (other.name, other.is_staff, clerk.name == "Clerk") == ("Clerk", False, False)


def test_what_people_were_told_is_not_shown(client: Client) -> None:
    make_notification()
    client.force_login(UserFactory(as_admin=True))
    for model in (Notification, Delivery):
        address = reverse(f"admin:accounts_{model._meta.model_name}_change", args=[model.objects.get().pk])
        assert "secret" not in client.get(address).content.decode()


def test_what_was_read_is_told_as_read(client: Client) -> None:
    make_notification()
    client.force_login(UserFactory(in_group="support"))
    address = reverse("admin:accounts_delivery_change", args=[Delivery.objects.get().pk])
    assert ">Read<" not in "".join(client.get(address).content.decode().split())
    Notification.objects.update(read_at=timezone.now())
    assert ">Read<" in "".join(client.get(address).content.decode().split())


def test_patients_are_shown_without_anything_about_health(client: Client) -> None:
    patient = PatientFactory(name="Rahima Khatun")
    client.force_login(UserFactory(as_admin=True))
    page = client.get(reverse("admin:patients_patient_change", args=[patient.pk]))
    assert set(page.context["adminform"].form.fields) == {"name", "phone"}
    assert "1990" not in page.content.decode()


@pytest.mark.parametrize("model", ["calendar", "weeklyhours", "extrahours", "timeoff", "visittype"])
def test_hours_are_read_only(client: Client, model: str) -> None:
    client.force_login(UserFactory(as_admin=True))
    assert client.get(reverse(f"admin:scheduling_{model}_add")).status_code == 403
