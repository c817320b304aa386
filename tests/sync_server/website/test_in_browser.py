"""The website in a real browser: accessible, usable without JavaScript, on a phone as on a desktop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from shared_models.leads.models import Lead

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def opened(browser: Browser, viewport: dict[str, int], *, scripts: bool = False) -> Page:
    """A page; the site itself needs no scripts, axe does."""
    return browser.new_context(viewport=viewport, java_script_enabled=scripts, bypass_csp=scripts).new_page()


def problems(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_passes_axe(site, make_center, browser, viewport):
    center = make_center()
    page = opened(browser, viewport, scripts=True)
    for path in ("", "lead", "thanks"):
        page.goto(f"{site.address}/{center.slug}/{path}")
        assert problems(page) == [], path
    page.goto(f"{site.address}/{center.slug}/")
    page.fill("#email", "anna@")
    page.click("button[type=submit]")
    assert page.locator("#email").get_attribute("aria-invalid") == "true"
    assert problems(page) == []
    page.goto(f"{site.address}/no-such-center/")
    assert problems(page) == []


def test_every_scheme_of_colors_passes_axe(site, make_center, browser):
    page = opened(browser, DESKTOP, scripts=True)
    for number in range(6):
        center = make_center(slug=f"colors-{number}-{make_center().slug[-6:]}")
        page.goto(f"{site.address}/{center.slug}/")
        assert problems(page) == [], center.slug


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_parent_without_javascript_sends_the_form_and_is_thanked(site, make_center, browser, database, viewport):
    center = make_center()
    page = opened(browser, viewport)
    page.goto(f"{site.address}/{center.slug}/")
    page.fill("#name", "Anna Wójcik")
    page.fill("#email", "anna@")
    page.fill("#child", "Ben")
    page.select_option("#grade", "4")
    page.select_option("#subject", label="Math")
    page.fill("#message", "He likes numbers.")
    page.click("text=Send to the front desk")
    assert page.locator("#email-error").inner_text().startswith("The part after @ is not complete.")
    assert page.locator("#name").input_value() == "Anna Wójcik"
    assert page.locator("#message").input_value() == "He likes numbers."
    assert page.locator("#grade").input_value() == "4"
    assert page.locator("#subject option:checked").inner_text() == "Math"
    page.fill("#email", "anna@example.org")
    page.click("text=Send to the front desk")
    assert page.url.endswith("/thanks")
    assert page.locator("h1").inner_text() == "Thank you. Your message is at our front desk."
    page.reload()
    with database.tenant(center.organization_id) as session:
        (lead,) = session.scalars(select(Lead)).all()
        assert (lead.parent_last_name, lead.student_first_name) == ("Wójcik", "Ben")


def test_going_back_and_sending_again_makes_no_second_lead(site, make_center, browser, database):
    center = make_center()
    page = opened(browser, DESKTOP)
    page.goto(f"{site.address}/{center.slug}/")
    for _ in range(2):
        page.fill("#name", "Anna Wójcik")
        page.fill("#phone", "914 555 0123")
        page.click("text=Send to the front desk")
        page.wait_for_url("**/thanks")
        page.go_back()
    with database.tenant(center.organization_id) as session:
        assert len(session.scalars(select(Lead)).all()) == 1


@pytest.mark.parametrize("viewport", [NARROW, PHONE, DESKTOP], ids=["320", "390", "1280"])
@pytest.mark.parametrize("words", ["usual", "very long"])
def test_no_page_is_wider_than_the_screen(site, make_center, browser, viewport, words):
    long = "Donaudampfschifffahrtsgesellschaft" * 4
    center = make_center() if words == "usual" else make_center(name=long, headline=long, about=long * 4)
    page = opened(browser, viewport, scripts=True)
    for path in ("", "lead", "thanks"):
        page.goto(f"{site.address}/{center.slug}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path


def test_the_page_asks_for_nothing_but_itself_and_its_fonts(site, make_center, browser):
    center = make_center()
    page = opened(browser, DESKTOP)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{site.address}/{center.slug}/", wait_until="networkidle")
    assert complaints == []
    others = [url for url in asked if not url.startswith("data:")]
    assert all(url.startswith(site.address) for url in others)
    assert len(others) <= 4


def test_the_menu_opens_on_a_phone_and_leads_to_its_place(site, make_center, browser):
    center = make_center()
    page = opened(browser, PHONE)
    page.goto(f"{site.address}/{center.slug}/")
    page.click("summary")
    page.click("nav details >> text=Prices")
    assert page.url.endswith("#prices")


def test_on_paper_there_is_no_form_and_no_picture(site, make_center, browser):
    center = make_center()
    page = opened(browser, DESKTOP)
    page.goto(f"{site.address}/{center.slug}/")
    page.emulate_media(media="print")
    assert not page.locator("#lead").is_visible()
    assert not page.locator(".scene").is_visible()
    assert page.locator("text=Monday to Friday").is_visible()
    assert re.search("50 S Buckhout St", page.locator("#offices").inner_text())
