"""What axe says of a page, in the light and in the dark."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

RUN = "options => axe.run(options).then(({violations}) => ({violations}))"
ALL: dict[str, Any] = {"resultTypes": ["violations"]}
# A page in the dark is the same page: only what these rules look at may be another.
OF_COLOURS: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"], **ALL}


def complaints(page: Page, options: dict[str, Any] = ALL) -> str:
    """What axe has to say of the page as it is; nothing where it has nothing."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    results = AxeResults(page.evaluate(RUN, options))
    return f"{page.url}\n{results.generate_report()}" if results.violations_count else ""


def assert_accessible(page: Page) -> None:
    """Axe has nothing to say of the page in the light, and nothing of its colours in the dark. Ends in the light."""
    for scheme, options in (("dark", OF_COLOURS), ("light", ALL)):
        # No colour is caught on its way from one scheme to the other.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert complaints(page, options) == "", scheme
