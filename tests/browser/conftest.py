"""A real browser against the real server: Chromium, driven by Playwright. Each test has a tenant of its own.

What needs Django is imported where it is used: this file may be read before Django is set up.
"""

import pytest


@pytest.fixture
def house_cast(committed_db):
    """The cast, in tenants of its own that stay."""
    from tests.support.cast import build_cast

    return build_cast()


@pytest.fixture
def desk(browser, server, house_cast):
    """Makes windows; at the end none may have complained, about the content security policy least of all."""
    from tests.browser.desk import Desk

    desks = []

    def make(person=None, **options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        made = Desk(context, server.url)
        made.page.set_default_timeout(10_000)
        desks.append(made)
        if person is not None:
            made.sign_in_quietly(person)
        return made

    yield make
    complaints = [complaint for made in desks for complaint in made.complaints]
    for made in desks:
        made.context.close()
    assert complaints == []
