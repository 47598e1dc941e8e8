"""Where allauth and the portal meet."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import translation

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up makes a patient's account, in the language of the page; a role is never taken from a form."""

    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        user.language = (translation.get_language() or "en")[:2]
        return super().save_user(request, user, form, commit)
