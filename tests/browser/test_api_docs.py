"""The browsable documentation of the API."""

import pytest

pytestmark = pytest.mark.browser


def test_it_opens_an_operation_under_our_content_security_policy(desk, house_cast):
    """`desk` fails the test if the console complained."""
    alice = desk(house_cast.alice)
    alice.open("/api/v1/docs/")
    alice.page.locator(".opblock-summary").first.click()
    alice.page.locator(".parameters").first.wait_for()
    assert alice.page.locator(".opblock").count() >= 12
