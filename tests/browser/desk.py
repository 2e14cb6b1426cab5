"""A window of the browser, in which one person works."""

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.support.cast import PASSWORD, Person


class Desk:
    """One browser window of one person, with whatever the console complained about."""

    def __init__(self, context: BrowserContext, url: str):
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium reports every answer of 400 and above here, also those that a test asks for.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, person: Person) -> None:
        """By the page, as people do."""
        self.open("/sign-in")
        self.page.get_by_label("E-mail address").fill(person.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def sign_in_quietly(self, person: Person) -> None:
        """By a session made beforehand, for tests that are about something else."""
        cookie = person.client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.url}])

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    def violations(self) -> list[str]:
        """What axe finds wrong, in words. Its own loading of style sheets, which the policy refuses, is off."""
        found = Axe().run(self.page, options={"preload": False}).response["violations"]
        return [
            f"{self.page.url} {violation['id']}: {node['html'][:160]}"
            for violation in found
            for node in violation["nodes"]
        ]
