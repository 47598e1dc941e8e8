"""An appointment as a calendar file (RFC 5545, RFC 5546): one UID for its whole life, SEQUENCE for its moves."""

from collections.abc import Iterable
from datetime import UTC, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from accounts.models import User
from appointments.models import Appointment, Status
from doctors.models import Mode

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
    event = _event(appointment)
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("summary", _summary(appointment, reader))
    if where := _location(appointment):
        event.add("location", where)
    event.add("organizer", _person(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], cn=settings.SITE_NAME))
    if method != "PUBLISH":
        event.add("attendee", _person(reader.email, cn=reader.name, partstat="ACCEPTED", rsvp="FALSE"))
    calendar = _calendar(method)
    calendar.add_component(event)
    return _text(calendar)


# How often calendars elsewhere are asked to look again.
REFRESHED_EVERY = timedelta(hours=1)


def feed_calendar(appointments: Iterable[Appointment], *, name: str) -> str:
    """Many appointments for a calendar elsewhere, in the active language: of each when it is and by which way, and the
    address where a reader who signs in finds the rest. The same appointments give the same text."""
    calendar = _calendar("PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for appointment in appointments:
        event = _event(appointment)
        # When it was written down, and not when it is read: so that what did not change looks unchanged.
        event.add("dtstamp", appointment.created_at.astimezone(UTC))
        event.add("summary", _("Video appointment") if appointment.mode == Mode.VIDEO else _("Appointment"))
        calendar.add_component(event)
    return _text(calendar)


def _event(appointment: Appointment) -> Event:
    """What every calendar is told: one UID for the appointment's whole life, SEQUENCE for its moves, times in UTC."""
    event = Event()
    event.add("uid", f"{appointment.pk}@{settings.ALLOWED_HOSTS[0]}")
    event.add("dtstart", appointment.start.astimezone(UTC))
    event.add("dtend", appointment.end.astimezone(UTC))
    # A cancellation is a change as well (RFC 5546, 2.1.4), and the last one.
    event.add("sequence", appointment.sequence + (appointment.status == Status.CANCELLED))
    event.add("status", STATUSES.get(Status(appointment.status), "CONFIRMED"))
    event.add("class", "PRIVATE")
    event.add("url", settings.SITE_ORIGIN + appointment.get_absolute_url())
    return event


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _text(calendar: Calendar) -> str:
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
