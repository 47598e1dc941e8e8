"""The payment gateways, behind one protocol. Rooms and services know `gateway()` and payments.gateways.base alone."""

from email.utils import parseaddr

from django.conf import settings

from payments.gateways.base import Gateway
from payments.gateways.sslcommerz import SSLCommerz


def gateway() -> Gateway:
    """The gateway that the settings name."""
    return SSLCommerz(
        url=settings.SSLCOMMERZ_URL,
        store_id=settings.SSLCOMMERZ_STORE_ID,
        password=settings.SSLCOMMERZ_STORE_PASSWORD,
        page_hosts=settings.SSLCOMMERZ_PAGE_HOSTS,
        reply_address=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        timeout=min(settings.SSLCOMMERZ_TIMEOUT, 10.0),
    )
