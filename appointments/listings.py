"""Writing open times down for search, from above: DoctorListing's next times and OpenDay's rows."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from appointments.open_times import slots_of
from doctors.models import DoctorListing, Mode, OpenDay, Part, open_bits
from doctors.ranking import SOON_DAYS
from scheduling.models import Calendar
from scheduling.slots import Interval, Slot

# How far ahead search knows of open days, and for how long what it knows is good.
SEARCHED_AHEAD = timedelta(days=14)
FRESH_FOR = timedelta(minutes=15)


def part_of_day(start: datetime, zone: ZoneInfo) -> Part:
    hour = start.astimezone(zone).hour
    return Part.MORNING if hour < 12 else Part.AFTERNOON if hour < 17 else Part.EVENING


def refresh_listings(doctor_ids: Collection[int]) -> None:
    """Work out again when these doctors can be booked, and write down what changed.

    A constant number of statements, however many doctors. They count as fresh from before the first look, so that a
    booking that commits meanwhile leaves its doctor stale; where a later refresh began, this one gives way to it.
    """
    now = timezone.now()
    fresh_until = now + FRESH_FOR
    DoctorListing.objects.filter(pk__in=doctor_ids).update(stale_at=fresh_until)
    calendars = list(Calendar.objects.filter(doctor__in=doctor_ids).select_related("doctor"))
    slots = slots_of(calendars, Interval(now, now + SEARCHED_AHEAD), now)

    with transaction.atomic():
        current = DoctorListing.objects.filter(pk__in=doctor_ids, stale_at__lte=fresh_until).order_by("pk")
        listings = {listing.pk: listing for listing in current.select_for_update()}
        first: dict[tuple[int, str], datetime] = {}
        soon = now + timedelta(days=SOON_DAYS)
        wanted: set[tuple[int, date, Part, str]] = set()
        for calendar in calendars:
            if calendar.pk in listings:
                zone = calendar.zone
                for start, mode in _openings(calendar, slots[calendar.pk]):
                    first.setdefault((calendar.pk, mode), start)
                    wanted.add((calendar.pk, start.astimezone(zone).date(), part_of_day(start, zone), mode))
        times: dict[tuple[int, str], list[tuple[date, Part]]] = {}
        for doctor_id, day, part, mode in wanted:
            times.setdefault((doctor_id, mode), []).append((day, part))
        for listing in listings.values():
            video, in_person = (listing.pk, Mode.VIDEO), (listing.pk, Mode.IN_PERSON)
            listing.next_open_video, listing.next_open_in_person = first.get(video), first.get(in_person)
            listing.open_video = open_bits(times.get(video, ()))
            listing.open_in_person = open_bits(times.get(in_person, ()))
            listing.opens_soon = any(key in first and first[key] <= soon for key in (video, in_person))
        DoctorListing.objects.bulk_update(
            listings.values(),
            ["next_open_video", "next_open_in_person", "open_video", "open_in_person", "opens_soon"],
        )

        rows = OpenDay.objects.filter(doctor__in=listings)
        written = {(row.doctor_id, row.date, row.part, row.mode): row.pk for row in rows}
        OpenDay.objects.filter(pk__in=[pk for key, pk in written.items() if key not in wanted]).delete()
        OpenDay.objects.bulk_create(
            [
                OpenDay(doctor_id=doctor_id, date=day, part=part, mode=mode)
                for doctor_id, day, part, mode in sorted(wanted - written.keys())
            ],
            ignore_conflicts=True,
        )


def _openings(calendar: Calendar, slots: list[Slot]) -> Iterator[tuple[datetime, str]]:
    """Each free time with each mode that can be booked then: in the hours, and still offered by the doctor."""
    offered = frozenset(calendar.doctor.modes)
    for slot in slots:
        if slot.free:
            for mode in slot.modes & offered:
                yield slot.start, mode
