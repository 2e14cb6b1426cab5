"""Pictures of the queue and of a case for the documentation, from a running demo.

python -m tests.browser.screenshots http://localhost:8000 .data/logins.json docs/screenshots
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.chromium import ARGUMENTS, chromium

SIZE = {"width": 1440, "height": 900}


def take(browser: Browser, *, url: str, email: str, password: str, scheme: str, folder: Path) -> None:
    """Sign in and picture the queue, then its first case."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)
    page.goto(url)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-row]").first.wait_for()
    page.screenshot(path=folder / f"queue-{scheme}.png")
    page.locator("[data-row]").first.click()
    page.locator("#decide").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"case-{scheme}.png")
    page.close()


def main() -> None:
    """Arguments: address of the demo, its logins.json, the folder for the pictures."""
    url, logins, folder = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    analyst = next(person for person in logins["people"] if person["role"] == "Analyst")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for scheme in ("light", "dark"):
            take(browser, url=url, email=analyst["email"], password=logins["password"], scheme=scheme, folder=folder)
        browser.close()


if __name__ == "__main__":
    main()
