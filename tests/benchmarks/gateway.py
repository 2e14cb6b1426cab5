"""bin/bench gateway: what a call through the gateway takes beside the bare SDK and `instructor`.

All ask the same question of the same server process, in turn, and get the same answer back as a validated object. The
gateway stores, charges, encrypts and audits it besides, in a real PostgreSQL that waits for its disk (fsync on) and a
real Valkey. Nothing is masked: what redaction costs is measured by `bin/bench privacy`.

With --phases it also says where the gateway's time goes.
"""

import json
import statistics
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

from tests.benchmarks.answer import GOOD, Answer
from tests.benchmarks.database import fresh_database, fresh_valkey
from tests.benchmarks.report import PROJECT, arguments, table, write

ROUNDS, WARM_UP = 500, 40
# The server's own time: at once, which shows the overhead best, and a little, which lets other work go on meanwhile.
AFTER_MS = (0, 5)
MODEL = "gpt-4.1-mini"
PEER = PROJECT / ".bench-venv" / "instructor" / "bin" / "python"
SDK, PARSED, INSTRUCTOR, OURS = "openai SDK", "openai SDK, parse()", "instructor", "gateway"


def main() -> None:
    """Measure everybody in turn, at each of the server's speeds."""
    options = arguments(__doc__, flags={"phases": "say where the gateway's time goes"})
    figures: dict[str, float | int] = {}
    with ExitStack() as stack:
        redis_url = stack.enter_context(fresh_valkey())
        stack.enter_context(fresh_database(redis_url=redis_url))
        address = stack.enter_context(_instant_model())
        house = _house()
        for after in AFTER_MS:
            url = f"{address}/after/{after}/v1" if after else f"{address}/v1"
            with _contestants(url, house) as (contestants, version):
                figures |= _measured(contestants, after, version)
        if "phases" in options.flags:
            _phases(f"{address}/v1", house)
    write(figures, options.json)


