"""Text messages: what they say, to whom, and what their provider reports."""

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts.errors import ReportRefused
from accounts.models import Delivery
from accounts.services.words import brief
from accounts.sms import STEPS, Report, provider
from config.tries import NeverTaken

log = structlog.get_logger()

CALLBACK = "accounts.sms.report"
# After so long a provider has nothing to report any more.
CALLBACK_LIVES = 7 * 24 * 3600


@dataclass(slots=True)
class TextMessage:
    """The text message of a delivery."""

    delivery: Delivery

    def send(self) -> None:
        notification = self.delivery.notification
        ours, number = provider(), str(notification.user.mobile)
        if ours is None or not number:
            raise NeverTaken("no_provider" if ours is None else "no_number")
        where = f"{settings.SITE_ORIGIN}{reverse('inbox')}"
        # A space that does not break is in no alphabet of text messages, and would halve what fits into one.
        text = f"{settings.SITE_NAME}: {brief(notification)} {where}".replace("\N{NO-BREAK SPACE}", " ")
        callback = settings.SITE_ORIGIN + reverse("sms_report", args=[callback_token(self.delivery)])
        self.delivery.reference = ours.send(number, text, key=f"delivery-{self.delivery.pk}", callback=callback)


def text_for(delivery: Delivery) -> TextMessage:
    return TextMessage(delivery)


def callback_token(delivery: Delivery) -> str:
    return signing.dumps(delivery.pk, salt=CALLBACK)


@transaction.atomic
def take_report(token: str, report: Report) -> None:
    """Write down what the provider says of a message that we gave it: each thing once, and nothing backwards.

    Locks the delivery, so that what comes while it is still being sent waits for that. Raises ReportRefused for a
    message that is not the one of this address, and for what was reported before.
    """
    try:
        delivery_id = signing.loads(token, salt=CALLBACK, max_age=CALLBACK_LIVES)
    except signing.BadSignature:
        raise ReportRefused from None
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if delivery is None or delivery.reference != report.reference or STEPS.get(delivery.report, 0) >= report.step:
        log.warning("sms_report_refused", delivery=delivery_id, word=report.word)
        raise ReportRefused
    delivery.report = report.word
    if report.is_delivered:
        delivery.status = Delivery.Status.DELIVERED
    elif report.is_failed:
        delivery.status, delivery.error = Delivery.Status.FAILED, f"provider_{report.word}"
    delivery.save(update_fields=["report", "status", "error"])
