"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from config.export import Section
from patients.models import Patient
from telehealth.models import ChatMessage, ConsentGiven, JoinEvidence, Side


def consultation_sections(patient: Patient) -> list[Section]:
    of = {"consultation__appointment__patient": patient}
    written = ChatMessage.objects.filter(**of).order_by("pk")
    agreed = ConsentGiven.objects.filter(**of).order_by("pk")
    came = JoinEvidence.objects.filter(**of).order_by("pk")
    visit = ("appointment", _("Visit"))
    return [
        Section(
            "consultation_messages",
            _("Messages in video visits"),
            [visit, ("at", _("When")), ("side", _("Who")), ("text", _("Message"))],
            [(str(each.consultation_id), each.at, Side(each.side), each.text) for each in written],
        ),
        Section(
            "consultation_consents",
            _("Consents to video visits"),
            [visit, ("at", _("When")), ("version", _("Version of the text"))],
            [(str(each.consultation_id), each.at, each.version) for each in agreed],
        ),
        Section(
            "consultation_presence",
            _("Coming and going in video visits"),
            [visit, ("at", _("When")), ("side", _("Who")), ("event", _("What"))],
            [(str(each.consultation_id), each.at, Side(each.side), JoinEvidence.Event(each.event)) for each in came],
        ),
    ]
