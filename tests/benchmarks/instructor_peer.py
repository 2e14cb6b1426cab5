"""`instructor`, in an environment of its own: the versions that it works with contradict ours.

    python -m tests.benchmarks.instructor_peer BASE_URL

Reads the messages as one line of JSON, then asks once for each further line, and says how many seconds it took. So it
is driven by gateway.py in turn with everybody else.
"""

import json
import sys
import time

import instructor
import openai

from tests.benchmarks.answer import GOOD, Answer


def serve() -> None:
    """Ask once per line until there is none."""
    sdk = openai.OpenAI(base_url=sys.argv[1], api_key="bench", max_retries=0)
    client = instructor.from_openai(sdk, mode=instructor.Mode.JSON_SCHEMA)
    messages = json.loads(sys.stdin.readline())
    print(f"instructor {instructor.__version__} over openai {openai.__version__}", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        answer = client.chat.completions.create(
            model="gpt-4.1-mini", messages=messages, response_model=Answer, max_retries=0
        )
        seconds = time.perf_counter() - begun
        assert answer.model_dump() == GOOD.model_dump()
        print(seconds, flush=True)


if __name__ == "__main__":
    serve()
