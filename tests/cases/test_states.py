"""The life of a case."""

import pytest

from fintech_ai.cases.states import OWNERS, TRANSITIONS, CaseEvent, CaseState, ImpossibleTransition, next_state


def test_every_state_can_be_reached_and_only_the_last_is_never_left():
    targets = {transition.target for transition in TRANSITIONS}
    sources = {transition.source for transition in TRANSITIONS}
    assert targets | {CaseState.RECEIVED} == set(CaseState)
    assert set(CaseState) - sources == {CaseState.DECIDED}


def test_every_state_has_an_owner():
    assert set(OWNERS) == set(CaseState)


def test_what_is_not_in_the_table_is_impossible():
    with pytest.raises(ImpossibleTransition):
        next_state(CaseState.DECIDED, CaseEvent.DECIDED)
