"""Asking the patient's side what it thought of a visit, two hours after.

What is due is found in the visits themselves, by when they ended: so no path to a visit that is done can forget to
write it down. A row is written when a visit is claimed, in the transaction of the notices that ask.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Kind, User
from accounts.services import Telling, notify_all
from appointments.models import Appointment
from patients.services import people_of
from reviews.models import Review, ReviewRequest

BATCH = 200
AFTER = timedelta(hours=2)
# What a worker that was down missed is made good so long; nobody is asked about a visit that is further back.
WITHIN = timedelta(days=3)


@transaction.atomic
def ask_for_reviews() -> int:
    """Claim a batch of visits that ended two hours ago, and ask everybody who acts for their patients; how many.

    Each is claimed once, whoever else does the same at this moment: the visits' rows are locked, and those that
    somebody else holds are left to them.
    """
    now = timezone.now()
    asked = ReviewRequest.objects.filter(appointment=OuterRef("pk"))
    reviewed = Review.objects.filter(appointment=OuterRef("pk"))
    due = Appointment.objects.completed_between(now - WITHIN, now - AFTER).exclude(Exists(asked) | Exists(reviewed))
    rows = due.select_related("doctor", "patient").defer("reason", "cancel_words")
    found = list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",))[:BATCH])
    # Looked at again: somebody may have claimed one while its row was looked for, and a lock is no change of a row.
    claimed = set(ReviewRequest.objects.filter(appointment__in=found).values_list("pk", flat=True))
    visits = [visit for visit in found if visit.pk not in claimed]
    ReviewRequest.objects.bulk_create([ReviewRequest(appointment=visit) for visit in visits])
    people = people_of({visit.patient_id for visit in visits})
    users = User.objects.in_bulk({user for keys in people.values() for user in keys})
    notify_all(
        _telling(visit, users[key])
        for visit in visits
        for key in sorted(people[visit.patient_id])
        if key != visit.doctor.user_id
    )
    return len(found)


def _telling(visit: Appointment, user: User) -> Telling:
    with translation.override(user.language):
        facts = {
            "doctor": visit.doctor.full_name,
            "patient": visit.patient.name,
            "path": reverse("reviews:write", args=[visit.pk]),
        }
    return Telling(user, Kind.REVIEW_ASKED, facts=facts, until=timezone.now() + WITHIN)
