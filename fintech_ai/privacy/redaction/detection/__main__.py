"""Reads lists of texts from standard input, writes what was found to standard output; each a length and then JSON."""

import json
import struct
import sys

from .machines import nobodys, without
from .model import find_by_model
from .patterns import Found, find_by_pattern

_HEADER = struct.Struct(">I")


def found_in(text: str) -> list[Found]:
    """Everything that looks like personal data, the surest first."""
    return list(without([*find_by_pattern(text), *find_by_model(text)], nobodys(text)))


def main() -> None:
    """Serve until the parent closes the pipe. Any error ends the process: the parent then sends nothing."""
    read, write = sys.stdin.buffer, sys.stdout.buffer
    while header := read.read(_HEADER.size):
        texts = json.loads(read.read(_HEADER.unpack(header)[0]))
        body = json.dumps([found_in(text) for text in texts]).encode()
        write.write(_HEADER.pack(len(body)) + body)
        write.flush()


if __name__ == "__main__":
    main()
