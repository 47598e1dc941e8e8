"""What the patients' room says no to, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class Changed(DomainError):
    message = _("This has changed in the meantime. Please look at it again.")
