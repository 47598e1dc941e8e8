"""What this room keeps of a payer, for the copy that the payer may take away."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.export import Section
from payments.models import Charge, Dispute, Payout, PayoutMethod, Refund


def payment_sections(user: User) -> list[Section]:
    refunds = Refund.objects.filter(charge__payer=user).select_related("charge").order_by("-created_at")
    return [
        Section(
            "charges",
            _("Payments"),
            [
                ("id", _("Key")),
                ("created_at", _("When")),
                ("description", _("For")),
                ("amount", _("Amount")),
                ("currency", _("Currency")),
                ("status", _("State")),
                ("paid_at", _("Paid")),
            ],
            [
                (
                    str(each.pk),
                    each.created_at,
                    each.description,
                    each.amount,
                    each.currency,
                    Charge.Status(each.status),
                    each.paid_at,
                )
                for each in Charge.objects.visible_to(user).order_by("-created_at")
            ],
        ),
        Section(
            "refunds",
            _("Refunds"),
            [
                ("charge", _("Of which payment")),
                ("created_at", _("When")),
                ("amount", _("Amount")),
                ("status", _("State")),
                ("done_at", _("Arrived")),
            ],
            [
                (str(each.charge_id), each.created_at, each.amount, Refund.Status(each.status), each.done_at)
                for each in refunds
            ],
        ),
        Section(
            "disputes",
            _("Complaints about payments"),
            [
                ("charge", _("Of which payment")),
                ("created_at", _("When")),
                ("reason", _("Complaint")),
                ("words", _("In your words")),
                ("answer", _("The doctor's answer")),
                ("status", _("State")),
                ("decision", _("Reason of the decision")),
            ],
            [
                (
                    str(each.charge_id),
                    each.created_at,
                    Dispute.Reason(each.reason),
                    each.words,
                    each.answer,
                    Dispute.Status(each.status),
                    each.decision_note,
                )
                for each in Dispute.objects.for_payer(user).order_by("-created_at")
            ],
        ),
        Section(
            "payouts",
            _("Payouts"),
            [
                ("amount", _("Amount")),
                ("currency", _("Currency")),
                ("method", _("Where to")),
                ("account", _("Account")),
                ("status", _("State")),
                ("settled_at", _("When")),
                ("reference", _("Reference")),
            ],
            [
                (
                    each.amount,
                    each.currency,
                    PayoutMethod(each.method),
                    each.masked,
                    Payout.Status(each.status),
                    each.settled_at,
                    each.reference,
                )
                for each in Payout.objects.filter(doctor__user=user).order_by("-pk")
            ],
        ),
    ]
