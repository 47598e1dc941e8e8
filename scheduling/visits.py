"""The kinds of visit that a doctor offers: the usual one, which the calendar describes, and the types beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from doctors.models import Doctor, Mode
from scheduling.models import Calendar, VisitKind, VisitType
from scheduling.slots import Rules


@dataclass(frozen=True, slots=True)
class OfferedVisit:
    """A kind of visit with all that a patient must know of it; `type_id` is None for the usual one."""

    type_id: int | None
    kind: VisitKind
    label: str
    minutes: int
    rules: Rules
    fees: Mapping[str, Decimal]

    @property
    def name(self) -> str:
        return self.label or str(self.kind.label)

    @property
    def is_follow_up(self) -> bool:
        return self.kind == VisitKind.FOLLOW_UP


def fee_of(doctor: Doctor, mode: str, visit_type: VisitType | None) -> Decimal | None:
    """What a visit of this type costs by this mode; None where the doctor does not offer that."""
    usual = doctor.fee(mode)
    if usual is None or visit_type is None:
        return usual
    if visit_type.kind == VisitKind.FOLLOW_UP:
        return doctor.follow_up_fee
    own = visit_type.fee_video if mode == Mode.VIDEO else visit_type.fee_in_person
    return usual if own is None else own


def rules_for(calendar: Calendar, visit_type: VisitType | None) -> Rules:
    """The calendar's rules, with the length and the pauses that the type has of its own."""
    rules = calendar.rules
    if visit_type is None:
        return rules
    before, after = visit_type.buffer_before_minutes, visit_type.buffer_after_minutes
    return replace(
        rules,
        slot=timedelta(minutes=visit_type.minutes),
        buffer_before=rules.buffer_before if before is None else timedelta(minutes=before),
        buffer_after=rules.buffer_after if after is None else timedelta(minutes=after),
    )


def kinds_of(calendar: Calendar, doctor: Doctor, types: Iterable[VisitType]) -> list[OfferedVisit]:
    """The usual visit first, then those of the given types that are offered, in their order."""
    kinds = [_offered(calendar, doctor, None)]
    kinds += [_offered(calendar, doctor, each) for each in types if each.is_active]
    return [visit for visit in kinds if visit.fees]


def _offered(calendar: Calendar, doctor: Doctor, visit_type: VisitType | None) -> OfferedVisit:
    fees = {mode: fee for mode in doctor.modes if (fee := fee_of(doctor, mode, visit_type)) is not None}
    if visit_type is None:
        return OfferedVisit(None, VisitKind.NEW, "", calendar.slot_minutes, calendar.rules, fees)
    kind, rules = VisitKind(visit_type.kind), rules_for(calendar, visit_type)
    return OfferedVisit(visit_type.pk, kind, visit_type.label, visit_type.minutes, rules, fees)


def follow_up_until(doctor: Doctor, calendar: Calendar, seen_at: datetime) -> datetime | None:
    """The midnight, on the doctor's clock, before which a follow-up of a visit that ended then must begin; None where
    the doctor has no such fee."""
    if doctor.follow_up_days is None:
        return None
    last: date = seen_at.astimezone(calendar.zone).date() + timedelta(days=doctor.follow_up_days)
    return datetime.combine(last + timedelta(days=1), time(), calendar.zone)


def within(visit: OfferedVisit, until: datetime, now: datetime) -> OfferedVisit:
    """The same visit, to be booked for times before `until` alone."""
    left = max(until - timedelta.resolution - now, timedelta())
    return replace(visit, rules=replace(visit.rules, horizon=min(visit.rules.horizon, left)))
