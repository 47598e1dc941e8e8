"""`/components/`: every component in every state. Routed in the demo and the tests, never in production."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.charts import bar_chart


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Your full name"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label=_("E-mail address"), help_text=_("Your confirmation goes there."))
    phone = forms.CharField(
        label=_("Mobile number"), required=False, widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"})
    )
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput)
    born = forms.DateField(label=_("Date of birth"), widget=forms.DateInput(attrs={"type": "date"}))
    fee = forms.IntegerField(label=_("Fee"), min_value=10)
    reason = forms.CharField(
        label=_("Reason for the visit"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only the doctor reads this."),
    )
    district = forms.ChoiceField(label=_("District"), choices=[("", "—"), ("dhaka", "Dhaka"), ("sylhet", "Sylhet")])
    mode = forms.ChoiceField(
        label=_("How do you want to meet?"),
        choices=[("video", _("Video")), ("in_person", _("In person"))],
        widget=forms.RadioSelect,
    )
    agreed = forms.BooleanField(label=_("I have read the cancellation policy."))


SAMPLE_MONTHS = (("Jun", 12), ("Jul", 30), ("Aug", 0), ("Sep", 24), ("Oct", -6), ("Nov", 41))


def sample_days(now: Any) -> list[dict[str, Any]]:
    counts = (4, 0, 11, 8, 0, 2, 6)
    return [
        {"date": (now + timedelta(days=ahead)).date(), "href": f"#day-{ahead}", "open": count, "chosen": ahead == 2}
        for ahead, count in enumerate(counts)
    ]


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    now = timezone.localtime().replace(hour=10, minute=0, second=0, microsecond=0)
    context = {
        "fresh": SampleForm(auto_id="fresh_%s"),
        "wrong": SampleForm({"email": "rahima@", "fee": "5", "reason": "Cough", "mode": "video"}, auto_id="wrong_%s"),
        "days": sample_days(now),
        "times": [now + timedelta(days=2, minutes=20 * turn) for turn in range(9)],
        "page": Paginator(range(200), 20).page(4),
        "hold_until": timezone.now() + timedelta(minutes=9, seconds=42),
        "hold_short": timezone.now() + timedelta(seconds=95),
        "hold_over": timezone.now() - timedelta(seconds=5),
        "suggestions": [
            (_("Cardiology"), _("Heart")),
            (_("Sore throat"), _("Ear, nose and throat")),
            "Dr. Rahima Khatun",
        ],
        "districts": [("dhaka", "Dhaka"), ("chattogram", "Chattogram"), ("sylhet", "Sylhet")],
        "meetings": [("video", _("Video"), "video"), ("in_person", _("In person"), "building-2")],
        "steps": [_("Time"), _("Details"), _("Review"), _("Payment")],
        "chart": bar_chart([(name, Decimal(value)) for name, value in SAMPLE_MONTHS]),
        "now": now,
    }
    return render(request, "components.html", context)
