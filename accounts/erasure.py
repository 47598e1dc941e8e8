"""A person's wish to be erased: asked for, thought over for a while, and done for good."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Erasure, Kind, MobileProof, User
from accounts.services import notify
from accounts.sessions import end_sessions
from accounts.trail import write_trail
from config.db import lock

# A person may think again for so long.
TIME_TO_THINK = timedelta(days=14)
NOBODY = "erased.invalid"


@transaction.atomic
def ask_for_erasure(user: User) -> Erasure:
    """Have the account and all that hangs on it erased in a fortnight; asked again, it is the first date that counts.

    Who may ask, and whether anything is still open, the caller has looked at. Locks the account.
    """
    lock(User.objects.only("pk"), [user.pk])
    erasure, is_new = Erasure.objects.get_or_create(user=user, defaults={"due_at": timezone.now() + TIME_TO_THINK})
    if is_new:
        write_trail(Action.ERASED, by=user, about=user, code="asked")
        notify(user, Kind.ERASURE_ASKED, facts={"due": erasure.due_at.isoformat(), "path": "/account/data/"})
    return erasure


@transaction.atomic
def take_back_erasure(user: User) -> None:
    """Stay after all. Where nothing was asked, nothing changes."""
    lock(User.objects.only("pk"), [user.pk])
    if Erasure.objects.filter(user=user, done_at=None).delete()[0]:
        write_trail(Action.RESTORED, by=user, about=user, code="kept")


def blank_account(user: User) -> None:
    """Nobody can sign in to it any more, and nothing in it says whose it was. Its key stays, for what must be kept.

    The caller holds the account's lock.
    """
    end_sessions(UserSession.objects.filter(user=user))
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    user.notifications.all().delete()
    user.push_devices.all().delete()
    MobileProof.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.email, user.name = f"{user.pk}@{NOBODY}", ""
    user.mobile, user.choices, user.has_push, user.returned_email = "", {}, False, ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
