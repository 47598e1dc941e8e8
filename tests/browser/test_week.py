"""A doctor's week: hours painted by keyboard and by taps, saved, and without JavaScript."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.visitors import DESKTOP, PHONE, NewContext, looks_right, sign_in

DOCTOR = "doctor-7@example.com"
PAGES = ("/practice/calendar/", "/practice/calendar/month/", "/practice/calendar/agenda/", "/practice/visit-types/")


def cell(page: Page, minute: int, weekday: str) -> Locator:
    return page.locator(f"tr[data-m='{minute}'] > td[data-d='{weekday}']")


def free_day(page: Page) -> tuple[str, str]:
    """A day without hours: its number and its name."""
    for header in page.locator(".week-grid thead th").all():
        weekday = header.get_attribute("data-d") or ""
        if not page.locator(f".week-grid td.on[data-d='{weekday}']").count():
            return weekday, str(header.text_content())
    raise AssertionError("this doctor works every day")


def summaries(page: Page) -> list[str]:
    """What the rows of the list say, those that are used."""
    return page.locator(".stretch:not([hidden]) > summary").all_text_contents()


def are_on(page: Page, weekday: str, *minutes: int) -> list[bool]:
    classes = [cell(page, minute, weekday).get_attribute("class") or "" for minute in minutes]
    return [bool(re.search(r"\bon\b", each)) for each in classes]


def paint_by_keyboard(page: Page, weekday: str, name: str) -> None:
    """That day from nine to eleven, then half an hour of it closed again; nothing but keys."""
    said = page.locator("[data-week-grid-said]")
    page.locator(".week-grid td[tabindex='0']").focus()
    page.keyboard.press("Home")
    for _ in range(6):
        if page.evaluate("document.activeElement.dataset.d") != weekday:
            page.keyboard.press("ArrowRight")
    # The grid is entered at nine.
    for _ in range(7):
        page.keyboard.press("Shift+ArrowDown")
    expect(said).to_contain_text(f"{name}, 9:00")
    expect(page.locator("td[aria-selected='true']")).to_have_count(8)
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Not saved yet")
    assert all(are_on(page, weekday, *range(540, 660, 15)))
    page.keyboard.press("PageUp")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Delete")
    expect(said).to_contain_text("Closed:")
    assert are_on(page, weekday, 570, 585, 600, 615) == [True, False, False, True]


def save(page: Page) -> None:
    # The page before may say that it saved, too.
    with page.expect_navigation():
        page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_text("Your hours are saved").first).to_be_visible()


def test_doctor_edits_the_week_by_keyboard_and_by_taps(new_context: NewContext) -> None:
    page = sign_in(new_context(viewport=DESKTOP, bypass_csp=True), DOCTOR)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/practice/hours/")
    expect(page.get_by_role("grid", name="Hours of the week")).to_be_visible()
    before, (weekday, name) = summaries(page), free_day(page)

    paint_by_keyboard(page, weekday, name)
    save(page)
    # What was painted is what the list says, and what the server draws.
    of_the_day = [each for each in summaries(page) if name in each]
    assert len(of_the_day) == 2
    assert all(time in of_the_day[0] for time in ("9:00", "9:45"))
    assert all(time in of_the_day[1] for time in ("10:15", "11:00"))
    assert are_on(page, weekday, 525, 540, 570, 585, 600, 615, 645, 660) == [
        *(False, True, True, False),
        *(False, True, True, False),
    ]
    looks_right(page)

    # On a phone, one day at a time, by two taps and a button.
    page.set_viewport_size(PHONE)
    page.locator(".week-grid-days label").filter(has=page.locator(f"[data-week-grid-day='{weekday}']")).click()
    expect(page.locator(".week-grid thead th:visible")).to_have_text([name])
    cell(page, 540, weekday).click()
    expect(page.locator("[data-week-grid-said]")).to_contain_text("Choose where it ends")
    cell(page, 645, weekday).click()
    expect(page.locator("td[aria-selected='true']")).to_have_count(8)
    page.get_by_role("button", name="Close them").click()
    save(page)
    assert summaries(page) == before

    for path in PAGES:
        page.goto(path)
        looks_right(page)
    assert not problems


def test_week_is_edited_without_javascript(new_context: NewContext) -> None:
    page = sign_in(new_context(viewport=PHONE, java_script_enabled=False), DOCTOR)
    page.goto("/practice/hours/")
    weekday, name = free_day(page)
    page.get_by_text("The same as a list, to the minute").click()
    row = page.locator(".stretch").last
    row.locator("summary").first.click()
    row.get_by_label("Day", exact=True).select_option(name)
    row.get_by_label("From", exact=True).fill("06:10")
    row.get_by_label("Until", exact=True).fill("06:40")
    row.get_by_label("Video", exact=True).check()
    save(page)
    assert are_on(page, weekday, 345, 360, 390, 405) == [False, True, True, False]
    page.get_by_text("The same as a list, to the minute").click()
    added = page.locator(".stretch").filter(has_text="6:10")
    added.locator("summary").first.click()
    added.get_by_label("Remove these hours").check()
    save(page)
    assert not any(are_on(page, weekday, 360, 390))
