"""What each group of administrators may do: this table, and nothing that is not in it.

`migrate` writes it into the database whenever it runs, so that what was given by hand is gone again. Superusers, who
may do everything, are few; who belongs to which group is theirs alone to say. Health data is in nobody's rights
here: that lies behind an emergency access, which superusers alone can open.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat

RIGHTS: dict[str, frozenset[str]] = {
    # Looks at papers, and vouches for doctors.
    "verification": frozenset(
        {
            "doctors.view_doctor",
            "doctors.view_verification",
            "doctors.decide_verification",
        }
    ),
    # Answers people: who has an account, what is booked, which mail went out, which hours a doctor keeps, how it goes.
    "support": frozenset(
        {
            "accounts.view_user",
            "accounts.view_notification",
            "accounts.view_delivery",
            "patients.view_patient",
            "patients.view_guardianship",
            "doctors.view_doctor",
            "scheduling.view_calendar",
            "scheduling.view_weeklyhours",
            "scheduling.view_extrahours",
            "scheduling.view_timeoff",
            "scheduling.view_visittype",
            "appointments.view_appointment",
            "appointments.view_case",
            "appointments.decide_case",
            "telehealth.view_joinevidence",
            "appointments.view_wait",
            "appointments.view_reminder",
            "prescriptions.view_service",
            "prescriptions.view_offeredservice",
            "prescriptions.view_order",
            "prescriptions.view_orderevent",
            "config.view_dailyfigure",
        }
    ),
    # Watches the money, gives it back, decides on risky payments.
    "finance": frozenset(
        {
            "payments.view_charge",
            "payments.view_paymentattempt",
            "payments.view_gatewaymessage",
            "payments.view_refund",
            "payments.view_document",
            "payments.view_payoutrun",
            "payments.view_payout",
            "payments.decide_payout",
            "payments.view_gatewaylist",
            "payments.add_gatewaylist",
            "payments.view_difference",
            "payments.explain_difference",
            "payments.view_dispute",
            "payments.decide_dispute",
            "payments.view_journal",
            "payments.view_ledgerentry",
            "payments.decide_charge",
            "payments.take_cash",
            "payments.view_commissionrate",
            "payments.add_commissionrate",
            "payments.change_commissionrate",
            "payments.delete_commissionrate",
            "prescriptions.view_service",
            "prescriptions.change_service",
            "prescriptions.view_offeredservice",
            "prescriptions.view_order",
            "prescriptions.view_orderevent",
            "config.view_dailyfigure",
        }
    ),
    # Keeps doctors from patients who should not be there, and from the pages what nobody should read there.
    "moderation": frozenset(
        {
            "doctors.view_doctor",
            "doctors.suspend_doctor",
            "reviews.view_review",
            "reviews.view_report",
            "reviews.view_reviewversion",
            "reviews.view_reviewevent",
            "reviews.moderate_review",
        }
    ),
}


@transaction.atomic
def write_groups(**kwargs: Any) -> None:
    """Have these groups, with exactly these rights. Done twice, it is done once.

    A right whose table is not there yet, in the middle of a migration, is left out until the next one.
    """
    named = Permission.objects.annotate(whole=Concat("content_type__app_label", Value("."), "codename"))
    there = dict(named.filter(whole__in=frozenset().union(*RIGHTS.values())).values_list("whole", "pk"))
    for name, rights in RIGHTS.items():
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.set([there[right] for right in rights if right in there])
