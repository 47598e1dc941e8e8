"""Of whom an address speaks."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from patients.models import Patient
from patients.services import own_patient

ME = "me"


class WhoConverter:
    """`me`, or the key of a patient."""

    regex = f"{ME}|[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"

    def to_python(self, value: str) -> str | UUID:
        return value if value == ME else UUID(value)

    def to_url(self, value: str | UUID) -> str:
        return str(value)


def whose(request: HttpRequest, who: str | UUID) -> Patient:
    """The patient that `me` or a key means: oneself, or somebody whom one acts for; a 404 for everybody else.

    Who only looks does not become a patient by it: such a patient is not saved.
    """
    if who != ME:
        return get_object_or_404(Patient.objects.acted_for_by(request.user), pk=who)
    if request.method == "POST":
        return own_patient(request.user)
    user = request.user
    return Patient.objects.filter(user=user).first() or Patient(user=user, name=user.name)
