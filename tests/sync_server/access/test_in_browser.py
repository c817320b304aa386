"""The account pages in a real browser: without JavaScript, on a phone as on a desktop, and for everybody."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from desktop.access.browser_sign_in import BrowserSignIn
from shared_models.access.models import Role
from sync_server.settings import OpenIdProvider
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, AccountServer, Inbox, unused_address, unused_email
from tests.sync_server.access.test_invitations import CenterWithOwner
from tests.sync_server.access.test_second_factor import Phone

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def providers() -> tuple[OpenIdProvider, ...]:
    return (OpenIdProvider("school", "your school", "http://127.0.0.1:9", "id", "secret"),)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Visit:
    """A person who signs up, and comes back with a second factor; `look` is called on every page on the way."""

    def __init__(
        self, browser: Browser, server: AccountServer, inbox: Inbox, viewport: dict[str, int], *, scripts: bool
    ):
        context = browser.new_context(
            viewport=viewport, java_script_enabled=scripts, bypass_csp=scripts,
            extra_http_headers={"X-Forwarded-For": unused_address()},
        )  # fmt: skip
        self.page: Page = context.new_page()
        self.server, self.inbox = server, inbox
        self.email = unused_email()
        self.seen: list[str] = []

    def look(self, name: str) -> None:
        self.seen.append(name)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.server.url}/account/{path}")

    def submit(self, **fields: str) -> None:
        for name, words in fields.items():
            self.page.fill(f"#{name}", words)
        self.page.click("main form button[type=submit]")

    def whole_story(self) -> None:
        page = self.page
        self.open("sign-up")
        self.look("empty form")
        self.submit(business_name="Hudson Learning Center", email="maya@", password="short")
        assert page.locator("#email-error").inner_text().startswith("This address cannot be right.")
        assert page.locator("#email").get_attribute("aria-invalid") == "true"
        assert page.locator("#business_name").input_value() == "Hudson Learning Center"
        assert page.locator("#slug").input_value().startswith("hudson-learning-center")
        self.look("errors")
        self.submit(first_name="Maya", email=self.email, password=PASSWORD)
        assert page.locator("h1").inner_text() == "Look into your mail"
        self.look("sent")
        self.open(f"confirm?key={self.inbox.key_for(self.email)}")
        self.look("confirm")
        self.submit()
        assert page.locator("h1").inner_text() == "Hudson Learning Center is open"
        self.look("welcome")
        self.open("")
        self.look("overview")
        page.click("text=Switch on")
        self.look("second factor")
        phone = Phone(self.server, page.locator(".secret").inner_text().replace(" ", ""))
        self.submit(code=phone.code(), password=PASSWORD)
        assert page.locator(".codes li").count() == 10
        self.look("recovery codes")
        self.open("change-password")
        self.look("new password")
        self.open("second-factor/remove")
        self.look("switch off")
        self.open("")
        page.click("text=Sign out >> nth=-1")
        assert page.url.endswith("/account/sign-in")
        self.look("sign-in")
        self.submit(email=self.email, password="not the password")
        self.look("sign-in refused")
        self.submit(password=PASSWORD)
        self.look("code")
        self.submit(code=phone.next_code())
        assert page.locator("h1").inner_text() == "Your account"
        self.open("reset")
        self.look("reset")
        self.open("password?key=none")
        self.look("ended")
        center = CenterWithOwner(self.server)
        invited = unused_email("sam")
        center.owner.invite(invited, Role.FRONT_DESK, first_name="Sam")
        self.open(f"invitation?key={self.inbox.key_for(invited)}")
        self.look("invitation")


def test_the_whole_story_works_without_javascript(browser: Browser, server: AccountServer, inbox: Inbox) -> None:
    visit = Visit(browser, server, inbox, PHONE, scripts=False)
    visit.whole_story()
    assert len(visit.seen) == 16


@pytest.mark.parametrize("viewport", [NARROW, PHONE, DESKTOP], ids=["320", "390", "1280"])
def test_every_page_fits_the_screen_and_is_for_everybody(
    browser: Browser, server: AccountServer, inbox: Inbox, viewport: dict[str, int]
) -> None:
    visit = Visit(browser, server, inbox, viewport, scripts=True)
    found: list[str] = []

    def look(name: str) -> None:
        if visit.page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            found.append(f"{name}: wider than the screen")
        if viewport is NARROW:
            return
        for one in Axe().run(visit.page, options=RULES).response["violations"]:
            found.extend(f"{name}: {one['id']}: {node['html'][:120]}" for node in one["nodes"])

    visit.look = look  # type: ignore[method-assign]
    visit.whole_story()
    assert found == []


def test_a_browser_brings_the_program_its_code(browser: Browser, server: AccountServer, inbox: Inbox) -> None:
    _, _, email = make_organization(server.database)
    visit = Visit(browser, server, inbox, DESKTOP, scripts=False)
    flow = BrowserSignIn(server.url)
    brought: list[str] = []
    program = threading.Thread(target=lambda: brought.append(flow.wait()))
    program.start()
    visit.page.goto(flow.address)
    visit.submit(email=email, password=PASSWORD)
    assert visit.page.locator("h1").inner_text() == "Sign in to the program on this PC?"
    visit.page.click("text=Yes, sign in")
    visit.page.wait_for_url("http://127.0.0.1:*/?code=*")
    assert visit.page.locator("h1").inner_text() == "Back to iTutorOS"
    program.join(10)
    assert brought and brought[0] in visit.page.url


def test_the_keyboard_goes_through_the_form(browser: Browser, server: AccountServer, inbox: Inbox) -> None:
    visit = Visit(browser, server, inbox, DESKTOP, scripts=True)
    visit.open("sign-in")
    order = []
    for _ in range(7):
        visit.page.keyboard.press("Tab")
        order.append(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert [re.sub(r"\s+", " ", words) for words in order] == [
        "Skip to content", "iTutorOS", "email", "password", "Sign in", "Forgot your password?",
        "Sign in with your school",
    ]  # fmt: skip


def test_a_page_asks_for_nothing_but_itself_and_its_font(
    browser: Browser, server: AccountServer, inbox: Inbox
) -> None:
    visit = Visit(browser, server, inbox, DESKTOP, scripts=False)
    asked: list[str] = []
    said: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.on("console", lambda line: said.append(line.text))
    visit.open("sign-up")
    visit.page.wait_for_load_state("networkidle")
    assert len(asked) == 2 and asked[1].endswith(".woff2")
    assert said == []
