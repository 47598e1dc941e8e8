"""What people chose to be told, and how: by topic and channel; a number of their own; unsubscribing."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.errors import CodeTooOld, CodeTooSoon, WrongCode
from accounts.models import Channel, MobileProof, User
from accounts.services.mail import UNSUBSCRIBE
from accounts.sms import provider
from accounts.topics import RULES, Topic, key_of, may_refuse
from config.db import lock
from config.tries import NeverTaken

CODE_LIVES = timedelta(minutes=10)
CODE_AGAIN = timedelta(minutes=1)
CODE_TRIES = 5


@transaction.atomic
def choose(user: User, chosen: Mapping[tuple[Topic, Channel], bool]) -> None:
    """Keep what a person chose. What cannot be refused stays, and what is as it was at first takes no room.

    Locks the account.
    """
    row = lock(User.objects.only("pk", "choices"), [user.pk])[user.pk]
    kept = dict(row.choices)
    for (topic, channel), wanted in chosen.items():
        if not may_refuse(topic, channel):
            continue
        if wanted == (channel in RULES[topic].at_first):
            kept.pop(key_of(topic, channel), None)
        else:
            kept[key_of(topic, channel)] = wanted
    User.objects.filter(pk=user.pk).update(choices=kept)
    user.choices = kept


def unsubscribe_by(token: str) -> tuple[User, Topic] | None:
    """Whose mails about what a link ends; None for one that is not ours, or of what cannot be refused."""
    try:
        user_id, name = signing.loads(token, salt=UNSUBSCRIBE)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    topic = Topic(name) if name in Topic else None
    if user is None or topic is None or not may_refuse(topic, Channel.EMAIL):
        return None
    return user, topic


# A number of one's own --------------------------------------------------------------------------------------------


@transaction.atomic
def send_code(user: User, *, number: str) -> None:
    """Send a code to a number that the person says is theirs. Until it comes back, nothing else goes there.

    Raises CodeTooSoon, NeverTaken from the provider, and what it raises when it is down. Locks the account.
    """
    lock(User.objects.only("pk"), [user.pk])
    before = MobileProof.objects.filter(user=user, sent_at__gt=timezone.now() - CODE_AGAIN)
    ours = provider()
    if ours is None:
        raise NeverTaken("no_provider")
    if before.exists():
        raise CodeTooSoon
    code = f"{secrets.randbelow(10**6):06}"
    facts = {"number": number, "code": make_password(code), "sent_at": timezone.now(), "tries": 0}
    MobileProof.objects.update_or_create(user=user, defaults=facts)
    with translation.override(user.language):
        text = gettext("%(site)s: your code is %(code)s. Give it to nobody.") % {
            "site": settings.SITE_NAME,
            "code": code,
        }
    ours.send(number, text, key=f"code-{user.pk}-{secrets.token_hex(4)}", callback="")


def prove_mobile(user: User, *, code: str) -> None:
    """The number is theirs: text messages go there from now on. Locks the account.

    Raises WrongCode, of which there may be five, and CodeTooOld.
    """
    with transaction.atomic():
        lock(User.objects.only("pk"), [user.pk])
        proof = MobileProof.objects.filter(user=user, sent_at__gt=timezone.now() - CODE_LIVES).first()
        if proof is None or proof.tries >= CODE_TRIES:
            raise CodeTooOld
        is_right = check_password(code, proof.code)
        if is_right:
            User.objects.filter(pk=user.pk).update(mobile=proof.number)
            proof.delete()
        else:
            MobileProof.objects.filter(pk=proof.pk).update(tries=proof.tries + 1)
    # Outside: what was counted stays counted.
    if not is_right:
        raise WrongCode
    user.mobile = proof.number


@transaction.atomic
def forget_mobile(user: User) -> None:
    """No text messages any more."""
    MobileProof.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(mobile="")
