from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """A wrong address of a provider or a wrong key stops the process, and not the first message."""
        from accounts.push import public_key
        from accounts.sms import provider

        provider()
        try:
            public_key()
        except ValueError:
            raise ImproperlyConfigured("VAPID_PRIVATE_KEY is no key; `manage.py make_push_key` writes one.") from None
