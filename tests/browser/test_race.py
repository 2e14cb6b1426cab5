"""Two people reach for the same case at the same instant, a hundred times."""

import time
from collections import Counter

import pytest
from django.urls import reverse

from fintech_ai.cases.models import Case
from tests.support.cases import a_case_in_review

pytestmark = pytest.mark.browser

ROUNDS = 100
AHEAD_MS = 120
TAKE = "at => setTimeout(() => document.getElementById('take').form.requestSubmit(), at - Date.now())"


def test_of_two_browsers_one_wins_each_time_and_the_other_is_told_who(desk, house_cast):
    house = house_cast.northgate
    people = {"Alice": desk(house_cast.alice), "Bob": desk(house_cast.bob)}
    wins = Counter()
    for number in range(ROUNDS):
        case = a_case_in_review(house)
        for person in people.values():
            person.open(reverse("case", args=[case.id]))
        at = time.time() * 1_000 + AHEAD_MS
        order = list(people.values()) if number % 2 else list(people.values())[::-1]
        for person in order:
            person.page.evaluate(TAKE, at)
        said = {}
        for name, person in people.items():
            person.page.wait_for_selector("#messages .message")
            said[name] = person.page.locator("#messages").inner_text()
        winners = [name for name, sentence in said.items() if f"{case.reference} is yours." in sentence]
        assert len(winners) == 1, said
        (winner,) = winners
        (loser,) = people.keys() - {winner}
        assert f"{winner} has held this case since" in said[loser]
        with house.scope():
            assert Case.objects.get(id=case.id).assignee.name == winner
        wins[winner] += 1
    assert set(wins) == set(people), f"It was no race: {wins}"
