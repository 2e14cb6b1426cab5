"""Pictures of the queue, of a case and of a compliance officer's pages for the documentation, from a running demo.

python -m tests.browser.screenshots http://localhost:8000 .data/logins.json docs/screenshots
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import ARGUMENTS, chromium

SIZE = {"width": 1440, "height": 900}
OFFICER_PAGES = ("models", "budget", "prompts", "vendors")


def signed_in(browser: Browser, *, url: str, email: str, password: str, scheme: str) -> Page:
    """A page in which this person has signed in."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


def take_queue(page: Page, *, url: str, scheme: str, folder: Path) -> None:
    """Picture the queue, then its first case."""
    page.goto(url)
    page.locator("[data-row]").first.wait_for()
    page.screenshot(path=folder / f"queue-{scheme}.png")
    page.locator("[data-row]").first.click()
    page.locator("#decide").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"case-{scheme}.png")


def choose(page: Page, name: str) -> None:
    """Decide the case on the page so, with the usual reason, and wait for the next one."""
    page.wait_for_load_state("networkidle")
    here, button = page.url, page.locator(f"[data-name='{name}']")
    button.click()
    if here == page.url and page.locator("#armed:not(:empty)").count():
        page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)


def take_blind(page: Page, *, url: str, scheme: str, folder: Path) -> None:
    """Picture a blind case, decide it and some more, and picture what the desk learns of that."""
    page.goto(f"{url}/queues/triage/?sort=newest")
    blind = page.locator("tr", has=page.locator(".risk .tag")).locator("[data-row]").first
    blind.click()
    page.locator("#decide").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"case-blind-{scheme}.png")
    choose(page, "Clear")
    for _ in range(6):
        choose(page, "Escalate")
    page.goto(f"{url}/queues/triage/agreement/")
    page.screenshot(path=folder / f"agreement-{scheme}.png", full_page=True)
    page.goto(f"{url}/queues/triage/simulation/?review=20&escalate=80&block=98")
    page.screenshot(path=folder / f"simulation-{scheme}.png")
    page.goto(f"{url}/queues/triage/?show=decided")
    page.locator("tr", has_text="escalate").locator("[data-row]").first.click()
    page.get_by_role("link", name="Draft a suspicious activity report").click()
    page.screenshot(path=folder / f"sar-{scheme}.png", full_page=True)


def take_officer(page: Page, *, url: str, scheme: str, folder: Path) -> None:
    """Picture the pages about models from top to bottom, then the change that waits for this officer."""
    for name in OFFICER_PAGES:
        page.goto(f"{url}/admin/gateway/{name}/")
        page.screenshot(path=folder / f"{name}-{scheme}.png", full_page=True, animations="disabled")
    page.goto(f"{url}/admin/data-flow/")
    # Not all of it: the table of every field is twenty screens long.
    page.screenshot(path=folder / f"data-flow-{scheme}.png", animations="disabled")
    page.goto(f"{url}/admin/gateway/promptchoice/?state__exact=proposed")
    page.locator("#result_list th a").first.click()
    page.screenshot(path=folder / f"proposal-{scheme}.png", full_page=True, animations="disabled")


def main() -> None:
    """Arguments: address of the demo, its logins.json, the folder for the pictures."""
    url, logins, folder = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    # The last of the officers: the demo's first one proposed the change that waits.
    by_role = {person["role"]: person["email"] for person in logins["people"]}
    takes = {"Analyst": take_queue, "Team lead": take_blind, "Compliance officer": take_officer}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for scheme in ("light", "dark"):
            for role, take in takes.items():
                page = signed_in(browser, url=url, email=by_role[role], password=logins["password"], scheme=scheme)
                take(page, url=url, scheme=scheme, folder=folder)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
