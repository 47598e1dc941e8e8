"""An appointment as a calendar file (RFC 5545, RFC 5546): one UID for its whole life, SEQUENCE for its moves."""

from datetime import UTC
from email.utils import parseaddr

from django.conf import settings
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from accounts.models import User
from appointments.models import Appointment, Status

# What a calendar is told of a status; of all others, that it is CONFIRMED.
STATUSES = {
    Status.HELD: "TENTATIVE",
    Status.PAYMENT_REVIEW: "TENTATIVE",
    Status.EXPIRED: "CANCELLED",
    Status.CANCELLED: "CANCELLED",
}


def ical(appointment: Appointment, *, reader: User, method: str = "PUBLISH") -> str:
    """The calendar text for one reader, in the active language.

    The summary names the doctor to the patient's side and nobody to the doctor, never a specialty or a reason: others
    read calendars too. `method` is PUBLISH for a download, REQUEST or CANCEL in a mail. Wants doctor and place loaded.
    """
    event = Event()
    event.add("uid", f"{appointment.pk}@{settings.ALLOWED_HOSTS[0]}")
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("dtstart", appointment.start.astimezone(UTC))
    event.add("dtend", appointment.end.astimezone(UTC))
    event.add("sequence", appointment.sequence)
    event.add("status", STATUSES.get(Status(appointment.status), "CONFIRMED"))
    event.add("summary", _summary(appointment, reader))
    event.add("url", settings.SITE_ORIGIN + appointment.get_absolute_url())
    if where := _location(appointment):
        event.add("location", where)
    event.add("organizer", _person(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], cn=settings.SITE_NAME))
    if method != "PUBLISH":
        event.add("attendee", _person(reader.email, cn=reader.name, partstat="ACCEPTED", rsvp="FALSE"))
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def google_link(appointment: Appointment, *, reader: User) -> str:
    """Leads to a new event in the reader's Google calendar; what it says is what the file says."""
    begin, end = (f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}" for instant in (appointment.start, appointment.end))
    query = {
        "action": "TEMPLATE",
        "text": _summary(appointment, reader),
        "dates": f"{begin}/{end}",
        "details": settings.SITE_ORIGIN + appointment.get_absolute_url(),
        "location": _location(appointment),
    }
    return "https://calendar.google.com/calendar/render?" + urlencode(query)


def _location(appointment: Appointment) -> str:
    return f"{appointment.place.name}, {appointment.place.address}" if appointment.place else ""


def _summary(appointment: Appointment, reader: User) -> str:
    if appointment.doctor.user_id == reader.pk:
        return _("Appointment on %(site)s") % {"site": settings.SITE_NAME}
    return _("Appointment with %(doctor)s") % {"doctor": appointment.doctor.full_name}


def _person(email: str, **parameters: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{email}")
    for name, value in parameters.items():
        person.params[name] = vText(value)
    return person
