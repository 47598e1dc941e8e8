"""Where allauth and the portal meet."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up makes a patient's account, in the language of the page; a role is never taken from a form."""

    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        user.language = (translation.get_language() or "en")[:2]
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails greet from the portal by its name, whatever host the request came to."""
        site = SimpleNamespace(name=settings.SITE_NAME, domain=urlsplit(settings.SITE_ORIGIN).netloc)
        super().send_mail(template_prefix, email, context | {"current_site": site})
