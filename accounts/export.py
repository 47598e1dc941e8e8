"""What this room keeps of a person, for the copy that the person may take away."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import Action, Channel, Ground, Kind, TrailEntry, User
from accounts.topics import Topic, wants
from config.export import Section

# The latest so many: who wants all of a longer trail pages through it.
MOST = 5000


def account_sections(user: User) -> list[Section]:
    told = user.notifications.order_by("-created_at")[:MOST]
    return [
        Section(
            "account",
            _("Your account"),
            [
                ("email", _("E-mail address")),
                ("name", _("Name")),
                ("language", _("Language")),
                ("time_zone", _("Time zone")),
                ("mobile", _("Mobile number for text messages")),
                ("joined", _("Joined")),
                ("last_login", _("Last sign-in")),
            ],
            [
                (
                    *(user.email, user.name, user.get_language_display(), user.time_zone, str(user.mobile)),
                    *(user.date_joined, user.last_login),
                )
            ],
            single=True,
        ),
        Section(
            "notifications",
            _("What you were told"),
            [("at", _("When")), ("kind", _("Of what")), ("read_at", _("Read"))],
            [(each.created_at, Kind(each.kind), each.read_at) for each in told],
        ),
        Section(
            "message_choices",
            _("What you chose to be told, and how"),
            [("topic", _("Of what")), ("channel", _("How")), ("wanted", _("Wanted"))],
            [(topic, channel, wants(user, topic, channel)) for topic in Topic for channel in Channel],
        ),
        Section(
            "message_devices",
            _("Devices that show your messages"),
            [("name", _("Device")), ("at", _("Since"))],
            [(device.name, device.created_at) for device in user.push_devices.order_by("created_at")],
        ),
    ]


def trail_section(patient_ids: Iterable[UUID]) -> Section:
    entries = TrailEntry.objects.about_patients(patient_ids).select_related("by")[:MOST]
    return Section(
        "trail",
        _("Who did or looked at what"),
        [("at", _("When")), ("who", _("Who")), ("action", _("What")), ("about", _("Of what")), ("ground", _("Why"))],
        [(each.at, str(each.by or ""), Action(each.action), each.about, Ground(each.ground)) for each in entries],
    )
