"""aimock, a fault-injecting server by another author: it drops, mangles, disconnects and limits, and we go on."""

from collections.abc import Iterator

import pytest

from tests.support.cast import build_cast
from tests.support.chaos_calls import PATIENT, configure, many
from tests.support.chaos_servers import AIMock, Missing, install_aimock
from tests.support.gateway import GOOD

CALLS = 1_000


@pytest.fixture(scope="module")
def aimock(tmp_path_factory) -> Iterator[AIMock]:
    try:
        install_aimock()
    except Missing as missing:
        pytest.skip(str(missing))
    with AIMock(tmp_path_factory.mktemp("aimock"), GOOD) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compatible", "azure", "anthropic"])
def test_a_thousand_chaotic_calls_each_end_well(committed_db, settings, aimock, name):
    house = build_cast().northgate
    configure(settings, {**PATIENT, **aimock.leading_to(name)})
    aimock.misbehave(dropRate=0.1, malformedRate=0.1, disconnectRate=0.1)
    run = many(house, CALLS)
    run.check()
    assert run.answered > CALLS / 2, run.reasons


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compatible", "azure", "anthropic"])
def test_a_provider_that_limits_is_not_pressed(committed_db, settings, aimock, name):
    """With its 429 aimock says that no tokens are left for six minutes: from then on few calls wait, and most end."""
    house = build_cast().northgate
    patience = {"MODEL_CALL_DEADLINE_SECONDS": 2, "MODEL_ATTEMPT_SECONDS": 1}
    configure(settings, {**PATIENT, **aimock.leading_to(name), **patience})
    aimock.misbehave(rateLimitRate=0.2)
    run = many(house, 100)
    run.check()
    assert 0 < run.reasons["rate_limited"] <= 100
    assert sum(len(call.attempts) for call in run.calls) < 150
