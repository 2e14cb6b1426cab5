"""bin/bench chaos: what becomes of calls when the provider misbehaves, with the bare SDKs and with the gateway.

llmock, a server by another author, answers some requests with 429, 500 and 503 and breaks some streams; it keeps a
journal and judges each client. The SDKs retry as they come: twice. Half of all calls are streamed.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.database import fresh_database, fresh_valkey
from tests.benchmarks.report import arguments, table, write

CALLS, THREADS = 500, 16
CHAOS = {429: 0.08, 500: 0.05, 503: 0.04, "disconnect": 0.06, "malformed": 0.05, "truncate": 0.05}
SECONDS = 10.0
# What can come of a call.
ANSWERED, BASELINE, RAISED, GARBAGE = "answered", "baseline, labelled", "raised", "not whole, taken as whole"


def main() -> None:
    """Each in turn, with a server of its own, and the same chaos."""
    options = arguments(__doc__)
    rows, figures = [], {}
    with ExitStack() as stack:
        redis_url = stack.enter_context(fresh_valkey())
        stack.enter_context(fresh_database(redis_url=redis_url))
        for name, contestant in CONTESTANTS.items():
            came, requests, verdict = _run(contestant)
            most = max(Counter(request["fingerprint"] for request in requests).values())
            rows.append(
                (name, *(came[what] for what in (ANSWERED, BASELINE, RAISED, GARBAGE)), most, verdict["errors"])
            )
            key = name.replace(" ", "_").replace(",", "")
            lost = (came[RAISED] + came[GARBAGE]) / CALLS
            figures |= {f"{key}_answered": came[ANSWERED], f"{key}_lost_share": lost, f"{key}_requests": len(requests)}
    columns = ["", ANSWERED, BASELINE, RAISED, GARBAGE, "most requests for one", "errors in llmock's verdict"]
    table(f"{CALLS} calls each, half of them streamed", columns, rows)
    print("\nThe last column also counts streams that broke at the last attempt, of which the gateway made no answer.")
    write(figures, options.json)


def _run(contestant: Callable[[Any], Any]) -> tuple[Counter[str], list[dict[str, Any]], dict[str, Any]]:
    """What came of all calls, what the server was asked, and its verdict."""
    from tests.support.chaos_servers import LLMock
    from tests.support.gateway import GOOD

    with tempfile.TemporaryDirectory(prefix="fintech-ai-bench-") as folder, LLMock(Path(folder), CHAOS) as server:
        server.say(GOOD)
        with contestant(server) as ask, ThreadPoolExecutor(THREADS) as pool:
            came = Counter(pool.map(ask, range(CALLS)))
        return came, server.requests(), server.verdict()


def _judged(text: str) -> str:
    """What an application has that takes this text for the answer."""
    from pydantic import ValidationError

    from tests.support.gateway import Verdict

    try:
        Verdict.model_validate_json(text)
    except ValidationError:
        return GARBAGE
    return ANSWERED


@contextmanager
def _openai_sdk(server: Any) -> Iterator[Callable[[int], str]]:
    import openai

    from fintech_ai.gateway.replies import strict_schema
    from tests.support.gateway import Verdict

    client = openai.OpenAI(base_url=f"{server.root}/v1", api_key="bench", timeout=SECONDS)
    schema = {"name": "Verdict", "strict": True, "schema": strict_schema(Verdict)}
    told = {"model": "gpt-4.1-mini", "response_format": {"type": "json_schema", "json_schema": schema}}

    def ask(number: int) -> str:
        question = {**told, "messages": _question(number)}
        try:
            if number % 2 == 0:
                return _judged(client.chat.completions.create(**question).choices[0].message.content)
            stream = client.chat.completions.create(**question, stream=True)
            return _judged("".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))
        except Exception:
            return RAISED

    yield ask


@contextmanager
def _anthropic_sdk(server: Any) -> Iterator[Callable[[int], str]]:
    import anthropic

    client = anthropic.Anthropic(base_url=f"{server.root}/anthropic", api_key="bench", timeout=SECONDS)
    told = {"model": "claude-haiku-4-5", "max_tokens": 1000}

    def ask(number: int) -> str:
        question = {**told, "messages": _question(number)}
        try:
            if number % 2 == 0:
                return _judged(client.messages.create(**question).content[0].text)
            with client.messages.stream(**question) as stream:
                return _judged("".join(stream.text_stream))
        except Exception:
            return RAISED

    yield ask


def _gateway(provider: str) -> Callable[[Any], Any]:
    @contextmanager
    def contestant(server: Any) -> Iterator[Callable[[int], str]]:
        from django.db import connection
        from django.test.utils import override_settings

        from fintech_ai.core.redis import redis_client
        from tests.support import gateway
        from tests.support.cast import build_cast
        from tests.support.chaos_calls import PATIENT, PLAIN, STREAMED

        redis_client().flushdb()
        house = build_cast().northgate

        def ask(number: int) -> str:
            endpoint = STREAMED if number % 2 else PLAIN
            try:
                done = gateway.ask(house, endpoint=endpoint, reference={"number": number})
            except Exception:
                return RAISED
            finally:
                connection.close()
            return ANSWERED if done.value else BASELINE

        with override_settings(**{**PATIENT, "MODEL_CALL_DEADLINE_SECONDS": SECONDS, **server.leading_to(provider)}):
            yield ask

    return contestant


def _question(number: int) -> list[dict[str, str]]:
    """A little different each time, so that the server can tell retries from calls."""
    return [{"role": "user", "content": f"Answer by the schema. Number {number}."}]


CONTESTANTS = {
    "openai SDK": _openai_sdk,
    "anthropic SDK": _anthropic_sdk,
    "gateway, OpenAI's protocol": _gateway("compatible"),
    "gateway, Azure's": _gateway("azure"),
    "gateway, Anthropic's": _gateway("anthropic"),
}


if __name__ == "__main__":
    main()
