"""Files that only their owner may read, and that are whole or not there: never half-written."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace the file at one stroke."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
