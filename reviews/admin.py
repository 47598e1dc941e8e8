"""Moderation: what waits is read first, then hidden, shown again, left, or given back to its author; with a reason.

Who wrote it, and of which visit, is not here: it is not needed to decide.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from config.admin import PortalModelAdmin, Unchangeable, decision
from reviews import services
from reviews.models import REVIEW_TRANSITIONS, Report, Review, ReviewEvent, ReviewStatus, ReviewVersion
from reviews.models.reviews import LONGEST_NOTE

# Not by its whole name: unfold's system check would look that up in a database that may have no tables yet.
MODERATE = "moderate"


class ReadInline(Unchangeable, TabularInline):
    extra = 0
    show_title = False

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return self.fields


class ReportInline(ReadInline):
    """Who reported is not told: it does not make it more or less true."""

    model = Report
    fields = ("at", "about", "reason", "words", "outcome", "closed_at")


class VersionInline(ReadInline):
    model = ReviewVersion
    fields = ("at", "stars", "text", "reply")


class EventInline(ReadInline):
    model = ReviewEvent
    fields = ("at", "code", "old", "new")


class ReasonForm(BaseDialogForm):
    note = forms.CharField(
        label=_("Reason"),
        help_text=_("The author and the doctor read it. Quote nothing that should not be read."),
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextareaWidget,
    )


class WaitingFilter(admin.SimpleListFilter):
    """What is to be decided, or everything."""

    title = _("decision")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """As Django's, but what is shown unless asked otherwise waits, and is not everything."""
        first, *others = super().choices(changelist)
        yield first | {"display": _("To be decided")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        return queryset if self.value() == "all" else queryset.filter(pk__in=Review.objects.waiting().values("pk"))


@admin.register(Review)
class ReviewAdmin(Unchangeable, PortalModelAdmin):
    """The queue: those that wait first, the longest first."""

    list_display = ("posted_at", "doctor", "stars", "status", "waiting_since", "decided_by")
    list_filter = (WaitingFilter, "status", "stars", "speaks_of_health", ("posted_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("doctor", "decided_by")
    search_fields = ("id__exact", "doctor__name", "text")
    search_help_text = _("The review's id, the name of the doctor, or a word of it.")
    show_full_result_count = False
    fields = (
        ("doctor", "signed_as", "status"),
        ("stars", "listening", "explaining", "punctuality"),
        ("text", "speaks_of_health"),
        ("reply", "replied_at"),
        ("posted_at", "edited_at"),
        ("note", "decided_by", "decided_at"),
    )
    readonly_fields = ("posted_at",)
    inlines = (ReportInline, VersionInline, EventInline)
    actions_detail = ("hide", "ask_for_change", "restore", "keep", "remove_reply")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).for_queue()

    @admin.display(description=_("waits since"))
    def waiting_since(self, review: Review) -> Any:
        return review.waiting_since  # type: ignore[attr-defined]

    def has_moderate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("reviews.moderate_review")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Those that its state allows."""
        review = self.row(object_id).first()
        if review is None:
            return []
        ways = REVIEW_TRANSITIONS[ReviewStatus(review.status)]
        possible = {
            "hide": ReviewStatus.HIDDEN in ways,
            "ask_for_change": ReviewStatus.CHANGE_ASKED in ways,
            "restore": ReviewStatus.PUBLISHED in ways,
            "keep": review.reports.open().exists(),
            "remove_reply": review.is_shown and bool(review.reply),
        }
        actions = super().get_actions_detail(request, object_id)
        return [each for each in actions if possible[each.method.original_function_name]]

    @decision(
        MODERATE,
        _("Hide"),
        title=_("Hide the review"),
        about=_("Nobody sees it any more, and it does not count."),
        submit=_("Hide it"),
        form=ReasonForm,
        icon="visibility_off",
        variant=ActionVariant.DANGER,
    )
    def hide(self, review: Review, by: User, typed: dict[str, Any]) -> str:
        services.hide_review(review, note=typed["note"], by=by)
        return "Hidden"

    @decision(
        MODERATE,
        _("Ask for a change"),
        title=_("Ask the author to change it"),
        about=_("It is not shown until it is changed, and somebody has looked at that."),
        submit=_("Ask"),
        form=ReasonForm,
        icon="edit_note",
        variant=ActionVariant.WARNING,
    )
    def ask_for_change(self, review: Review, by: User, typed: dict[str, Any]) -> str:
        services.ask_for_change(review, note=typed["note"], by=by)
        return "The author is asked to change it"

    @decision(
        MODERATE,
        _("Show it"),
        title=_("Show the review"),
        about=_("Everybody sees it again, and it counts."),
        form=ReasonForm,
        icon="visibility",
        variant=ActionVariant.SUCCESS,
    )
    def restore(self, review: Review, by: User, typed: dict[str, Any]) -> str:
        services.restore_review(review, note=typed["note"], by=by)
        return "Shown again"

    @decision(
        MODERATE,
        _("Leave it as it is"),
        title=_("Leave the review as it is"),
        about=_("The reports are answered, and nothing changes."),
        submit=_("Leave it as it is"),
        form=ReasonForm,
        icon="check",
    )
    def keep(self, review: Review, by: User, typed: dict[str, Any]) -> str:
        services.keep_review(review, note=typed["note"], by=by)
        return "Left as it is"

    @decision(
        MODERATE,
        _("Take the reply away"),
        title=_("Take the doctor’s reply away"),
        about=_("The review stays. The doctor may write another reply."),
        submit=_("Take it away"),
        form=ReasonForm,
        icon="speaker_notes_off",
        variant=ActionVariant.DANGER,
    )
    def remove_reply(self, review: Review, by: User, typed: dict[str, Any]) -> str:
        services.remove_reply(review, note=typed["note"], by=by)
        return "The reply is taken away"