def _measured(contestants: dict[str, Callable[[], float]], after: int, version: str) -> dict[str, float]:
    """Everybody in turn, ROUNDS times; the table and the figures in ms."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(WARM_UP + ROUNDS):
        for name, ask in contestants.items():
            took = ask()
            if number >= WARM_UP:
                seconds[name].append(1000 * took)
    rows, figures = [], {}
    base = statistics.median(seconds[SDK])
    for name, taken in seconds.items():
        p50, p95, p99 = (statistics.quantiles(taken, n=100)[share - 1] for share in (50, 95, 99))
        rows.append((name, p50, p95, p99, p50 - base, p50 / base))
        key = f"after_{after}ms_{name.replace(',', '').replace('()', '').replace(' ', '_')}"
        figures |= {f"{key}_p50_ms": p50, f"{key}_p95_ms": p95, f"{key}_p99_ms": p99, f"{key}_added_ms": p50 - base}
    table(
        f"ms per call, {ROUNDS} rounds; the server answers {f'after {after} ms' if after else 'at once'} ({version})",
        ["", "p50", "p95", "p99", "added to the SDK", "times the SDK"],
        rows,
    )
    return figures


@contextmanager
def _instant_model() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.instant_model"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def _contestants(url: str, house: Any) -> Iterator[tuple[dict[str, Callable[[], float]], str]]:
    """Who asks, each as a function that asks once and says how many seconds it took; and the peer's version."""
    import openai

    client = openai.OpenAI(base_url=url, api_key="bench", max_retries=0)
    messages = _messages()
    form = _response_format()

    def bare() -> Answer:
        reply = client.chat.completions.create(model=MODEL, messages=messages, response_format=form)
        return Answer.model_validate_json(reply.choices[0].message.content)

    def parsed() -> Answer:
        reply = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Answer)
        return reply.choices[0].message.parsed

    command = [str(PEER), "-m", "tests.benchmarks.instructor_peer", url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with _asking(url, house) as through_gateway, subprocess.Popen(command, cwd=PROJECT, **pipes) as peer:

        def tell(line: str) -> str:
            peer.stdin.write(f"{line}\n")
            peer.stdin.flush()
            return peer.stdout.readline().strip()

        version = tell(json.dumps(messages))
        yield (
            {
                SDK: lambda: _seconds(bare),
                PARSED: lambda: _seconds(parsed),
                INSTRUCTOR: lambda: float(tell("")),
                OURS: lambda: _seconds(through_gateway),
            },
            version,
        )
        peer.stdin.close()


def _seconds(ask: Callable[[], Answer]) -> float:
    begun = time.perf_counter()
    answer = ask()
    seconds = time.perf_counter() - begun
    assert answer == GOOD
    return seconds


def _house() -> Any:
    from tests.support.cast import build_cast

    return build_cast().northgate


@contextmanager
def _asking(url: str, house: Any) -> Iterator[Callable[[], Answer]]:
    """A function that asks once through the gateway, with the tenant's limits out of the way."""
    from django.test.utils import override_settings

    from fintech_ai.gateway.endpoints import Endpoint
    from fintech_ai.gateway.services import complete

    endpoint = Endpoint(name="triage.recommend", version=1, schema=Answer)
    content = _content()
    limits = {"MODEL_RATE_TENANT_PER_MINUTE": 10**6, "MODEL_BUDGET_MONTH_USD": 10**6}
    with override_settings(OPENAI_BASE_URL=url, OPENAI_API_KEY="bench", OPENAI_MODEL=MODEL, **limits), house.scope():

        def ask() -> Answer | None:
            key = str(uuid.uuid4())
            done = complete(
                actor=house.worker, endpoint=endpoint, content=content, subject=f"run:{key}", idempotency_key=key
            )
            assert done.value, done.degraded_reason
            return done.value

        yield ask


def _content() -> dict[str, Any]:
    """What triage sends of a payment, but for the notes."""
    from fintech_ai.privacy.services import minimise
    from triage.features import Features

    numbers = dict.fromkeys(Features.model_fields, 1.5)
    return {
        "alert": minimise(endpoint="triage.recommend", source="triage.Alert", values={"channel": "customer"}),
        "features": minimise(endpoint="triage.recommend", source="triage.Features", values=numbers),
    }


def _messages() -> list[dict[str, str]]:
    """What the gateway sends, so that everybody sends the same."""
    from fintech_ai.gateway.messages import Conversation
    from fintech_ai.gateway.prompts import load

    data = {name: dict(value) for name, value in _content().items()}
    conversation = Conversation.begun(load("triage", "recommend-v1"), {}, data)
    return [{"role": message.role, "content": message.text} for message in conversation.messages]


def _response_format() -> dict[str, Any]:
    from fintech_ai.gateway.replies import strict_schema

    return {
        "type": "json_schema",
        "json_schema": {"name": "Answer", "strict": True, "schema": strict_schema(Answer)},
    }


def _phases(url: str, house: Any) -> None:
    """Time the parts of a call by wrapping them, and print the median of each."""
    from fintech_ai.gateway import gate, records, services
    from fintech_ai.gateway.providers import configured

    taken: dict[str, list[float]] = defaultdict(list)

    def timed(owner: Any, name: str, label: str) -> None:
        function = getattr(owner, name)

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                taken[label].append(1000 * (time.perf_counter() - begun))

        setattr(owner, name, wrapper)

    with _asking(url, house) as ask:
        ask()
        provider = type(next(iter(configured().values())))
        timed(services, "in_force", "configuration in force")
        timed(services, "depart", "what may depart")
        timed(records, "begin", "begin: one statement in PostgreSQL")
        timed(gate.admission, "enter", "enter: one script in Redis")
        timed(provider, "ask", "ask: the SDK and the network")
        timed(records, "finish", "finish: one statement in PostgreSQL")
        timed(gate.CallGate, "settle", "settle: one script in Redis")
        for _ in range(WARM_UP + ROUNDS):
            taken["whole call"].append(1000 * _seconds(ask))
    table(
        "Where the time goes, ms (the server answers at once)",
        ["", "p50", "p99"],
        [(name, statistics.median(ms), statistics.quantiles(ms, n=100)[98]) for name, ms in taken.items()],
    )


if __name__ == "__main__":
    main()
