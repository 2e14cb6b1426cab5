"""llmock as a process of its own: `python -m tests.support.llmock_app PORT`, configured by LLMOCK_… variables.

It lacks Azure's v1 address, which speaks OpenAI's protocol: that is added here. And it asks to be left alone for less
than a second after a 429 or 503, so that a thousand calls take no hour.
"""

import sys

import uvicorn
from llmock import simulation
from llmock.main import create_app
from llmock.routers import openai


def main() -> None:
    """Serve until terminated."""
    simulation.DEFAULT_RETRY_AFTER_SECONDS = 0.05
    app = create_app()
    app.include_router(openai.router, prefix="/openai")
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
