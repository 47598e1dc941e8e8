"""Invented facts for every kind of message, for the previews in the admin and for tests: nobody's."""

from typing import Any

VISIT: dict[str, Any] = {
    "doctor": "Dr. Farhana Islam",
    "patient": "Rahima Begum",
    "start": "2027-03-02T04:00:00+00:00",
    "mode": "video",
    "place": "",
    "path": "/appointments/00000000-0000-7000-8000-000000000000/",
}
FACTS: dict[str, Any] = VISIT | {
    "by": "patient",
    "was": "2027-03-01T04:00:00+00:00",
    "day": "2027-03-02",
    "due": "2027-03-16T04:00:00+00:00",
    "until": "2027-03-02T04:15:00+00:00",
    "minutes": 20,
    "lead": "day",
    "visits": [VISIT, VISIT | {"start": "2027-03-02T10:30:00+00:00"}],
    "outcome": "completed",
    "amount": "800.00",
    "back": "400.00",
    "currency": "BDT",
    "description": "Consultation fee",
    "reason": "cancelled",
    "number": "R-2027-000123",
    "status": "open",
    "answer_until": "2027-03-07T04:00:00+00:00",
    "decide_until": "2027-03-12T04:00:00+00:00",
    "first": "2027-03-01",
    "last": "2027-03-02",
    "differences": 3,
    "action": "restored",
    "to_doctor": False,
    "is_change": False,
}
