"""Browsers of people at the shared stack."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.visitors import PATIENCE, NewContext
from tests.calls import call_portal, person
from tests.stack import Stack

__all__ = ["call_portal", "new_context", "person"]


@pytest.fixture
def new_context(browser: Browser, stack: Stack) -> Iterator[NewContext]:
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=stack.url, locale="en-GB", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
