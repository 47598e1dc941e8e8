"""What people choose by: each kind of message belongs to a topic, and each topic goes out on some channels or not.

The inbox has everything. What concerns money, or the safety of a person, cannot be kept from going out by e-mail.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Channel, Kind, User


class Topic(models.TextChoices):
    REMINDERS = "reminders", _("Reminders, and what changes on the day")
    VISITS = "visits", _("Appointments")
    PAPERS = "papers", _("Prescriptions and ordered services")
    REVIEWS = "reviews", _("Reviews")
    PROFILE = "profile", _("Your page for patients")
    MONEY = "money", _("Payments, refunds and payouts")
    SAFETY = "safety", _("Safety, and who sees your data")


@dataclass(frozen=True, slots=True)
class Rule:
    """`always` goes out whatever a person chose; `at_first` does where nothing was chosen."""

    help: str
    kinds: frozenset[Kind]
    at_first: frozenset[Channel]
    always: frozenset[Channel] = frozenset()


# Text messages cost the portal money and the reader attention: at first only for what cannot wait until a mail is read.
QUIET, LOUD = frozenset({Channel.EMAIL, Channel.PUSH}), frozenset(Channel)
E_MAIL = frozenset({Channel.EMAIL})

RULES: dict[Topic, Rule] = {
    Topic.REMINDERS: Rule(
        _("A day, an hour and ten minutes before a visit; a doctor who runs late; a time that came free for you."),
        frozenset({Kind.VISIT_REMINDER, Kind.RUNNING_LATE, Kind.TIME_OFFERED}),
        at_first=LOUD,
    ),
    Topic.VISITS: Rule(
        _("Booked, moved, called off, done, and what came of it."),
        frozenset(
            {
                *(Kind.APPOINTMENT_CONFIRMED, Kind.APPOINTMENT_BOOKED, Kind.APPOINTMENT_CANCELLED),
                *(Kind.APPOINTMENT_MOVED, Kind.APPOINTMENT_STANDS, Kind.DOCTOR_AWAY, Kind.VISIT_COMPLETED),
                *(Kind.VISIT_MISSED, Kind.FOLLOW_UP_ASKED, Kind.CASE_DECIDED),
            }
        ),
        at_first=QUIET,
    ),
    Topic.PAPERS: Rule(
        _("That something is ready, was accepted or declined. Never what is in it."),
        frozenset(
            {
                *(Kind.PRESCRIPTION_READY, Kind.ORDER_RECEIVED, Kind.ORDER_ACCEPTED, Kind.ORDER_FULFILLED),
                *(Kind.ORDER_DECLINED, Kind.ORDER_LAPSED, Kind.ORDER_CANCELLED),
            }
        ),
        at_first=QUIET,
    ),
    Topic.REVIEWS: Rule(
        _("That you may review a visit, that a review came or was answered, and what was decided about one."),
        frozenset(
            {
                *(Kind.REVIEW_ASKED, Kind.REVIEW_RECEIVED, Kind.REVIEW_REPLIED, Kind.REVIEW_DECIDED),
                Kind.REPORT_DECIDED,
            }
        ),
        at_first=QUIET,
    ),
    Topic.PROFILE: Rule(
        _("For doctors: where the check of your papers stands."),
        frozenset(
            {
                *(Kind.DOCTOR_APPLIED, Kind.DOCTOR_MORE_ASKED, Kind.DOCTOR_VERIFIED, Kind.DOCTOR_REJECTED),
                *(Kind.DOCTOR_SUSPENDED, Kind.DOCTOR_RESTORED),
            }
        ),
        at_first=QUIET,
    ),
    Topic.MONEY: Rule(
        _("What was paid, goes back or is paid out, and complaints about it. By e-mail always."),
        frozenset(
            {
                *(Kind.PAYMENT_UNDER_REVIEW, Kind.PAYMENT_TOO_LATE, Kind.REFUND_STARTED, Kind.REFUND_DELAYED),
                *(Kind.REFUND_DONE, Kind.RECEIPT_ISSUED, Kind.REFUND_NOTED, Kind.PAYOUT_ACCOUNT_CHANGED),
                *(Kind.PAYOUT_SENT, Kind.PAYOUT_FAILED, Kind.LIST_DIFFERS, Kind.DISPUTE_OPENED, Kind.DISPUTE_RECEIVED),
                *(Kind.DISPUTE_ANSWERED, Kind.DISPUTE_UNANSWERED, Kind.DISPUTE_SETTLED, Kind.DISPUTE_WITHDRAWN),
                *(Kind.ORDER_PAYMENT_UNDER_REVIEW, Kind.ORDER_PAYMENT_TOO_LATE),
            }
        ),
        at_first=QUIET,
        always=E_MAIL,
    ),
    Topic.SAFETY: Rule(
        _("A prescription that no longer counts, who acts for whom, who opened your data. By e-mail always."),
        frozenset(
            {
                *(Kind.PRESCRIPTION_AMENDED, Kind.PRESCRIPTION_VOID, Kind.CERTIFICATE_WITHDRAWN),
                *(Kind.GUARDIAN_INVITED, Kind.GUARDIAN_ADDED, Kind.GUARDIAN_ENDED, Kind.GUARDIANSHIP_ENDS),
                *(Kind.RECORD_OFFERED, Kind.RECORD_CLAIMED, Kind.RECORDS_SHARED, Kind.ERASURE_ASKED),
                *(Kind.EMERGENCY_ACCESS, Kind.EMERGENCY_REVIEWED),
            }
        ),
        at_first=QUIET,
        always=E_MAIL,
    ),
}
TOPICS: dict[str, Topic] = {kind: topic for topic, rule in RULES.items() for kind in rule.kinds}


def topic_of(kind: str) -> Topic:
    """Raises KeyError for a kind that stands in no rule: tests/accounts/test_topics.py finds it before."""
    return TOPICS[kind]


def may_refuse(topic: Topic, channel: Channel) -> bool:
    return channel not in RULES[topic].always


def wants(user: User, topic: Topic, channel: Channel) -> bool:
    """Whether a message of this topic goes out to this person on this channel, if it can be reached there."""
    if not may_refuse(topic, channel):
        return True
    chosen = user.choices.get(key_of(topic, channel))
    return channel in RULES[topic].at_first if chosen is None else bool(chosen)


def key_of(topic: Topic, channel: Channel) -> str:
    """The name of a choice in `User.choices`."""
    return f"{topic.value}:{channel.value}"


def channels_for(user: User, kind: Kind) -> list[Channel]:
    """Where a message of this kind goes out to this person now. Asks the database nothing."""
    reached = {Channel.EMAIL: True, Channel.SMS: bool(user.mobile), Channel.PUSH: user.has_push}
    topic = topic_of(kind)
    return [channel for channel in Channel if reached[channel] and wants(user, topic, channel)]
