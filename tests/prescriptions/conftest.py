from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.page import is_complaint

WIDE: ViewportSize = {"width": 1280, "height": 900}

type Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """Opens an address as that user; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def open_page(user: User | None, address: str, viewport: ViewportSize = WIDE) -> Page:
        context = browser.new_context(viewport=viewport, reduced_motion="reduce", base_url=live_server.url)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if is_complaint(line) else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # What is refused in words is an error to the browser's console, and so is a line that is broken on purpose.
    expected = ("422", "ERR_", "htmx:afterRequest", "htmx:sendError")
    assert [complaint for complaint in complaints if not any(part in complaint for part in expected)] == []
